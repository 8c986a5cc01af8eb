// expat: the XML parser that the server itself uses.
#ifndef PANDORA_AGENT_CEXPAT_H
#define PANDORA_AGENT_CEXPAT_H

#include <expat.h>

#endif
