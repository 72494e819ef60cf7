//! Consumers that the server lists without information about them.

use crate::output::{Json, Table};

/// Names in a row of the table of what is missing.
const MISSING_COLUMNS: usize = 4;

/// What a list does not tell about.
#[derive(Clone, Debug, Default)]
pub struct Unavailable {
    missing: Vec<String>,
    offline: Vec<(String, String)>,
}

impl Unavailable {
    /// Takes what a page of a list says.
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

    /// Prints tables of them, if there are any.
    pub fn print(&self) {
        if !self.missing.is_empty() {
            let mut table = Table::new("Inaccessible Consumers", &[]);
            for names in self.missing.chunks(MISSING_COLUMNS) {
                table.row(names.iter().map(Into::into).collect());
            }
            println!();
            table.print_tight();
        }
        if !self.offline.is_empty() {
            let mut table = Table::new("Offline Consumers", &[]);
            for (name, why) in &self.offline {
                table.row(vec![name.into(), why.into()]);
            }
            println!();
            table.print_tight();
        }
    }
}
