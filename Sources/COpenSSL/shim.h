// OpenSSL (libssl and libcrypto): digests, Base64 and TLS. Swift cannot see function-like macros, so the few that the
// agent needs stand here as functions of the same meaning; nothing else does.
#ifndef PANDORA_AGENT_COPENSSL_H
#define PANDORA_AGENT_COPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// The client makes one handshake on a connection: what was verified then stays true (SSL_CTX_set_options(3)).
static inline void pandora_refuse_renegotiation(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
}

// Names of certificates in the form of RFC 2253: CN=server,O=Example.
static inline unsigned long pandora_name_flags(void) { return XN_FLAG_RFC2253; }

#endif
