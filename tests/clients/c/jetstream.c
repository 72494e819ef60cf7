/* JetStream: streams, publishes, gets, and consumers that pull, push and keep order. */
#include "checks.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

/* The call is refused with this error of the API. */
#define REFUSED(call, wanted)                                                             \
    do {                                                                                  \
        jsErrCode error = 0;                                                              \
        if ((call) == NATS_OK) fail("%s:%d: no error from %s", __FILE__, __LINE__, #call); \
        if (error != (wanted)) fail("%s:%d: error %d from %s", __FILE__, __LINE__, (int)error, #call); \
    } while (0)

static jsCtx *context_of(natsConnection *nc)
{
    jsCtx *js = NULL;
    OK(natsConnection_JetStream(&js, nc, NULL));
    return js;
}

static void add_stream(jsCtx *js, const char *name, const char *subject, bool direct)
{
    jsStreamConfig config;
    OK(jsStreamConfig_Init(&config));
    config.Name = name;
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    config.AllowDirect = direct;
    OK(js_AddStream(NULL, js, &config, NULL, NULL));
}

/* Publishes `0`, `1`, ... and waits for all acks. */
static void fill(jsCtx *js, const char *subject, int count)
{
    for (int i = 0; i < count; i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "%d", i);
        OK(js_PublishAsync(js, subject, text, length, NULL));
    }
    OK(js_PublishAsyncComplete(js, NULL));
}

static uint64_t sequence_of(natsMsg *msg)
{
    jsMsgMetaData *meta = NULL;
    OK(natsMsg_GetMetaData(&meta, msg));
    uint64_t sequence = meta->Sequence.Stream;
    jsMsgMetaData_Destroy(meta);
    return sequence;
}

static void ensure_number(natsMsg *msg, int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    if (!has_text(msg, text))
        fail("got '%.*s', not '%s'", natsMsg_GetDataLength(msg), natsMsg_GetData(msg), text);
}

static natsSubscription *pull(jsCtx *js, const char *subject, const char *durable)
{
    natsSubscription *sub = NULL;
    OK(js_PullSubscribe(&sub, js, subject, durable, NULL, NULL, NULL));
    return keep_subscription(sub);
}

/* Fetches exactly `count` messages; all are kept. */
static void fetch(natsSubscription *sub, natsMsg **msgs, int count)
{
    natsMsgList list;
    OK(natsSubscription_Fetch(&list, sub, count, WAIT_LIMIT, NULL));
    if (list.Count != count)
        fail("fetched %d messages, not %d", list.Count, count);
    for (int i = 0; i < count; i++) {
        msgs[i] = keep(list.Msgs[i]);
        list.Msgs[i] = NULL;
    }
    natsMsgList_Destroy(&list);
}

/* Waits until the consumer's ack floor has reached the sequence; its number of pending acks. */
static int64_t wait_for_acks(jsCtx *js, const char *stream, const char *consumer, uint64_t floor)
{
    int64_t deadline = nats_Now() + WAIT_LIMIT;
    for (;;) {
        jsConsumerInfo *info = NULL;
        OK(js_GetConsumerInfo(&info, js, stream, consumer, NULL, NULL));
        uint64_t reached = info->AckFloor.Stream;
        int64_t pending = info->NumAckPending;
        jsConsumerInfo_Destroy(info);
        if (reached == floor)
            return pending;
        if (nats_Now() > deadline)
            fail("the ack floor is %d, not %d", (int)reached, (int)floor);
        nats_Sleep(5);
    }
}

void jetstream_streams(void)
{
    jsCtx *js = context_of(connect_to("jetstream", options()));
    jsStreamConfig config;
    jsStreamInfo *info = NULL;
    const char *subjects[] = {"life.>", "more"};
    REFUSED(js_GetStreamInfo(&info, js, "life", NULL, &error), JSStreamNotFoundErr);
    OK(jsStreamConfig_Init(&config));
    config.Name = "life";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    for (int i = 0; i < 2; i++) {
        OK(js_AddStream(&info, js, &config, NULL, NULL));
        ENSURE(strcmp(info->Config->Name, "life") == 0 && info->Config->Storage == js_FileStorage);
        ENSURE(info->Config->Replicas == 1 && info->State.Msgs == 0);
        jsStreamInfo_Destroy(info);
    }
    config.MaxMsgsPerSubject = 5;
    REFUSED(js_AddStream(&info, js, &config, NULL, &error), JSStreamNameExistErr);
    config.SubjectsLen = 2;
    config.MaxMsgsPerSubject = -1;
    OK(js_UpdateStream(&info, js, &config, NULL, NULL));
    ENSURE(info->Config->SubjectsLen == 2);
    jsStreamInfo_Destroy(info);
    fill(js, "life.a", 10);
    jsOptions purge;
    OK(jsOptions_Init(&purge));
    purge.Stream.Purge.Subject = "life.a";
    purge.Stream.Purge.Keep = 3;
    OK(js_PurgeStream(js, "life", &purge, NULL));
    OK(js_GetStreamInfo(&info, js, "life", NULL, NULL));
    ENSURE(info->State.Msgs == 3 && info->State.FirstSeq == 8 && info->State.LastSeq == 10);
    jsStreamInfo_Destroy(info);
    OK(js_DeleteStream(js, "life", NULL, NULL));
    REFUSED(js_DeleteStream(js, "life", NULL, &error), JSStreamNotFoundErr);
    jsCtx_Destroy(js);
}

void jetstream_publish(void)
{
    jsCtx *js = context_of(connect_to("jetstream", options()));
    jsPubOptions expecting;
    add_stream(js, "publish", "publish.*", false);
    for (int i = 0; i < 2; i++) {
        jsPubAck *ack = NULL;
        OK(jsPubOptions_Init(&expecting));
        expecting.MsgId = "first";
        OK(js_Publish(&ack, js, "publish.a", "one", 3, &expecting, NULL));
        ENSURE(strcmp(ack->Stream, "publish") == 0 && ack->Sequence == 1 && ack->Duplicate == (i == 1));
        jsPubAck_Destroy(ack);
    }
    OK(jsPubOptions_Init(&expecting));
    expecting.ExpectStream = "publish";
    expecting.ExpectLastSeq = 1;
    expecting.ExpectLastMsgId = "first";
    expecting.ExpectLastSubjectSeq = 1;
    OK(js_Publish(NULL, js, "publish.a", "two", 3, &expecting, NULL));
    expecting.ExpectLastMsgId = NULL;
    REFUSED(js_Publish(NULL, js, "publish.a", "no", 2, &expecting, &error), JSStreamWrongLastSequenceErr);
    OK(jsPubOptions_Init(&expecting));
    expecting.ExpectNoMessage = true;
    REFUSED(js_Publish(NULL, js, "publish.a", "no", 2, &expecting, &error), JSStreamWrongLastSequenceErr);
    fill(js, "publish.many", 500);
    jsStreamInfo *info = NULL;
    OK(js_GetStreamInfo(&info, js, "publish", NULL, NULL));
    ENSURE(info->State.Msgs == 502 && info->State.LastSeq == 502);
    jsStreamInfo_Destroy(info);
    want(js_Publish(NULL, js, "nobody.stores.this", "x", 1, NULL, NULL), NATS_NO_RESPONDERS, "publish");
    jsCtx_Destroy(js);
}

void jetstream_direct_get(void)
{
    jsCtx *js = context_of(connect_to("jetstream", options()));
    jsDirectGetMsgOptions query;
    natsMsg *msg = NULL;
    add_stream(js, "direct", "direct.*", true);
    OK(js_Publish(NULL, js, "direct.a", "one", 3, NULL, NULL));
    OK(js_Publish(NULL, js, "direct.b", "two", 3, NULL, NULL));
    OK(js_Publish(NULL, js, "direct.a", "three", 5, NULL, NULL));
    OK(js_GetMsg(&msg, js, "direct", 1, NULL, NULL));
    ENSURE(has_text(keep(msg), "one") && strcmp(natsMsg_GetSubject(msg), "direct.a") == 0);
    OK(js_GetLastMsg(&msg, js, "direct", "direct.a", NULL, NULL));
    ENSURE(has_text(keep(msg), "three") && natsMsg_GetSequence(msg) == 3);
    REFUSED(js_GetMsg(&msg, js, "direct", 9, NULL, &error), JSNoMessageFoundErr);
    OK(jsDirectGetMsgOptions_Init(&query));
    query.Sequence = 1;
    OK(js_DirectGetMsg(&msg, js, "direct", NULL, &query));
    ENSURE(has_text(keep(msg), "one") && natsMsg_GetSequence(msg) == 1);
    query.Sequence = 2;
    query.NextBySubject = "direct.a";
    OK(js_DirectGetMsg(&msg, js, "direct", NULL, &query));
    ENSURE(has_text(keep(msg), "three"));
    OK(jsDirectGetMsgOptions_Init(&query));
    query.LastBySubject = "direct.b";
    OK(js_DirectGetMsg(&msg, js, "direct", NULL, &query));
    ENSURE(has_text(keep(msg), "two"));
    query.LastBySubject = "direct.c";
    want(js_DirectGetMsg(&msg, js, "direct", NULL, &query), NATS_NOT_FOUND, "get of nothing");
    jsCtx_Destroy(js);
}

void jetstream_fetch(void)
{
    jsCtx *js = context_of(connect_to("jetstream", options()));
    natsMsg *msgs[100];
    natsMsgList none;
    add_stream(js, "fetch", "fetch", false);
    natsSubscription *sub = pull(js, "fetch", "f");
    int64_t start = nats_Now();
    want(natsSubscription_Fetch(&none, sub, 5, 300, NULL), NATS_TIMEOUT, "fetch of nothing");
    ENSURE(nats_Now() - start >= 250);
    fill(js, "fetch", 104);
    for (int part = 0; part < 2; part++) {
        int count = part == 0 ? 4 : 100;
        fetch(sub, msgs, count);
        for (int i = 0; i < count; i++) {
            ensure_number(msgs[i], part * 4 + i);
            OK(natsMsg_Ack(msgs[i], NULL));
        }
    }
    ENSURE(wait_for_acks(js, "fetch", "f", 104) == 0);
    jsCtx_Destroy(js);
}

void jetstream_acks(void)
{
    jsCtx *js = context_of(connect_to("jetstream", options()));
    natsMsg *msgs[6], *again;
    add_stream(js, "acks", "acks", false);
    natsSubscription *sub = pull(js, "acks", "a");
    fill(js, "acks", 6);
    fetch(sub, msgs, 6);
    OK(natsMsg_Ack(msgs[0], NULL));
    OK(natsMsg_AckSync(msgs[1], NULL, NULL));
    OK(natsMsg_Nak(msgs[2], NULL));
    fetch(sub, &again, 1);
    ENSURE(sequence_of(again) == 3);
    OK(natsMsg_Ack(again, NULL));
    int64_t start = nats_Now();
    OK(natsMsg_NakWithDelay(msgs[3], 300, NULL));
    OK(natsMsg_InProgress(msgs[4], NULL));
    OK(natsMsg_Term(msgs[5], NULL));
    fetch(sub, &again, 1);
    ENSURE(sequence_of(again) == 4 && nats_Now() - start >= 250);
    OK(natsMsg_Ack(again, NULL));
    ENSURE(wait_for_acks(js, "acks", "a", 4) == 1);
    OK(natsMsg_AckSync(msgs[4], NULL, NULL));
    ENSURE(wait_for_acks(js, "acks", "a", 6) == 0);
    jsCtx_Destroy(js);
}

/* Counts the message and has it acknowledged by the client. */
static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc;
    (void)sub;
    count_message(closure);
    natsMsg_Destroy(msg);
}

void jetstream_push_members(void)
{
    Events *members[2];
    natsConnection *nc[2];
    jsCtx *js[2];
    for (int i = 0; i < 2; i++) {
        natsOptions *opts = options();
        members[i] = watch(opts);
        nc[i] = connect_to("jetstream", opts);
        js[i] = context_of(nc[i]);
    }
    add_stream(js[0], "members", "members", false);
    for (int i = 0; i < 2; i++) {
        jsSubOptions how;
        natsSubscription *sub = NULL;
        OK(jsSubOptions_Init(&how));
        how.Queue = "workers";
        OK(js_Subscribe(&sub, js[i], "members", on_message, members[i], NULL, &how, NULL));
        keep_subscription(sub);
        flush(nc[i]);
    }
    fill(js[0], "members", 200);
    wait_for_acks(js[0], "members", "workers", 200);
    for (int i = 0; i < 2; i++)
        wait_for(members[i], &members[i]->messages, 20, "messages of a member");
    ENSURE(members[0]->messages + members[1]->messages == 200);
    for (int i = 0; i < 2; i++)
        jsCtx_Destroy(js[i]);
}

void jetstream_ordered(void)
{
    jsCtx *js = context_of(connect_to("jetstream", options()));
    natsSubscription *sub = NULL;
    jsSubOptions how;
    add_stream(js, "ordered", "ordered", false);
    fill(js, "ordered", 500);
    OK(jsSubOptions_Init(&how));
    how.Ordered = true;
    OK(js_SubscribeSync(&sub, js, "ordered", NULL, &how, NULL));
    keep_subscription(sub);
    for (int i = 0; i < 500; i++)
        ensure_number(next(sub), i);
    fill(js, "ordered", 10);
    for (int i = 0; i < 10; i++)
        ensure_number(next(sub), i);
    jsCtx_Destroy(js);
}

void jetstream_restart(void)
{
    Events *events = NULL;
    jsCtx *js = context_of(connect_for_good("jetstream:restart", &events));
    natsMsg *msgs[10];
    add_stream(js, "kept", "kept", false);
    fill(js, "kept", 20);
    natsSubscription *sub = pull(js, "kept", "k");
    fetch(sub, msgs, 10);
    for (int i = 0; i < 10; i++)
        OK(natsMsg_AckSync(msgs[i], NULL, NULL));
    const char *verbs[] = {"restart", "kill"};
    for (int i = 0; i < 2; i++) {
        jsStreamInfo *info = NULL;
        control(verbs[i], "jetstream:restart", "");
        wait_for(events, &events->reconnects, i + 1, "reconnect");
        OK(js_GetStreamInfo(&info, js, "kept", NULL, NULL));
        ENSURE(info->State.Msgs == 20 && info->State.LastSeq == 20);
        jsStreamInfo_Destroy(info);
        ENSURE(wait_for_acks(js, "kept", "k", 10) == 0);
    }
    fetch(sub, msgs, 10);
    for (int i = 0; i < 10; i++) {
        ensure_number(msgs[i], 10 + i);
        OK(natsMsg_AckSync(msgs[i], NULL, NULL));
    }
    ENSURE(wait_for_acks(js, "kept", "k", 20) == 0);
    jsCtx_Destroy(js);
}
