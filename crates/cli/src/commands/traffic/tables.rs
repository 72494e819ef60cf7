//! Families of subjects, and the tables with their counts.

use std::collections::VecDeque;

use crate::format::{commas, human_size};
use crate::output::Table;

/// Rows of a table, of which the last is the newest.
const ROWS: usize = 11;

/// A column: messages whose subject begins with one of these.
type Column = (&'static str, &'static [&'static str]);

const RAFT: [Column; 5] = [
    ("Vote", &["$NRG.V."]),
    ("Append", &["$NRG.AE."]),
    ("Reply", &["$NRG.R."]),
    ("Remove Peer", &["$NRG.RP."]),
    ("Proposal", &["$NRG.P."]),
];

const CLUSTER: [Column; 5] = [
    ("JSA Update", &["$JSC.ARU."]),
    ("Stream Info", &["$JSC.SI."]),
    ("Consumer Info", &["$JSC.CI."]),
    ("Stream Sync", &["$JSC.SYNC"]),
    ("Reply", &["$JSC.R.", "$JSC.ACK."]),
];

/// Requests are what has a reply subject and is in no other column, the rest
/// is what has none.
const GENERAL: [Column; 5] = [
    ("Requests", &[]),
    ("JS API", &["$JS.API."]),
    ("JS ACK", &["$JS.ACK."]),
    ("System", &["$SYS."]),
    ("Rest", &[]),
];
/// Place of requests.
const REQUESTS: usize = 0;
/// Place of the rest.
const REST: usize = 4;

/// A table with a row for each second.
#[derive(Default)]
struct Traffic {
    counts: [u64; 5],
    bytes: u64,
    rows: VecDeque<([u64; 5], u64)>,
    /// Whether it ever had a message.
    seen: bool,
}

impl Traffic {
    fn count(&mut self, column: usize, bytes: usize) {
        if let Some(count) = self.counts.get_mut(column) {
            *count += 1;
        }
        self.bytes += bytes as u64;
        self.seen = true;
    }

    fn end_row(&mut self) {
        if self.rows.len() == ROWS {
            self.rows.pop_front();
        }
        let row = (std::mem::take(&mut self.counts), self.bytes);
        self.bytes = 0;
        self.rows.push_back(row);
    }

    fn table(&self, title: &str, columns: &[Column; 5], with_bytes: bool) -> Table {
        let mut headers: Vec<&str> = columns.iter().map(|(label, _)| *label).collect();
        if with_bytes {
            headers.push("Total Bytes");
        }
        headers.push("Total Messages");
        let mut table = Table::new(title, &headers);
        for (counts, bytes) in &self.rows {
            let mut cells: Vec<String> = counts.iter().map(|count| commas(*count)).collect();
            if with_bytes {
                cells.push(human_size(*bytes));
            }
            cells.push(commas(counts.iter().sum::<u64>()));
            table.row(cells.into_iter().map(Into::into).collect());
        }
        table
    }
}

/// All tables.
#[derive(Default)]
pub struct Tables {
    raft: Traffic,
    cluster: Traffic,
    general: Traffic,
}

fn place(columns: &[Column; 5], subject: &str) -> Option<usize> {
    columns
        .iter()
        .position(|(_, prefixes)| prefixes.iter().any(|prefix| subject.starts_with(prefix)))
}

impl Tables {
    /// Counts a message.
    pub fn count(&mut self, subject: &str, reply: &str, bytes: usize) {
        if let Some(column) = place(&RAFT, subject) {
            self.raft.count(column, bytes);
        } else if let Some(column) = place(&CLUSTER, subject) {
            self.cluster.count(column, bytes);
        } else {
            let other = if reply.is_empty() { REST } else { REQUESTS };
            let column = place(&GENERAL, subject).unwrap_or(other);
            self.general.count(column, bytes);
        }
    }

    /// A second is over.
    pub fn end_row(&mut self) {
        for traffic in [&mut self.raft, &mut self.cluster, &mut self.general] {
            if traffic.seen {
                traffic.end_row();
            }
        }
        // The last table is there always.
        if !self.general.seen {
            self.general.end_row();
        }
    }

    /// Those that have something to show.
    pub fn shown(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        if self.raft.seen {
            tables.push(self.raft.table("Raft Traffic", &RAFT, false));
        }
        if self.cluster.seen {
            tables.push(self.cluster.table("Cluster Traffic", &CLUSTER, false));
        }
        tables.push(self.general.table("General Traffic", &GENERAL, true));
        tables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_in_one_column() {
        let mut tables = Tables::default();
        for (subject, reply) in [
            ("$NRG.AE.x", "r"),
            ("$JSC.R.x", ""),
            ("$JSC.ACK.x", ""),
            ("$JS.API.INFO", "r"),
            ("$JS.ACK.S", ""),
            ("$SYS.SERVER.x", "r"),
            ("a", "r"),
            ("$JSX", ""),
        ] {
            tables.count(subject, reply, 10);
        }
        tables.end_row();
        assert_eq!(tables.raft.rows, [([0, 1, 0, 0, 0], 10)]);
        assert_eq!(tables.cluster.rows, [([0, 0, 0, 0, 2], 20)]);
        assert_eq!(tables.general.rows, [([1, 1, 1, 1, 1], 50)]);
        assert_eq!(tables.shown().len(), 3);
    }

    #[test]
    fn the_last_rows_are_shown() {
        let mut tables = Tables::default();
        for second in 0..15 {
            for _ in 0..second {
                tables.count("a", "", 1);
            }
            tables.end_row();
        }
        let rest: Vec<u64> = tables.general.rows.iter().map(|row| row.0[REST]).collect();
        assert_eq!(rest, (4..15).collect::<Vec<_>>());
        assert_eq!(tables.shown().len(), 1);
    }
}
