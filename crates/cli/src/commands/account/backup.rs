//! `nats account backup` and `restore` (cli.md 7.9).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bail;
use crate::commands::stream::backup::{
    ABOUT_FILE, Options, backup_stream, places as still_places, staging_beside,
};
use crate::commands::stream::information::show;
use crate::commands::stream::restore::{Backup, restore_stream};
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::interrupt::{ended_by, on_interrupt};
use crate::output::{Columns, Json};
use crate::session::Session;

/// Backs all streams up, each into a directory of its name.
pub fn backup(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let target = PathBuf::from(matches.required_arg("target"));
    let options = Options {
        consumers: matches.on("consumers"),
        check: matches.on("check"),
        chunk: 0,
        window: 0,
        progress: false,
        trace: false,
    };
    let (force, strict) = (matches.on("force"), matches.on("critical-warnings"));
    let api = session
        .jetstream()
        .map_err(|failure| failure.context("setup failed"))?;
    let (mut streams, mut missing, mut offline) = (Vec::new(), 0, 0);
    api.pages("STREAM.LIST", &Json::Null, |page| {
        streams.extend_from_slice(page.list("streams"));
        missing += page.list("missing").len();
        offline += page.entries("offline").len();
        page.list("streams").len()
    })?;
    if missing > 0 {
        bail!("could not obtain stream information for {missing} streams");
    }
    if !force && offline > 0 {
        bail!("could not obtain stream information for {offline} offline streams");
    }
    if streams.is_empty() {
        bail!("no streams found");
    }
    streams.sort_by(|a, b| a.text("config.name").cmp(b.text("config.name")));
    let sum = |key: &str| {
        let values = streams.iter().map(|info| info.uint(key));
        values.fold(0, u64::saturating_add)
    };
    let mut c = Columns::new(format!(
        "Performing backup of all streams to {}",
        target.display()
    ));
    c.row("Streams", commas(streams.len() as i64));
    c.row("Size", human_size(sum("state.bytes")));
    c.row("Consumers", commas(sum("state.consumer_count")));
    c.print();
    println!();
    if !force && !session.prompt().confirm("Perform backup", false)? {
        return Ok(());
    }
    let abandoned: Arc<Mutex<Option<PathBuf>>> = Arc::default();
    let at_end = Arc::clone(&abandoned);
    on_interrupt(move |signal| {
        // Kept to the end of the program: nothing may appear any more.
        std::mem::forget(still_places());
        if let Some(staging) = &*at_end.lock().unwrap_or_else(PoisonError::into_inner) {
            // Half a backup is none.
            let _ = fs::remove_dir_all(staging);
        }
        ended_by(signal)
    })?;
    let (mut warnings, mut failures) = (Vec::new(), Vec::new());
    for info in &streams {
        let name = info.text("config.name");
        if info.text("config.storage") == "memory" {
            let why = "memory streams do not support snapshots";
            println!("Backup of {name} failed: {why}\n");
            warnings.push(format!("{name}: {why}"));
            continue;
        }
        let place = target.join(name);
        let staging = staging_beside(&place, name);
        *abandoned.lock().unwrap_or_else(PoisonError::into_inner) = Some(staging.clone());
        if let Err(failure) = backup_stream(&api, info, &place, &staging, options) {
            println!("Backup of {name} failed: {failure}");
            failures.push(format!("{name}: {failure}"));
        }
        println!();
    }
    for (title, texts) in [
        ("Backup Warnings: ", &warnings),
        ("Backup failures: ", &failures),
    ] {
        if !texts.is_empty() {
            println!("{title}");
            for text in texts {
                println!("  {text}");
            }
            println!();
        }
    }
    if !failures.is_empty() || (strict && !warnings.is_empty()) {
        bail!("backup failed");
    }
    Ok(())
}

/// Restores all streams of a backup.
pub fn restore(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let directory = matches.required_arg("directory").to_owned();
    if !Path::new(&directory).exists() {
        bail!("path '{directory}' does not exist");
    }
    let cluster = matches.filled("cluster").map(str::to_owned);
    let tags = matches.list("tag").to_vec();
    let api = session
        .jetstream()
        .map_err(|failure| failure.context("setup failed"))?;
    // All of them first, so that nothing is restored if not everything can be.
    let known = api.stream_names("")?;
    let mut backups = Vec::new();
    let failed = |failure: crate::failure::Failure| failure.context("restore failed");
    for place in places(Path::new(&directory), &known)? {
        let mut backup = Backup::open(&place).map_err(failed)?;
        if cluster.is_some() || !tags.is_empty() {
            let mut placement = Json::object();
            if let Some(cluster) = &cluster {
                placement.set("cluster", cluster.as_str());
            }
            if !tags.is_empty() {
                let tags = tags.iter().map(|tag| Json::from(tag.as_str()));
                placement.set("tags", Json::List(tags.collect()));
            }
            backup.config.set("placement", placement);
        }
        backups.push(backup);
    }
    println!(
        "Restoring backup of all {} streams in directory {directory:?}\n",
        backups.len()
    );
    for backup in &backups {
        restore_stream(&api, backup, false).map_err(failed)?;
        let info = api
            .stream_info(backup.config.text("name"))
            .map_err(|error| crate::fail!("could not request Stream info: {error}"))?;
        show(&info, false, false);
    }
    Ok(())
}

/// Paths of the backups in a directory, which has nothing else, of streams
/// that are not known.
fn places(directory: &Path, known: &[String]) -> Result<Vec<String>> {
    let failed = |doing: &str, path: &Path, error: &std::io::Error| {
        crate::fail!(
            "{}",
            crate::format::io_error_at(doing, path.display(), error)
        )
    };
    let entries = fs::read_dir(directory)
        .map_err(|error| failed("open", directory, &error).context("setup failed"))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut places = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !path.is_dir() {
            bail!("expected a directory {name:?}");
        }
        if known.iter().any(|known| *known == name) {
            bail!("stream {name:?} exists already");
        }
        let about = path.join(ABOUT_FILE);
        fs::metadata(&about)
            .map_err(|error| failed("stat", &about, &error).context("expected backup.json"))?;
        places.push(path.to_string_lossy().into_owned());
    }
    Ok(places)
}
