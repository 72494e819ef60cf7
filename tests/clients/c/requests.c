/* Request and reply: one answer, none. */
#include "checks.h"
#include "harness.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Answers with the payload in capitals and the header Trace. */
static void upper(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    char text[64];
    const char *trace = NULL;
    natsMsg *reply = NULL;
    (void)sub;
    (void)closure;
    int length = snprintf(text, sizeof text, "%.*s", natsMsg_GetDataLength(msg), natsMsg_GetData(msg));
    for (int i = 0; i < length; i++)
        text[i] = (char)toupper(text[i]);
    if (natsMsg_Create(&reply, natsMsg_GetReply(msg), NULL, text, length) == NATS_OK) {
        if (natsMsgHeader_Get(msg, "Trace", &trace) == NATS_OK)
            natsMsgHeader_Set(reply, "Trace", trace);
        natsConnection_PublishMsg(nc, reply);
        natsMsg_Destroy(reply);
    }
    natsMsg_Destroy(msg);
}

static natsConnection *requester(bool old_style)
{
    natsOptions *opts = options();
    OK(natsOptions_UseOldRequestStyle(opts, old_style));
    return connect_to("open", opts);
}

void request_reply(void)
{
    natsConnection *service = open_connection();
    serve(service, "upper", upper, NULL);
    flush(service);
    natsMsg *request = NULL, *reply = NULL;
    const char *trace = NULL;
    OK(natsMsg_Create(&request, "upper", NULL, "hello", 5));
    keep(request);
    OK(natsMsgHeader_Set(request, "Trace", "1"));
    OK(natsConnection_RequestMsg(&reply, requester(false), request, WAIT_LIMIT));
    keep(reply);
    ENSURE(has_text(reply, "HELLO"));
    OK(natsMsgHeader_Get(reply, "Trace", &trace));
    ENSURE(strcmp(trace, "1") == 0);
    for (int style = 0; style < 2; style++) {
        natsConnection *nc = requester(style == 1);
        for (int i = 0; i < 100; i++) {
            char sent[16], wanted[16];
            snprintf(sent, sizeof sent, "a%d", i);
            snprintf(wanted, sizeof wanted, "A%d", i);
            OK(natsConnection_RequestString(&reply, nc, "upper", sent, WAIT_LIMIT));
            ENSURE(has_text(keep(reply), wanted));
        }
    }
}

void no_responders(void)
{
    for (int style = 0; style < 2; style++) {
        natsConnection *nc = requester(style == 1);
        natsMsg *reply = NULL;
        int64_t start = nats_Now();
        want(natsConnection_RequestString(&reply, nc, "nobody", "?", 4000), NATS_NO_RESPONDERS, "request");
        ENSURE(nats_Now() - start < 1000);
    }
}

void request_many(void) { skip("the client has no such call"); }
