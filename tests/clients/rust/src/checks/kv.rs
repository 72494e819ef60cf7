//! Key-value buckets: their streams, values, history and markers.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::kv::{
    Config, CreateErrorKind, Entry, Operation, Store, UpdateErrorKind,
};
use async_nats::jetstream::stream::{DiscardPolicy, Republish, StorageType};
use async_nats::jetstream::{Context as JetStream, stream::Compression};

use crate::harness::{Connection, Context, Outcome, ensure, equal, fail};
use crate::jetstream::{RESTARTED, SERVER, all, eventually, next, open, refused, restart, take};

fn config(bucket: &str) -> Config {
    Config {
        bucket: bucket.into(),
        ..Default::default()
    }
}

async fn bucket(t: Context, config: Config) -> Outcome<(Connection, JetStream, Store)> {
    let (nc, js) = open(t, SERVER).await?;
    let kv = js.create_key_value(config).await?;
    Ok((nc, js, kv))
}

fn shown(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| {
            let operation = match entry.operation {
                Operation::Put => "PUT",
                Operation::Delete => "DEL",
                Operation::Purge => "PURGE",
            };
            let value = String::from_utf8_lossy(&entry.value);
            format!("{} {operation} {value} {}", entry.key, entry.revision)
        })
        .collect()
}

/// Messages in the bucket. The client's own status has what was there when the bucket was opened.
async fn values(kv: &Store) -> Outcome<u64> {
    Ok(kv.stream.get_info().await?.state.messages)
}

async fn entry(kv: &Store, key: &str) -> Outcome<String> {
    match kv.entry(key).await? {
        Some(entry) => Ok(shown(&[entry]).remove(0)),
        None => Ok("nothing".into()),
    }
}

/// A bucket is a stream with the properties asked for.
pub async fn kv_buckets(t: Context) -> Outcome {
    let wanted = Config {
        history: 5,
        max_age: Duration::from_secs(60),
        description: "a bucket".into(),
        max_bytes: 100_000,
        max_value_size: 1000,
        compression: true,
        storage: StorageType::Memory,
        ..config("buckets")
    };
    let (_, js, kv) = bucket(t, wanted.clone()).await?;
    let made = js
        .get_stream("KV_buckets")
        .await?
        .cached_info()
        .config
        .clone();
    equal(made.subjects, ["$KV.buckets.>"], "subjects")?;
    equal(
        (made.discard, made.max_messages_per_subject),
        (DiscardPolicy::New, 5),
        "config",
    )?;
    ensure(
        made.allow_rollup && made.allow_direct && made.deny_delete,
        "config",
    )?;
    equal(
        (made.max_age, made.duplicate_window),
        (Duration::from_secs(60), Duration::from_secs(60)),
        "times",
    )?;
    equal(
        (made.compression, made.storage),
        (Some(Compression::S2), StorageType::Memory),
        "storage",
    )?;
    let revision = kv.put("a", "1".into()).await?;
    let status = kv.status().await?;
    equal(
        (status.bucket(), status.history()),
        ("buckets", 5),
        "status",
    )?;
    equal(values(&kv).await?, 1, "values")?;
    js.create_key_value(wanted.clone()).await?;
    let other = Config {
        history: 6,
        ..wanted
    };
    refused(
        js.create_key_value(other).await,
        10058,
        "already in use with a different configuration",
    )?;
    equal(
        entry(&js.get_key_value("buckets").await?, "a")
            .await?
            .as_str(),
        "a PUT 1 1",
        "entry",
    )?;
    refused(
        kv.stream.delete_message(revision).await,
        10057,
        "message delete not permitted",
    )?;
    ensure(js.delete_key_value("buckets").await?.success, "not deleted")?;
    refused(js.get_key_value("buckets").await, 10059, "stream not found")
}

/// Values have revisions; create and update check them; a deleted key can be made again.
pub async fn kv_values(t: Context) -> Outcome {
    let wanted = Config {
        history: 3,
        ..config("values")
    };
    let (_, _, kv) = bucket(t, wanted).await?;
    equal(entry(&kv, "a").await?.as_str(), "nothing", "entry")?;
    equal(kv.put("a", "1".into()).await?, 1, "revision")?;
    equal(kv.create("b.c", "2".into()).await?, 2, "revision")?;
    match kv.create("b.c", "no".into()).await {
        Ok(_) => return fail("created twice"),
        Err(error) => equal(error.kind(), CreateErrorKind::AlreadyExists, "the error")?,
    }
    equal(kv.update("a", "3".into(), 1).await?, 3, "revision")?;
    match kv.update("a", "no".into(), 1).await {
        Ok(_) => return fail("updated from an old revision"),
        Err(error) => {
            equal(
                error.kind(),
                UpdateErrorKind::WrongLastRevision,
                "the error",
            )?;
            ensure(error.to_string().contains("wrong last sequence: 3"), &error)?;
        }
    }
    equal(entry(&kv, "a").await?.as_str(), "a PUT 3 3", "entry")?;
    let first = kv
        .entry_for_revision("a", 1)
        .await?
        .map(|entry| entry.value);
    equal(first.as_deref(), Some(&b"1"[..]), "first value")?;
    ensure(
        kv.entry_for_revision("a", 2).await?.is_none(),
        "another key's revision",
    )?;
    kv.delete("a").await?;
    equal(entry(&kv, "a").await?.as_str(), "a DEL  4", "entry")?;
    ensure(kv.get("a").await?.is_none(), "a deleted value")?;
    equal(kv.create("a", "5".into()).await?, 5, "revision")?;
    kv.purge("a").await?;
    equal(entry(&kv, "a").await?.as_str(), "a PURGE  6", "entry")?;
    ensure(
        kv.entry_for_revision("a", 5).await?.is_none(),
        "a purged revision",
    )?;
    equal(kv.create("a", "7".into()).await?, 7, "revision")?;
    ensure(
        kv.delete_expect_revision("a", Some(1)).await.is_err(),
        "deleted from an old revision",
    )?;
    // No message is left on the subject: zero is right again.
    kv.stream.purge().filter("$KV.values.a").await?;
    equal(kv.create("a", "8".into()).await?, 8, "revision")?;
    equal(kv.put("empty", "".into()).await?, 9, "revision")?;
    equal(entry(&kv, "empty").await?.as_str(), "empty PUT  9", "entry")
}

/// A watch gives what changes; one with history gives what is there first.
pub async fn kv_watch(t: Context) -> Outcome {
    let wanted = Config {
        history: 5,
        ..config("watch")
    };
    let (_, _, kv) = bucket(t, wanted).await?;
    for (key, value) in [("a.x", "1"), ("b", "2"), ("a.x", "3"), ("a.y", "4")] {
        kv.put(key, value.into()).await?;
    }
    let mut everything = kv.watch_with_history(">").await?;
    let there = take(&mut everything, 3).await?;
    equal(
        shown(&there),
        ["b PUT 2 2", "a.x PUT 3 3", "a.y PUT 4 4"],
        "what is there",
    )?;
    let seen: Vec<(u64, bool)> = there
        .iter()
        .map(|entry| (entry.delta, entry.seen_current))
        .collect();
    equal(seen, [(2, false), (1, false), (0, true)], "pending")?;
    let mut updates = kv.watch_all().await?;
    let mut several = kv.watch_many(["a.y", "c"]).await?;
    let mut resumed = kv.watch_all_from_revision(4).await?;
    kv.put("b", "5".into()).await?;
    kv.delete("a.y").await?;
    kv.put("c", "7".into()).await?;
    kv.purge("b").await?;
    let later = ["b PUT 5 5", "a.y DEL  6", "c PUT 7 7", "b PURGE  8"];
    equal(shown(&take(&mut everything, 4).await?), later, "changes")?;
    equal(shown(&take(&mut updates, 4).await?), later, "changes only")?;
    equal(
        shown(&take(&mut several, 2).await?),
        ["a.y DEL  6", "c PUT 7 7"],
        "changes of two keys",
    )?;
    equal(
        shown(&take(&mut resumed, 3).await?),
        ["a.y PUT 4 4", "b PUT 5 5", "a.y DEL  6"],
        "from a revision",
    )
}

/// keys lists what has a value.
pub async fn kv_keys(t: Context) -> Outcome {
    let (_, _, kv) = bucket(t, config("keys")).await?;
    ensure(all(kv.keys().await?).await?.is_empty(), "keys of nothing")?;
    for i in 0..200 {
        kv.put(format!("k.{i}"), vec![b'x'; i].into()).await?;
    }
    kv.delete("k.7").await?;
    kv.purge("k.8").await?;
    let wanted: Vec<String> = (0..200)
        .filter(|i| ![7, 8].contains(i))
        .map(|i| format!("k.{i}"))
        .collect();
    equal(all(kv.keys().await?).await?, wanted, "keys")
}

/// history gives the revisions that are kept, markers among them.
pub async fn kv_history(t: Context) -> Outcome {
    let wanted = Config {
        history: 3,
        ..config("history")
    };
    let (_, _, kv) = bucket(t, wanted).await?;
    for value in ["1", "2", "3", "4", "5"] {
        kv.put("a", value.into()).await?;
    }
    let history = async || all(kv.history("a").await?).await;
    equal(
        shown(&history().await?),
        ["a PUT 3 3", "a PUT 4 4", "a PUT 5 5"],
        "history",
    )?;
    kv.delete("a").await?;
    equal(
        shown(&history().await?),
        ["a PUT 4 4", "a PUT 5 5", "a DEL  6"],
        "history",
    )?;
    kv.purge("a").await?;
    equal(shown(&history().await?), ["a PURGE  7"], "history")
}

/// What lies under markers can be taken away, and markers with it.
pub async fn kv_purge_deletes(t: Context) -> Outcome {
    let wanted = Config {
        history: 5,
        ..config("purge")
    };
    let (_, _, kv) = bucket(t, wanted).await?;
    for key in ["a", "b", "c"] {
        for value in ["1", "2", "3"] {
            kv.put(key, value.into()).await?;
        }
    }
    kv.delete("a").await?;
    kv.delete("b").await?;
    // The client has no call for it.
    for key in ["a", "b"] {
        let subject = format!("$KV.purge.{key}");
        let purged = kv.stream.purge().filter(&subject).keep(1).await?;
        equal((purged.success, purged.purged), (true, 3), "purged")?;
        equal(
            kv.stream.purge().filter(&subject).await?.purged,
            1,
            "purged markers",
        )?;
    }
    equal(values(&kv).await?, 3, "values")?;
    equal(entry(&kv, "a").await?.as_str(), "nothing", "entry")
}

/// A bucket with a time to live forgets its values.
pub async fn kv_age(t: Context) -> Outcome {
    let wanted = Config {
        max_age: Duration::from_secs(1),
        ..config("age")
    };
    let (_, _, kv) = bucket(t, wanted).await?;
    kv.put("a", "1".into()).await?;
    equal(entry(&kv, "a").await?.as_str(), "a PUT 1 1", "entry")?;
    eventually("the end of the value", async || {
        Ok(kv.entry("a").await?.is_none().then_some(()))
    })
    .await?;
    equal(kv.create("a", "2".into()).await?, 2, "revision")
}

/// A key's own time to live ends in a marker that watchers see; then the key can be made again.
pub async fn kv_marker_ttl(t: Context) -> Outcome {
    let wanted = Config {
        limit_markers: Some(Duration::from_secs(2)),
        ..config("markers")
    };
    let (_, _, kv) = bucket(t, wanted).await?;
    let mut watch = kv.watch_all().await?;
    kv.create_with_ttl("a", "1".into(), Duration::from_secs(1))
        .await?;
    kv.create("p", "2".into()).await?;
    kv.purge_with_ttl("p", Duration::from_secs(1)).await?;
    let entries = take(&mut watch, 4).await?;
    equal(
        shown(&entries),
        ["a PUT 1 1", "p PUT 2 2", "p PURGE  3", "a PURGE  4"],
        "entries",
    )?;
    eventually("the end of the marker", async || {
        Ok((values(&kv).await? == 0).then_some(()))
    })
    .await?;
    equal(kv.create("a", "again".into()).await?, 5, "revision")
}

/// A bucket keeps its limits; a full one still takes new values of the keys it has.
pub async fn kv_limits(t: Context) -> Outcome {
    let wanted = Config {
        max_bytes: 5000,
        max_value_size: 1000,
        ..config("limits")
    };
    let (_, js, kv) = bucket(t, wanted).await?;
    let put = async |key: &str, size| kv.put(key, vec![b'x'; size].into()).await;
    refused(
        put("a", 1001).await,
        10054,
        "message size exceeds maximum allowed",
    )?;
    for key in ["k0", "k1", "k2", "k3"] {
        put(key, 1000).await?;
    }
    refused(put("k4", 1000).await, 10077, "maximum bytes exceeded")?;
    put("k0", 1000).await?;
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Rollup", "bad");
    match js
        .publish_with_headers("$KV.limits.k0", headers, "x".into())
        .await?
        .await
    {
        Ok(_) => fail("a rollup of no kind"),
        Err(error) => {
            equal(error.kind(), PublishErrorKind::Other, "the error")?;
            ensure(
                error.to_string().contains("rollup value invalid: \"bad\""),
                error,
            )
        }
    }
}

/// What a bucket stores is published again, with headers that tell a gap.
pub async fn kv_republish(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let mut copies = nc.subscribe("again.>").await?;
    nc.settle().await?;
    let wanted = Config {
        republish: Some(Republish {
            source: ">".into(),
            destination: "again.>".into(),
            headers_only: false,
        }),
        ..config("republish")
    };
    let kv = js.create_key_value(wanted).await?;
    for (key, value) in [("a", "first"), ("b", "other"), ("a", "second")] {
        kv.put(key, value.into()).await?;
    }
    let messages = crate::harness::take(&mut copies, 3).await?;
    let subjects: Vec<&str> = messages
        .iter()
        .map(|message| message.subject.as_str())
        .collect();
    equal(
        subjects,
        [
            "again.$KV.republish.a",
            "again.$KV.republish.b",
            "again.$KV.republish.a",
        ],
        "subjects",
    )?;
    for (message, (sequence, last)) in messages.iter().zip([("1", "0"), ("2", "0"), ("3", "1")]) {
        let headers = message.headers.clone().unwrap_or_default();
        let header = |name| headers.get(name).map(|value| value.as_str().to_owned());
        equal(
            header("Nats-Sequence").as_deref(),
            Some(sequence),
            "sequence",
        )?;
        equal(
            header("Nats-Last-Sequence").as_deref(),
            Some(last),
            "last sequence",
        )?;
        equal(
            header("Nats-Stream").as_deref(),
            Some("KV_republish"),
            "stream",
        )?;
    }
    Ok(())
}

/// Values and history are there, and watches start, when the server was started anew.
pub async fn kv_restart(t: Context) -> Outcome {
    let (nc, js) = open(t, RESTARTED).await?;
    let wanted = Config {
        history: 5,
        ..config("restart")
    };
    let kv = js.create_key_value(wanted).await?;
    kv.put("a", "1".into()).await?;
    kv.put("a", "2".into()).await?;
    kv.delete("b").await?;
    let mut revision = 2;
    for (verb, new) in [("restart", 4), ("kill", 5)] {
        restart(t, verb, RESTARTED, &nc).await?;
        let present = kv.entry("a").await?.map(|entry| entry.revision);
        equal(present, Some(revision), "revision")?;
        equal(entry(&kv, "b").await?.as_str(), "b DEL  3", "entry")?;
        let mut watch = kv.watch("a").await?;
        equal(
            kv.update("a", verb.into(), revision).await?,
            new,
            "revision",
        )?;
        let seen = next(&mut watch, crate::harness::WAIT_LIMIT).await?;
        equal(shown(&[seen]), [format!("a PUT {verb} {new}")], "entry")?;
        revision = new;
    }
    let history = all(kv.history("a").await?).await?;
    equal(
        shown(&history),
        ["a PUT 1 1", "a PUT 2 2", "a PUT restart 4", "a PUT kill 5"],
        "history",
    )?;
    equal(all(kv.keys().await?).await?, ["a"], "keys")
}
