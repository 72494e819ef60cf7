//! Streams and consumers that a server lists without information about them.

use crate::output::{Json, Table};

/// Names in a row of the table of what is missing.
const MISSING_COLUMNS: usize = 4;

/// What a list does not tell about.
#[derive(Clone, Debug, Default)]
pub struct Unavailable {
    /// Names of those that gave no information.
    missing: Vec<String>,
    /// Names of those that are offline, and why.
    offline: Vec<(String, String)>,
}

impl Unavailable {
    /// Takes what a page of a list says. Every page may say the same.
    pub fn take(&mut self, page: &Json) {
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

    /// Whether the list tells about everything.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.offline.is_empty()
    }

    /// Prints tables of them, if there are any, each below an empty line.
    /// `what` is `Streams` or `Consumers`.
    pub fn print(&self, what: &str) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::style::scheme;
    use crate::output::table::Format;

    #[test]
    fn what_is_not_there_is_taken_from_every_page_once() {
        let mut rest = Unavailable::default();
        assert!(rest.is_empty());
        let page = Json::parse(br#"{"missing":["A","B"],"offline":{"A":"unsupported"}}"#).unwrap();
        rest.take(&page);
        rest.take(&page);
        assert_eq!(rest.missing, ["A", "B"]);
        assert_eq!(rest.offline, [("A".to_owned(), "unsupported".to_owned())]);
        assert!(!rest.is_empty());
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
