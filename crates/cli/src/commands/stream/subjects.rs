//! `nats stream subjects`.

use super::info::chosen;
use crate::failure::Result;
use crate::format::commas;
use crate::jetstream::Api;
use crate::output::{Json, Table};
use crate::session::Session;

/// Pages of subjects: 100,000 each, so a hundred million subjects.
const MAX_PAGES: usize = 1_000;
/// Widest subject and count for two pairs of columns, and for three.
const WIDTH_FOR_TWO: usize = 30;
const WIDTH_FOR_THREE: usize = 20;

/// Subjects of a stream that match a filter, with the number of messages.
fn subjects(api: &Api, stream: &str, filter: &str) -> Result<Vec<(String, u64)>> {
    let mut out: Vec<(String, u64)> = Vec::new();
    for _ in 0..MAX_PAGES {
        let body = Json::object()
            .with("offset", out.len())
            .with("subjects_filter", filter);
        let info = api.request(&format!("STREAM.INFO.{stream}"), &body)?;
        let page = info.entries("state.subjects");
        out.extend(page.iter().map(|(subject, count)| {
            (
                subject.clone(),
                u64::try_from(count.as_int().unwrap_or_default()).unwrap_or_default(),
            )
        }));
        if page.is_empty() || out.len() as u64 >= info.uint("total") {
            break;
        }
    }
    Ok(out)
}

/// Lists subjects.
pub fn list(session: &mut Session) -> Result<()> {
    let filter = session.matches.arg("filter").unwrap_or(">").to_owned();
    let picked = session.matches.arg("stream").is_none();
    let (api, info) = chosen(session, false)?;
    let name = info.text("config.name");
    let mut found = subjects(&api, name, &filter)?;
    let matches = &session.matches;
    found.sort();
    if matches.on("json") {
        Json::Object(
            found
                .into_iter()
                .map(|(subject, count)| (subject, Json::from(count)))
                .collect(),
        )
        .print();
        return Ok(());
    }
    if matches!(matches.text("sort"), Some("messages" | "count")) {
        // Stable: subjects with as many messages stay sorted.
        found.sort_by_key(|(_, count)| *count);
    }
    if matches.on("reverse") {
        found.reverse();
    }
    if picked {
        println!();
    }
    if found.is_empty() {
        println!("No subjects found matching {filter}");
        return Ok(());
    }
    if matches.on("names") {
        for (subject, _) in &found {
            println!("{subject}");
        }
        return Ok(());
    }
    table(name, &found).print();
    Ok(())
}

/// Subjects in as many pairs of columns as there is room for, filled column
/// by column.
fn table(stream: &str, subjects: &[(String, u64)]) -> Table {
    let longest = subjects.iter().map(|(subject, _)| subject.len()).max();
    let most = subjects.iter().map(|(_, count)| *count).max();
    let widest = longest.unwrap_or(0) + commas(most.unwrap_or(0)).len();
    let pairs = if widest < WIDTH_FOR_THREE {
        3
    } else if widest < WIDTH_FOR_TWO {
        2
    } else {
        1
    };
    let headers = ["Subject", "Count"].repeat(pairs);
    let mut table = Table::new(
        format!("{} Subjects in stream {stream}", subjects.len()),
        &headers,
    );
    let rows = subjects.len().div_ceil(pairs);
    for row in 0..rows {
        let mut cells = Vec::new();
        for pair in 0..pairs {
            match subjects.get(pair * rows + row) {
                Some((subject, count)) => {
                    cells.push(subject.into());
                    cells.push(if *count == 0 {
                        "".into()
                    } else {
                        commas(*count).into()
                    });
                }
                None => cells.extend(["".into(), "".into()]),
            }
        }
        table.row(cells);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::table::Format;

    fn rendered(subjects: &[(&str, u64)]) -> String {
        let subjects: Vec<(String, u64)> = subjects
            .iter()
            .map(|(subject, count)| ((*subject).to_owned(), *count))
            .collect();
        table("S", &subjects).render_as(Format::Csv, crate::output::style::scheme(), None)
    }

    #[test]
    fn short_subjects_stand_side_by_side() {
        let text = rendered(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
        assert!(text.contains("\na,1,c,3,,\nb,2,d,4,,"), "{text}");
        let long = "a.subject.of.more.than.thirty.letters";
        let text = rendered(&[(long, 1), ("b", 2)]);
        assert!(text.contains(&format!("\n{long},1\nb,2")), "{text}");
    }
}
