//! A bucket and the entries in it (client-conventions.md 4).

use std::time::Duration;

use crate::client::{ClientError, Headers};
use crate::failure::{Failure, Result};
use crate::format::parse_rfc3339;
use crate::jetstream::{Api, ApiError, Delivered, DirectMessage, Ordered, Start, direct_get};
use crate::output::Json;
use crate::{bail, fail};

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Sets a value.
    Put,
    /// Deletes the key.
    Delete,
    /// Deletes the key and its history.
    Purge,
}

impl Operation {
    /// As lists show it.
    pub fn text(self) -> &'static str {
        match self {
            Operation::Put => "PUT",
            Operation::Delete => "DELETE",
            Operation::Purge => "PURGE",
        }
    }

    fn of(headers: Option<&Headers>) -> Self {
        let Some(headers) = headers else {
            return Operation::Put;
        };
        match (
            headers.get("KV-Operation"),
            headers.get("Nats-Marker-Reason"),
        ) {
            (Some("DEL"), _) => Operation::Delete,
            (Some("PURGE"), _) => Operation::Purge,
            (_, Some("MaxAge" | "Purge")) => Operation::Purge,
            (_, Some("Remove")) => Operation::Delete,
            _ => Operation::Put,
        }
    }
}

/// An entry: one revision of a key.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Key.
    pub key: String,
    /// Sequence in the stream.
    pub revision: u64,
    /// What it does.
    pub operation: Operation,
    /// When, in nanoseconds since 1970.
    pub nanos: i64,
    /// Value.
    pub value: Vec<u8>,
    /// Entries behind it that a watch still has to give.
    pub delta: u64,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// The API.
    pub api: Api,
    /// Name.
    pub name: String,
    /// INFO of its stream.
    pub info: Json,
    /// Start of the keys' subjects for reads, with a dot at its end.
    read_prefix: String,
    /// The same for writes.
    write_prefix: String,
}

/// Whether a name can be the name of a bucket.
pub fn check_bucket_name(name: &str) -> Result<()> {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-');
    if name.is_empty() || !name.bytes().all(fits) {
        bail!("nats: invalid bucket name");
    }
    Ok(())
}

/// Whether a text can be a key.
fn check_key(key: &str) -> Result<()> {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b"-/_=.".contains(&letter);
    if key.is_empty()
        || !key.bytes().all(fits)
        || key.starts_with('.')
        || key.ends_with('.')
        || key.contains("..")
    {
        bail!("nats: invalid key");
    }
    Ok(())
}

/// Whether a text can be a pattern of keys.
fn check_pattern(pattern: &str) -> Result<()> {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || b"-/_=.*".contains(&letter);
    let keys = pattern.strip_suffix('>').unwrap_or(pattern);
    if pattern.is_empty()
        || !keys.bytes().all(fits)
        || pattern.starts_with('.')
        || pattern.ends_with('.')
        || pattern.contains("..")
    {
        bail!("nats: invalid key: key cannot be empty and must be a valid NATS subject");
    }
    Ok(())
}

/// An error of a publish.
fn write_error(error: &ApiError) -> Failure {
    match error {
        ApiError::Server { .. } => fail!("nats: {}", error.in_full()),
        other => fail!("{other}"),
    }
}

/// Codes of "wrong last sequence", on one server and in a cluster.
const WRONG_LAST_SEQUENCE: [i64; 2] = [10071, 10164];

impl Bucket {
    /// Opens a bucket.
    pub fn open(api: Api, name: &str) -> Result<Self> {
        let api = api.for_buckets();
        check_bucket_name(name)?;
        let info = match api.stream_info(&format!("KV_{name}")) {
            Ok(info) => info,
            Err(error) if error.is_stream_not_found() => bail!("nats: bucket not found"),
            Err(error) => return Err(error.in_full().into()),
        };
        if info.int("config.max_msgs_per_subject") < 1 {
            bail!("nats: bucket not valid key-value store");
        }
        Ok(Self::of(api, name, info))
    }

    /// A bucket whose stream is known.
    pub fn of(api: Api, name: &str, info: Json) -> Self {
        let mut read_prefix = format!("$KV.{name}.");
        let mut write_prefix = read_prefix.clone();
        let mirror = info.text("config.mirror.name");
        if let Some(origin) = mirror.strip_prefix("KV_") {
            // A mirror keeps the subjects of its origin; writes go there.
            read_prefix = format!("$KV.{origin}.");
            write_prefix.clone_from(&read_prefix);
            let external = info.text("config.mirror.external.api");
            if !external.is_empty() {
                write_prefix = format!("{external}.{read_prefix}");
            }
        } else if api.prefix() != "$JS.API" {
            write_prefix = format!("{}.{read_prefix}", api.prefix());
        }
        Self {
            api,
            name: name.to_owned(),
            info,
            read_prefix,
            write_prefix,
        }
    }

    /// Name of its stream.
    pub fn stream(&self) -> String {
        format!("KV_{}", self.name)
    }

    /// Subject of a key, or of a pattern of keys, for reads.
    pub fn subject(&self, key: &str) -> String {
        format!("{}{key}", self.read_prefix)
    }

    /// Asks for the INFO of its stream again.
    pub fn refresh(&mut self) -> Result<()> {
        self.info = self
            .api
            .stream_info(&self.stream())
            .map_err(|error| error.in_full())?;
        Ok(())
    }

    /// Revisions kept per key.
    pub fn history(&self) -> i64 {
        self.info.int("config.max_msgs_per_subject")
    }

    fn entry(&self, message: DirectMessage) -> Entry {
        Entry {
            key: message
                .subject
                .strip_prefix(&self.read_prefix)
                .unwrap_or_default()
                .to_owned(),
            revision: message.seq,
            operation: Operation::of(Some(&message.headers)),
            nanos: parse_rfc3339(&message.time)
                .and_then(|time| i64::try_from(time.as_nanosecond()).ok())
                .unwrap_or_default(),
            value: message.payload,
            delta: 0,
        }
    }

    fn stored(&self, selector: &Json) -> Result<Option<Entry>> {
        let found = if self.info.on("config.allow_direct") {
            direct_get(&self.api, &self.stream(), selector)
        } else {
            self.api.message(&self.stream(), selector)
        };
        match found {
            Ok(message) => Ok(Some(self.entry(message))),
            Err(error) if error.is_message_not_found() => Ok(None),
            Err(error) => Err(error.in_full().into()),
        }
    }

    /// The latest entry of a key, deletions too.
    pub fn latest(&self, key: &str) -> Result<Option<Entry>> {
        check_key(key)?;
        self.stored(&Json::object().with("last_by_subj", self.subject(key)))
    }

    /// The value of a key, at a revision if one is given.
    pub fn get(&self, key: &str, revision: Option<u64>) -> Result<Entry> {
        check_key(key)?;
        let found = match revision {
            Some(revision) => self
                .stored(&Json::object().with("seq", revision))?
                .filter(|entry| entry.key == key),
            None => self.latest(key)?,
        };
        match found {
            Some(entry) if entry.operation == Operation::Put => Ok(entry),
            _ => bail!("nats: key not found"),
        }
    }

    fn write(
        &self,
        key: &str,
        headers: &Headers,
        value: &[u8],
    ) -> std::result::Result<u64, ApiError> {
        let subject = format!("{}{key}", self.write_prefix);
        let ack = self.api.publish(&subject, Some(headers), value)?;
        Ok(ack.uint("seq"))
    }

    /// Sets a value; gives the revision.
    pub fn put(&self, key: &str, value: &[u8]) -> Result<u64> {
        check_key(key)?;
        self.write(key, &Headers::new(), value)
            .map_err(|error| write_error(&error))
    }

    /// Sets the value of a key that has none, with a time to live if one is
    /// given.
    pub fn create(&self, key: &str, value: &[u8], ttl: &str) -> Result<u64> {
        check_key(key)?;
        let headers = |revision: u64| {
            let mut headers = Headers::new();
            headers.add("Nats-Expected-Last-Subject-Sequence", revision.to_string());
            if !ttl.is_empty() {
                headers.add("Nats-TTL", ttl);
            }
            headers
        };
        let error = match self.write(key, &headers(0), value) {
            Ok(revision) => return Ok(revision),
            Err(error) => error,
        };
        if !WRONG_LAST_SEQUENCE.contains(&error.err_code()) {
            return Err(write_error(&error));
        }
        // A deleted key may be created again, over its marker.
        let latest = self
            .latest(key)?
            .filter(|entry| entry.operation != Operation::Put);
        match latest {
            Some(entry) => self
                .write(key, &headers(entry.revision), value)
                .map_err(|error| write_error(&error)),
            None => bail!("{}: key exists", write_error(&error)),
        }
    }

    /// Sets a value if the key is at a revision.
    pub fn update(&self, key: &str, value: &[u8], revision: u64) -> Result<u64> {
        check_key(key)?;
        let mut headers = Headers::new();
        headers.add("Nats-Expected-Last-Subject-Sequence", revision.to_string());
        self.write(key, &headers, value)
            .map_err(|error| write_error(&error))
    }

    /// Deletes a key; with its history if it is a purge.
    pub fn delete(&self, key: &str, purges: bool, ttl: &str) -> Result<()> {
        check_key(key)?;
        let mut headers = Headers::new();
        headers.add("KV-Operation", if purges { "PURGE" } else { "DEL" });
        if purges {
            headers.add("Nats-Rollup", "sub");
        }
        if !ttl.is_empty() {
            headers.add("Nats-TTL", ttl);
        }
        self.write(key, &headers, b"")
            .map_err(|error| write_error(&error))?;
        Ok(())
    }

    /// Entries of keys that match a pattern.
    pub fn watch(&self, pattern: &str, start: Start, without_values: bool) -> Result<Watch<'_>> {
        check_pattern(pattern)?;
        let filter = self.subject(pattern);
        let reader = Ordered::new(&self.api, &self.stream(), &filter, start, without_values)?;
        Ok(Watch {
            bucket: self,
            initial: reader.pending,
            reader,
        })
    }

    /// All entries of keys that match a pattern, until now.
    pub fn entries(&self, pattern: &str, start: Start, without_values: bool) -> Result<Vec<Entry>> {
        let mut watch = self.watch(pattern, start, without_values)?;
        let mut entries = Vec::new();
        while watch.initial > 0 {
            let Some(entry) = watch.next(self.api.timeout)? else {
                return Err(ClientError::Timeout.into());
            };
            let delta = entry.delta;
            entries.push(entry);
            if delta == 0 {
                break;
            }
        }
        Ok(entries)
    }
}

/// Entries as they come.
#[derive(Debug)]
pub struct Watch<'a> {
    bucket: &'a Bucket,
    reader: Ordered,
    /// Entries that were there at the start.
    pub initial: u64,
}

impl Watch<'_> {
    /// The next entry, or nothing within `patience`.
    pub fn next(&mut self, patience: Duration) -> Result<Option<Entry>> {
        let Some((message, delivered)) = self.reader.next(patience)? else {
            return Ok(None);
        };
        let Delivered {
            stream_seq,
            nanos,
            pending,
            ..
        } = delivered;
        Ok(Some(Entry {
            key: message
                .subject
                .strip_prefix(&self.bucket.read_prefix)
                .unwrap_or_default()
                .to_owned(),
            revision: stream_seq,
            operation: Operation::of(message.headers.as_ref()),
            nanos,
            value: message.payload,
            delta: pending,
        }))
    }
}
