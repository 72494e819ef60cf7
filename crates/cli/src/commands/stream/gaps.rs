//! `nats stream gaps`.

use super::info::{chosen, connect_for_messages};
use crate::fail;
use crate::failure::Result;
use crate::format::{commas, human_size};
use crate::jetstream::{Api, Reader, Start};
use crate::output::progress::{Progress, Unit};
use crate::output::{Json, Table};
use crate::session::Session;

/// Most deleted messages that are asked for by number: about a megabyte of
/// answer. Beyond, the stream is read.
const MAX_DETAILS: u64 = 50_000;

/// Lists ranges of deleted messages.
pub fn gaps(session: &mut Session) -> Result<()> {
    connect_for_messages(session)?;
    let (api, info) = chosen(session, false)?;
    let name = info.text("config.name");
    let state = info.at("state");
    let matches = &session.matches;
    let json = matches.on("json");
    if state.uint("num_deleted") == 0 {
        if json {
            println!("{{}}");
        }
        println!("No deleted messages in {name}");
        return Ok(());
    }
    if !matches.on("force") {
        println!(
            "WARNING: Detecting gaps in a stream consumes the entire stream and can be resource intensive on the Server, Client and Network.\n"
        );
        let question = format!(
            "Really detect gaps in stream {name} with {} messages and {} bytes",
            commas(state.uint("messages")),
            human_size(state.uint("bytes"))
        );
        if !session.prompt().confirm_action(&question)? {
            return Ok(());
        }
    }
    let deleted = state.uint("num_deleted");
    let shown = matches.on("progress") && !json;
    let mut progress = Progress::new(shown, "Messages", Unit::Count, state.uint("last_seq"));
    let found = if deleted <= MAX_DETAILS || info.text("config.retention") != "limits" {
        by_details(&api, name)
    } else {
        by_reading(session, &api, &info, &mut progress)
    };
    let gaps = match found {
        Ok(gaps) => gaps,
        Err(failure) => {
            progress.abandon();
            return Err(failure);
        }
    };
    progress.set(state.uint("last_seq"));
    progress.finish();
    if shown {
        println!();
    }
    if json {
        Json::List(
            gaps.iter()
                .map(|(first, last)| Json::List(vec![(*first).into(), (*last).into()]))
                .collect(),
        )
        .print();
        return Ok(());
    }
    let title = match gaps.len() {
        0 => {
            println!("No deleted messages in {name}");
            return Ok(());
        }
        1 => format!("1 gap found in Stream {name}"),
        number => format!(
            "{} gaps found in Stream {name}",
            commas(u64::try_from(number).unwrap_or(u64::MAX))
        ),
    };
    let mut table = Table::new(title, &["First Message", "Last Message"]);
    for (first, last) in gaps {
        table.row(vec![commas(first).into(), commas(last).into()]);
    }
    table.print();
    Ok(())
}

/// Adds a deleted message to ranges that are in order.
fn add(gaps: &mut Vec<(u64, u64)>, seq: u64) {
    match gaps.last_mut() {
        Some((_, last)) if last.checked_add(1) == Some(seq) => *last = seq,
        _ => gaps.push((seq, seq)),
    }
}

fn by_details(api: &Api, stream: &str) -> Result<Vec<(u64, u64)>> {
    let body = Json::object().with("deleted_details", true);
    let info = api.request(&format!("STREAM.INFO.{stream}"), &body)?;
    let mut deleted: Vec<u64> = info
        .list("state.deleted")
        .iter()
        .filter_map(|seq| u64::try_from(seq.as_int()?).ok())
        .collect();
    deleted.sort_unstable();
    let mut gaps = Vec::new();
    for seq in deleted {
        add(&mut gaps, seq);
    }
    Ok(gaps)
}

fn by_reading(
    session: &Session,
    api: &Api,
    info: &Json,
    progress: &mut Progress,
) -> Result<Vec<(u64, u64)>> {
    let name = info.text("config.name");
    let mut reader = Reader::new(api, name, &[], Start::All, true)
        .map_err(|error| fail!("could not read Stream {name}: {error}"))?;
    walk(session, &mut reader, info.at("state"), progress)
}

/// The gaps between messages as they are read.
fn walk(
    session: &Session,
    reader: &mut Reader,
    state: &Json,
    progress: &mut Progress,
) -> Result<Vec<(u64, u64)>> {
    let last = state.uint("last_seq");
    let mut gaps = Vec::new();
    let mut next = state.uint("first_seq");
    while next <= last {
        let Some((_, delivered)) = reader.next(session.timeout())? else {
            break;
        };
        progress.set(delivered.stream_seq);
        if delivered.stream_seq > next {
            gaps.push((next, (delivered.stream_seq - 1).min(last)));
        }
        next = delivered.stream_seq.saturating_add(1);
        if delivered.pending == 0 {
            break;
        }
    }
    // Deleted messages at the end.
    if next <= last {
        gaps.push((next, last));
    }
    Ok(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_gap() {
        let mut gaps = Vec::new();
        for seq in [2, 3, 4, 7, 9] {
            add(&mut gaps, seq);
        }
        assert_eq!(gaps, [(2, 4), (7, 7), (9, 9)]);
    }
}
