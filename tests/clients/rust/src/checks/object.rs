//! Object stores: objects in chunks, with a digest over all of them.

use std::time::Duration;

use async_nats::jetstream::Context as JetStream;
use async_nats::jetstream::object_store::{
    Config, GetErrorKind, ObjectMetadata, ObjectStore, UpdateMetadata,
};
use async_nats::jetstream::stream::{DiscardPolicy, StorageType};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::harness::{Connection, Context, Outcome, ensure, equal, fail};
use crate::jetstream::{RESTARTED, SERVER, all, lift, open, refused, restart, take};

const MIB: usize = 1024 * 1024;
const CHUNK: usize = 128 * 1024;
const EMPTY: &str = "SHA-256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=";

/// Bytes that no two chunks have in common.
fn bytes(size: usize) -> Vec<u8> {
    (0..size.div_ceil(4) as u32)
        .flat_map(|i| (i + 1).wrapping_mul(2_654_435_761).to_le_bytes())
        .take(size)
        .collect()
}

fn config(bucket: &str) -> Config {
    Config {
        bucket: bucket.into(),
        ..Default::default()
    }
}

async fn store(
    t: Context,
    server: &str,
    name: &str,
) -> Outcome<(Connection, JetStream, ObjectStore)> {
    let (nc, js) = open(t, server).await?;
    let store = js.create_object_store(config(name)).await?;
    Ok((nc, js, store))
}

async fn read(store: &ObjectStore, name: &str) -> Outcome<Vec<u8>> {
    let mut object = store.get(name).await?;
    let mut data = Vec::new();
    // At its end it compares the digest.
    timeout(Duration::from_secs(15), object.read_to_end(&mut data)).await??;
    Ok(data)
}

async fn chunks(js: &JetStream, bucket: &str) -> Outcome<usize> {
    let stream = js.get_stream(format!("OBJ_{bucket}")).await?;
    let subjects = stream
        .info_with_subjects(format!("$O.{bucket}.C.>"))
        .await?;
    Ok(all(subjects)
        .await?
        .into_iter()
        .map(|(_, count)| count)
        .sum())
}

/// A store is a stream with two subjects.
pub async fn object_stores(t: Context) -> Outcome {
    let (_, js) = open(t, SERVER).await?;
    let wanted = Config {
        description: Some("a store".into()),
        storage: StorageType::Memory,
        ..config("stores")
    };
    js.create_object_store(wanted).await?;
    let made = js
        .get_stream("OBJ_stores")
        .await?
        .cached_info()
        .config
        .clone();
    equal(
        made.subjects,
        ["$O.stores.C.>", "$O.stores.M.>"],
        "subjects",
    )?;
    ensure(made.allow_rollup && made.allow_direct, "config")?;
    equal(
        (made.discard, made.storage),
        (DiscardPolicy::New, StorageType::Memory),
        "config",
    )?;
    equal(
        (made.max_messages, made.max_messages_per_subject),
        (-1, -1),
        "limits",
    )?;
    js.get_object_store("stores").await?;
    js.delete_object_store("stores").await?;
    ensure(
        js.get_object_store("stores").await.is_err(),
        "the store is still there",
    )
}

/// What was put is got again, with its size, its digest and what was said about it.
pub async fn object_put_get(t: Context) -> Outcome {
    let (_, js, store) = store(t, SERVER, "objects").await?;
    match store.get("none").await {
        Ok(_) => return fail("there is an object"),
        Err(error) => equal(error.kind(), GetErrorKind::NotFound, "the error")?,
    }
    for size in [0, 1, CHUNK, 300_000] {
        let (name, data) = (format!("size {size}"), bytes(size));
        let put = store.put(name.as_str(), &mut data.as_slice()).await?;
        equal((put.size, put.chunks), (size, size.div_ceil(CHUNK)), "put")?;
        let info = store.info(&name).await?;
        equal((info.size, info.digest), (size, put.digest), "info")?;
        ensure(read(&store, &name).await? == data, "other data")?;
    }
    equal(
        store.info("size 0").await?.digest.as_deref(),
        Some(EMPTY),
        "digest of nothing",
    )?;
    let meta = ObjectMetadata {
        name: "meta".into(),
        description: Some("described".into()),
        chunk_size: Some(1000),
        ..Default::default()
    };
    equal(
        store.put(meta, &mut bytes(2500).as_slice()).await?.chunks,
        3,
        "chunks",
    )?;
    equal(
        store.info("meta").await?.description.as_deref(),
        Some("described"),
        "description",
    )?;
    // A new object of the name takes the place of the old one's chunks.
    let before = chunks(&js, "objects").await?;
    store.put("meta", &mut &b"short"[..]).await?;
    equal(chunks(&js, "objects").await?, before - 2, "chunks")?;
    equal(read(&store, "meta").await?.as_slice(), b"short", "data")
}

/// An object of 100 MiB comes back whole from a server that was started anew.
pub async fn object_100mib(t: Context) -> Outcome {
    let (nc, js, store) = store(t, RESTARTED, "large").await?;
    let data = bytes(100 * MIB);
    let put = store.put("large", &mut data.as_slice()).await?;
    equal((put.size, put.chunks), (100 * MIB, 800), "put")?;
    restart(t, "restart", RESTARTED, &nc).await?;
    equal(store.info("large").await?.digest, put.digest, "digest")?;
    ensure(read(&store, "large").await? == data, "other data")?;
    store.delete("large").await?;
    let state = js
        .get_stream("OBJ_large")
        .await?
        .cached_info()
        .state
        .clone();
    equal(state.messages, 1, "messages")?;
    ensure(
        state.bytes < 1000,
        format!("{} bytes are left", state.bytes),
    )?;
    js.delete_object_store("large").await?;
    Ok(())
}

/// Objects are renamed, linked and deleted.
pub async fn object_changes(t: Context) -> Outcome {
    let (_, js, store) = store(t, SERVER, "changes").await?;
    store.put("a", &mut &b"first"[..]).await?;
    let renamed = UpdateMetadata {
        name: "b".into(),
        description: Some("renamed".into()),
        ..Default::default()
    };
    store.update_metadata("a", renamed).await?;
    ensure(
        store.info("a").await.is_err(),
        "the old name is still there",
    )?;
    let info = store.info("b").await?;
    equal(info.description.as_deref(), Some("renamed"), "description")?;
    equal(read(&store, "b").await?.as_slice(), b"first", "data")?;
    store.add_link("link", &info).await?;
    equal(
        read(&store, "link").await?.as_slice(),
        b"first",
        "data by the link",
    )?;
    store.add_bucket_link("store", "elsewhere").await?;
    store.delete("b").await?;
    ensure(store.info("b").await?.deleted, "not deleted")?;
    ensure(store.get("b").await.is_err(), "a deleted object was got")?;
    equal(chunks(&js, "changes").await?, 0, "chunks")?;
    store.put("b", &mut &b"second"[..]).await?;
    equal(
        read(&store, "link").await?.as_slice(),
        b"second",
        "data by the link",
    )
}

/// list has what is there; a watch has what is there and what changes.
pub async fn object_list_watch(t: Context) -> Outcome {
    let (_, _, store) = store(t, SERVER, "list").await?;
    ensure(
        all(store.list().await?).await?.is_empty(),
        "a list of nothing",
    )?;
    for name in ["a", "b", "c"] {
        store.put(name, &mut &b"x"[..]).await?;
    }
    store.delete("b").await?;
    let names: Vec<String> = all(store.list().await?)
        .await?
        .into_iter()
        .map(|info| info.name)
        .collect();
    equal(names, ["a", "c"], "list")?;
    let mut watch = store.watch_with_history().await?;
    let mut infos = take(&mut watch, 3).await?;
    store.put("d", &mut &b"x"[..]).await?;
    store.delete("a").await?;
    infos.extend(take(&mut watch, 2).await?);
    let seen: Vec<(&str, bool)> = infos
        .iter()
        .map(|info| (info.name.as_str(), info.deleted))
        .collect();
    equal(
        seen,
        [
            ("a", false),
            ("c", false),
            ("b", true),
            ("d", false),
            ("a", true),
        ],
        "watch",
    )
}

/// A sealed store keeps what it has, and nothing changes it but its own end.
pub async fn object_seal(t: Context) -> Outcome {
    let (_, js, mut store) = store(t, SERVER, "sealed").await?;
    store.put("kept", &mut &b"data"[..]).await?;
    store.seal().await?;
    let stream = js.get_stream("OBJ_sealed").await?;
    let config = stream.cached_info().config.clone();
    ensure(
        config.sealed && config.deny_delete && config.deny_purge && !config.allow_rollup,
        "config",
    )?;
    let sealed = "invalid operation on sealed stream";
    refused(
        js.publish("$O.sealed.M.x", "x".into()).await?.await,
        10109,
        sealed,
    )?;
    refused(stream.purge().await, 10109, sealed)?;
    equal(read(&store, "kept").await?.as_slice(), b"data", "data")?;
    lift(js.delete_object_store("sealed").await)
}
