//! `nats kv del`, `purge` and `compact`.

use std::time::Duration;

use super::bucket::check_bucket_name;
use super::values::ttl;
use super::{Bucket, Operation};
use crate::bail;
use crate::failure::Result;
use crate::format::now_nanos;
use crate::jetstream::Start;
use crate::output::Json;
use crate::session::Session;

/// Markers older than this are removed, younger ones stay so that watchers
/// that were away can see them.
const MARKER_AGE: Duration = Duration::from_secs(30 * 60);

fn open(session: &mut Session) -> Result<Bucket> {
    let name = session.matches.required_arg("bucket").to_owned();
    Bucket::open(session.jetstream()?, &name)
}

/// Whether it may be done; says what is skipped.
fn allowed(session: &Session, question: &str, skipped: &str) -> Result<bool> {
    if session.matches.on("force") || session.prompt().confirm(question, false)? {
        return Ok(true);
    }
    println!("{skipped}");
    Ok(false)
}

/// Deletes a key, or the bucket.
pub fn delete(session: &mut Session) -> Result<()> {
    let Some(key) = session.matches.arg("key").map(str::to_owned) else {
        return delete_bucket(session);
    };
    let bucket = open(session)?;
    let question = format!("Delete key {} > {key}?", bucket.name);
    if allowed(session, &question, "Skipping delete")? {
        bucket.delete(&key, false, "")?;
    }
    Ok(())
}

fn delete_bucket(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let question = format!("Delete bucket {name}?");
    if !allowed(session, &question, "Skipping delete")? {
        return Ok(());
    }
    let api = session.management()?.for_buckets();
    check_bucket_name(&name)?;
    match api.request(&format!("STREAM.DELETE.KV_{name}"), &Json::Null) {
        Ok(_) => Ok(()),
        Err(error) if error.is_stream_not_found() => {
            bail!("nats: bucket not found: {name}\n{}", error.in_full())
        }
        Err(error) => Err(error.in_full().into()),
    }
}

/// Deletes a key and its history.
pub fn purge(session: &mut Session) -> Result<()> {
    let bucket = open(session)?;
    let key = session.matches.required_arg("key").to_owned();
    let ttl = ttl(session);
    if allowed(
        session,
        &format!("Purge key {} > {key}?", bucket.name),
        "Skipping purge",
    )? {
        bucket.delete(&key, true, &ttl)?;
    }
    Ok(())
}

/// Removes the history of deleted keys, and old markers of deletions.
pub fn compact(session: &mut Session) -> Result<()> {
    let bucket = open(session)?;
    let question = format!(
        "Purge all historic values and audit trails for deleted keys in bucket {}?",
        bucket.name
    );
    if !allowed(session, &question, "Skipping delete")? {
        return Ok(());
    }
    let young =
        now_nanos().saturating_sub(i64::try_from(MARKER_AGE.as_nanos()).unwrap_or(i64::MAX));
    for entry in bucket.entries(">", Start::LastPerSubject, true)? {
        if entry.operation == Operation::Put {
            continue;
        }
        let mut request = Json::object().with("filter", bucket.subject(&entry.key));
        if entry.nanos > young {
            request.set("keep", 1);
        }
        bucket
            .api
            .request(&format!("STREAM.PURGE.{}", bucket.stream()), &request)
            .map_err(|error| error.in_full())?;
    }
    Ok(())
}
