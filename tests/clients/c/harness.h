/* Speaks with run.py: reports checks, asks for servers (../harness/suites.py says how), and runs the checks. */
#ifndef HARNESS_H
#define HARNESS_H

#include <nats/nats.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Milliseconds a condition may take to come true. */
#define WAIT_LIMIT 5000
#define TEXT_LIMIT 512

/* What the client's threads told about one connection. Fields are read under the lock or by wait_for(). */
typedef struct Events {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int errors;
    char error[8][TEXT_LIMIT];
    int messages;
    int reconnects;
    int closes;
    int lame_ducks;
} Events;

/* Ends the check: it failed, or the client cannot do it. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void skip(const char *reason);

#define ENSURE(condition)                                              \
    do {                                                               \
        if (!(condition)) fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
    } while (0)

/* Ends the check unless the status is the wanted one. */
void want(natsStatus got, natsStatus wanted, const char *what);
#define OK(call) want((call), NATS_OK, #call)

const char *setting(const char *name);

/* Address of the server made from configs/<template>.conf (`<template>:x`: another instance). Overwritten by the
 * next call. */
const char *server(const char *name);
void control(const char *verb, const char *server, const char *more);

/* Options without reconnect; connect_to() and try_connect() destroy them. */
natsOptions *options(void);
natsOptions *as_user(const char *user, const char *password);
/* The events of a connection made with these options. */
Events *watch(natsOptions *opts);
natsStatus try_connect(const char *name, natsOptions *opts, natsConnection **nc);
natsConnection *connect_to(const char *name, natsOptions *opts);
natsConnection *open_connection(void);
/* One that comes back without waiting long. */
natsConnection *connect_for_good(const char *name, Events **events);

/* All of these are destroyed after the check. */
natsSubscription *subscribe(natsConnection *nc, const char *subject);
natsSubscription *queue_subscribe(natsConnection *nc, const char *subject, const char *queue);
natsSubscription *serve(natsConnection *nc, const char *subject, natsMsgHandler handler, void *closure);
natsSubscription *keep_subscription(natsSubscription *sub);
natsMsg *keep(natsMsg *msg);
natsMsg *next(natsSubscription *sub);

/* The next messages are exactly these, NULL at the end; nothing else is waiting. */
void expect(natsSubscription *sub, ...) __attribute__((sentinel));
uint64_t waiting(natsSubscription *sub);
void publish(natsConnection *nc, const char *subject, const char *text);
void flush(natsConnection *nc);
bool has_text(natsMsg *msg, const char *text);

/* Waits until *counter is at least `least`. */
void wait_for(Events *events, const int *counter, int least, const char *what);
void count_message(Events *events);
/* True when one of the errors has this text, whatever its case. */
bool had_error(Events *events, const char *text);

typedef struct Check {
    const char *name;
    void (*run)(void);
} Check;

void run_checks(const Check *checks, int count);

#endif
