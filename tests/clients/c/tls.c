/* TLS as the server asks for it: after INFO, before INFO, with a client certificate. */
#include "checks.h"
#include "harness.h"

#include <stdlib.h>

static natsOptions *trusting(const char *authority)
{
    natsOptions *opts = options();
    OK(natsOptions_SetSecure(opts, true));
    OK(natsOptions_LoadCATrustedCertificates(opts, setting(authority)));
    /* The library compares names only, and the URL has an address. */
    OK(natsOptions_SetExpectedHostname(opts, "localhost"));
    return opts;
}

static void works(const char *name, natsOptions *opts)
{
    enum { SIZE = 100000 };
    natsConnection *nc = connect_to(name, opts);
    natsSubscription *sub = subscribe(nc, "secret");
    void *bytes = calloc(1, SIZE);
    natsStatus status = natsConnection_Publish(nc, "secret", bytes, SIZE);
    free(bytes);
    want(status, NATS_OK, "publish");
    ENSURE(natsMsg_GetDataLength(next(sub)) == SIZE);
}

void tls_required(void) { works("tls", trusting("CLIENT_TEST_CA")); }

void tls_untrusted_refused(void)
{
    natsConnection *nc = NULL;
    want(try_connect("tls", trusting("CLIENT_TEST_OTHER_CA"), &nc), NATS_SSL_ERROR, "connect");
}

void tls_handshake_first(void)
{
#ifdef HAVE_TLS_FIRST
    natsOptions *opts = trusting("CLIENT_TEST_CA");
    OK(natsOptions_TLSHandshakeFirst(opts));
    works("tls_first", opts);
#else
    skip("libnats " NATS_VERSION_STRING " has no such option");
#endif
}

void tls_mutual(void)
{
    natsOptions *opts = trusting("CLIENT_TEST_CA");
    OK(natsOptions_LoadCertificatesChain(opts, setting("CLIENT_TEST_CERT"), setting("CLIENT_TEST_KEY")));
    works("tls_mutual", opts);
}

void tls_mutual_refused(void)
{
    natsConnection *nc = NULL;
    natsStatus status = try_connect("tls_mutual", trusting("CLIENT_TEST_CA"), &nc);
    if (status == NATS_OK || status == NATS_TIMEOUT)
        fail("was not refused: %s", natsStatus_GetText(status));
}
