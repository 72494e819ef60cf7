//! A bucket and the objects in it (client-conventions.md 5).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};

use crate::bail;
use crate::client::{ClientError, Headers};
use crate::commands::kv::check_bucket_name;
use crate::failure::{Failure, Result};
use crate::jetstream::{Api, Ordered, Start, direct_get};
use crate::output::Json;

/// What is known about an object: its metadata message.
#[derive(Clone, Debug)]
pub struct Object {
    /// The metadata.
    pub meta: Json,
    /// When it was written, in RFC 3339.
    pub time: String,
}

impl Object {
    /// Name.
    pub fn name(&self) -> &str {
        self.meta.text("name")
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.meta.uint("size")
    }

    /// Id that its chunks have in their subject.
    pub fn id(&self) -> &str {
        self.meta.text("nuid")
    }

    /// Whether it was deleted.
    pub fn is_deleted(&self) -> bool {
        self.meta.on("deleted")
    }

    /// SHA-256 of its content; nothing if it has none.
    pub fn digest(&self) -> Option<Vec<u8>> {
        let text = self.meta.text("digest").strip_prefix("SHA-256=")?;
        URL_SAFE
            .decode(text)
            .or_else(|_| URL_SAFE_NO_PAD.decode(text))
            .or_else(|_| STANDARD.decode(text))
            .ok()
    }
}

/// Whether a name can be the name of a bucket.
pub fn check_store_name(name: &str) -> Result<()> {
    check_bucket_name(name).map_err(|_| "nats: invalid object-store name".into())
}

/// There is no such object.
pub fn not_found() -> Failure {
    "nats: object not found".into()
}

/// The text of a digest in metadata.
pub fn digest_text(digest: &[u8]) -> String {
    format!("SHA-256={}", URL_SAFE.encode(digest))
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
}

impl Bucket {
    /// Opens a bucket.
    pub fn open(api: Api, name: &str) -> Result<Self> {
        let api = api.for_buckets();
        check_store_name(name)?;
        let info = match api.stream_info(&format!("OBJ_{name}")) {
            Ok(info) => info,
            Err(error) if error.is_stream_not_found() => bail!("nats: bucket not found"),
            Err(error) => return Err(error.in_full().into()),
        };
        Ok(Self {
            api,
            name: name.to_owned(),
            info,
        })
    }

    /// Name of its stream.
    pub fn stream(&self) -> String {
        format!("OBJ_{}", self.name)
    }

    /// Asks for the INFO again.
    pub fn refresh(&mut self) -> Result<()> {
        self.info = self
            .api
            .stream_info(&self.stream())
            .map_err(|error| error.in_full())?;
        Ok(())
    }

    fn meta_subject(&self, object: &str) -> String {
        format!("$O.{}.M.{}", self.name, URL_SAFE.encode(object))
    }

    /// Subject of an object's chunks.
    pub fn chunk_subject(&self, id: &str) -> String {
        format!("$O.{}.C.{id}", self.name)
    }

    /// An object, also a deleted one.
    pub fn find(&self, object: &str) -> Result<Option<Object>> {
        let selector = Json::object().with("last_by_subj", self.meta_subject(object));
        let found = if self.info.on("config.allow_direct") {
            direct_get(&self.api, &self.stream(), &selector)
        } else {
            self.api.message(&self.stream(), &selector)
        };
        match found {
            Ok(message) => {
                let meta = Json::parse(&message.payload)
                    .map_err(|_| crate::fail!("nats: object-store meta information invalid"))?;
                Ok(Some(Object {
                    meta,
                    time: message.time,
                }))
            }
            Err(error) if error.is_message_not_found() => Ok(None),
            Err(error) => Err(error.in_full().into()),
        }
    }

    /// An object that is there.
    pub fn object(&self, name: &str) -> Result<Object> {
        match self.find(name)? {
            Some(object) if !object.is_deleted() => Ok(object),
            _ => Err(not_found()),
        }
    }

    /// Writes the metadata of an object.
    pub fn write_meta(&self, name: &str, meta: &Json) -> Result<()> {
        let mut headers = Headers::new();
        headers.add("Nats-Rollup", "sub");
        self.api
            .publish(
                &self.meta_subject(name),
                Some(&headers),
                meta.compact().as_bytes(),
            )
            .map_err(|error| format!("nats: {}", error.in_full()))?;
        Ok(())
    }

    /// Removes the chunks of an object.
    pub fn purge_chunks(&self, id: &str) -> Result<()> {
        let request = Json::object().with("filter", self.chunk_subject(id));
        self.api
            .request(&format!("STREAM.PURGE.{}", self.stream()), &request)
            .map_err(|error| error.in_full())?;
        Ok(())
    }

    /// Metadata of all objects as it comes.
    pub fn meta_reader(&self, start: Start) -> Result<Ordered> {
        let filter = format!("$O.{}.M.>", self.name);
        Ok(Ordered::new(
            &self.api,
            &self.stream(),
            &filter,
            start,
            false,
        )?)
    }

    /// All objects that are there.
    pub fn objects(&self) -> Result<Vec<Object>> {
        let mut reader = self.meta_reader(Start::LastPerSubject)?;
        let mut objects = Vec::new();
        while reader.pending > 0 {
            let Some((message, delivered)) = reader.next(self.api.timeout)? else {
                return Err(ClientError::Timeout.into());
            };
            if let Ok(meta) = Json::parse(&message.payload) {
                let time = jiff::Timestamp::from_nanosecond(delivered.nanos.into())
                    .map(|time| time.to_string())
                    .unwrap_or_default();
                objects.push(Object { meta, time });
            }
            if delivered.pending == 0 {
                break;
            }
        }
        objects.retain(|object| !object.is_deleted());
        Ok(objects)
    }
}
