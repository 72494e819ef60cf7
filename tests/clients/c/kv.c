/* Key-value buckets: values with revisions, watches, keys, history. */
#include "checks.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

static kvStore *bucket(jsCtx *js, const char *name, int history)
{
    kvConfig config;
    kvStore *kv = NULL;
    OK(kvConfig_Init(&config));
    config.Bucket = name;
    config.History = (uint8_t)history;
    OK(js_CreateKeyValue(&kv, js, &config));
    return kv;
}

static kvStore *open_bucket(jsCtx **js, const char *name, int history)
{
    OK(natsConnection_JetStream(js, connect_to("jetstream", options()), NULL));
    return bucket(*js, name, history);
}

static void close_bucket(kvStore *kv, jsCtx *js)
{
    kvStore_Destroy(kv);
    jsCtx_Destroy(js);
}

/* The entry is `<key> <PUT|DEL|PURGE> <value> <revision>`; it is destroyed. */
static void expect_entry(kvEntry *entry, const char *wanted)
{
    static const char *const operations[] = {[kvOp_Put] = "PUT", [kvOp_Delete] = "DEL", [kvOp_Purge] = "PURGE"};
    char got[TEXT_LIMIT];
    ENSURE(entry != NULL);
    snprintf(got, sizeof got, "%s %s %.*s %d", kvEntry_Key(entry), operations[kvEntry_Operation(entry)],
             kvEntry_ValueLen(entry), (const char *)kvEntry_Value(entry), (int)kvEntry_Revision(entry));
    kvEntry_Destroy(entry);
    if (strcmp(got, wanted) != 0)
        fail("the entry is '%s', not '%s'", got, wanted);
}

static void expect_value(kvStore *kv, const char *key, const char *wanted)
{
    kvEntry *entry = NULL;
    OK(kvStore_Get(&entry, kv, key));
    expect_entry(entry, wanted);
}

static void expect_update(kvWatcher *watcher, const char *wanted)
{
    kvEntry *entry = NULL;
    OK(kvWatcher_Next(&entry, watcher, WAIT_LIMIT));
    expect_entry(entry, wanted);
}

static void expect_history(kvStore *kv, const char *key, int count, const char *const *wanted)
{
    kvEntryList list;
    OK(kvStore_History(&list, kv, key, NULL));
    if (list.Count != count)
        fail("%d entries, not %d", list.Count, count);
    for (int i = 0; i < count; i++) {
        expect_entry(list.Entries[i], wanted[i]);
        list.Entries[i] = NULL;
    }
    kvEntryList_Destroy(&list);
}

static void put(kvStore *kv, const char *key, const char *value, uint64_t wanted)
{
    uint64_t revision = 0;
    OK(kvStore_PutString(&revision, kv, key, value));
    ENSURE(revision == wanted);
}

void kv_values(void)
{
    jsCtx *js = NULL;
    kvStore *kv = open_bucket(&js, "values", 3);
    kvEntry *entry = NULL;
    uint64_t revision = 0;
    want(kvStore_Get(&entry, kv, "a"), NATS_NOT_FOUND, "get of nothing");
    put(kv, "a", "1", 1);
    OK(kvStore_CreateString(&revision, kv, "b", "2"));
    ENSURE(revision == 2);
    ENSURE(kvStore_CreateString(&revision, kv, "b", "no") != NATS_OK);
    OK(kvStore_UpdateString(&revision, kv, "a", "3", 1));
    ENSURE(revision == 3);
    ENSURE(kvStore_UpdateString(&revision, kv, "a", "no", 1) != NATS_OK);
    expect_value(kv, "a", "a PUT 3 3");
    OK(kvStore_GetRevision(&entry, kv, "a", 1));
    expect_entry(entry, "a PUT 1 1");
    want(kvStore_GetRevision(&entry, kv, "a", 2), NATS_NOT_FOUND, "get of another key's revision");
    OK(kvStore_Delete(kv, "a"));
    want(kvStore_Get(&entry, kv, "a"), NATS_NOT_FOUND, "get of a deleted value");
    OK(kvStore_CreateString(&revision, kv, "a", "5"));
    ENSURE(revision == 5);
    OK(kvStore_Purge(kv, "a", NULL));
    want(kvStore_GetRevision(&entry, kv, "a", 5), NATS_NOT_FOUND, "get of a purged revision");
    OK(kvStore_CreateString(&revision, kv, "a", "7"));
    ENSURE(revision == 7);
    close_bucket(kv, js);
}

void kv_watch(void)
{
    jsCtx *js = NULL;
    kvStore *kv = open_bucket(&js, "watch", 5);
    kvWatcher *everything = NULL, *some = NULL;
    kvEntry *entry = NULL;
    put(kv, "a.x", "1", 1);
    put(kv, "b", "2", 2);
    put(kv, "a.x", "3", 3);
    OK(kvStore_WatchAll(&everything, kv, NULL));
    expect_update(everything, "b PUT 2 2");
    expect_update(everything, "a.x PUT 3 3");
    OK(kvWatcher_Next(&entry, everything, WAIT_LIMIT));
    ENSURE(entry == NULL); /* The end of what was there. */
    OK(kvStore_Watch(&some, kv, "a.*", NULL));
    expect_update(some, "a.x PUT 3 3");
    OK(kvWatcher_Next(&entry, some, WAIT_LIMIT));
    ENSURE(entry == NULL);
    put(kv, "b", "4", 4);
    OK(kvStore_Delete(kv, "a.x"));
    OK(kvStore_Purge(kv, "b", NULL));
    expect_update(everything, "b PUT 4 4");
    expect_update(everything, "a.x DEL  5");
    expect_update(everything, "b PURGE  6");
    expect_update(some, "a.x DEL  5");
    kvWatcher_Destroy(everything);
    kvWatcher_Destroy(some);
    close_bucket(kv, js);
}

void kv_keys(void)
{
    jsCtx *js = NULL;
    kvStore *kv = open_bucket(&js, "keys", 1);
    kvKeysList list;
    char key[16];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k.%d", i);
        put(kv, key, "value", (uint64_t)i + 1);
    }
    OK(kvStore_Delete(kv, "k.99"));
    OK(kvStore_Keys(&list, kv, NULL));
    ENSURE(list.Count == 99);
    for (int i = 0; i < list.Count; i++) {
        snprintf(key, sizeof key, "k.%d", i);
        ENSURE(strcmp(list.Keys[i], key) == 0);
    }
    kvKeysList_Destroy(&list);
    close_bucket(kv, js);
}

void kv_history(void)
{
    jsCtx *js = NULL;
    kvStore *kv = open_bucket(&js, "history", 3);
    for (int i = 1; i <= 4; i++)
        put(kv, "a", "value", (uint64_t)i);
    expect_history(kv, "a", 3, (const char *const[]){"a PUT value 2", "a PUT value 3", "a PUT value 4"});
    OK(kvStore_Delete(kv, "a"));
    expect_history(kv, "a", 3, (const char *const[]){"a PUT value 3", "a PUT value 4", "a DEL  5"});
    OK(kvStore_Purge(kv, "a", NULL));
    expect_history(kv, "a", 1, (const char *const[]){"a PURGE  6"});
    close_bucket(kv, js);
}

void kv_restart(void)
{
    Events *events = NULL;
    jsCtx *js = NULL;
    OK(natsConnection_JetStream(&js, connect_for_good("jetstream:restart", &events), NULL));
    kvStore *kv = bucket(js, "restart", 5);
    put(kv, "a", "1", 1);
    const char *verbs[] = {"restart", "kill"};
    for (int i = 0; i < 2; i++) {
        uint64_t revision = 0;
        control(verbs[i], "jetstream:restart", "");
        wait_for(events, &events->reconnects, i + 1, "reconnect");
        OK(kvStore_UpdateString(&revision, kv, "a", verbs[i], (uint64_t)i + 1));
        ENSURE(revision == (uint64_t)i + 2);
    }
    expect_history(kv, "a", 3, (const char *const[]){"a PUT 1 1", "a PUT restart 2", "a PUT kill 3"});
    close_bucket(kv, js);
}
