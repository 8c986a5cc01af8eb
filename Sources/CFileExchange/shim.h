// renameat2(2) with RENAME_EXCHANGE: two names change places in one step. The C library shows it only to programs that
// ask for GNU extensions, and syscall(2), which has no fixed arguments, cannot be called from Swift.
#ifndef PANDORA_AGENT_CFILEEXCHANGE_H
#define PANDORA_AGENT_CFILEEXCHANGE_H

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int pandora_exchange_names(const char *one, const char *other) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}

#endif
