//! Line charts of values that are asked for each second.

use std::collections::VecDeque;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};

use super::screen::{View, show};
use crate::bail;
use crate::failure::Result;
use crate::format::{float, human_size_float};
use crate::output::style::colours;
use crate::output::terminal;

/// Time between two points.
const INTERVAL: Duration = Duration::from_secs(1);
/// Points that are kept: more than dots beside each other on any terminal.
const MAX_POINTS: usize = 1_000;
/// Rows that a chart needs.
const MIN_ROWS: usize = 5;
/// Seconds that a chart shows at least, so that the first minute does not
/// crawl over it.
const MIN_SPAN: usize = 60;
/// Columns from which on charts stand in two columns.
const WIDE: u16 = 120;

/// What values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Numbers.
    Plain,
    /// Bytes.
    Bytes,
}

/// The heading of a chart.
#[derive(Clone, Debug)]
pub struct Caption {
    /// What is shown.
    pub text: String,
    /// What its values are.
    pub unit: Unit,
}

impl Caption {
    /// Of plain numbers.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            unit: Unit::Plain,
        }
    }

    /// Of bytes.
    pub fn bytes(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            unit: Unit::Bytes,
        }
    }

    fn label(&self, value: f64) -> String {
        match self.unit {
            // Nobody reads thousandths of hundreds.
            Unit::Plain if value.abs() >= 100.0 => float(value.round()),
            Unit::Plain => float((value * 10.0).round() / 10.0),
            Unit::Bytes => human_size_float(value.max(0.0)),
        }
    }
}

/// A chart with its latest values.
struct Series {
    caption: Caption,
    points: VecDeque<f64>,
}

impl Series {
    fn push(&mut self, value: f64) {
        if self.points.len() == MAX_POINTS {
            self.points.pop_front();
        }
        self.points.push_back(value);
    }

    /// The last `most` values, each with its time in seconds up to now.
    fn last(&self, most: usize) -> Vec<(f64, f64)> {
        let count = self.points.len().min(most);
        let skipped = self.points.len() - count;
        self.points
            .iter()
            .skip(skipped)
            .enumerate()
            .map(|(number, value)| (number as f64 - (count as f64 - 1.0), *value))
            .collect()
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect) {
        let [heading, body] =
            Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
        let now = self.points.back().copied().unwrap_or(0.0);
        let text = format!("{}: {}", self.caption.text, self.caption.label(now));
        let bold = Style::new().add_modifier(Modifier::BOLD);
        frame.render_widget(Line::from(text).style(bold), heading);
        // A character is two dots wide.
        let dots = usize::from(area.width) * 2;
        let points = self.last(dots);
        let (low, high) = bounds(&points);
        let steps = if points.iter().all(|(_, value)| *value == low) {
            vec![low, high]
        } else {
            vec![low, (low + high) / 2.0, high]
        };
        let labels: Vec<String> = steps
            .into_iter()
            .map(|value| self.caption.label(value))
            .collect();
        // The newest value is at the right end, wherever the oldest one is.
        let oldest = -(points.len().max(MIN_SPAN.min(dots)) as f64 - 1.0);
        let line = Dataset::default()
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .data(&points);
        let line = if colours() {
            line.style(Color::Cyan)
        } else {
            line
        };
        let chart = Chart::new(vec![line])
            .x_axis(Axis::default().bounds([oldest, 0.0]))
            .y_axis(Axis::default().bounds([low, high]).labels(labels));
        frame.render_widget(chart, body);
    }
}

/// Lowest and highest value, never the same.
fn bounds(points: &[(f64, f64)]) -> (f64, f64) {
    let values = points.iter().map(|(_, value)| *value);
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    (low, if high > low { high } else { low + 1.0 })
}

struct Charts<S> {
    title: String,
    series: Vec<Series>,
    sample: S,
}

impl<S: FnMut() -> Result<Vec<f64>>> View for Charts<S> {
    fn update(&mut self) -> Result<()> {
        for (series, value) in self.series.iter_mut().zip((self.sample)()?) {
            series.push(value);
        }
        Ok(())
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect) {
        let [heading, body] =
            Layout::vertical([Constraint::Length(2), Constraint::Fill(1)]).areas(area);
        frame.render_widget(Line::from(self.title.as_str()), heading);
        let beside = if area.width >= WIDE && self.series.len() > 3 {
            2
        } else {
            1
        };
        let below = self.series.len().div_ceil(beside).max(1);
        let rows = Layout::vertical(vec![Constraint::Fill(1); below])
            .spacing(1)
            .split(body);
        for (row, series) in rows.iter().zip(self.series.chunks(beside)) {
            let cells = Layout::horizontal(vec![Constraint::Fill(1); beside])
                .spacing(2)
                .split(*row);
            for (cell, one) in cells.iter().zip(series) {
                one.draw(frame, *cell);
            }
        }
    }
}

/// Draws charts below a title until somebody leaves; `sample` gives a value
/// for each of them.
pub fn charts(
    title: &str,
    captions: Vec<Caption>,
    sample: impl FnMut() -> Result<Vec<f64>>,
) -> Result<()> {
    let (_, rows) = terminal::required_size()?;
    if rows < (captions.len().min(3) * MIN_ROWS) {
        bail!("please increase terminal dimensions");
    }
    let mut view = Charts {
        title: title.to_owned(),
        series: captions
            .into_iter()
            .map(|caption| Series {
                caption,
                points: VecDeque::new(),
            })
            .collect(),
        sample,
    };
    show(&mut view, INTERVAL)
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn series(values: &[f64]) -> Series {
        let mut series = Series {
            caption: Caption::bytes("Memory"),
            points: VecDeque::new(),
        };
        values.iter().for_each(|value| series.push(*value));
        series
    }

    #[test]
    fn the_newest_value_is_at_time_zero() {
        let series = series(&[1.0, 2.0, 3.0]);
        assert_eq!(series.last(2), [(-1.0, 2.0), (0.0, 3.0)]);
        assert_eq!(series.last(10).len(), 3);
        assert_eq!(bounds(&series.last(10)), (1.0, 3.0));
        assert_eq!(bounds(&[(0.0, 4.0)]), (4.0, 5.0));
        assert_eq!(bounds(&[]), (0.0, 1.0));
    }

    #[test]
    fn labels_are_no_longer_than_what_can_be_read() {
        let caption = Caption::plain("x");
        assert_eq!(caption.label(25_627.759), "25,628");
        assert_eq!(caption.label(5.55), "5.6");
        assert_eq!(caption.label(5.0), "5");
        assert_eq!(Caption::bytes("x").label(-1.0), "0 B");
    }

    #[test]
    fn only_so_many_values_are_kept() {
        let mut series = series(&[]);
        for _ in 0..3_000 {
            series.push(1.0);
        }
        assert_eq!(series.points.len(), MAX_POINTS);
    }

    #[test]
    fn a_chart_has_a_heading_and_labels() {
        let mut terminal = Terminal::new(TestBackend::new(40, 6)).unwrap();
        let series = series(&[1024.0, 3072.0, 2048.0]);
        terminal
            .draw(|frame| series.draw(frame, frame.area()))
            .unwrap();
        let buffer = terminal.backend().buffer();
        let lines: Vec<String> = (0..6)
            .map(|y| (0..40).map(|x| buffer[(x, y)].symbol()).collect())
            .collect();
        assert!(lines[0].starts_with("Memory: 2.0 KiB"), "{lines:?}");
        assert!(lines[1].starts_with("3.0 KiB│"), "{lines:?}");
        assert!(lines[5].starts_with("1.0 KiB│"), "{lines:?}");
        // The line ends at the right.
        assert!(lines.iter().any(|line| !line.ends_with(' ')), "{lines:?}");
    }
}
