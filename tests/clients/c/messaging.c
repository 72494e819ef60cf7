/* Publish and subscribe: subjects, headers, groups, order, and how a subscription ends. */
#include "checks.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static natsMsg *message(const char *subject, const char *reply, const char *text)
{
    natsMsg *msg = NULL;
    OK(natsMsg_Create(&msg, subject, reply, text, (int)strlen(text)));
    return keep(msg);
}

static void publish_number(natsConnection *nc, const char *subject, int number)
{
    char text[16];
    snprintf(text, sizeof text, "%d", number);
    publish(nc, subject, text);
}

/* The number in the next message, which is not kept. */
static int next_number(natsSubscription *sub)
{
    natsMsg *msg = NULL;
    char text[16];
    want(natsSubscription_NextMsg(&msg, sub, WAIT_LIMIT), NATS_OK, natsSubscription_GetSubject(sub));
    snprintf(text, sizeof text, "%.*s", natsMsg_GetDataLength(msg), natsMsg_GetData(msg));
    natsMsg_Destroy(msg);
    return atoi(text);
}

void publish_subscribe(void)
{
    natsConnection *publisher = open_connection(), *subscriber = open_connection();
    natsSubscription *sub = subscribe(subscriber, "plain.subject");
    char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    flush(subscriber);
    OK(natsConnection_PublishRequest(publisher, "plain.subject", "answer.here", bytes, sizeof bytes));
    OK(natsConnection_Publish(publisher, "plain.subject", NULL, 0));
    publish(publisher, "plain.Subject", "another subject");
    publish(publisher, "plain.subject", "Grüße 🦟");
    natsMsg *first = next(sub);
    ENSURE(natsMsg_GetDataLength(first) == 256 && memcmp(natsMsg_GetData(first), bytes, 256) == 0);
    ENSURE(strcmp(natsMsg_GetSubject(first), "plain.subject") == 0);
    ENSURE(natsMsg_GetReply(first) != NULL && strcmp(natsMsg_GetReply(first), "answer.here") == 0);
    expect(sub, "", "Grüße 🦟", NULL);
}

void wildcards(void)
{
    static const char *subjects[] = {"w.a.c", "w.b.c", "w.a.b.c", "w.a", "w", "w.a.b", "x.a.c"};
    natsConnection *publisher = open_connection(), *subscriber = open_connection();
    natsSubscription *one = subscribe(subscriber, "w.*.c");
    natsSubscription *rest = subscribe(subscriber, "w.a.>");
    natsSubscription *all = subscribe(subscriber, "w.>");
    natsSubscription *end = subscribe(subscriber, "end");
    flush(subscriber);
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        publish(publisher, subjects[i], subjects[i]);
    publish(publisher, "end", "");
    expect(end, "", NULL);
    expect(one, "w.a.c", "w.b.c", NULL);
    expect(rest, "w.a.c", "w.a.b.c", "w.a.b", NULL);
    expect(all, "w.a.c", "w.b.c", "w.a.b.c", "w.a", "w.a.b", NULL);
}

static void has_header(natsMsg *msg, const char *key, const char *wanted)
{
    const char *value = NULL;
    OK(natsMsgHeader_Get(msg, key, &value));
    if (strcmp(value, wanted) != 0)
        fail("%s is '%s', not '%s'", key, value, wanted);
}

void headers(void)
{
    natsConnection *publisher = open_connection(), *subscriber = open_connection();
    natsSubscription *sub = subscribe(subscriber, "with.headers");
    const char *texts[] = {"body", ""};
    flush(subscriber);
    for (int i = 0; i < 2; i++) {
        natsMsg *msg = message("with.headers", NULL, texts[i]);
        OK(natsMsgHeader_Set(msg, "Kind", "test"));
        OK(natsMsgHeader_Set(msg, "lower-case", "kept: as is"));
        OK(natsConnection_PublishMsg(publisher, msg));
    }
    publish(publisher, "with.headers", "bare");
    for (int i = 0; i < 2; i++) {
        natsMsg *msg = next(sub);
        ENSURE(has_text(msg, texts[i]));
        has_header(msg, "Kind", "test");
        has_header(msg, "lower-case", "kept: as is");
    }
    const char **keys = NULL;
    int count = 0;
    want(natsMsgHeader_Keys(next(sub), &keys, &count), NATS_NOT_FOUND, "headers of the bare message");
}

void headers_multi_value(void)
{
    static const char *wanted[] = {"one", "two", "three"};
    natsConnection *publisher = open_connection(), *subscriber = open_connection();
    natsSubscription *sub = subscribe(subscriber, "many.values");
    natsMsg *sent = message("many.values", NULL, "body");
    flush(subscriber);
    for (int i = 0; i < 3; i++)
        OK(natsMsgHeader_Add(sent, "Value", wanted[i]));
    OK(natsMsgHeader_Add(sent, "value", "another name"));
    OK(natsConnection_PublishMsg(publisher, sent));
    natsMsg *got = next(sub);
    const char **values = NULL;
    int count = 0;
    OK(natsMsgHeader_Values(got, "Value", &values, &count));
    bool same = count == 3;
    for (int i = 0; same && i < 3; i++)
        same = strcmp(values[i], wanted[i]) == 0;
    free(values);
    ENSURE(same);
    has_header(got, "value", "another name");
}

void queue_group(void)
{
    enum { COUNT = 600, MEMBERS = 3 };
    natsConnection *publisher = open_connection();
    natsConnection *holders[] = {open_connection(), open_connection()};
    natsSubscription *members[MEMBERS];
    for (int i = 0; i < MEMBERS; i++)
        members[i] = queue_subscribe(holders[i % 2], "jobs.*", "workers");
    natsSubscription *other = queue_subscribe(holders[1], "jobs.>", "auditors");
    natsSubscription *plain = subscribe(holders[0], "jobs.new");
    flush(holders[0]);
    flush(holders[1]);
    for (int i = 0; i < COUNT; i++)
        publish_number(publisher, "jobs.new", i);
    for (int i = 0; i < COUNT; i++) {
        ENSURE(next_number(plain) == i);
        ENSURE(next_number(other) == i);
    }
    flush(publisher);
    flush(holders[0]);
    flush(holders[1]);
    bool seen[COUNT] = {false};
    int total = 0;
    for (int i = 0; i < MEMBERS; i++) {
        if (waiting(members[i]) == 0)
            fail("member %d got nothing", i);
        for (uint64_t left = waiting(members[i]); left > 0; left--, total++) {
            int number = next_number(members[i]);
            ENSURE(number >= 0 && number < COUNT && !seen[number]);
            seen[number] = true;
        }
    }
    ENSURE(total == COUNT);
}

void order_10000(void)
{
    enum { COUNT = 10000 };
    natsConnection *publisher = open_connection(), *subscriber = open_connection();
    natsSubscription *sub = subscribe(subscriber, "order");
    natsSubscription *end = subscribe(subscriber, "order.end");
    flush(subscriber);
    for (int i = 0; i < COUNT; i++)
        publish_number(publisher, "order", i);
    publish(publisher, "order.end", "end");
    for (int i = 0; i < COUNT; i++) {
        int number = next_number(sub);
        if (number != i)
            fail("got %d, not %d", number, i);
    }
    expect(end, "end", NULL);
    ENSURE(waiting(sub) == 0);
}

void unsubscribe(void)
{
    natsConnection *publisher = open_connection(), *subscriber = open_connection();
    natsSubscription *sub = subscribe(subscriber, "until.now");
    natsSubscription *end = subscribe(subscriber, "end.of.it");
    natsMsg *none = NULL;
    flush(subscriber);
    publish(publisher, "until.now", "before");
    expect(sub, "before", NULL);
    OK(natsSubscription_Unsubscribe(sub));
    flush(subscriber);
    publish(publisher, "until.now", "after");
    publish(publisher, "end.of.it", "end");
    expect(end, "end", NULL);
    want(natsSubscription_NextMsg(&none, sub, 1), NATS_INVALID_SUBSCRIPTION, "a message after the end");
    want(natsConnection_RequestString(&none, publisher, "until.now", "?", WAIT_LIMIT), NATS_NO_RESPONDERS,
         "request to the unsubscribed");
}

void unsubscribe_with_max(void)
{
    natsConnection *publisher = open_connection(), *subscriber = open_connection();
    natsSubscription *at_once = subscribe(subscriber, "max");
    natsSubscription *later = subscribe(subscriber, "max");
    natsSubscription *end = subscribe(subscriber, "end.of.max");
    natsMsg *none = NULL;
    OK(natsSubscription_AutoUnsubscribe(at_once, 5));
    flush(subscriber);
    publish_number(publisher, "max", 0);
    expect(later, "0", NULL);
    OK(natsSubscription_AutoUnsubscribe(later, 3));
    flush(subscriber);
    for (int i = 1; i < 10; i++)
        publish_number(publisher, "max", i);
    publish(publisher, "end.of.max", "end");
    expect(end, "end", NULL);
    for (int i = 0; i < 5; i++)
        ENSURE(next_number(at_once) == i);
    for (int i = 1; i < 3; i++)
        ENSURE(next_number(later) == i);
    want(natsSubscription_NextMsg(&none, at_once, 1), NATS_MAX_DELIVERED_MSGS, "message 6");
    want(natsSubscription_NextMsg(&none, later, 1), NATS_MAX_DELIVERED_MSGS, "message 4");
    want(natsConnection_RequestString(&none, publisher, "max", "?", WAIT_LIMIT), NATS_NO_RESPONDERS,
         "request to the unsubscribed");
}

static void count_it(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc;
    (void)sub;
    natsMsg_Destroy(msg);
    count_message(closure);
}

void drain_subscription(void)
{
    enum { COUNT = 500 };
    natsConnection *publisher = open_connection();
    natsOptions *opts = options();
    Events *events = watch(opts);
    natsConnection *subscriber = connect_to("open", opts);
    natsSubscription *sub = serve(subscriber, "drained", count_it, events);
    natsMsg *none = NULL;
    flush(subscriber);
    for (int i = 0; i < COUNT; i++)
        publish_number(publisher, "drained", i);
    /* What was published before this flush belongs to the subscription that is drained after it. */
    flush(publisher);
    OK(natsSubscription_Drain(sub));
    OK(natsSubscription_WaitForDrainCompletion(sub, WAIT_LIMIT));
    wait_for(events, &events->messages, COUNT, "messages");
    want(natsConnection_RequestString(&none, publisher, "drained", "?", WAIT_LIMIT), NATS_NO_RESPONDERS,
         "request to the drained");
    ENSURE(events->messages == COUNT);
}

static void answer(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)sub;
    natsConnection_Publish(nc, "answers", natsMsg_GetData(msg), natsMsg_GetDataLength(msg));
    natsMsg_Destroy(msg);
    count_message(closure);
}

void drain_connection(void)
{
    enum { COUNT = 500 };
    natsConnection *publisher = open_connection();
    natsOptions *opts = options();
    Events *events = watch(opts);
    natsConnection *subscriber = connect_to("open", opts);
    natsSubscription *answers = subscribe(publisher, "answers");
    serve(subscriber, "questions", answer, events);
    flush(subscriber);
    for (int i = 0; i < COUNT; i++)
        publish_number(publisher, "questions", i);
    flush(publisher);
    OK(natsConnection_Drain(subscriber));
    wait_for(events, &events->closes, 1, "the end of the connection");
    ENSURE(events->messages == COUNT);
    for (int i = 0; i < COUNT; i++)
        ENSURE(next_number(answers) == i);
}
