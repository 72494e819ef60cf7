//! `nats stream backup`.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::info::connect_for_messages;
use super::s2_size::PlainSize;
use crate::client::{ClientError, Message, Subscription, unique_id};
use crate::commands::assets::shape::SNAPSHOT;
use crate::context::{make_private, write_whole};
use crate::failure::Result;
use crate::format::{
    SizeRange, commas, go_duration, human_size, human_span, io_error_at, parse_size,
};
use crate::interrupt::{ended_by, on_interrupt};
use crate::jetstream::Api;
use crate::output::Json;
use crate::output::progress::{Progress, Unit};
use crate::session::Session;
use crate::{bail, fail, log};

/// File with configuration and state of the stream.
pub const ABOUT_FILE: &str = "backup.json";
/// File with the stream's data, as the server sent it.
pub const DATA_FILE: &str = "stream.tar.s2";
/// Mode of both; the directory is private.
const FILE_MODE: u32 = 0o644;
/// Bytes of a piece of data unless another size is asked for.
const DEFAULT_CHUNK: i64 = 128 * 1024;
/// Shortest time without data after which a backup is given up.
const MIN_IDLE: Duration = Duration::from_secs(5);

/// Held while files appear or move, so that Ctrl-C sees either nothing or all
/// of it.
static PLACES: Mutex<()> = Mutex::new(());

/// Waits until no file appears or moves, and keeps it so while the guard lives.
pub fn places() -> MutexGuard<'static, ()> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a backup is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// With consumers.
    pub consumers: bool,
    /// The server verifies checksums first.
    pub check: bool,
    /// Bytes of a piece of data; 0 leaves it to the server.
    pub chunk: i64,
    /// Bytes on the way before an acknowledgement is needed; 0 leaves it to
    /// the server.
    pub window: i64,
    /// With a progress bar.
    pub progress: bool,
    /// Tells about each chunk.
    pub trace: bool,
}

/// Backs a stream up into a directory.
pub fn backup(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let size = |flag: &str| match matches.filled(flag) {
        Some(text) => parse_size(text, SizeRange::Bits32),
        None => Ok(0),
    };
    let options = Options {
        consumers: matches.on("consumers"),
        check: matches.on("check"),
        chunk: size("chunk-size")?,
        window: size("window-size")?,
        // A bar would be between the log lines.
        progress: matches.on("progress") && !session.trace(),
        trace: session.trace(),
    };
    let name = matches.required_arg("stream").to_owned();
    let target = PathBuf::from(matches.required_arg("target"));
    let api = connect_for_messages(session)?;
    super::add::check_name(&name)?;
    let info = api.stream_info(&name)?;
    let staging = staging_beside(&target, &name);
    let abandoned = staging.clone();
    on_interrupt(move |signal| {
        // Kept to the end of the program: nothing may appear any more.
        std::mem::forget(places());
        // Half a backup is none. There may be nothing of it yet.
        let _ = fs::remove_dir_all(&abandoned);
        ended_by(signal)
    })?;
    if session.trace() {
        log!("Starting backup of {name:?}");
    }
    backup_stream(&api, &info, &target, &staging, options)
        .map_err(|failure| failure.context("snapshot failed"))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A directory beside the target, in which a backup is put together.
pub fn staging_beside(target: &Path, stream: &str) -> PathBuf {
    parent_of(target).join(format!(".{stream}.backup-{}", unique_id()))
}

/// Backs a stream up into a directory, which appears, or changes, once all
/// data has come and is on the disk. Until then it is gathered in `staging`,
/// which is gone afterwards.
pub fn backup_stream(
    api: &Api,
    info: &Json,
    target: &Path,
    staging: &Path,
    options: Options,
) -> Result<()> {
    if info.text("config.storage") == "memory" {
        bail!("memory streams do not support snapshots");
    }
    if target.exists() && !target.is_dir() {
        bail!("mkdir {}: not a directory", target.display());
    }
    let result = receive(api, info, staging, target, options)
        .and_then(|received| move_into_place(staging, target).map(|()| received));
    if result.is_err() {
        // Nothing half-written stays.
        let _ = fs::remove_dir_all(staging);
    }
    let received = result?;
    println!(
        "\nReceived {} compressed data in {} chunks for stream {:?} in {}, {} uncompressed ",
        human_size(received.bytes),
        commas(received.chunks),
        info.text("config.name"),
        go_duration(to_millis(received.took)),
        human_size(received.plain),
    );
    Ok(())
}

/// Nanoseconds, in whole milliseconds.
fn to_millis(span: Duration) -> i64 {
    let millis = (span + Duration::from_micros(500)).as_millis();
    i64::try_from(millis * 1_000_000).unwrap_or(i64::MAX)
}

fn move_into_place(staging: &Path, target: &Path) -> Result<()> {
    let _places = places();
    if target.is_dir() {
        // Data first: a description without its data says nothing.
        for file in [DATA_FILE, ABOUT_FILE] {
            fs::rename(staging.join(file), target.join(file))
                .map_err(|error| fail!("{}", io_error_at("rename", target.display(), &error)))?;
        }
        fs::remove_dir(staging)?;
    } else {
        fs::rename(staging, target)
            .map_err(|error| fail!("{}", io_error_at("rename", target.display(), &error)))?;
    }
    File::open(target)?.sync_all()?;
    File::open(parent_of(target))?.sync_all()?;
    Ok(())
}

/// Asks for a snapshot and writes it.
fn receive(
    api: &Api,
    info: &Json,
    directory: &Path,
    target: &Path,
    options: Options,
) -> Result<Received> {
    let name = info.text("config.name");
    let inbox = api.connection()?.new_inbox();
    let chunks = api.connection()?.subscribe(&inbox, "")?;
    let mut body = Json::object().with("deliver_subject", inbox);
    if !options.consumers {
        body.set("no_consumers", true);
    }
    let chunk = if options.chunk > 0 {
        options.chunk
    } else {
        DEFAULT_CHUNK
    };
    body.set("chunk_size", chunk);
    if options.window > 0 {
        body.set("window_size", options.window);
    }
    if options.check {
        body.set("jsck", true);
    }
    let answer = api.request(&format!("STREAM.SNAPSHOT.{name}"), &body)?;
    println!(
        "Starting backup of Stream {name:?} with {}",
        human_size(answer.uint("state.bytes"))
    );
    if options.progress {
        println!();
    }
    if options.check {
        println!(
            "Health Check was requested, this can take a long time without progress reports\n"
        );
    }
    let about = SNAPSHOT.arranged(
        &Json::object()
            .with("config", answer.at("config").clone())
            .with("state", answer.at("state").clone()),
    );
    let data = begin(directory, &about)?;
    let mut progress = Progress::new(
        options.progress,
        name,
        Unit::Bytes,
        answer.uint("state.bytes"),
    );
    let path = target.join(DATA_FILE);
    let mut trace = Trace::new(options.trace, chunk);
    let received = match write_chunks(api, &chunks, data, &path, &mut progress, &mut trace) {
        Ok(received) => received,
        Err(failure) => {
            progress.abandon();
            return Err(failure);
        }
    };
    progress.finish();
    Ok(received)
}

/// What `--trace` tells about chunks.
struct Trace {
    on: bool,
    chunk: i64,
    before: Instant,
}

impl Trace {
    fn new(on: bool, chunk: i64) -> Self {
        let mut trace = Self {
            on,
            chunk,
            before: Instant::now(),
        };
        trace.received(0);
        trace
    }

    fn received(&mut self, chunks: u64) {
        if self.on {
            println!(
                "Received {} chunk {} with time delta {}",
                human_size(u64::try_from(self.chunk).unwrap_or_default()),
                commas(chunks),
                human_span(self.before.elapsed())
            );
            self.before = Instant::now();
        }
    }

    fn acknowledged(&self, chunk: &Message, chunks: u64) {
        if self.on {
            log!(
                "Responded to server subject {} {} chunks, last chunk size {}",
                chunk.reply,
                commas(chunks),
                human_size(chunk.payload.len() as u64)
            );
        }
    }
}

struct Received {
    bytes: u64,
    chunks: u64,
    plain: u64,
    took: Duration,
}

/// Writes what there is to know about the stream; gives the file for its
/// data.
fn begin(directory: &Path, about: &Json) -> Result<File> {
    let _places = places();
    make_private(directory)?;
    write_whole(
        &directory.join(ABOUT_FILE),
        about.pretty().as_bytes(),
        FILE_MODE,
    )?;
    let path = directory.join(DATA_FILE);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(&path)
        .map_err(|error| fail!("{}", io_error_at("open", path.display(), &error)))
}

fn write_chunks(
    api: &Api,
    chunks: &Subscription,
    file: File,
    path: &Path,
    progress: &mut Progress,
    trace: &mut Trace,
) -> Result<Received> {
    let mut out = BufWriter::new(file);
    let written = |error: std::io::Error| fail!("{}", io_error_at("write", path.display(), &error));
    let begun = Instant::now();
    let idle = api.timeout.max(MIN_IDLE);
    let mut plain = PlainSize::default();
    let mut received = Received {
        bytes: 0,
        chunks: 0,
        plain: 0,
        took: Duration::ZERO,
    };
    loop {
        let chunk = match chunks.next(idle) {
            Ok(chunk) => chunk,
            Err(ClientError::Timeout) => {
                bail!("backup timed out after receiving no data for a long period")
            }
            Err(error) => return Err(error.into()),
        };
        if chunk.payload.is_empty() {
            check_end(&chunk)?;
            break;
        }
        out.write_all(&chunk.payload).map_err(written)?;
        // An acknowledgement lets the server send more: not before this chunk
        // is taken care of.
        if !chunk.reply.is_empty() {
            api.connection()?.publish(&chunk.reply, "", None, b"")?;
            trace.acknowledged(&chunk, received.chunks);
        }
        received.bytes += chunk.payload.len() as u64;
        received.chunks += 1;
        trace.received(received.chunks);
        plain.push(&chunk.payload);
        progress.set(plain.bytes);
    }
    if chunks.lost() > 0 {
        bail!("backup lost {} chunks", chunks.lost());
    }
    out.flush().map_err(written)?;
    out.get_ref().sync_all().map_err(written)?;
    received.plain = plain.bytes;
    received.took = begun.elapsed();
    Ok(received)
}

/// The empty message at the end says whether all of it came.
fn check_end(end: &Message) -> Result<()> {
    match end.status() {
        0 | 204 => Ok(()),
        status => {
            let why = end
                .headers
                .as_ref()
                .map(|headers| headers.description.as_str())
                .unwrap_or_default();
            bail!("{status} {why}")
        }
    }
}
