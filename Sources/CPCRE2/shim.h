// PCRE2 with 8-bit code units. Its functions are macros that append the width, which Swift cannot see: call them by
// their full names (pcre2_compile_8 …).
#ifndef PANDORA_AGENT_CPCRE2_H
#define PANDORA_AGENT_CPCRE2_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#endif
