//! Line graphs in a terminal.

use std::collections::VecDeque;

use crate::format::float;

/// Points that are kept: more than the columns of any terminal.
const MAX_POINTS: usize = 1_000;

/// The latest values of something.
#[derive(Clone, Debug)]
pub struct Graph {
    caption: String,
    points: VecDeque<f64>,
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

    /// The graph in so many columns, with `height` rows between the lowest and
    /// the highest value, and its caption below.
    pub fn render(&self, columns: usize, height: usize) -> String {
        let height = height.max(1);
        let low = self.points.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self
            .points
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        if !low.is_finite() {
            return format!("{}\n{}", "\n".repeat(height), self.caption);
        }
        let span = if high > low { high - low } else { 1.0 };
        let labels: Vec<String> = (0..=height)
            .map(|row| float(low + span * (height - row) as f64 / height as f64))
            .collect();
        let margin = labels
            .iter()
            .map(|label| label.chars().count())
            .max()
            .unwrap_or(0);
        let width = columns.saturating_sub(margin + 3).max(1);
        let skipped = self.points.len().saturating_sub(width);
        let levels: Vec<usize> = self
            .points
            .iter()
            .skip(skipped)
            .map(|value| height - ((value - low) / span * height as f64).round() as usize)
            .collect();
        let mut rows = vec![vec![' '; levels.len()]; height + 1];
        let mut set = |row: usize, column: usize, sign: char| {
            if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(column)) {
                *cell = sign;
            }
        };
        for (column, level) in levels.iter().copied().enumerate() {
            let before = column
                .checked_sub(1)
                .and_then(|at| levels.get(at))
                .copied()
                .unwrap_or(level);
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
        for (label, row) in labels.iter().zip(rows) {
            let line: String = row.into_iter().collect();
            out.push_str(format!(" {label:>margin$} ┤{line}").trim_end());
            out.push('\n');
        }
        let space = columns.saturating_sub(self.caption.chars().count()) / 2;
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
        for value in [0.0, 0.0, 2.0, 1.0] {
            graph.push(value);
        }
        let expected = " 2 ┤  ╭╮\n 1 ┤  │╰\n 0 ┤──╯\n   msgs";
        assert_eq!(graph.render(10, 2), expected);
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
                .all(|line| line.chars().count() <= 40)
        );
        assert!(Graph::new("x").render(40, 5).ends_with('x'));
    }
}
