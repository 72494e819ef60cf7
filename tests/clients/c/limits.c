/* Payload sizes and permissions. */
#include "checks.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define MIB (1024 * 1024)

/* Bytes that do not repeat soon; the caller frees them. */
static char *content(int size)
{
    char *bytes = malloc((size_t)size);
    ENSURE(bytes != NULL);
    for (uint32_t i = 0; i < (uint32_t)size; i++)
        bytes[i] = (char)((i * 2654435761u) >> 24);
    return bytes;
}

static natsStatus publish_size(natsConnection *nc, const char *subject, int size)
{
    char *bytes = content(size);
    natsStatus status = natsConnection_Publish(nc, subject, bytes, size);
    free(bytes);
    return status;
}

static void large_payload(const char *name, int size)
{
    natsConnection *publisher = connect_to(name, options()), *subscriber = connect_to(name, options());
    natsSubscription *sub = subscribe(subscriber, "large");
    flush(subscriber);
    OK(publish_size(publisher, "large", size));
    publish(publisher, "large", "small");
    natsMsg *msg = next(sub);
    char *wanted = content(size);
    bool same = natsMsg_GetDataLength(msg) == size && memcmp(natsMsg_GetData(msg), wanted, (size_t)size) == 0;
    free(wanted);
    ENSURE(same);
    expect(sub, "small", NULL);
}

void large_payload_1mib(void) { large_payload("open", MIB); }
void large_payload_4mib(void) { large_payload("large", 4 * MIB); }

void max_payload_client(void)
{
    natsConnection *nc = open_connection();
    natsSubscription *sub = subscribe(nc, "limit");
    want(publish_size(nc, "limit", MIB + 1), NATS_MAX_PAYLOAD, "publish");
    publish(nc, "limit", "small");
    expect(sub, "small", NULL);
}

void max_payload_server(void)
{
    natsOptions *opts = options();
    Events *events = watch(opts);
    natsConnection *nc = connect_to("payload", opts);
    ENSURE(natsConnection_GetMaxPayload(nc) == 1024);
    control("reload", "payload", "payload_small");
    OK(publish_size(nc, "limit", 64));
    flush(nc);
    OK(publish_size(nc, "limit", 65));
    wait_for(events, &events->closes, 1, "the end of the connection");
    if (!had_error(events, "maximum payload violation"))
        fail("another error: %s", events->error[0]);
    ENSURE(natsConnection_GetMaxPayload(connect_to("payload", options())) == 64);
}

static natsConnection *connect_limited(Events **events)
{
    natsOptions *opts = as_user("limited", "l-secret");
    *events = watch(opts);
    return connect_to("permissions", opts);
}

static void still_works(natsConnection *nc)
{
    natsSubscription *sub = subscribe(nc, "open.still");
    publish(nc, "open.still", "yes");
    expect(sub, "yes", NULL);
    ENSURE(natsConnection_Status(nc) == NATS_CONN_STATUS_CONNECTED);
}

static void had_violation(Events *events, const char *text)
{
    if (!had_error(events, text))
        fail("no '%s' in '%s'", text, events->error[0]);
}

void permission_publish(void)
{
    Events *events = NULL;
    natsConnection *nc = connect_limited(&events);
    natsConnection *witness = connect_to("permissions", as_user("admin", "admin-secret"));
    natsSubscription *everything = subscribe(witness, ">");
    flush(witness);
    publish(nc, "closed.subject", "not allowed");
    publish(nc, "open.subject", "allowed");
    wait_for(events, &events->errors, 1, "the violation");
    had_violation(events, "permissions violation for publish to \"closed.subject\"");
    still_works(nc);
    expect(everything, "allowed", "yes", NULL);
}

void permission_subscribe(void)
{
    Events *events = NULL;
    natsConnection *nc = connect_limited(&events);
    natsConnection *witness = connect_to("permissions", as_user("admin", "admin-secret"));
    natsSubscription *plain = subscribe(nc, "closed.plain");
    flush(nc);
    wait_for(events, &events->errors, 1, "the first violation");
    queue_subscribe(nc, "closed.queue", "workers");
    wait_for(events, &events->errors, 2, "the second violation");
    had_violation(events, "permissions violation for subscription to \"closed.plain\"");
    had_violation(events, "permissions violation for subscription to \"closed.queue\" using queue \"workers\"");
    publish(witness, "closed.plain", "secret");
    flush(witness);
    still_works(nc);
    ENSURE(waiting(plain) == 0);
}
