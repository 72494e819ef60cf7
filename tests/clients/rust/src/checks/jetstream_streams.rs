//! Streams: their life, what a publish is answered, what the account says, gets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::context::{AccountErrorKind, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, DirectGetErrorKind, StorageType};
use async_nats::{ConnectOptions, HeaderMap};
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::harness::{Context, Fault, Outcome, ensure, equal, fail};
use crate::jetstream::{
    RESTARTED, SERVER, all, api, eventually, fill, lift, open, refused, restart, take, texts,
};

fn config(name: &str, subjects: &[&str]) -> Config {
    Config {
        name: name.to_owned(),
        subjects: subjects
            .iter()
            .map(|subject| (*subject).to_owned())
            .collect(),
        ..Default::default()
    }
}

/// The account counts streams, consumers and bytes, and says the level of its API.
pub async fn jetstream_account(t: Context) -> Outcome {
    let (nc, js) = open(t, SERVER).await?;
    let before = js.query_account().await?;
    let stream = js.create_stream(config("account", &["account"])).await?;
    js.publish("account", vec![b'x'; 1000].into())
        .await?
        .await?;
    let one = pull::Config {
        durable_name: Some("one".into()),
        ..Default::default()
    };
    stream.create_consumer(one).await?;
    let during = js.query_account().await?;
    equal(during.streams, before.streams + 1, "streams")?;
    equal(during.consumers, before.consumers + 1, "consumers")?;
    ensure(during.storage > before.storage + 1000, "too few bytes")?;
    js.delete_stream("account").await?;
    let after = js.query_account().await?;
    equal(after.storage, before.storage, "storage")?;
    equal(
        api(&nc, "INFO", Value::Null).await?["api"]["level"].clone(),
        json!(5),
        "level",
    )
}

/// Where there is no JetStream, its users hear of it at once.
pub async fn jetstream_absent(t: Context) -> Outcome {
    let nc = t.open().await?;
    let start = Instant::now();
    match async_nats::jetstream::new((*nc).clone())
        .query_account()
        .await
    {
        Ok(_) => fail("there is an account"),
        Err(error) => {
            equal(
                error.kind(),
                AccountErrorKind::JetStreamUnavailable,
                "the error",
            )?;
            ensure(
                start.elapsed() < Duration::from_secs(1),
                "the error came late",
            )
        }
    }
}

/// With a domain the API has another name, and acks tell the domain.
pub async fn jetstream_domain(t: Context) -> Outcome {
    let nc = t.connect("jetstream_domain", ConnectOptions::new()).await?;
    let js = async_nats::jetstream::with_domain((*nc).clone(), "hub");
    let stream = js.create_stream(config("domain", &["domain"])).await?;
    let ack = js.publish("domain", "x".into()).await?.await?;
    equal(
        (ack.stream.as_str(), ack.domain.as_str(), ack.sequence),
        ("domain", "hub", 1),
        "ack",
    )?;
    let consumer = stream.create_consumer(pull::Config::default()).await?;
    let messages = take(&mut consumer.messages().await?, 1).await?;
    equal(texts(&messages), ["x"], "messages")?;
    lift(messages[0].double_ack().await)?;
    let plain = api(&nc, "STREAM.INFO.domain", Value::Null).await?;
    equal(plain["state"]["messages"].clone(), json!(1), "messages")
}

/// A stream is made, found, changed, emptied and deleted.
pub async fn jetstream_streams(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    refused(js.get_stream("life").await, 10059, "stream not found")?;
    let wanted = Config {
        max_messages_per_subject: 100,
        ..config("life", &["life.>"])
    };
    let stream = js.create_stream(wanted.clone()).await?;
    let made = stream.cached_info().config.clone();
    equal(
        (made.storage, made.num_replicas, made.max_messages),
        (StorageType::File, 1, -1),
        "config",
    )?;
    let again = js.create_stream(wanted.clone()).await?;
    equal(
        &again.cached_info().config,
        &made,
        "the same configuration again",
    )?;
    let other = Config {
        max_messages_per_subject: 5,
        ..wanted.clone()
    };
    let text = "stream name already in use with a different configuration";
    refused(js.create_stream(other).await, 10058, text)?;
    refused(
        js.create_stream(config("overlap", &["life.a"])).await,
        10065,
        "",
    )?;
    equal(
        js.stream_by_subject("life.a").await?.as_str(),
        "life",
        "found",
    )?;
    // The library sends the whole configuration back, with the metadata that the server has put there.
    ensure(
        made.metadata.contains_key("_nats.req.level"),
        "the level is missing",
    )?;
    let changed = Config {
        description: Some("changed".into()),
        subjects: vec!["life.>".into(), "more".into()],
        ..made.clone()
    };
    let updated = js.update_stream(&changed).await?.config;
    equal(
        (updated.description, updated.subjects),
        (changed.description, changed.subjects),
        "update",
    )?;
    let memory = Config {
        storage: StorageType::Memory,
        ..made
    };
    refused(js.update_stream(&memory).await, 10052, "")?;
    for subject in ["life.a", "life.b"] {
        fill(&js, subject, 10).await?;
    }
    let subjects: BTreeMap<String, usize> =
        stream.info_with_subjects(">").await?.try_collect().await?;
    let counted = BTreeMap::from([("life.a".to_owned(), 10), ("life.b".to_owned(), 10)]);
    equal(subjects, counted, "subjects")?;
    equal(
        stream.purge().filter("life.a").keep(3).await?.purged,
        7,
        "purged",
    )?;
    equal(
        stream.purge().filter("life.b").sequence(16).await?.purged,
        5,
        "purged",
    )?;
    equal(stream.purge().await?.purged, 8, "purged")?;
    let state = stream.get_info().await?.state;
    equal(
        (state.first_sequence, state.last_sequence),
        (21, 20),
        "sequences",
    )?;
    ensure(js.delete_stream("life").await?.success, "not deleted")?;
    refused(js.delete_stream("life").await, 10059, "")
}

/// More streams than a page has are all listed, once.
pub async fn jetstream_paging(t: Context) -> Outcome {
    let (_, js) = open(t, "jetstream:paging").await?;
    let wanted: Vec<String> = (0..260).map(|i| format!("page{i:03}")).collect();
    for name in &wanted {
        let stream = Config {
            storage: StorageType::Memory,
            ..config(name, &[&format!("{name}.x")])
        };
        js.create_stream(stream).await?;
    }
    let mut names = all(js.stream_names()).await?;
    names.sort();
    equal(&names, &wanted, "names")?;
    let streams = all(js.streams()).await?;
    let mut names: Vec<String> = streams.into_iter().map(|info| info.config.name).collect();
    names.sort();
    equal(names, wanted, "streams")
}

/// An ack has the sequence; duplicates are recognised; expectations are kept.
pub async fn jetstream_publish(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    js.create_stream(config("publish", &["publish.>"])).await?;
    let message = |text: &'static str| PublishMessage::build().payload(text.into());
    for duplicate in [false, true] {
        let sent = message("one").message_id("first");
        let ack = js.send_publish("publish.a", sent).await?.await?;
        equal(
            (ack.stream.as_str(), ack.sequence, ack.duplicate),
            ("publish", 1, duplicate),
            "ack",
        )?;
    }
    let expecting = message("two")
        .message_id("second")
        .expected_stream("publish")
        .expected_last_sequence(1)
        .expected_last_message_id("first")
        .expected_last_subject_sequence(1);
    js.send_publish("publish.a", expecting).await?.await?;
    let wrong = [
        (
            message("no").expected_last_sequence(1),
            PublishErrorKind::WrongLastSequence,
        ),
        (
            message("no").expected_last_subject_sequence(1),
            PublishErrorKind::WrongLastSequence,
        ),
        (
            message("no").expected_last_message_id("first"),
            PublishErrorKind::WrongLastMessageId,
        ),
        (
            message("no").expected_stream("other"),
            PublishErrorKind::Other,
        ),
    ];
    for (sent, kind) in wrong {
        match js.send_publish("publish.a", sent).await?.await {
            Ok(_) => return fail("a wrong expectation was accepted"),
            Err(error) => equal(error.kind(), kind, "the error")?,
        }
    }
    let acks = fill(&js, "publish.many", 500).await?;
    let sequences: Vec<u64> = acks.iter().map(|ack| ack.sequence).collect();
    equal(sequences, (3..503).collect::<Vec<u64>>(), "sequences")?;
    match js.publish("nobody.stores.this", "x".into()).await?.await {
        Ok(_) => fail("somebody has stored it"),
        Err(error) => equal(error.kind(), PublishErrorKind::StreamNotFound, "the error"),
    }
}

/// A stored message is read with its headers, and deleted; a restart changes nothing.
pub async fn jetstream_messages(t: Context) -> Outcome {
    let (nc, js) = open(t, RESTARTED).await?;
    let stream = js
        .create_stream(config("messages", &["messages.>"]))
        .await?;
    let mut headers = HeaderMap::new();
    // Of several values under one name the client reads the last.
    headers.insert("Color", "red");
    headers.insert("Size", "large");
    js.publish_with_headers("messages.a", headers.clone(), "one".into())
        .await?
        .await?;
    js.publish("messages.b", "two".into()).await?.await?;
    js.publish("messages.a", "three".into()).await?.await?;
    for verb in [None, Some("restart"), Some("kill")] {
        if let Some(verb) = verb {
            restart(t, verb, RESTARTED, &nc).await?;
        }
        let one = stream.get_raw_message(1).await?;
        equal(
            (one.subject.as_str(), one.sequence, &one.payload[..]),
            ("messages.a", 1, &b"one"[..]),
            "message",
        )?;
        equal(&one.headers, &headers, "headers")?;
        equal(
            stream
                .get_last_raw_message_by_subject("messages.a")
                .await?
                .sequence,
            3,
            "last",
        )?;
        equal(
            stream
                .get_last_raw_message_by_subject("messages.*")
                .await?
                .sequence,
            3,
            "last of all",
        )?;
        let next = stream
            .raw_message_builder()
            .sequence(2)
            .next_by_subject("messages.a");
        equal(next.send().await?.sequence, 3, "next")?;
        ensure(
            stream.get_raw_message(4).await.is_err(),
            "there is a message 4",
        )?;
    }
    ensure(stream.delete_message(2).await?, "not deleted")?;
    restart(t, "restart", RESTARTED, &nc).await?;
    ensure(
        stream.get_raw_message(2).await.is_err(),
        "the message is there again",
    )?;
    let state = stream
        .info_builder()
        .with_deleted(true)
        .fetch()
        .await?
        .info
        .state;
    equal(
        (state.messages, state.first_sequence, state.last_sequence),
        (2, 1, 3),
        "state",
    )?;
    equal(state.deleted, Some(vec![2]), "deleted")?;
    refused(stream.delete_message(2).await, 10043, "")?;
    equal(
        js.publish("messages.a", "four".into())
            .await?
            .await?
            .sequence,
        4,
        "sequence",
    )
}

/// A message's own time to live ends it; a marker takes its place.
pub async fn jetstream_ttl(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    js.create_stream(config("no_ttl", &["no_ttl"])).await?;
    let short = || {
        PublishMessage::build()
            .payload("gone soon".into())
            .ttl(Duration::from_secs(1))
    };
    refused(
        js.send_publish("no_ttl", short()).await?.await,
        10166,
        "per-message TTL is disabled",
    )?;
    let markers = Config {
        allow_message_ttl: true,
        allow_rollup: true,
        subject_delete_marker_ttl: Some(Duration::from_secs(1)),
        ..config("ttl", &["ttl.*"])
    };
    let stream = js.create_stream(markers).await?;
    for text in ["0", "500ms", "soon"] {
        let bad = PublishMessage::build().header("Nats-TTL", text);
        refused(
            js.send_publish("ttl.bad", bad).await?.await,
            10165,
            "invalid per-message TTL",
        )?;
    }
    js.send_publish("ttl.short", short()).await?.await?;
    let never = PublishMessage::build()
        .payload("stays".into())
        .header("Nats-TTL", "never");
    js.send_publish("ttl.never", never).await?.await?;
    let consumer = stream.create_consumer(pull::Config::default()).await?;
    let messages = take(&mut consumer.messages().await?, 3).await?;
    equal(texts(&messages), ["gone soon", "stays", ""], "messages")?;
    let marker = messages[2].headers.clone().unwrap_or_default();
    for (name, value) in [
        ("Nats-Marker-Reason", "MaxAge"),
        ("Nats-TTL", "1s"),
        ("Nats-Rollup", "sub"),
    ] {
        equal(
            marker.get(name).map(|value| value.as_str()),
            Some(value),
            name,
        )?;
    }
    eventually("the end of the marker", async || {
        let state = stream.get_info().await?.state;
        Ok((state.messages == 1).then_some(()))
    })
    .await
}

/// A direct get gives the message with its headers.
pub async fn jetstream_direct_get(t: Context) -> Outcome {
    let (nc, js) = open(t, RESTARTED).await?;
    let direct = Config {
        allow_direct: true,
        ..config("direct", &["direct.>"])
    };
    let stream = js.create_stream(direct).await?;
    let mut headers = HeaderMap::new();
    headers.insert("Own", "header");
    js.publish_with_headers("direct.a", headers, "one".into())
        .await?
        .await?;
    js.publish("direct.b", "two".into()).await?.await?;
    js.publish("direct.a", "three".into()).await?.await?;
    for verb in [None, Some("restart")] {
        if let Some(verb) = verb {
            restart(t, verb, RESTARTED, &nc).await?;
        }
        let one = stream.direct_get(1).await?;
        equal(
            (one.subject.as_str(), one.sequence, &one.payload[..]),
            ("direct.a", 1, &b"one"[..]),
            "message",
        )?;
        equal(
            one.headers.get("Own").map(|value| value.as_str()),
            Some("header"),
            "header",
        )?;
        equal(
            &stream
                .direct_get_last_for_subject("direct.a")
                .await?
                .payload[..],
            b"three",
            "last",
        )?;
        equal(
            stream
                .direct_get_next_for_subject("direct.a", Some(2))
                .await?
                .sequence,
            3,
            "next",
        )?;
        equal(
            stream
                .direct_get_first_for_subject("direct.b")
                .await?
                .sequence,
            2,
            "first",
        )?;
        let nothing = [
            stream.direct_get(9).await,
            stream.direct_get_last_for_subject("direct.c").await,
        ];
        for result in nothing {
            match result {
                Ok(_) => return fail("there is a message"),
                Err(error) => equal(error.kind(), DirectGetErrorKind::NotFound, "the error")?,
            }
        }
    }
    Ok(())
}

pub async fn jetstream_direct_batch(_: Context) -> Outcome {
    Err(Fault::Skipped("the client has no such call"))
}

/// What was acknowledged before the server went is there after it: streams, messages, consumers, acks.
pub async fn jetstream_restart(t: Context) -> Outcome {
    let (nc, js) = open(t, RESTARTED).await?;
    let file = Config {
        max_messages_per_subject: 50,
        description: Some("kept".into()),
        ..config("file", &["file.>"])
    };
    let stream = js.create_stream(file).await?;
    let memory = Config {
        storage: StorageType::Memory,
        ..config("memory", &["memory"])
    };
    js.create_stream(memory).await?;
    fill(&js, "file.a", 100).await?;
    fill(&js, "file.b", 10).await?;
    let worker = pull::Config {
        durable_name: Some("worker".into()),
        filter_subject: "file.a".into(),
        ..Default::default()
    };
    let consumer = stream.create_consumer(worker).await?;
    let first = all(consumer.fetch().max_messages(10).messages().await?).await?;
    equal(first.len(), 10, "messages")?;
    for message in first.iter().step_by(2) {
        lift(message.double_ack().await)?;
    }
    let before = stream.get_info().await?;
    for verb in ["restart", "kill"] {
        restart(t, verb, RESTARTED, &nc).await?;
        let after = stream.get_info().await?;
        equal(&after.config, &before.config, "config")?;
        let state = after.state;
        equal(
            (
                state.messages,
                state.bytes,
                state.first_sequence,
                state.last_sequence,
            ),
            (before.state.messages, before.state.bytes, 51, 110),
            "state",
        )?;
        equal(
            state.first_timestamp,
            before.state.first_timestamp,
            "first time",
        )?;
        let info = consumer.get_info().await?;
        equal(
            (
                info.ack_floor.stream_sequence,
                info.num_ack_pending,
                info.num_pending,
            ),
            (51, 5, 40),
            "consumer",
        )?;
        if verb == "restart" {
            refused(js.get_stream("memory").await, 10059, "stream not found")?;
        }
    }
    equal(
        js.publish("file.b", "next".into()).await?.await?.sequence,
        111,
        "sequence",
    )
}
