//! `nats account backup` and `restore` (cli.md 7.9).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bail;
use crate::commands::stream::backup::{
    ABOUT_FILE, Options, backup_stream, places as still_places, staging_beside,
};
use crate::commands::stream::restore::{Backup, restore_stream};
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::interrupt::on_interrupt;
use crate::output::{Columns, Json};
use crate::session::Session;

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: i32 = 130;

/// Backs all streams up, each into a directory of its name.
pub fn backup(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let target = PathBuf::from(matches.required_arg("target"));
    let options = Options {
        consumers: matches.on("consumers"),
        check: matches.on("check"),
        chunk: 0,
        window: 0,
        progress: crate::output::terminal::is_interactive(),
    };
    let (force, strict) = (matches.on("force"), matches.on("critical-warnings"));
    let api = session.jetstream()?;
    let mut streams = api.all("STREAM.LIST", "streams", &Json::Null)?;
    if streams.is_empty() {
        bail!("no streams found");
    }
    streams.sort_by(|a, b| a.text("config.name").cmp(b.text("config.name")));
    let sum = |key: &str| streams.iter().map(|info| info.uint(key)).sum::<u64>();
    let mut c = Columns::new(format!(
        "Performing backup of all streams to {}",
        target.display()
    ));
    c.row("Streams", commas(streams.len() as i64));
    c.row("Size", human_size(sum("state.bytes")));
    c.row("Consumers", commas(sum("state.consumer_count")));
    c.print();
    println!();
    if !force && !session.prompt().confirm_action("Perform backup")? {
        return Ok(());
    }
    let abandoned: Arc<Mutex<Option<PathBuf>>> = Arc::default();
    let at_end = Arc::clone(&abandoned);
    on_interrupt(move || {
        // Kept to the end of the program: nothing may appear any more.
        std::mem::forget(still_places());
        if let Some(staging) = &*at_end.lock().unwrap_or_else(PoisonError::into_inner) {
            // Half a backup is none.
            let _ = fs::remove_dir_all(staging);
        }
        INTERRUPTED
    })?;
    let (mut warnings, mut failures) = (Vec::new(), Vec::new());
    for info in &streams {
        let name = info.text("config.name");
        if info.text("config.storage") == "memory" {
            warnings.push(format!("{name}: memory based streams are not backed up"));
            continue;
        }
        let place = target.join(name);
        let staging = staging_beside(&place, name);
        *abandoned.lock().unwrap_or_else(PoisonError::into_inner) = Some(staging.clone());
        if let Err(failure) = backup_stream(&api, info, &place, &staging, options) {
            failures.push(format!("{name}: {failure}"));
        }
        println!();
    }
    for (title, texts) in [
        ("Backup Warnings:", &warnings),
        ("Backup failures:", &failures),
    ] {
        if !texts.is_empty() {
            println!("{title}\n");
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
    let cluster = matches.filled("cluster").map(str::to_owned);
    let tags = matches.split_list("tag");
    let mut backups = Vec::new();
    for place in places(Path::new(&directory))? {
        let mut backup = Backup::open(&place)?;
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
    if backups.is_empty() {
        bail!("no backups found in {directory}");
    }
    let api = session.jetstream()?;
    // All of them first, so that nothing is restored if not everything can be.
    let known = api.stream_names("")?;
    for backup in &backups {
        let name = backup.config.text("name");
        if known.iter().any(|known| known == name) {
            bail!("stream {name:?} exists already");
        }
    }
    let shown = crate::output::terminal::is_interactive();
    for backup in &backups {
        restore_stream(&api, backup, shown)?;
    }
    Ok(())
}

/// Directories below one that hold backups, sorted.
fn places(directory: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(directory).map_err(|error| {
        crate::fail!(
            "{}",
            crate::format::io_error_at("open", directory.display(), &error)
        )
    })?;
    let mut places: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join(ABOUT_FILE).is_file())
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    places.sort();
    Ok(places)
}
