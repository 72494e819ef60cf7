//! Tables in the layout of cli.md 1.6.

use unicode_width::UnicodeWidthStr;

use super::style::{Scheme, scheme};
use super::terminal;

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text, on the left.
    Text(String),
    /// A plain number. A column with nothing else is on the right.
    Number(String),
}

impl Cell {
    fn text(&self) -> &str {
        match self {
            Cell::Text(text) | Cell::Number(text) => text,
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(text)
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Cell::Text(text.clone())
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::Text(text.to_owned())
    }
}

macro_rules! number_cells {
    ($($kind:ty),*) => {
        $(impl From<$kind> for Cell {
            fn from(number: $kind) -> Self {
                Cell::Number(number.to_string())
            }
        })*
    };
}
number_cells!(i32, i64, u32, u64, usize);

/// How tables are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With lines around.
    Box,
    /// Comma separated values.
    Csv,
    /// Tab separated values.
    Tsv,
    /// Markdown.
    Markdown,
}

impl Format {
    /// What the environment asks for.
    pub fn from_environment() -> Self {
        if std::env::var("LLMFORMAT").is_ok_and(|value| value == "1") {
            return Format::Markdown;
        }
        match std::env::var("NATS_TABLE_FORMAT").as_deref() {
            Ok("md" | "markdown") => Format::Markdown,
            Ok("csv") => Format::Csv,
            Ok("tsv") => Format::Tsv,
            _ => Format::Box,
        }
    }
}

/// A table that is being put together.
#[derive(Clone, Debug, Default)]
pub struct Table {
    title: String,
    headers: Vec<String>,
    rows: Vec<Vec<Cell>>,
    footer: Vec<Cell>,
}

impl Table {
    /// A table with a title (none if empty) and column names.
    pub fn new(title: impl Into<String>, headers: &[&str]) -> Self {
        Self {
            title: title.into(),
            headers: headers.iter().map(|&header| header.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Sets the footer.
    pub fn footer(&mut self, cells: Vec<Cell>) {
        self.footer = cells;
    }

    /// Number of rows so far.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row yet.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Prints the table and an empty line, as most commands do.
    pub fn print(&self) {
        println!("{}\n", self.render());
    }

    /// Prints the table without an empty line after it.
    pub fn print_tight(&self) {
        println!("{}", self.render());
    }

    /// The table as text, in the format that the environment asks for.
    pub fn render(&self) -> String {
        let most = terminal::size().map(|(columns, _)| columns);
        self.render_as(Format::from_environment(), scheme(), most)
    }

    /// The table as text; `most` is the width at which lines are cut.
    pub fn render_as(&self, format: Format, scheme: Scheme, most: Option<usize>) -> String {
        match format {
            Format::Box => self.boxed(scheme, most),
            Format::Csv => self.separated(','),
            Format::Tsv => self.separated('\t'),
            Format::Markdown => self.markdown(),
        }
    }

    fn columns(&self) -> usize {
        let longest = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        self.headers.len().max(longest).max(self.footer.len())
    }

    fn boxed(&self, scheme: Scheme, most: Option<usize>) -> String {
        let columns = self.columns();
        let mut widths = vec![0; columns];
        let mut right = vec![!self.rows.is_empty(); columns];
        for (column, header) in self.headers.iter().enumerate() {
            grow(&mut widths, column, header);
        }
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                grow(&mut widths, column, cell.text());
                if let (Cell::Text(_), Some(right)) = (cell, right.get_mut(column)) {
                    *right = false;
                }
            }
        }
        for (column, cell) in self.footer.iter().enumerate() {
            grow(&mut widths, column, cell.text());
        }
        let lines = Lines::of(scheme);
        let inner = widths
            .iter()
            .map(|width| width + 3)
            .sum::<usize>()
            .saturating_sub(1);
        let title_width = self.title.width() + 2;
        if !self.title.is_empty()
            && title_width > inner
            && let Some(last) = widths.last_mut()
        {
            *last += title_width - inner;
        }
        let inner = inner.max(if self.title.is_empty() {
            0
        } else {
            title_width
        });

        let mut out = Vec::new();
        if self.title.is_empty() {
            out.push(lines.rule(&widths, Edge::Top));
        } else {
            let flat = lines.horizontal.repeat(inner);
            out.push(format!("{}{flat}{}", lines.corners[0], lines.corners[1]));
            let space = inner.saturating_sub(self.title.width());
            let left = space.div_ceil(2);
            out.push(format!(
                "{}{}{}{}{}",
                lines.bar(),
                " ".repeat(left),
                self.title,
                " ".repeat(space - left),
                lines.bar()
            ));
            out.push(lines.rule(&widths, Edge::UnderTitle));
        }
        if !self.headers.is_empty() {
            let cells: Vec<&str> = self.headers.iter().map(String::as_str).collect();
            lines.row(&mut out, &widths, &right, &cells);
            out.push(lines.rule(&widths, Edge::Middle));
        }
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(Cell::text).collect();
            lines.row(&mut out, &widths, &right, &cells);
        }
        if !self.footer.is_empty() {
            out.push(lines.rule(&widths, Edge::Middle));
            let cells: Vec<&str> = self.footer.iter().map(Cell::text).collect();
            lines.row(&mut out, &widths, &right, &cells);
        }
        out.push(lines.rule(&widths, Edge::Bottom));
        let out: Vec<String> = out
            .into_iter()
            .map(|line| lines.paint(&cut(line.trim_end(), most), scheme))
            .collect();
        out.join("\n")
    }

    fn all_rows(&self) -> impl Iterator<Item = Vec<&str>> {
        let header = self.headers.iter().map(String::as_str).collect::<Vec<_>>();
        let footer = self.footer.iter().map(Cell::text).collect::<Vec<_>>();
        std::iter::once(header)
            .chain(
                self.rows
                    .iter()
                    .map(|row| row.iter().map(Cell::text).collect()),
            )
            .chain(std::iter::once(footer))
            .filter(|row| !row.is_empty())
    }

    fn separated(&self, separator: char) -> String {
        let mut out = Vec::new();
        if !self.title.is_empty() {
            out.push(quoted(&self.title, separator));
        }
        for row in self.all_rows() {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell, separator)).collect();
            out.push(cells.join(&separator.to_string()));
        }
        out.join("\n")
    }

    fn markdown(&self) -> String {
        let columns = self.columns();
        let mut out = Vec::new();
        if !self.title.is_empty() {
            out.push(format!("# {}", self.title));
        }
        for (number, row) in self.all_rows().enumerate() {
            let mut line = String::from("|");
            for column in 0..columns {
                let cell = row.get(column).copied().unwrap_or_default();
                line.push_str(&format!(
                    " {} |",
                    cell.replace('|', "\\|").replace('\n', "<br/>")
                ));
            }
            out.push(line);
            if number == 0 && !self.headers.is_empty() {
                out.push(format!("|{}", " --- |".repeat(columns)));
            }
        }
        out.join("\n")
    }
}

fn grow(widths: &mut [usize], column: usize, text: &str) {
    let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
    if let Some(width) = widths.get_mut(column) {
        *width = widest.max(*width);
    }
}

fn quoted(text: &str, separator: char) -> String {
    if text.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The line, cut where the terminal ends.
fn cut(line: &str, most: Option<usize>) -> String {
    let Some(most) = most.filter(|&most| line.width() > most) else {
        return line.to_owned();
    };
    let mut out = String::new();
    let mut width = 0;
    for letter in line.chars() {
        let next = unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0);
        if width + next + 2 > most {
            break;
        }
        width += next;
        out.push(letter);
    }
    out.push_str(" ≈");
    out
}

#[derive(Clone, Copy)]
enum Edge {
    Top,
    UnderTitle,
    Middle,
    Bottom,
}

/// The characters that tables are drawn with.
struct Lines {
    horizontal: &'static str,
    vertical: &'static str,
    corners: [&'static str; 4],
    /// Left, right, down, up, all.
    joints: [&'static str; 5],
}

impl Lines {
    fn of(scheme: Scheme) -> Self {
        if scheme.double {
            Self {
                horizontal: "═",
                vertical: "║",
                corners: ["╔", "╗", "╚", "╝"],
                joints: ["╠", "╣", "╦", "╩", "╬"],
            }
        } else {
            Self {
                horizontal: "─",
                vertical: "│",
                corners: ["╭", "╮", "╰", "╯"],
                joints: ["├", "┤", "┬", "┴", "┼"],
            }
        }
    }

    fn bar(&self) -> &'static str {
        self.vertical
    }

    fn rule(&self, widths: &[usize], edge: Edge) -> String {
        let [left, right, down, up, cross] = self.joints;
        let (first, joint, last) = match edge {
            Edge::Top => (self.corners[0], down, self.corners[1]),
            Edge::UnderTitle => (left, down, right),
            Edge::Middle => (left, cross, right),
            Edge::Bottom => (self.corners[2], up, self.corners[3]),
        };
        let pieces: Vec<String> = widths
            .iter()
            .map(|width| self.horizontal.repeat(width + 2))
            .collect();
        format!("{first}{}{last}", pieces.join(joint))
    }

    fn row(&self, out: &mut Vec<String>, widths: &[usize], right: &[bool], cells: &[&str]) {
        let split: Vec<Vec<&str>> = cells.iter().map(|cell| cell.lines().collect()).collect();
        let height = split.iter().map(Vec::len).max().unwrap_or(0).max(1);
        for number in 0..height {
            let mut line = self.vertical.to_owned();
            for (column, width) in widths.iter().enumerate() {
                let text = split
                    .get(column)
                    .and_then(|lines| lines.get(number))
                    .copied()
                    .unwrap_or("");
                let space = " ".repeat(width.saturating_sub(text.width()));
                if right.get(column).copied().unwrap_or(false) {
                    line.push_str(&format!(" {space}{text} {}", self.vertical));
                } else {
                    line.push_str(&format!(" {text}{space} {}", self.vertical));
                }
            }
            out.push(line);
        }
    }

    fn paint(&self, line: &str, scheme: Scheme) -> String {
        let Some(color) = scheme.color.filter(|_| super::style::colours()) else {
            return line.to_owned();
        };
        let mut out = String::new();
        let mut border = String::new();
        for letter in line.chars() {
            if ('─'..='╿').contains(&letter) {
                border.push(letter);
            } else {
                if !border.is_empty() {
                    out.push_str(&color.paint(&std::mem::take(&mut border)));
                }
                out.push(letter);
            }
        }
        if !border.is_empty() {
            out.push_str(&color.paint(&border));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new("Known Contexts", &["Name", "Description"]);
        table.row(vec!["local".into(), "my ctx".into()]);
        table
    }

    fn boxed(table: &Table, most: Option<usize>) -> String {
        table.render_as(Format::Box, Scheme::default(), most)
    }

    #[test]
    fn a_table_has_a_centred_title_and_round_corners() {
        let expected = "\
╭─────────────────────╮
│    Known Contexts   │
├───────┬─────────────┤
│ Name  │ Description │
├───────┼─────────────┤
│ local │ my ctx      │
╰───────┴─────────────╯";
        assert_eq!(boxed(&sample(), None), expected);
    }

    #[test]
    fn plain_numbers_stand_on_the_right() {
        let mut table = Table::new("", &["A", "Count"]);
        table.row(vec!["x".into(), 5u64.into()]);
        table.row(vec!["1,000".into(), 10_000u64.into()]);
        table.footer(vec!["".into(), 10_005u64.into()]);
        let expected = "\
╭───────┬───────╮
│ A     │ Count │
├───────┼───────┤
│ x     │     5 │
│ 1,000 │ 10000 │
├───────┼───────┤
│       │ 10005 │
╰───────┴───────╯";
        assert_eq!(boxed(&table, None), expected);
    }

    #[test]
    fn a_wide_title_widens_the_last_column() {
        let mut table = Table::new("A long title", &["A"]);
        table.row(vec!["x\ny".into()]);
        let expected = "\
╭──────────────╮
│ A long title │
├──────────────┤
│ A            │
├──────────────┤
│ x            │
│ y            │
╰──────────────╯";
        assert_eq!(boxed(&table, None), expected);
    }

    #[test]
    fn a_narrow_terminal_cuts_lines() {
        let text = boxed(&sample(), Some(12));
        assert!(
            text.lines()
                .all(|line| line.width() <= 12 && line.ends_with(" ≈")),
            "{text}"
        );
    }

    #[test]
    fn other_formats_have_title_header_and_rows() {
        let mut table = sample();
        table.row(vec!["a,b".into(), "q\"".into()]);
        let csv = table.render_as(Format::Csv, Scheme::default(), None);
        assert_eq!(
            csv,
            "Known Contexts\nName,Description\nlocal,my ctx\n\"a,b\",\"q\"\"\""
        );
        let md = table.render_as(Format::Markdown, Scheme::default(), None);
        assert_eq!(
            md,
            "# Known Contexts\n| Name | Description |\n| --- | --- |\n| local | my ctx |\n| a,b | q\" |"
        );
    }
}
