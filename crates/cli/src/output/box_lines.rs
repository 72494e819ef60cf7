//! The lines around tables, and the title above them.

use comfy_table::{ContentLineStyle, LineStyle, TableStyle};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::{Scheme, colours};

/// The characters that tables are drawn with.
pub struct Lines {
    horizontal: char,
    vertical: char,
    /// Top left, top right, bottom left, bottom right.
    corners: [char; 4],
    /// Left, right, down, up, all.
    joints: [char; 5],
}

impl Lines {
    /// The lines of a style.
    pub fn of(scheme: Scheme) -> Self {
        if scheme.double {
            Self {
                horizontal: '═',
                vertical: '║',
                corners: ['╔', '╗', '╚', '╝'],
                joints: ['╠', '╣', '╦', '╩', '╬'],
            }
        } else {
            Self {
                horizontal: '─',
                vertical: '│',
                corners: ['╭', '╮', '╰', '╯'],
                joints: ['├', '┤', '┬', '┴', '┼'],
            }
        }
    }

    /// The box below a title row, or one without a title.
    pub fn style(&self, titled: bool) -> TableStyle {
        let [top_left, top_right, bottom_left, bottom_right] = self.corners;
        let [left, right, down, up, cross] = self.joints;
        let (first, last) = if titled {
            (left, right)
        } else {
            (top_left, top_right)
        };
        let content = ContentLineStyle::new(self.vertical, self.vertical, self.vertical);
        TableStyle::new()
            .top_border(LineStyle::new(first, self.horizontal, down, last))
            .header_lines(content)
            .header_separator(LineStyle::new(left, self.horizontal, cross, right))
            .content_lines(content)
            .bottom_border(LineStyle::new(
                bottom_left,
                self.horizontal,
                up,
                bottom_right,
            ))
    }

    /// The rows of a title above a box of this width: as many as the title
    /// takes, each in the middle.
    pub fn title(&self, title: &str, width: usize) -> Vec<String> {
        let [left, right, ..] = self.corners;
        let rule: String = std::iter::repeat_n(self.horizontal, width.saturating_sub(2)).collect();
        let mut out = vec![format!("{left}{rule}{right}")];
        let bar = self.vertical;
        // A bar and a blank on either side.
        let most = width.saturating_sub(4);
        for line in wrapped(title, most) {
            let space = most.saturating_sub(line.width());
            let before = space.div_ceil(2);
            let (before, after) = (" ".repeat(before), " ".repeat(space - before));
            out.push(format!("{bar} {before}{line}{after} {bar}"));
        }
        out
    }

    /// A rule between rows, from the line at the bottom.
    pub fn middle(&self, bottom: &str) -> String {
        let [_, _, bottom_left, bottom_right] = self.corners;
        let [left, right, _, up, cross] = self.joints;
        bottom
            .chars()
            .map(|letter| match letter {
                letter if letter == bottom_left => left,
                letter if letter == bottom_right => right,
                letter if letter == up => cross,
                other => other,
            })
            .collect()
    }

    /// The line with its border in the colour of the style.
    pub fn paint(&self, line: &str, scheme: Scheme) -> String {
        let Some(color) = scheme.color.filter(|_| colours()) else {
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

/// The text in lines of at most this width, words broken where a line is full.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    if most == 0 {
        return vec![String::new()];
    }
    let mut out = Vec::new();
    for paragraph in text.lines() {
        if paragraph.width() <= most {
            out.push(paragraph.trim().to_owned());
            continue;
        }
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        let mut line = String::new();
        let mut width = 0;
        for letter in words.join(" ").chars() {
            let next = letter.width().unwrap_or(0);
            if width + next > most && width > 0 {
                out.push(line.trim().to_owned());
                line.clear();
                width = 0;
            }
            if letter != ' ' || width > 0 {
                width += next;
                line.push(letter);
            }
        }
        out.push(line.trim().to_owned());
    }
    out
}
