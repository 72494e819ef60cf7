/* What a connection tells, and its options. */
#include "checks.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

void server_info(void)
{
    natsConnection *nc = open_connection();
    char id[128];
    uint64_t client = 0;
    char *ip = NULL;
    ENSURE(natsConnection_GetMaxPayload(nc) == 1024 * 1024);
    ENSURE(natsConnection_HasHeaderSupport(nc) == NATS_OK);
    OK(natsConnection_GetConnectedServerId(nc, id, sizeof id));
    ENSURE(strlen(id) == 56 && id[0] == 'N');
    OK(natsConnection_GetClientID(nc, &client));
    ENSURE(client > 0);
    OK(natsConnection_GetClientIP(nc, &ip));
    bool local = strcmp(ip, "127.0.0.1") == 0;
    free(ip);
    ENSURE(local);
}

void verbose_and_pedantic(void)
{
    natsOptions *opts = options();
    OK(natsOptions_SetVerbose(opts, true));
    OK(natsOptions_SetPedantic(opts, true));
    natsConnection *nc = connect_to("open", opts);
    natsSubscription *sub = subscribe(nc, "verbose.>");
    publish(nc, "verbose.x", "one");
    publish(nc, "verbose.y", "two");
    flush(nc);
    expect(sub, "one", "two", NULL);
}

void no_echo(void)
{
    natsOptions *opts = options();
    OK(natsOptions_SetNoEcho(opts, true));
    natsConnection *silent = connect_to("open", opts);
    natsConnection *other = open_connection();
    natsSubscription *sub = subscribe(silent, "echo");
    publish(silent, "echo", "mine");
    flush(silent);
    publish(other, "echo", "of another");
    expect(sub, "of another", NULL);
}

void flush_and_rtt(void)
{
    natsConnection *nc = open_connection();
    int64_t rtt = 0;
    for (int i = 0; i < 5; i++)
        flush(nc);
    OK(natsConnection_GetRTT(nc, &rtt));
    ENSURE(rtt > 0 && rtt < 1000000000);
}
