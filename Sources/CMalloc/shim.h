// mallopt(3) and malloc_trim(3) of the C library, which Swift's Glibc module leaves out.
#ifndef PANDORA_AGENT_CMALLOC_H
#define PANDORA_AGENT_CMALLOC_H

#include <malloc.h>

#endif
