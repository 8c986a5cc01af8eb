// Headers of the C library that Swift's module Glibc leaves out.
#ifndef PANDORA_AGENT_CGLIBCHEADERS_H
#define PANDORA_AGENT_CGLIBCHEADERS_H

// fts(3)
#include <fts.h>
// mallopt(3), malloc_trim(3)
#include <malloc.h>
// setfsuid(2)
#include <sys/fsuid.h>
// adjtimex(2)
#include <sys/timex.h>

#endif
