//! `nats object put`.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Component, Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};

use super::bucket::{Bucket, Object, digest_text};
use super::info::show_object;
use crate::client::{Subscription, unique_id};
use crate::failure::Result;
use crate::jetstream::ApiError;
use crate::messages::parse_headers;
use crate::output::Json;
use crate::output::progress::{Progress, Unit};
use crate::session::Session;
use crate::template::MessageScope;
use crate::{bail, fail};

/// Bytes of a chunk, as all clients have it.
const CHUNK: usize = 128 * 1024;
/// Bytes that may be on their way before an acknowledgement is waited for: a
/// server keeps that much for a connection, and it fills any local network.
const WINDOW: usize = 8 << 20;
/// Size from which a progress bar is shown.
const SHOWN_FROM: u64 = 20_480;

/// Puts a file, or standard input.
pub fn put(session: &mut Session) -> Result<()> {
    if let Some(path) = session.matches.arg("file") {
        match std::fs::metadata(path) {
            Err(_) => bail!("path '{path}' does not exist"),
            Ok(about) if about.is_dir() => bail!("'{path}' is a directory"),
            Ok(_) => {}
        }
    }
    let bucket_name = session.matches.required_arg("bucket").to_owned();
    let bucket = Bucket::open(session.jetstream()?, &bucket_name)?;
    let matches = &session.matches;
    let file = matches.arg("file").map(str::to_owned);
    let name = match (matches.filled("name"), &file) {
        (Some(name), _) => clean(name),
        (None, Some(file)) => clean(file),
        (None, None) => bail!("--name is required when reading from stdin"),
    };
    let chunk = match matches.uint("chunk-size") {
        0 => CHUNK,
        size => usize::try_from(size).unwrap_or(CHUNK),
    };
    let mut input: Box<dyn Read> = match &file {
        Some(path) => Box::new(
            File::open(path)
                .map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))?,
        ),
        None => Box::new(stdin().lock()),
    };
    let size = file
        .as_ref()
        .and_then(|path| std::fs::metadata(path).ok())
        .map_or(0, |about| about.len());
    let old = bucket.find(&name)?;
    let in_the_way = old.as_ref().filter(|old| !old.is_deleted());
    if let Some(old) = in_the_way.filter(|_| !session.matches.on("force")) {
        show_object(&bucket, old);
        println!();
        let question = format!("Replace existing file {} > {name}", bucket.name);
        if !session.prompt().confirm_action(&question)? {
            return Ok(());
        }
        println!();
    }
    let shown = session.matches.on("progress") && size > SHOWN_FROM;
    let mut bar = Progress::new(shown, &name, Unit::Bytes, size);
    let id = unique_id();
    let written = match write_chunks(&bucket, &id, chunk, &mut input, &mut bar) {
        Ok(written) => written,
        Err(failure) => {
            bar.abandon();
            // Half an object is of no use to anybody.
            let _ = bucket.purge_chunks(&id);
            return Err(failure);
        }
    };
    bar.finish();
    if shown {
        println!();
    }
    let meta = meta(session, &bucket, &name, &id, chunk, &written)?;
    bucket.write_meta(&name, &meta)?;
    if let Some(old) = old.filter(|old| !old.id().is_empty() && !old.is_deleted()) {
        bucket.purge_chunks(old.id())?;
    }
    println!();
    show_object(
        &bucket,
        &Object {
            meta,
            time: jiff::Timestamp::now().to_string(),
        },
    );
    Ok(())
}

/// A path without detours, as the original names objects.
fn clean(path: &str) -> String {
    let mut out = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out.to_string_lossy().into_owned()
}

/// What was written.
struct Written {
    size: u64,
    chunks: u64,
    digest: Vec<u8>,
}

fn write_chunks(
    bucket: &Bucket,
    id: &str,
    chunk: usize,
    input: &mut dyn Read,
    bar: &mut Progress,
) -> Result<Written> {
    let connection = &bucket.api.connection()?;
    let inbox = connection.new_inbox();
    let acks = connection.subscribe(&inbox, "")?;
    let mut open = 0;
    let written = send_chunks(bucket, id, chunk, input, bar, (&inbox, &acks), &mut open);
    if written.is_err() {
        // A chunk that is still on its way would be stored behind a purge.
        while open > 0 && acks.next(bucket.api.timeout).is_ok() {
            open -= 1;
        }
    }
    written
}

/// Sends the chunks, of which `open` have no answer yet.
fn send_chunks(
    bucket: &Bucket,
    id: &str,
    chunk: usize,
    input: &mut dyn Read,
    bar: &mut Progress,
    (inbox, acks): (&str, &Subscription),
    open: &mut usize,
) -> Result<Written> {
    let connection = &bucket.api.connection()?;
    let subject = bucket.chunk_subject(id);
    let window = (WINDOW / chunk).max(1);
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; chunk];
    let (mut size, mut chunks) = (0u64, 0u64);
    loop {
        let filled = fill(input, &mut buffer)?;
        let part = buffer.get(..filled).unwrap_or_default();
        if part.is_empty() {
            break;
        }
        digest.update(part);
        connection.publish(&subject, inbox, None, part)?;
        (size, chunks) = (size + filled as u64, chunks + 1);
        *open += 1;
        if *open >= window {
            *open -= 1;
            take_ack(bucket, acks)?;
        }
        bar.add(filled as u64);
        if filled < chunk {
            break;
        }
    }
    while *open > 0 {
        *open -= 1;
        take_ack(bucket, acks)?;
    }
    Ok(Written {
        size,
        chunks,
        digest: digest.finish().as_ref().to_vec(),
    })
}

/// Reads until the buffer is full or there is no more.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(buffer.get_mut(filled..).unwrap_or_default())? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

fn take_ack(bucket: &Bucket, acks: &Subscription) -> Result<()> {
    let answer = acks.next(bucket.api.timeout)?;
    if answer.is_no_responders() {
        bail!("nats: no responders available for request");
    }
    let ack = Json::parse(&answer.payload)
        .map_err(|_| fail!("invalid ack response: {}", answer.text()))?;
    match ApiError::of(&ack) {
        Some(error) => Err(error.in_full().into()),
        None => Ok(()),
    }
}

fn meta(
    session: &Session,
    bucket: &Bucket,
    name: &str,
    id: &str,
    chunk: usize,
    written: &Written,
) -> Result<Json> {
    let mut meta = Json::object().with("name", name);
    if let Some(description) = session.matches.filled("description") {
        meta.set("description", description);
    }
    let headers = parse_headers(session.matches.list("header"), &MessageScope::default())?;
    if !headers.is_empty() {
        let entries = headers
            .grouped()
            .into_iter()
            .map(|(key, values)| (key.to_owned(), Json::from(values)))
            .collect();
        meta.set("headers", Json::Object(entries));
    }
    meta.set("options", Json::object().with("max_chunk_size", chunk));
    meta.set("bucket", bucket.name.as_str()).set("nuid", id);
    meta.set("size", written.size)
        .set("mtime", "0001-01-01T00:00:00Z");
    meta.set("chunks", written.chunks)
        .set("digest", digest_text(&written.digest));
    Ok(meta)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objects_are_clean_paths() {
        assert_eq!(clean("./a//b/../c"), "a/c");
        assert_eq!(clean("/a/b"), "/a/b");
        assert_eq!(clean("../a"), "../a");
    }
}
