//! `nats stream restore`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use super::backup::{ABOUT_FILE, DATA_FILE};
use super::info::connect_for_messages;
use super::information::show;
use super::settings;
use crate::client::ClientError;
use crate::commands::assets::shape::{SNAPSHOT, STREAM_CONFIG};
use crate::failure::Result;
use crate::format::{go_duration, io_error_at};
use crate::jetstream::{Api, ApiError};
use crate::output::Json;
use crate::output::progress::{Progress, Unit};
use crate::session::Session;
use crate::{bail, fail, log};

/// Bytes that are sent at a time.
const CHUNK: u64 = 64 * 1024;
/// Time that a server may take to restore what it was sent: however much that
/// is.
const RESTORE_PATIENCE: Duration = Duration::from_secs(3_600);

/// A backup in a directory.
#[derive(Clone, Debug)]
pub struct Backup {
    /// Where it is.
    pub directory: String,
    /// Configuration that the stream had.
    pub config: Json,
    /// State that the stream had.
    pub state: Json,
}

impl Backup {
    /// Reads what there is to know about a backup.
    pub fn open(directory: &str) -> Result<Self> {
        let path = Path::new(directory).join(ABOUT_FILE);
        let content = std::fs::read(&path)
            .map_err(|error| fail!("{}", io_error_at("open", path.display(), &error)))?;
        let about = Json::parse(&content)
            .map_err(|error| fail!("{} cannot be read: {error}", path.display()))?;
        if about.text("config.name").is_empty() {
            bail!("{} has no stream configuration", path.display());
        }
        Ok(Self {
            directory: directory.to_owned(),
            config: about.at("config").clone(),
            state: about.at("state").clone(),
        })
    }
}

/// Restores a stream from a backup.
pub fn restore(session: &mut Session) -> Result<()> {
    let directory = session.matches.required_arg("file").to_owned();
    match std::fs::metadata(&directory) {
        Err(_) => bail!("path '{directory}' does not exist"),
        Ok(about) if !about.is_dir() => bail!("'{directory}' is a file"),
        Ok(_) => {}
    }
    let api = connect_for_messages(session)?;
    let mut backup =
        Backup::open(&directory).map_err(|failure| failure.context("restore failed"))?;
    let matches = &session.matches;
    let name = backup.config.text("name").to_owned();
    if !is_new(&api, &name)? {
        bail!("Stream {name:?} already exist");
    }
    if let Some(path) = matches.filled("config") {
        let config = settings::from_file(path, "")?;
        if config.text("name") != name {
            bail!("stream names may not be changed during restore");
        }
        backup.config = config;
    }
    let tags = matches.given("tag").then(|| matches.split_list("tag"));
    if tags.is_some() || matches.filled("cluster").is_some() {
        backup.config.remove("placement");
        settings::place(&mut backup.config, matches.filled("cluster"), tags);
    }
    if matches.int("replicas") > 0 {
        backup.config.set("num_replicas", matches.int("replicas"));
    }
    restore_stream(&api, &backup, matches.on("progress"))
        .map_err(|failure| failure.context("restore failed"))?;
    let info = api
        .stream_info(&name)
        .map_err(|error| fail!("could not request Stream info: {error}"))?;
    show(&info, false, false);
    Ok(())
}

/// Whether there is no stream of a name yet.
fn is_new(api: &Api, name: &str) -> Result<bool> {
    match api.stream_info(name) {
        Ok(_) => Ok(false),
        Err(error) if error.is_stream_not_found() => Ok(true),
        Err(error) => Err(fail!(
            "Could not check if the stream already exist: {error}"
        )),
    }
}

/// Restores a stream that is not there; gives the information about it.
/// Without a bar there are log lines.
pub fn restore_stream(api: &Api, backup: &Backup, shown: bool) -> Result<Json> {
    let name = backup.config.text("name");
    println!(
        "Starting restore of Stream {name:?} from file {:?}\n",
        backup.directory
    );
    let path = Path::new(&backup.directory).join(DATA_FILE);
    let size = std::fs::metadata(&path)
        .map_err(|error| fail!("{}", io_error_at("stat", path.display(), &error)))?
        .len();
    let data = File::open(&path)
        .map_err(|error| fail!("{}", io_error_at("open", path.display(), &error)))?;
    let begun = Instant::now();
    let request = Json::object()
        .with("config", STREAM_CONFIG.arranged(&backup.config))
        .with("state", backup.state.clone());
    if backup.config.text("storage") == "memory" {
        bail!("memory streams do not support snapshots");
    }
    let answer = api.request(
        &format!("STREAM.RESTORE.{name}"),
        &SNAPSHOT.arranged(&request),
    )?;
    let deliver = answer.text("deliver_subject");
    if deliver.is_empty() {
        bail!("the server named no subject for the data");
    }
    let chunks = size / CHUNK + 1;
    if !shown {
        log!(
            "Starting restore of {name:?} from {} using {chunks} chunks",
            path.display()
        );
    }
    let mut progress = Progress::new(shown, name, Unit::DecimalBytes, chunks * CHUNK);
    let info = match send(api, deliver, data, &mut progress, shown) {
        Ok(info) => info,
        Err(failure) => {
            progress.abandon();
            return Err(failure);
        }
    };
    progress.finish();
    println!(
        "\nRestored stream {name:?} in {}\n",
        go_duration(to_seconds(begun.elapsed()))
    );
    Ok(info)
}

/// Nanoseconds, in whole seconds.
fn to_seconds(span: Duration) -> i64 {
    let seconds = (span + Duration::from_millis(500)).as_secs();
    i64::try_from(u128::from(seconds) * 1_000_000_000).unwrap_or(i64::MAX)
}

/// Sends the data, each chunk once the server has taken the one before, and
/// an empty one at the end. Gives the information about the stream.
fn send(
    api: &Api,
    deliver: &str,
    data: File,
    progress: &mut Progress,
    shown: bool,
) -> Result<Json> {
    let most = usize::try_from(CHUNK).unwrap_or(usize::MAX);
    let most = match api.connection()?.info().max_payload {
        limit if limit > 0 => usize::try_from(limit).unwrap_or(most).min(most),
        _ => most,
    };
    let mut data = BufReader::new(data);
    let mut chunk = vec![0; most];
    let mut sent = 0u64;
    loop {
        let read = data.read(&mut chunk)?;
        let piece = chunk.get(..read).unwrap_or_default();
        let patience = if read == 0 {
            if !shown {
                log!(
                    "Sent {sent} chunks, server will now restore the snapshot, this might take a long time"
                );
            }
            RESTORE_PATIENCE
        } else {
            api.timeout
        };
        let answer = api
            .connection()?
            .request(deliver, None, piece, patience)
            .map_err(|error| match error {
                ClientError::NoResponders => fail!("the server has given the restore up"),
                error => error.into(),
            })?;
        if !answer.payload.is_empty() {
            let answer = Json::parse(&answer.payload)
                .map_err(|error| fail!("the answer cannot be read: {error}"))?;
            if let Some(error) = ApiError::of(&answer) {
                return Err(error.into());
            }
            if read == 0 {
                return Ok(answer);
            }
        } else if read == 0 {
            bail!("the server did not confirm the restore");
        }
        sent += 1;
        progress.set(sent * CHUNK);
    }
}
