//! The "information" layout: labels on the left, values on the right
//! (cli.md 1.7).

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use super::json::Json;
use super::style::{colours, scheme};

#[derive(Clone, Debug)]
enum Line {
    Row { label: String, value: String },
    Section(String),
    Text(String),
    Indent(usize),
}

/// How columns are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Aligned,
    /// Markdown.
    Markdown,
    /// A JSON object of texts.
    Json,
}

impl Format {
    /// What the environment asks for.
    pub fn from_environment() -> Self {
        if super::style::markdown() {
            Format::Markdown
        } else if std::env::var("TESTING").is_ok_and(|value| value == "true") {
            Format::Json
        } else {
            Format::Aligned
        }
    }
}

/// Columns that are being put together.
#[derive(Clone, Debug)]
pub struct Columns {
    heading: String,
    lines: Vec<Line>,
}

impl Columns {
    /// Columns below a heading (none if empty).
    pub fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            lines: Vec::new(),
        }
    }

    /// A label and its value.
    pub fn row(&mut self, label: &str, value: impl Into<String>) -> &mut Self {
        self.lines.push(Line::Row {
            label: label.to_owned(),
            value: value.into(),
        });
        self
    }

    /// A label and its value, unless that is empty.
    pub fn row_filled(&mut self, label: &str, value: impl Into<String>) -> &mut Self {
        let value = value.into();
        if !value.is_empty() {
            self.row(label, value);
        }
        self
    }

    /// A label and its value, if there is one.
    pub fn row_some(&mut self, label: &str, value: Option<impl Into<String>>) -> &mut Self {
        if let Some(value) = value {
            self.row(label, value);
        }
        self
    }

    /// A label and several values, one below the other.
    pub fn rows<T: AsRef<str>>(&mut self, label: &str, values: &[T]) -> &mut Self {
        let mut label = label;
        for value in values {
            self.row(label, value.as_ref());
            label = "";
        }
        self
    }

    /// Keys and values, the longest key deciding nothing: each is a row.
    pub fn pairs(&mut self, pairs: &[(String, String)]) -> &mut Self {
        for (key, value) in pairs {
            self.row(key, value.as_str());
        }
        self
    }

    /// Begins a section.
    pub fn section(&mut self, title: impl Into<String>) -> &mut Self {
        self.lines.push(Line::Section(title.into()));
        self
    }

    /// A line of its own, which begins with a blank.
    pub fn text(&mut self, text: impl Into<String>) -> &mut Self {
        self.lines.push(Line::Text(text.into()));
        self
    }

    /// Shifts the following rows by this many blanks to the right.
    pub fn indent(&mut self, blanks: usize) -> &mut Self {
        self.lines.push(Line::Indent(blanks));
        self
    }

    /// Prints all of it.
    pub fn print(&self) {
        print!("{}", self.render());
    }

    /// All of it as text, in the format that the environment asks for.
    pub fn render(&self) -> String {
        self.render_as(Format::from_environment())
    }

    /// All of it as text.
    pub fn render_as(&self, format: Format) -> String {
        match format {
            Format::Aligned => self.aligned(),
            Format::Markdown => self.markdown(),
            Format::Json => format!("{}\n", self.json().pretty()),
        }
    }

    fn aligned(&self) -> String {
        let longest = self
            .lines
            .iter()
            .map(|line| match line {
                Line::Row { label, .. } => label.width(),
                Line::Section(_) | Line::Text(_) | Line::Indent(_) => 0,
            })
            .max()
            .unwrap_or(0);
        let colon = match scheme().color.filter(|_| colours()) {
            Some(color) => color.paint(":"),
            None => ":".to_owned(),
        };
        let mut out = String::new();
        if !self.heading.is_empty() {
            out.push_str(&format!("{}\n\n", self.heading));
        }
        let mut indent = 0;
        let mut after_section = false;
        for line in &self.lines {
            match line {
                Line::Row { label, value } => {
                    let space = " ".repeat(indent + 2 + longest - label.width());
                    let mark = if label.is_empty() { " " } else { &colon };
                    let mut values = value.split('\n');
                    let first = values.next().unwrap_or_default();
                    out.push_str(&format!("{space}{label}{mark} {first}\n"));
                    for value in values {
                        let space = " ".repeat(indent + 2 + longest + 2);
                        out.push_str(format!("{space}{value}").trim_end());
                        out.push('\n');
                    }
                }
                Line::Section(title) => {
                    let mark = if title.ends_with(':') { "" } else { ":" };
                    if !out.is_empty() && !out.ends_with("\n\n") {
                        out.push('\n');
                    }
                    out.push_str(&format!("{}{title}{mark}\n\n", " ".repeat(indent)));
                }
                // A section has an empty line of its own.
                Line::Text(text) if text.is_empty() => {
                    if !after_section {
                        out.push_str(&format!("{}\n", " ".repeat(indent)));
                    }
                }
                Line::Text(text) => {
                    out.push_str(&format!("{} {text}\n", " ".repeat(indent)));
                }
                Line::Indent(blanks) => indent = *blanks,
            }
            after_section = match line {
                Line::Section(_) => true,
                Line::Indent(_) => after_section,
                Line::Row { .. } | Line::Text(_) => false,
            };
        }
        out
    }

    fn markdown(&self) -> String {
        let mut out = String::new();
        if !self.heading.is_empty() {
            out.push_str(&format!("# {}\n\n", self.heading));
        }
        let mut depth = 0;
        let mut is_first = true;
        for line in &self.lines {
            match line {
                Line::Row { label, value } if label.is_empty() => {
                    out.push_str(&format!("- {value}\n"));
                }
                Line::Row { label, value } => out.push_str(&format!("- **{label}:** {value}\n")),
                Line::Section(title) => {
                    if !is_first {
                        out.push('\n');
                    }
                    out.push_str(&format!("##{} {title}\n\n", "#".repeat(depth)));
                }
                Line::Text(text) => out.push_str(&format!("{text}\n")),
                Line::Indent(0) => depth = 0,
                Line::Indent(_) => depth += 1,
            }
            is_first &= matches!(line, Line::Indent(_));
        }
        out
    }

    /// Sections of one title become one, and those without rows none; values
    /// without a label are left out.
    fn json(&self) -> Json {
        let mut top: BTreeMap<&str, Json> = BTreeMap::new();
        let mut sections: BTreeMap<&str, BTreeMap<&str, Json>> = BTreeMap::new();
        if !self.heading.is_empty() {
            top.insert("Header", Json::from(&*self.heading));
        }
        let mut section = "";
        for line in &self.lines {
            match line {
                Line::Row { label, value } => {
                    if label.is_empty() {
                        continue;
                    }
                    let rows = match section {
                        "" => &mut top,
                        title => sections.entry(title).or_default(),
                    };
                    rows.insert(label, Json::from(value.as_str()));
                }
                Line::Text(text) => {
                    if section.is_empty() || text.is_empty() {
                        continue;
                    }
                    let rows = sections.entry(section).or_default();
                    let texts = rows.entry("header").or_insert(Json::List(Vec::new()));
                    if let Json::List(texts) = texts {
                        texts.push(Json::from(text.as_str()));
                    }
                }
                Line::Section(title) => section = title,
                Line::Indent(_) => {}
            }
        }
        for (title, rows) in sections {
            top.insert(title, object(rows));
        }
        object(top)
    }
}

fn object(rows: BTreeMap<&str, Json>) -> Json {
    let rows = rows.into_iter();
    Json::Object(rows.map(|(key, value)| (key.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Columns {
        let mut columns = Columns::new("Information for Stream ORDERS");
        columns.row("Subjects", "orders.>").row("Replicas", "1");
        columns.section("Options").row("Discard Policy", "Old");
        columns
    }

    #[test]
    fn labels_end_in_one_column() {
        let expected = "\
Information for Stream ORDERS

        Subjects: orders.>
        Replicas: 1

Options:

  Discard Policy: Old
";
        assert_eq!(sample().render_as(Format::Aligned), expected);
    }

    #[test]
    fn further_values_have_no_label() {
        let mut columns = Columns::new("");
        columns.rows("Tags", &["a", "b"]);
        assert_eq!(columns.render_as(Format::Aligned), "  Tags: a\n        b\n");
    }

    #[test]
    fn other_formats_keep_labels_and_sections() {
        assert_eq!(
            sample().render_as(Format::Json),
            "{\n  \"Header\": \"Information for Stream ORDERS\",\n  \"Options\": {\n    \"Discard Policy\": \"Old\"\n  },\n  \"Replicas\": \"1\",\n  \"Subjects\": \"orders.\\u003e\"\n}\n"
        );
        assert!(
            sample()
                .render_as(Format::Markdown)
                .contains("\n## Options\n\n- **Discard Policy:** Old\n")
        );
    }
}
