//! What is known about the terminal.

use std::io::{IsTerminal, stdin, stdout};

/// Width of help texts and of lists when there is no terminal.
const DEFAULT_WIDTH: usize = 80;

/// Whether standard input and output are both terminals, so that somebody can
/// be asked.
pub fn is_interactive() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}

/// Columns and rows of the terminal at standard output.
pub fn size() -> Option<(usize, usize)> {
    if !stdout().is_terminal() {
        return None;
    }
    crossterm::terminal::size()
        .ok()
        .map(|(columns, rows)| (usize::from(columns), usize::from(rows)))
        .filter(|(columns, rows)| *columns > 0 && *rows > 0)
}

/// Columns of the terminal, 80 without one.
pub fn width() -> usize {
    size().map_or(DEFAULT_WIDTH, |(columns, _)| columns)
}

/// Columns and rows, or the error of commands that cannot do without.
pub fn required_size() -> crate::failure::Result<(usize, usize)> {
    match size() {
        Some(size) if is_interactive() => Ok(size),
        _ => Err("can only graph data on an interactive terminal".into()),
    }
}

/// Clears the screen and puts the cursor to its top.
pub fn clear_screen() {
    print!("\x1b[2J\x1b[H");
}
