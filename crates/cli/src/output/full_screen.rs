//! The terminal while a view fills it.
//!
//! Log lines would destroy the picture. They are kept, and written when the
//! view is left.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use ratatui::DefaultTerminal;

use super::log;
use crate::failure::Result;

/// Log lines that are kept; of more, the last ones.
const MAX_LINES: usize = 100;

/// The lines that are kept, while the terminal is full.
static KEPT: Mutex<Option<VecDeque<String>>> = Mutex::new(None);

/// Takes the whole terminal.
pub fn enter() -> Result<DefaultTerminal> {
    let terminal = ratatui::try_init()?;
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(VecDeque::new());
    Ok(terminal)
}

/// Gives the terminal back, if it was taken.
pub fn leave() {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(lines) = kept {
        ratatui::restore();
        for line in lines {
            log::whole_line(&line);
        }
    }
}

/// Keeps a log line while the terminal is full; otherwise gives it back.
pub fn keep(line: String) -> Option<String> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(lines) = kept.as_mut() else {
        return Some(line);
    };
    if lines.len() == MAX_LINES {
        lines.pop_front();
    }
    lines.push_back(line);
    None
}
