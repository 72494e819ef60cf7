//! How differences are laid out: what fits stands in one line, marked lines
//! and everything around them have lines of their own, keys are followed by
//! values in one column.

use unicode_width::UnicodeWidthStr;

/// Longest list of a marked line, in bytes; longer ones are written below each
/// other.
const MAX_LINE: usize = 80;

/// Before or after the change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Both.
    #[default]
    Same,
    /// Before.
    Removed,
    /// After.
    Inserted,
}

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Mark::Same => "  ",
            Mark::Removed => "- ",
            Mark::Inserted => "+ ",
        }
    }

    /// The mark of something in something else that may be marked.
    fn within(self, outer: Self) -> Self {
        if self == Mark::Same { outer } else { self }
    }
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// In one line.
    Line(String),
    /// Between braces or the like.
    Wrapped(String, Box<Node>, String),
    /// Entries with commas between them.
    List(Vec<Entry>),
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Before or after the change.
    pub mark: Mark,
    /// What it is called; empty if it has no name.
    pub key: String,
    /// What it is.
    pub value: Node,
    /// What is left out here; then there is no comma.
    pub elided: Option<String>,
}

impl Entry {
    /// An entry.
    pub fn new(mark: Mark, key: impl Into<String>, value: Node) -> Self {
        Self {
            mark,
            key: key.into(),
            value,
            elided: None,
        }
    }

    /// Stands for entries that are left out; `what` says which, if not empty.
    pub fn ellipsis(what: impl Into<String>) -> Self {
        Self {
            mark: Mark::Same,
            key: String::new(),
            value: Node::line("..."),
            elided: Some(what.into()),
        }
    }
}

impl Node {
    /// A line.
    pub fn line(text: impl Into<String>) -> Self {
        Node::Line(text.into())
    }

    /// Something with text around it.
    pub fn wrapped(before: impl Into<String>, inner: Node, after: impl Into<String>) -> Self {
        Node::Wrapped(before.into(), Box::new(inner), after.into())
    }

    /// Entries in braces behind the name of their type, which may be empty.
    pub fn braces(name: &str, entries: Vec<Entry>) -> Self {
        Node::wrapped(format!("{name}{{"), Node::List(entries), "}")
    }

    /// All of it, as a difference is shown.
    pub fn text(&self) -> String {
        let mut out = Mark::Same.sign().to_owned();
        self.write(&mut out, Mark::Same, 0);
        out.push('\n');
        out
    }

    /// The text in one line, if it may stand in one.
    fn in_line(&self, mark: Mark) -> Option<String> {
        match self {
            Node::Line(text) => Some(text.clone()),
            Node::Wrapped(before, inner, after) => {
                Some(format!("{before}{}{after}", inner.in_line(mark)?))
            }
            Node::List(entries) => {
                let mut parts = Vec::new();
                for entry in entries {
                    let is_plain = entry.mark == Mark::Same
                        && entry.elided.as_ref().is_none_or(String::is_empty);
                    let value = entry.value.in_line(mark).filter(|_| is_plain)?;
                    parts.push(if entry.key.is_empty() {
                        value
                    } else {
                        format!("{}: {value}", entry.key)
                    });
                }
                let text = parts.join(", ");
                (mark == Mark::Same || text.len() <= MAX_LINE).then_some(text)
            }
        }
    }

    fn write(&self, out: &mut String, mark: Mark, depth: usize) {
        if let Some(text) = self.in_line(mark) {
            out.push_str(&text);
            return;
        }
        match self {
            Node::Line(text) => out.push_str(text),
            Node::Wrapped(before, inner, after) => {
                out.push_str(before);
                inner.write(out, mark, depth);
                out.push_str(after);
            }
            Node::List(entries) => {
                let columns = key_columns(entries, mark);
                for (entry, column) in entries.iter().zip(columns) {
                    let mark = entry.mark.within(mark);
                    line_begin(out, mark, depth + 1);
                    if !entry.key.is_empty() {
                        let space = " ".repeat(column.saturating_sub(entry.key.width()));
                        out.push_str(&format!("{}: {space}", entry.key));
                    }
                    entry.value.write(out, mark, depth + 1);
                    match entry.elided.as_deref() {
                        None => out.push(','),
                        Some("") => {}
                        Some(what) => out.push_str(&format!(" // {what}")),
                    }
                }
                line_begin(out, mark, depth);
            }
        }
    }
}

fn line_begin(out: &mut String, mark: Mark, depth: usize) {
    out.push('\n');
    out.push_str(mark.sign());
    out.push_str(&"\t".repeat(depth));
}

/// The width of the keys of each entry: keys of entries that follow each other
/// and stand in one line share a column.
fn key_columns(entries: &[Entry], mark: Mark) -> Vec<usize> {
    let mut columns = vec![0; entries.len()];
    let mut begin = 0;
    let is_aligned = |entry: &Entry| {
        !entry.key.is_empty() && entry.value.in_line(entry.mark.within(mark)).is_some()
    };
    for run in entries.chunk_by(|a, b| is_aligned(a) && is_aligned(b)) {
        let widest = run.iter().map(|entry| entry.key.width()).max().unwrap_or(0);
        for column in columns.iter_mut().skip(begin).take(run.len()) {
            *column = widest;
        }
        begin += run.len();
    }
    columns
}
