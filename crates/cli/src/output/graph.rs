//! Line graphs in a terminal.

use std::collections::VecDeque;

use crate::format::commas;

/// Points that are kept: more than the columns of any terminal.
const MAX_POINTS: usize = 1_000;

/// The latest values of something that is never negative.
#[derive(Clone, Debug)]
pub struct Graph {
    caption: String,
    points: VecDeque<f64>,
}

/// A value with two decimals, and commas between thousands.
fn label(value: f64) -> String {
    let text = format!("{value:.2}");
    match text.split_once('.') {
        Some((whole, decimals)) => {
            let whole = whole.parse::<u64>().unwrap_or_default();
            format!("{}.{decimals}", commas(whole))
        }
        None => text,
    }
}

impl Graph {
    /// Without values yet.
    pub fn new(caption: &str) -> Self {
        Self {
            caption: caption.to_owned(),
            points: VecDeque::new(),
        }
    }

    /// Adds a value.
    pub fn push(&mut self, value: f64) {
        if self.points.len() == MAX_POINTS {
            self.points.pop_front();
        }
        self.points.push_back(value);
    }

    /// The last `count` values; zeros stand for those that were not yet.
    fn latest(&self, count: usize) -> Vec<f64> {
        let missing = count.saturating_sub(self.points.len());
        let skipped = self.points.len().saturating_sub(count);
        std::iter::repeat_n(0.0, missing)
            .chain(self.points.iter().skip(skipped).copied())
            .collect()
    }

    /// The graph, labels and all in `width` columns and two more, with
    /// `height` rows between zero and the highest value, and its caption
    /// below.
    pub fn render(&self, width: usize, height: usize) -> String {
        let height = height.max(1);
        let high = self.latest(width).into_iter().fold(0.0, f64::max);
        let labels: Vec<String> = (0..=height)
            .map(|row| label(high * (height - row) as f64 / height as f64))
            .collect();
        let margin = labels.iter().map(String::len).max().unwrap_or(0);
        let columns = width.saturating_sub(margin + 1).max(1);
        let scale = if high > 0.0 {
            height as f64 / high
        } else {
            1.0
        };
        let levels: Vec<usize> = self
            .latest(columns + 1)
            .into_iter()
            .map(|value| height.saturating_sub((value * scale).round() as usize))
            .collect();
        let mut rows = vec![vec![' '; columns]; height + 1];
        let mut set = |row: usize, column: usize, sign: char| {
            if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(column)) {
                *cell = sign;
            }
        };
        for (column, pair) in levels.windows(2).enumerate() {
            let [before, level] = *pair else { continue };
            // Rows count from the top.
            match before.cmp(&level) {
                std::cmp::Ordering::Equal => set(level, column, '─'),
                std::cmp::Ordering::Less => {
                    set(before, column, '╮');
                    set(level, column, '╰');
                }
                std::cmp::Ordering::Greater => {
                    set(before, column, '╯');
                    set(level, column, '╭');
                }
            }
            for row in before.min(level) + 1..before.max(level) {
                set(row, column, '│');
            }
        }
        let mut out = String::new();
        for (at, (label, row)) in labels.iter().zip(rows).enumerate() {
            let axis = if levels.first() == Some(&at) {
                '┼'
            } else {
                '┤'
            };
            let line: String = row.into_iter().collect();
            out.push_str(format!(" {label:>margin$} {axis}{line}").trim_end());
            out.push('\n');
        }
        let space = margin + width.saturating_sub(self.caption.chars().count()) / 2;
        out.push_str(&format!("{}{}", " ".repeat(space), self.caption));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_up_and_down() {
        let mut graph = Graph::new("msgs");
        for value in [0.0, 0.0, 2000.0, 1000.0] {
            graph.push(value);
        }
        let expected = " 2,000.00 ┤  ╭╮\n 1,000.00 ┤  │╰\n     0.00 ┼──╯\n            msgs";
        assert_eq!(graph.render(13, 2), expected);
    }

    #[test]
    fn without_values_all_is_zero() {
        let expected = " 0.00 ┤\n 0.00 ┼───\n      x";
        assert_eq!(
            Graph::new("x").render(8, 1),
            expected.replace("      x", "       x")
        );
    }

    #[test]
    fn only_what_fits_is_drawn() {
        let mut graph = Graph::new("x");
        for value in 0..3_000 {
            graph.push(f64::from(value % 7));
        }
        assert!(
            graph
                .render(40, 5)
                .lines()
                .all(|line| line.chars().count() <= 42)
        );
    }
}
