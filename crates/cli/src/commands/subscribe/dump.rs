//! Messages as files.

use std::fs::OpenOptions;
use std::io::{Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::client::Message;
use crate::context::make_private;
use crate::fail;
use crate::failure::Result;
use crate::output::Json;

/// Files between two dots that show progress.
const DOT_EVERY: u64 = 100;

/// Where messages are written.
#[derive(Debug)]
pub struct Dump {
    /// The directory; nothing is standard output.
    directory: Option<PathBuf>,
    written: u64,
}

impl Dump {
    /// Into a directory, which is made, or to standard output for `-`.
    pub fn new(target: &str) -> Result<Self> {
        let directory = (target != "-").then(|| PathBuf::from(target));
        if let Some(directory) = &directory {
            make_private(directory)?;
        }
        Ok(Self {
            directory,
            written: 0,
        })
    }

    /// Writes a message and the reply to it.
    pub fn write(&mut self, number: u64, message: &Message, reply: Option<&Message>) -> Result<()> {
        let Some(directory) = &self.directory else {
            let mut out = stdout().lock();
            for message in std::iter::once(message).chain(reply) {
                out.write_all(json(message).compact().as_bytes())?;
                out.write_all(b"\0")?;
            }
            out.flush()?;
            return Ok(());
        };
        write_file(&directory.join(format!("{number}.json")), message)?;
        if let Some(reply) = reply {
            write_file(&directory.join(format!("{number}_reply.json")), reply)?;
        }
        self.written += 1;
        if self.written.is_multiple_of(DOT_EVERY) {
            print!(".");
            stdout().flush()?;
        }
        Ok(())
    }
}

/// Ends the line of dots.
pub fn finish(dump: &Dump) {
    if dump.directory.is_some() && dump.written >= DOT_EVERY {
        println!();
    }
}

fn write_file(path: &Path, message: &Message) -> Result<()> {
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
    file.write_all(json(message).compact().as_bytes())?;
    Ok(())
}

fn json(message: &Message) -> Json {
    let headers = match message
        .headers
        .as_ref()
        .filter(|headers| !headers.is_empty())
    {
        None => Json::Null,
        Some(headers) => Json::Object(
            headers
                .grouped()
                .into_iter()
                .map(|(key, values)| (key.to_owned(), Json::from(values)))
                .collect(),
        ),
    };
    Json::object()
        .with("Subject", message.subject.as_str())
        .with("Reply", message.reply.as_str())
        .with("Header", headers)
        .with("Data", STANDARD.encode(&message.payload))
        .with("Sub", Json::Null)
}
