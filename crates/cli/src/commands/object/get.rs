//! `nats object get`.

use std::fs::{self, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};

use super::bucket::{Bucket, Object, not_found};
use crate::client::{ClientError, unique_id};
use crate::context::replaceable;
use crate::failure::{Failure, Result};
use crate::format::{human_size, human_size_float, human_span, io_error_at};
use crate::jetstream::{Ordered, Start};
use crate::output::progress::{Progress, Unit};
use crate::session::Session;
use crate::{bail, fail};

/// Size from which a progress bar is shown.
const SHOWN_FROM: u64 = 20_480;
/// Longest wait for the next part of an object: what was received by then is
/// too much to give up for a server that stalls for a moment.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time from which the rate is said.
const SLOW: Duration = Duration::from_secs(2);

/// Gets an object into a file.
pub fn get(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let file = session.matches.required_arg("file").to_owned();
    let mut bucket = Bucket::open(session.jetstream()?, &name)?;
    let mut object = match bucket.find(&file)? {
        Some(object) if !object.is_deleted() => object,
        Some(_) | None => return Err(not_found()),
    };
    let link = object.meta.at("options.link").clone();
    if !link.is_null() {
        if link.text("name").is_empty() {
            bail!("nats: invalid Get, object is a link to a bucket");
        }
        bucket = Bucket::open(session.jetstream()?, link.text("bucket"))?;
        object = bucket.object(link.text("name"))?;
    }
    // A dash alone is no name of a file.
    let output = session.matches.filled("output").filter(|path| *path != "-");
    let target = match output {
        Some(path) => PathBuf::from(path),
        None => {
            let name = Path::new(object.name());
            PathBuf::from(name.file_name().unwrap_or(name.as_os_str()))
        }
    };
    let target = std::path::absolute(&target)?;
    let question = format!("Replace existing target file {}", target.display());
    if target.exists()
        && !session.matches.on("force")
        && !session.prompt().confirm_action(&question)?
    {
        return Ok(());
    }
    let begun = Instant::now();
    let shown = session.matches.on("progress") && object.size() > SHOWN_FROM;
    if shown {
        println!();
    }
    let mut bar = Progress::new(shown, object.name(), Unit::Bytes, object.size());
    if let Err(failure) = write(&bucket, &object, &target, &mut bar) {
        bar.abandon();
        return Err(failure);
    }
    bar.finish();
    if shown {
        println!();
    }
    let span = begun.elapsed();
    let mut line = format!(
        "Wrote: {} to {} in {}",
        human_size(object.size()),
        target.display(),
        human_span(span)
    );
    if span > SLOW {
        let rate = object.size() as f64 / span.as_secs_f64();
        line.push_str(&format!(" average {}/s", human_size_float(rate)));
    }
    println!("{line}");
    Ok(())
}

/// Writes to a file beside the target, which takes its place in the end: a
/// failure leaves what was there before.
fn write(bucket: &Bucket, object: &Object, target: &Path, bar: &mut Progress) -> Result<()> {
    let Some(target) = replaceable(target) else {
        let failed = |operation, error: &std::io::Error| {
            fail!("{}", io_error_at(operation, target.display(), error))
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(target);
        let file = file.map_err(|error| failed("open", &error))?;
        let out = BufWriter::new(&file);
        return receive(bucket, object, out, bar, &|error| failed("write", error));
    };
    let directory = target.parent().unwrap_or(Path::new("/"));
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!("{name}.tmp-{}", unique_id()));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .map_err(|error| fail!("{}", io_error_at("open", target.display(), &error)))?;
    let failed =
        |error: &std::io::Error| fail!("{}", io_error_at("write", target.display(), error));
    let written = receive(bucket, object, BufWriter::new(&file), bar, &failed)
        .and_then(|()| file.sync_all().map_err(|error| failed(&error)))
        .and_then(|()| fs::rename(&temporary, &target).map_err(|error| failed(&error)));
    if written.is_err() {
        // It is of no use without its end.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn receive(
    bucket: &Bucket,
    object: &Object,
    mut out: impl Write,
    bar: &mut Progress,
    failed: &dyn Fn(&std::io::Error) -> Failure,
) -> Result<()> {
    let mut digest = Context::new(&SHA256);
    let mut received = 0;
    if object.size() > 0 {
        let filter = bucket.chunk_subject(object.id());
        let mut reader = Ordered::new(&bucket.api, &bucket.stream(), &filter, Start::All, false)?;
        while received < object.size() && reader.pending > 0 {
            let Some((message, delivered)) = reader.next(PATIENCE.max(bucket.api.timeout))? else {
                return Err(ClientError::Timeout.into());
            };
            out.write_all(&message.payload)
                .map_err(|error| failed(&error))?;
            digest.update(&message.payload);
            received += message.payload.len() as u64;
            bar.add(message.payload.len() as u64);
            if delivered.pending == 0 {
                break;
            }
        }
    }
    out.flush().map_err(|error| failed(&error))?;
    if received != object.size() {
        bail!(
            "wrote {}, expected {}",
            human_size(received),
            human_size(object.size())
        );
    }
    if object
        .digest()
        .is_some_and(|wanted| wanted != digest.finish().as_ref())
    {
        bail!("nats: received a corrupt object, digests do not match");
    }
    Ok(())
}
