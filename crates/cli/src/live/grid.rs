//! Tables that are brought up to date.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Row, Table};
use unicode_width::UnicodeWidthStr;

use super::screen::{View, show};
use crate::failure::Result;
use crate::format::clock;

/// Time between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Rows around those of the table: title, empty line, header, footer.
const ROWS_AROUND: u16 = 4;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Whether it has numbers, which stand on the right.
    pub number: bool,
}

impl Column {
    /// Of texts.
    pub const fn text(title: &'static str) -> Self {
        Self {
            title,
            number: false,
        }
    }

    /// Of numbers.
    pub const fn number(title: &'static str) -> Self {
        Self {
            title,
            number: true,
        }
    }
}

/// The table of a moment.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// What stands above it.
    pub title: String,
    /// Its rows, those first that are shown if there is no room for all.
    pub rows: Vec<Vec<String>>,
    /// The last row, shown always; empty for none.
    pub footer: Vec<String>,
}

struct Grids<L> {
    columns: Vec<Column>,
    most: usize,
    look: L,
    grid: Grid,
    clock: String,
}

impl<L: FnMut() -> Result<Grid>> View for Grids<L> {
    fn update(&mut self) -> Result<()> {
        self.grid = (self.look)()?;
        self.grid.rows.truncate(self.most);
        self.clock = clock();
        Ok(())
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect) {
        let [heading, body] =
            Layout::vertical([Constraint::Length(2), Constraint::Fill(1)]).areas(area);
        let title = format!("{}  {}", self.grid.title, self.clock);
        frame.render_widget(Line::from(title), heading);
        let room = usize::from(area.height.saturating_sub(ROWS_AROUND));
        let rows: Vec<Row<'_>> = self
            .grid
            .rows
            .iter()
            .take(room)
            .map(|cells| self.row(cells.iter().map(String::as_str)))
            .collect();
        let widths = self.widths(room);
        let titles = self.columns.iter().map(|column| column.title);
        let reversed = Style::new().add_modifier(Modifier::REVERSED);
        let mut table = Table::new(rows, widths.into_iter().map(Constraint::Length))
            .column_spacing(2)
            .header(self.row(titles).style(reversed));
        if !self.grid.footer.is_empty() {
            let bold = Style::new().add_modifier(Modifier::BOLD);
            let footer = self.grid.footer.iter().map(String::as_str);
            table = table.footer(self.row(footer).style(bold));
        }
        frame.render_widget(table, body);
    }
}

impl<L> Grids<L> {
    fn row<'a>(&self, cells: impl Iterator<Item = &'a str>) -> Row<'a> {
        Row::new(cells.zip(&self.columns).map(|(cell, column)| {
            let side = if column.number {
                Alignment::Right
            } else {
                Alignment::Left
            };
            Text::from(cell).alignment(side)
        }))
    }

    /// Columns are as wide as what is shown in them.
    fn widths(&self, room: usize) -> Vec<u16> {
        let width = |text: &str| u16::try_from(text.width()).unwrap_or(u16::MAX);
        let rows = self.grid.rows.iter().take(room);
        let shown: Vec<&Vec<String>> = rows.chain([&self.grid.footer]).collect();
        self.columns
            .iter()
            .enumerate()
            .map(|(number, column)| {
                shown
                    .iter()
                    .filter_map(|cells| cells.get(number))
                    .map(|cell| width(cell))
                    .fold(width(column.title), u16::max)
            })
            .collect()
    }
}

/// Draws a table until somebody leaves; `look` gives it anew. At most `most`
/// rows are shown; 0 is for as many as fit.
pub fn grids(columns: &[Column], most: i64, look: impl FnMut() -> Result<Grid>) -> Result<()> {
    let most = usize::try_from(most).ok().filter(|most| *most > 0);
    let mut view = Grids {
        columns: columns.to_vec(),
        most: most.unwrap_or(usize::MAX),
        look,
        grid: Grid::default(),
        clock: String::new(),
    };
    show(&mut view, INTERVAL)
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn drawn(rows: usize, most: usize, height: u16) -> Vec<String> {
        let mut view = Grids {
            columns: vec![Column::text("Name"), Column::number("N")],
            most,
            look: || {
                Ok(Grid {
                    title: "All".to_owned(),
                    rows: (0..rows)
                        .map(|number| vec![format!("server-{number}"), number.to_string()])
                        .collect(),
                    footer: vec![String::new(), "100".to_owned()],
                })
            },
            grid: Grid::default(),
            clock: String::new(),
        };
        view.update().unwrap();
        let mut terminal = Terminal::new(TestBackend::new(30, height)).unwrap();
        terminal
            .draw(|frame| view.draw(frame, frame.area()))
            .unwrap();
        let buffer = terminal.backend().buffer();
        (0..height)
            .map(|y| {
                let line: String = (0..30).map(|x| buffer[(x, y)].symbol()).collect();
                line.trim_end().to_owned()
            })
            .collect()
    }

    #[test]
    fn columns_are_as_wide_as_what_they_show() {
        let lines = drawn(2, usize::MAX, 7);
        assert!(lines[0].starts_with("All  "), "{lines:?}");
        assert_eq!(
            lines[2..6],
            ["Name        N", "server-0    0", "server-1    1", ""]
        );
        assert_eq!(lines[6], "          100");
    }

    #[test]
    fn the_footer_stays_when_there_is_no_room_for_all_rows() {
        let lines = drawn(50, usize::MAX, 8);
        assert_eq!(lines[6], "server-3    3");
        assert_eq!(lines[7], "          100");
        assert_eq!(drawn(50, 2, 8)[5], "");
    }
}
