/* The server goes away, comes back, or says that it will go. */
#include "checks.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

static void reconnects(const char *verb)
{
    char name[32], before[128], after[128];
    Events *events = NULL, *publisher_events = NULL;
    snprintf(name, sizeof name, "open:%s", verb);
    natsConnection *nc = connect_for_good(name, &events);
    natsConnection *publisher = connect_for_good(name, &publisher_events);
    natsSubscription *wild = subscribe(nc, "after.*");
    natsSubscription *group = queue_subscribe(nc, "after.>", "workers");
    flush(nc);
    publish(publisher, "after.first", "before");
    expect(wild, "before", NULL);
    expect(group, "before", NULL);
    OK(natsConnection_GetConnectedServerId(nc, before, sizeof before));
    control(verb, name, "");
    wait_for(events, &events->reconnects, 1, "reconnect");
    wait_for(publisher_events, &publisher_events->reconnects, 1, "reconnect of the publisher");
    flush(nc);
    OK(natsConnection_GetConnectedServerId(nc, after, sizeof after));
    ENSURE(strcmp(before, after) != 0);
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        publish(publisher, "after.restart", text);
    }
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        ENSURE(has_text(next(wild), text));
        ENSURE(has_text(next(group), text));
    }
}

void reconnect_after_restart(void) { reconnects("restart"); }
void reconnect_after_kill(void) { reconnects("kill"); }

void lame_duck(void)
{
    natsOptions *opts = options();
    Events *events = watch(opts);
    natsConnection *nc = connect_to("open:lame", opts);
    flush(nc);
    control("lame_duck", "open:lame", "");
    wait_for(events, &events->lame_ducks, 1, "the notice");
    natsSubscription *sub = subscribe(nc, "still");
    publish(nc, "still", "works");
    expect(sub, "works", NULL);
}
