//! JetStream on reload (configuration.md 5.5).

use super::{Change, Refusal};
use crate::options::Options;

fn refuse(what: &str) -> Refusal {
    Refusal(format!("config reload not supported for {what}"))
}

/// Notes what changes, or refuses.
pub(super) fn plan(old: &Options, new: &Options, changes: &mut Vec<Change>) -> Result<(), Refusal> {
    let (was, is) = (&old.jetstream, &new.jetstream);
    if old.jetstream_enabled != new.jetstream_enabled {
        changes.push(Change::JetStream(new.jetstream_enabled));
    } else if new.jetstream_enabled {
        match (&was.store_dir, &is.store_dir) {
            (Some(_), None) => return Err(refuse("jetstream storage dir")),
            (was, is) if was != is => return Err(refuse("jetstream storage directory")),
            _ => {}
        }
        limit(
            was.max_memory_store,
            is.max_memory_store,
            Change::JetStreamMaxMemory,
            changes,
        )?;
        limit(
            was.max_file_store,
            is.max_file_store,
            Change::JetStreamMaxFile,
            changes,
        )?;
    }
    if was.limits != is.limits {
        changes.push(Change::JetStreamLimits);
    }
    let compact = |js: &crate::options::JetStreamOptions| {
        (js.meta_compact, js.meta_compact_size, js.meta_compact_sync)
    };
    if compact(was) != compact(is) {
        changes.push(Change::MetaCompact);
    }
    Ok(())
}

/// Limits may only grow.
fn limit(
    old: Option<i64>,
    new: Option<i64>,
    change: fn(i64) -> Change,
    changes: &mut Vec<Change>,
) -> Result<(), Refusal> {
    match (old, new) {
        (None, Some(_)) => Err(refuse("jetstream dynamic max memory and store")),
        (Some(_), None) => Err(refuse("jetstream max memory and max store")),
        (Some(old), Some(new)) if new < old => {
            Err(refuse("decreasing jetstream max memory and store"))
        }
        (Some(old), Some(new)) if new > old => {
            changes.push(change(new));
            Ok(())
        }
        _ => Ok(()),
    }
}
