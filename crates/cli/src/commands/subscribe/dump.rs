//! Messages as files.

use std::fs::OpenOptions;
use std::io::{StdoutLock, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::client::Message;
use crate::context::make_private;
use crate::failure::Result;
use crate::format::quoted;
use crate::messages::translate;
use crate::output::Json;
use crate::{fail, log};

/// Files between two dots that show progress.
const DOT_EVERY: u64 = 100;

/// Where messages are written.
#[derive(Debug)]
pub struct Dump {
    /// The directory; nothing is standard output.
    directory: Option<PathBuf>,
    /// Command that bodies are piped through.
    translate: Option<String>,
}

impl Dump {
    /// Into a directory, which is made, or to standard output for `-`.
    pub fn new(target: &str, translate: Option<String>) -> Result<Self> {
        let directory = (target != "-").then(|| PathBuf::from(target));
        if let Some(directory) = &directory {
            make_private(directory)?;
        }
        Ok(Self {
            directory,
            translate,
        })
    }

    /// Writes the message that is the `count`th, and the reply to it, into
    /// files of the number `file`, or to `out`.
    pub fn write(
        &self,
        out: &mut StdoutLock<'_>,
        count: u64,
        file: u64,
        message: &Message,
        reply: Option<&Message>,
    ) -> Result<()> {
        for (message, ending) in
            std::iter::once((message, "")).chain(reply.map(|reply| (reply, "_reply")))
        {
            let Some(json) = self.json(message) else {
                continue;
            };
            let Some(directory) = &self.directory else {
                out.write_all(json.compact().as_bytes())?;
                out.write_all(b"\0")?;
                continue;
            };
            let path = directory.join(format!("{file}{ending}.json"));
            if let Err(why) = write_file(&path, &json) {
                log!("Could not save message: {why}");
            }
            if count.is_multiple_of(DOT_EVERY) {
                out.write_all(b".")?;
            }
        }
        out.flush()?;
        Ok(())
    }

    /// The message as JSON; nothing if its body cannot be translated.
    fn json(&self, message: &Message) -> Option<Json> {
        let Some(command) = &self.translate else {
            return Some(json(message, &message.payload));
        };
        match translate(command, &message.payload, "", "") {
            Ok(body) => Some(json(message, &body)),
            Err((output, why)) => {
                log!(
                    "{}\nError while translating msg body: {why}\n\n",
                    quoted(&output)
                );
                None
            }
        }
    }
}

fn write_file(path: &Path, json: &Json) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| {
            fail!(
                "{}",
                crate::format::io_error_at("open", path.display(), &error)
            )
        })?;
    file.write_all(json.compact().as_bytes())?;
    Ok(())
}

fn json(message: &Message, body: &[u8]) -> Json {
    let headers = match message
        .headers
        .as_ref()
        .filter(|headers| !headers.is_empty())
    {
        None => Json::Null,
        Some(headers) => {
            let mut keys = headers.grouped();
            keys.sort();
            let keys = keys.into_iter();
            Json::Object(
                keys.map(|(key, values)| (key.to_owned(), Json::from(values)))
                    .collect(),
            )
        }
    };
    Json::object()
        .with("Subject", message.subject.as_str())
        .with("Reply", message.reply.as_str())
        .with("Header", headers)
        .with("Data", STANDARD.encode(body))
        .with("Sub", Json::Null)
}
