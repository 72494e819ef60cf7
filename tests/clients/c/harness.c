#define _GNU_SOURCE
#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* More than any check makes, messages included. */
#define KEPT_LIMIT 2048
#define CONNECTIONS_LIMIT 16
#define SUBSCRIPTIONS_LIMIT 32

static jmp_buf end_of_check;
static enum { PASSED, FAILED, SKIPPED } outcome;
static char reason[2 * TEXT_LIMIT];

static natsConnection *connections[CONNECTIONS_LIMIT];
static natsSubscription *subscriptions[SUBSCRIPTIONS_LIMIT];
static natsMsg *messages[KEPT_LIMIT];
static int connection_count, subscription_count, message_count;

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    outcome = FAILED;
    longjmp(end_of_check, 1);
}

void skip(const char *text)
{
    snprintf(reason, sizeof reason, "%s", text);
    outcome = SKIPPED;
    longjmp(end_of_check, 1);
}

void want(natsStatus got, natsStatus wanted, const char *what)
{
    if (got != wanted)
        fail("%.200s: %s, not %s", what, natsStatus_GetText(got), natsStatus_GetText(wanted));
}

const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL)
        fail("%s is not set", name);
    return value;
}

static const char *request(const char *verb, const char *name, const char *more)
{
    static char line[TEXT_LIMIT];
    printf("@control %s %s%s%s\n", verb, name, *more ? " " : "", more);
    if (fgets(line, sizeof line, stdin) == NULL)
        fail("run.py is gone");
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "ok ", 3) != 0)
        fail("%s", line);
    return line + 3;
}

const char *server(const char *name)
{
    return request("server", name, "");
}

void control(const char *verb, const char *name, const char *more)
{
    request(verb, name, more);
}

natsOptions *options(void)
{
    natsOptions *opts = NULL;
    OK(natsOptions_Create(&opts));
    OK(natsOptions_SetTimeout(opts, WAIT_LIMIT));
    OK(natsOptions_SetAllowReconnect(opts, false));
    return opts;
}

natsOptions *as_user(const char *user, const char *password)
{
    natsOptions *opts = options();
    OK(natsOptions_SetUserInfo(opts, user, password));
    return opts;
}

/* Counts something, under the lock. */
static void count(Events *events, int *counter)
{
    pthread_mutex_lock(&events->lock);
    (*counter)++;
    pthread_cond_broadcast(&events->changed);
    pthread_mutex_unlock(&events->lock);
}

void count_message(Events *events)
{
    count(events, &events->messages);
}

static void keep_error(Events *events, const char *text)
{
    pthread_mutex_lock(&events->lock);
    if (events->errors < (int)(sizeof events->error / sizeof events->error[0]))
        snprintf(events->error[events->errors++], TEXT_LIMIT, "%s", text ? text : "");
    pthread_cond_broadcast(&events->changed);
    pthread_mutex_unlock(&events->lock);
}

static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *closure)
{
    const char *text = NULL;
    (void)sub;
    natsConnection_GetLastError(nc, &text);
    keep_error(closure, text && *text ? text : natsStatus_GetText(status));
}

static void on_closed(natsConnection *nc, void *closure)
{
    Events *events = closure;
    const char *text = NULL;
    if (natsConnection_GetLastError(nc, &text) != NATS_OK)
        keep_error(events, text);
    count(events, &events->closes);
}

static void on_reconnected(natsConnection *nc, void *closure)
{
    Events *events = closure;
    (void)nc;
    count(events, &events->reconnects);
}

static void on_lame_duck(natsConnection *nc, void *closure)
{
    Events *events = closure;
    (void)nc;
    count(events, &events->lame_ducks);
}

Events *watch(natsOptions *opts)
{
    /* Never freed: the client's threads may call back after the connection was destroyed. */
    Events *events = calloc(1, sizeof *events);
    ENSURE(events != NULL);
    pthread_mutex_init(&events->lock, NULL);
    pthread_cond_init(&events->changed, NULL);
    OK(natsOptions_SetErrorHandler(opts, on_error, events));
    OK(natsOptions_SetClosedCB(opts, on_closed, events));
    OK(natsOptions_SetReconnectedCB(opts, on_reconnected, events));
    OK(natsOptions_SetLameDuckModeCB(opts, on_lame_duck, events));
    return events;
}

natsStatus try_connect(const char *name, natsOptions *opts, natsConnection **nc)
{
    char url[TEXT_LIMIT];
    snprintf(url, sizeof url, "nats://%s", server(name));
    natsStatus status = natsOptions_SetURL(opts, url);
    if (status == NATS_OK)
        status = natsConnection_Connect(nc, opts);
    natsOptions_Destroy(opts);
    if (status == NATS_OK) {
        ENSURE(connection_count < CONNECTIONS_LIMIT);
        connections[connection_count++] = *nc;
    }
    return status;
}

natsConnection *connect_to(const char *name, natsOptions *opts)
{
    natsConnection *nc = NULL;
    want(try_connect(name, opts, &nc), NATS_OK, "connect");
    return nc;
}

natsConnection *open_connection(void)
{
    return connect_to("open", options());
}

natsConnection *connect_for_good(const char *name, Events **events)
{
    natsOptions *opts = options();
    OK(natsOptions_SetAllowReconnect(opts, true));
    OK(natsOptions_SetMaxReconnect(opts, -1));
    OK(natsOptions_SetReconnectWait(opts, 20));
    OK(natsOptions_SetReconnectJitter(opts, 0, 0));
    *events = watch(opts);
    return connect_to(name, opts);
}

natsSubscription *keep_subscription(natsSubscription *sub)
{
    ENSURE(subscription_count < SUBSCRIPTIONS_LIMIT);
    return subscriptions[subscription_count++] = sub;
}

natsSubscription *subscribe(natsConnection *nc, const char *subject)
{
    natsSubscription *sub = NULL;
    OK(natsConnection_SubscribeSync(&sub, nc, subject));
    return keep_subscription(sub);
}

natsSubscription *queue_subscribe(natsConnection *nc, const char *subject, const char *queue)
{
    natsSubscription *sub = NULL;
    OK(natsConnection_QueueSubscribeSync(&sub, nc, subject, queue));
    return keep_subscription(sub);
}

natsSubscription *serve(natsConnection *nc, const char *subject, natsMsgHandler handler, void *closure)
{
    natsSubscription *sub = NULL;
    OK(natsConnection_Subscribe(&sub, nc, subject, handler, closure));
    return keep_subscription(sub);
}

natsMsg *keep(natsMsg *msg)
{
    ENSURE(message_count < KEPT_LIMIT);
    return messages[message_count++] = msg;
}

natsMsg *next(natsSubscription *sub)
{
    natsMsg *msg = NULL;
    want(natsSubscription_NextMsg(&msg, sub, WAIT_LIMIT), NATS_OK, natsSubscription_GetSubject(sub));
    return keep(msg);
}

bool has_text(natsMsg *msg, const char *text)
{
    size_t length = natsMsg_GetDataLength(msg);
    return length == strlen(text) && memcmp(natsMsg_GetData(msg), text, length) == 0;
}

uint64_t waiting(natsSubscription *sub)
{
    uint64_t count = 0;
    OK(natsSubscription_QueuedMsgs(sub, &count));
    return count;
}

void expect(natsSubscription *sub, ...)
{
    va_list texts;
    va_start(texts, sub);
    for (const char *text; (text = va_arg(texts, const char *)) != NULL;) {
        natsMsg *msg = next(sub);
        if (!has_text(msg, text))
            fail("%s: got '%.*s', not '%s'", natsSubscription_GetSubject(sub), natsMsg_GetDataLength(msg),
                 natsMsg_GetData(msg), text);
    }
    va_end(texts);
    if (waiting(sub) != 0)
        fail("%s: %d messages too many", natsSubscription_GetSubject(sub), (int)waiting(sub));
}

void publish(natsConnection *nc, const char *subject, const char *text)
{
    OK(natsConnection_PublishString(nc, subject, text));
}

void flush(natsConnection *nc)
{
    OK(natsConnection_FlushTimeout(nc, WAIT_LIMIT));
}

void wait_for(Events *events, const int *counter, int least, const char *what)
{
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += WAIT_LIMIT / 1000;
    pthread_mutex_lock(&events->lock);
    int late = 0;
    while (*counter < least && !late)
        late = pthread_cond_timedwait(&events->changed, &events->lock, &deadline);
    int reached = *counter;
    pthread_mutex_unlock(&events->lock);
    if (reached < least)
        fail("%s: not within %d ms (%d of %d)", what, WAIT_LIMIT, reached, least);
}

bool had_error(Events *events, const char *text)
{
    bool found = false;
    pthread_mutex_lock(&events->lock);
    for (int i = 0; i < events->errors; i++)
        found = found || strcasestr(events->error[i], text) != NULL;
    pthread_mutex_unlock(&events->lock);
    return found;
}

static void clean_up(void)
{
    while (message_count > 0)
        natsMsg_Destroy(messages[--message_count]);
    while (subscription_count > 0)
        natsSubscription_Destroy(subscriptions[--subscription_count]);
    while (connection_count > 0)
        natsConnection_Destroy(connections[--connection_count]);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* True when the comma-separated list has the name. */
static bool listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* Returns when the check does, or at its fail() or skip(). */
static void run_to_its_end(void (*check)(void))
{
    outcome = PASSED;
    if (setjmp(end_of_check) == 0)
        check();
}

void run_checks(const Check *checks, int count)
{
    const char *chosen = getenv("CLIENT_TEST_CHECKS");
    for (int i = 0; i < count; i++) {
        if (chosen == NULL || !listed(chosen, checks[i].name))
            continue;
        printf("@check begin %s\n", checks[i].name);
        double start = now();
        run_to_its_end(checks[i].run);
        double seconds = now() - start;
        clean_up();
        for (char *at = reason; *at; at++)
            if (*at == '\n' || *at == '\r')
                *at = ' ';
        if (outcome == PASSED)
            printf("@check ok %s %.3f\n", checks[i].name, seconds);
        else if (outcome == FAILED)
            printf("@check fail %s %.3f %s\n", checks[i].name, seconds, reason);
        else
            printf("@check skip %s %s\n", checks[i].name, reason);
    }
    printf("@end\n");
}
