// renameat2(2) with RENAME_EXCHANGE: two names change places in one step. The C library shows it only to programs that
// ask for GNU extensions.
//
// No header of the C library's types is included here: Swift would take its structures for this module's own.
#ifndef PANDORA_AGENT_FILE_EXCHANGE_H
#define PANDORA_AGENT_FILE_EXCHANGE_H

// 0, or -1 and errno.
int file_exchange_names(const char *one, const char *other);

#endif
