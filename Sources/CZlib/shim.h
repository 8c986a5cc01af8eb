// zlib: raw deflate and CRC-32 for the ZIP members of ZSEND and ZRECV. deflateInit2 and inflateInit2 are macros that
// pass the version of the header, which Swift cannot see.
#ifndef PANDORA_AGENT_CZLIB_H
#define PANDORA_AGENT_CZLIB_H

#include <zlib.h>

static inline int pandora_deflate_init_raw(z_streamp stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
}

static inline int pandora_inflate_init_raw(z_streamp stream) {
    return inflateInit2(stream, -MAX_WBITS);
}

// For files that gzip(1) wrote: header and checksum are checked.
static inline int pandora_inflate_init_gzip(z_streamp stream) {
    return inflateInit2(stream, 16 + MAX_WBITS);
}

#endif
