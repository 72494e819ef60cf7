//! Tables in the layout of cli.md 1.6.
//!
//! `comfy-table` lays out and draws the box. What it does not have is drawn
//! around its lines: the title rows, the rule above the footer, the cut at the
//! end of the terminal.

use comfy_table::CellAlignment;
use unicode_width::UnicodeWidthStr;

use super::box_lines::Lines;
use super::style::{Scheme, scheme};
use super::terminal;

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text, on the left.
    Text(String),
    /// A plain number. A column without texts is on the right.
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
        if super::style::markdown() {
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
    /// Numbers of rows, in order, above which there is a rule.
    rules: Vec<usize>,
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

    /// Puts a rule between the rows so far and those that follow.
    pub fn separator(&mut self) {
        self.rules.push(self.rows.len());
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

    /// The box without title row and footer rule.
    fn laid_out(&self, lines: &Lines) -> comfy_table::Table {
        let mut table = comfy_table::Table::new();
        table.load_style(lines.style(!self.title.is_empty()));
        let columns = self.columns();
        let whole = |cells: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            let mut row: Vec<String> = cells.map(cell_lines).collect();
            row.resize(columns, String::new());
            row
        };
        if !self.headers.is_empty() {
            table.set_header(whole(&mut self.headers.iter().map(String::as_str)));
        }
        for row in &self.rows {
            table.add_row(whole(&mut row.iter().map(Cell::text)));
        }
        if !self.footer.is_empty() {
            table.add_row(whole(&mut self.footer.iter().map(Cell::text)));
        }
        for (number, column) in table.column_iter_mut().enumerate() {
            if self.is_on_the_right(number) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    /// Whether the last column has nothing at all.
    fn ends_empty(&self) -> bool {
        let last = self.columns().saturating_sub(1);
        last > 0
            && self
                .all_rows()
                .all(|row| row.get(last).is_none_or(|cell| cell.is_empty()))
    }

    fn boxed(&self, scheme: Scheme, most: Option<usize>) -> String {
        let lines = Lines::of(scheme);
        let mut out: Vec<String> = self.laid_out(&lines).lines().collect();
        if self.ends_empty() {
            // The layout gives every column at least one letter.
            for line in &mut out {
                if let Some((at, _)) = line.char_indices().nth_back(1) {
                    line.remove(at);
                }
            }
        }
        // Without rows, the rule of the header stands above the footer.
        if !self.footer.is_empty()
            && !self.rows.is_empty()
            && let Some(bottom) = out.last()
        {
            let rule = lines.middle(bottom);
            let texts = self.footer.iter().map(|cell| cell.text().lines().count());
            let height = texts.max().unwrap_or(0).max(1);
            out.insert(out.len().saturating_sub(height + 1), rule);
        }
        self.draw_rules(&mut out, &lines);
        let width = out.first().map_or(0, |line| line.width());
        let width = most.map_or(width, |most| width.min(most));
        let mut whole = Vec::new();
        if !self.title.is_empty() {
            whole = lines.title(&self.title, width);
        }
        whole.extend(out.iter().map(|line| cut(line.trim_end(), most)));
        let painted: Vec<String> = whole.iter().map(|line| lines.paint(line, scheme)).collect();
        painted.join("\n")
    }

    /// Adds the rules between rows to a box without title row.
    fn draw_rules(&self, out: &mut Vec<String>, lines: &Lines) {
        let Some(bottom) = out.last().filter(|_| !self.rules.is_empty()) else {
            return;
        };
        let rule = lines.middle(bottom);
        let height = |texts: &mut dyn Iterator<Item = &str>| {
            texts
                .map(|text| text.lines().count())
                .max()
                .unwrap_or(0)
                .max(1)
        };
        let mut at = 1;
        if !self.headers.is_empty() {
            at += height(&mut self.headers.iter().map(String::as_str)) + 1;
        }
        let mut places = Vec::new();
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 && self.rules.contains(&number) {
                places.push(at);
            }
            at += height(&mut row.iter().map(Cell::text));
        }
        for place in places.into_iter().rev() {
            out.insert(place.min(out.len()), rule.clone());
        }
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
        for mut row in self.all_rows() {
            row.resize(self.columns(), "");
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell, separator)).collect();
            out.push(cells.join(&separator.to_string()));
        }
        out.join("\n")
    }

    /// Whether a column has no texts.
    fn is_on_the_right(&self, column: usize) -> bool {
        let is_text = |row: &Vec<Cell>| matches!(row.get(column), Some(Cell::Text(_)));
        !self.rows.iter().any(is_text)
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
                let rules = (0..columns).map(|column| match self.is_on_the_right(column) {
                    true => " ---:|",
                    false => " --- |",
                });
                out.push(format!("|{}", rules.collect::<String>()));
            }
        }
        out.join("\n")
    }
}

/// The lines of a cell, without carriage returns at their ends. A line end at
/// the end begins one more line.
fn cell_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn quoted(text: &str, separator: char) -> String {
    if text.contains([separator, '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// What a line that is cut ends with.
const UNFINISHED: &str = " ≈";

/// The line, cut where the terminal ends.
fn cut(line: &str, most: Option<usize>) -> String {
    let Some(most) = most.filter(|&most| line.width() > most) else {
        return line.to_owned();
    };
    if most <= UNFINISHED.width() {
        return String::new();
    }
    let mut out = String::new();
    let mut width = 0;
    for letter in line.chars() {
        let next = unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0);
        if width + next + UNFINISHED.width() > most {
            break;
        }
        width += next;
        out.push(letter);
    }
    out.push_str(UNFINISHED);
    out
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
    fn a_footer_alone_has_one_rule_above_it() {
        let mut table = Table::new("", &["Name", "Size"]);
        table.footer(vec![0.into(), "0 B".into()]);
        let expected = "\
╭──────┬──────╮
│ Name │ Size │
├──────┼──────┤
│    0 │  0 B │
╰──────┴──────╯";
        assert_eq!(boxed(&table, None), expected);
    }

    #[test]
    fn an_empty_column_at_the_end_has_no_width() {
        let mut table = Table::new("", &["A"]);
        table.row(vec!["x".into(), "".into()]);
        let expected = "\
╭───┬──╮
│ A │  │
├───┼──┤
│ x │  │
╰───┴──╯";
        assert_eq!(boxed(&table, None), expected);
        let csv = table.render_as(Format::Csv, Scheme::default(), None);
        assert_eq!(csv, "A,\nx,");
    }

    #[test]
    fn rules_stand_between_rows() {
        let mut table = Table::new("T", &["A", "B"]);
        table.row(vec!["1\n2".into(), "x".into()]);
        table.separator();
        table.row(vec!["3".into(), "y".into()]);
        table.footer(vec!["".into(), "z".into()]);
        let expected = "\
╭───────╮
│   T   │
├───┬───┤
│ A │ B │
├───┼───┤
│ 1 │ x │
│ 2 │   │
├───┼───┤
│ 3 │ y │
├───┼───┤
│   │ z │
╰───┴───╯";
        assert_eq!(boxed(&table, None), expected);
    }

    #[test]
    fn a_wide_title_takes_more_lines() {
        let mut table = Table::new("A long  title, over\nword", &["A", "B"]);
        table.row(vec!["x\ny".into(), "z".into()]);
        let expected = "\
╭───────╮
│ A lon │
│ g tit │
│ le, o │
│  ver  │
│  word │
├───┬───┤
│ A │ B │
├───┼───┤
│ x │ z │
│ y │   │
╰───┴───╯";
        assert_eq!(boxed(&table, None), expected);
    }

    #[test]
    fn wide_letters_short_rows_and_high_footers_fit() {
        let mut table = Table::new("T", &["A", "B"]);
        table.row(vec!["日本".into(), "x\r\ny".into()]);
        table.row(vec!["y".into()]);
        table.footer(vec!["z\nz".into(), "".into()]);
        let double = Scheme {
            double: true,
            color: None,
        };
        let expected = "\
╔══════════╗
║     T    ║
╠══════╦═══╣
║ A    ║ B ║
╠══════╬═══╣
║ 日本 ║ x ║
║      ║ y ║
║ y    ║   ║
╠══════╬═══╣
║ z    ║   ║
║ z    ║   ║
╚══════╩═══╝";
        assert_eq!(table.render_as(Format::Box, double, None), expected);
    }

    #[test]
    fn a_narrow_terminal_cuts_lines_below_a_title() {
        let expected = "\
╭──────────╮
│ Known Co │
│  ntexts  │
├───────┬─ ≈
│ Name  │  ≈
├───────┼─ ≈
│ local │  ≈
╰───────┴─ ≈";
        assert_eq!(boxed(&sample(), Some(12)), expected);
        let expected = "╭─╮\n│  │\n├ ≈\n│ ≈\n├ ≈\n│ ≈\n╰ ≈";
        assert_eq!(boxed(&sample(), Some(3)), expected);
        assert_eq!(boxed(&sample(), Some(1)), "╭╮\n│  │\n\n\n\n\n");
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
