//! `nats stream restore`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::Instant;

use super::backup::{ABOUT_FILE, DATA_FILE};
use super::information::show;
use super::settings;
use crate::client::ClientError;
use crate::commands::assets::{read_config, stream_config, without_reserved};
use crate::failure::Result;
use crate::format::{human_span, io_error_at};
use crate::jetstream::{Api, ApiError};
use crate::output::Json;
use crate::output::progress::{Progress, Unit};
use crate::session::Session;
use crate::{bail, fail};

/// Bytes that are sent at a time.
const CHUNK: usize = 128 * 1024;

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
            config: without_reserved(about.at("config").clone()),
            state: about.at("state").clone(),
        })
    }
}

/// Restores a stream from a backup.
pub fn restore(session: &mut Session) -> Result<()> {
    let mut backup = Backup::open(session.matches.required_arg("file"))?;
    let matches = &session.matches;
    let name = backup.config.text("name").to_owned();
    if let Some(path) = matches.filled("config") {
        let config = read_config(path).map_err(|failure| failure.context("invalid input"))?;
        if config.text("name") != name {
            bail!("stream names may not be changed during restore");
        }
        backup.config = config;
    }
    let tags = matches.given("tag").then(|| matches.split_list("tag"));
    settings::place(&mut backup.config, matches.filled("cluster"), tags);
    if matches.given("replicas") {
        backup
            .config
            .set("num_replicas", settings::replicas(matches.int("replicas"))?);
    }
    let shown = matches.on("progress");
    let api = session.jetstream()?;
    let info = restore_stream(&api, &backup, shown)?;
    show(&info, false, false);
    Ok(())
}

/// Restores a stream; gives the information about it.
pub fn restore_stream(api: &Api, backup: &Backup, shown: bool) -> Result<Json> {
    let name = backup.config.text("name");
    match api.stream_info(name) {
        Ok(_) => bail!("Stream {name:?} already exist"),
        Err(error) if error.is_stream_not_found() => {}
        Err(error) => return Err(error.into()),
    }
    let path = Path::new(&backup.directory).join(DATA_FILE);
    let data = File::open(&path)
        .map_err(|error| fail!("{}", io_error_at("open", path.display(), &error)))?;
    let size = data.metadata()?.len();
    println!(
        "Starting restore of Stream {name:?} from file {:?}\n",
        backup.directory
    );
    let begun = Instant::now();
    let request = Json::object()
        .with("config", stream_config(&backup.config))
        .with("state", backup.state.clone());
    let answer = api
        .request(&format!("STREAM.RESTORE.{name}"), &request)
        .map_err(|error| explained(name, &error))?;
    let deliver = answer.text("deliver_subject");
    if deliver.is_empty() {
        bail!("could not restore Stream {name}: the server named no subject for the data");
    }
    let progress = Progress::new(shown, name, Unit::Bytes, size);
    let info = send(api, deliver, data, progress)
        .map_err(|failure| failure.context(format!("could not restore Stream {name}")))?;
    println!(
        "Restored stream {name:?} in {}\n",
        human_span(begun.elapsed())
    );
    Ok(info)
}

fn explained(stream: &str, error: &ApiError) -> crate::failure::Failure {
    if error.is_unsupported() {
        return fail!(
            "could not restore Stream {stream}: this server does not restore streams from snapshots: {error}"
        );
    }
    fail!("could not restore Stream {stream}: {error}")
}

/// Sends the data, each chunk once the server has taken the one before, and
/// an empty one at the end. Gives the information about the stream.
fn send(api: &Api, deliver: &str, data: File, mut progress: Progress) -> Result<Json> {
    let most = match api.connection.info().max_payload {
        most if most > 0 => usize::try_from(most).unwrap_or(CHUNK).min(CHUNK),
        _ => CHUNK,
    };
    let mut data = BufReader::new(data);
    let mut chunk = vec![0; most];
    loop {
        let read = data.read(&mut chunk)?;
        let piece = chunk.get(..read).unwrap_or_default();
        let answer = api
            .connection
            .request(deliver, None, piece, api.timeout)
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
                progress.finish();
                return Ok(answer);
            }
        } else if read == 0 {
            bail!("the server did not confirm the restore");
        }
        progress.add(u64::try_from(read).unwrap_or_default());
    }
}
