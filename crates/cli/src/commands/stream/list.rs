//! `nats stream ls`.

use super::info::connect;
use crate::commands::assets::is_internal;
use crate::fail;
use crate::failure::Result;
use crate::format::{commas, human_size, local_time};
use crate::jetstream::{Api, ApiError, describe};
use crate::output::{Json, Table};
use crate::session::Session;

/// Inaccessible streams in a row of their table.
const MISSING_COLUMNS: usize = 4;

/// All streams of an account, and those that the server cannot tell about.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    /// Information about each one, by name.
    pub found: Vec<Json>,
    /// Names of those that gave no information.
    pub missing: Vec<String>,
    /// Names of those that are offline, and why.
    pub offline: Vec<(String, String)>,
}

impl Streams {
    /// Those with a subject that overlaps `subject`; all if it is empty.
    pub fn load(api: &Api, subject: &str) -> std::result::Result<Self, ApiError> {
        let body = match subject {
            "" => Json::Null,
            subject => Json::object().with("subject", subject),
        };
        let mut out = Self::default();
        api.pages("STREAM.LIST", &body, |page| {
            out.found.extend_from_slice(page.list("streams"));
            out.take_unavailable(page);
            page.list("streams").len()
        })?;
        out.found
            .sort_by(|a, b| a.text("config.name").cmp(b.text("config.name")));
        Ok(out)
    }

    /// Takes what a page of a list says about assets that are not there.
    pub fn take_unavailable(&mut self, page: &Json) {
        for name in page.texts("missing") {
            if !self.missing.contains(&name) {
                self.missing.push(name);
            }
        }
        for (name, why) in page.entries("offline") {
            if !self.offline.iter().any(|(known, _)| known == name) {
                self.offline
                    .push((name.clone(), why.as_text().unwrap_or_default().to_owned()));
            }
        }
        self.missing.sort();
        self.offline.sort();
    }

    /// Prints tables of what is not there, if anything is not, each below an
    /// empty line. `what` is `Streams` or `Consumers`.
    pub fn print_unavailable(&self, what: &str) {
        if !self.missing.is_empty() {
            println!();
            missing_table(what, &self.missing).print_tight();
        }
        if !self.offline.is_empty() {
            println!();
            let mut table = Table::new(format!("Offline {what}"), &[]);
            for (name, why) in &self.offline {
                table.row(vec![name.into(), why.into()]);
            }
            table.print_tight();
        }
    }
}

fn missing_table(what: &str, names: &[String]) -> Table {
    let mut table = Table::new(format!("Inaccessible {what}"), &[]);
    for names in names.chunks(MISSING_COLUMNS) {
        table.row(names.iter().map(Into::into).collect());
    }
    table
}

/// Lists streams.
pub fn list(session: &mut Session) -> Result<()> {
    let api = connect(session)?;
    let matches = &session.matches;
    let subject = matches.filled("subject").unwrap_or_default();
    let shown = |name: &str| matches.on("all") || !is_internal(name);
    if matches.on("names") {
        let names = api.stream_names(subject)?;
        if matches.on("json") {
            print_names(names);
        } else {
            for name in names {
                println!("{name}");
            }
        }
        return Ok(());
    }
    let mut streams =
        Streams::load(&api, subject).map_err(|error| fail!("could not list streams: {error}"))?;
    let before = streams.found.len();
    streams.found.retain(|info| shown(info.text("config.name")));
    if matches.on("json") {
        let names = streams.found.iter().map(|info| info.text("config.name"));
        print_names(names.map(str::to_owned).collect());
        return Ok(());
    }
    if streams.found.is_empty() && streams.missing.is_empty() && streams.offline.is_empty() {
        if before > 0 {
            println!("No Streams defined, pass -a to include system streams");
        } else {
            println!("No Streams defined");
        }
        return Ok(());
    }
    let title = match subject {
        "" => "Streams".to_owned(),
        subject => format!("Streams matching {subject}"),
    };
    print_table(title, streams.found.iter());
    streams.print_unavailable("Streams");
    println!();
    Ok(())
}

/// Prints names as JSON; without any `null`.
fn print_names(names: Vec<String>) {
    if names.is_empty() {
        Json::Null.print();
    } else {
        Json::List(names.into_iter().map(Json::Text).collect()).print();
    }
}

/// Prints streams, the smallest first.
pub fn print_table<'a>(title: String, streams: impl Iterator<Item = &'a Json>) {
    let mut streams: Vec<&Json> = streams.collect();
    streams.sort_by_key(|info| info.uint("state.bytes"));
    let mut table = Table::new(
        title,
        &[
            "Name",
            "Description",
            "Created",
            "Messages",
            "Size",
            "Last Message",
        ],
    );
    for info in streams {
        table.row(vec![
            info.text("config.name").into(),
            info.text("config.description").into(),
            local_time(info.text("created")).into(),
            commas(info.uint("state.messages")).into(),
            human_size(info.uint("state.bytes")).into(),
            describe::last_message(info).into(),
        ]);
    }
    table.print();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::style::scheme;
    use crate::output::table::Format;

    #[test]
    fn streams_that_are_not_there_are_taken_from_every_page_once() {
        let mut streams = Streams::default();
        let page = Json::parse(br#"{"missing":["A","B"],"offline":{"A":"unsupported"}}"#).unwrap();
        streams.take_unavailable(&page);
        streams.take_unavailable(&page);
        assert_eq!(streams.missing, ["A", "B"]);
        assert_eq!(
            streams.offline,
            [("A".to_owned(), "unsupported".to_owned())]
        );
    }

    #[test]
    fn a_table_may_have_no_headers() {
        let names: Vec<String> = ["A", "B", "C", "D", "E"].map(str::to_owned).to_vec();
        let text = missing_table("Streams", &names).render_as(Format::Box, scheme(), None);
        assert!(text.contains("│ A"), "{text}");
        assert!(text.contains("│ E"), "{text}");
        assert!(!text.contains("│   │   │   │   │\n"), "{text}");
    }
}
