//! Drawing a view until somebody leaves.

use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::{DefaultTerminal, Frame};

use crate::bail;
use crate::failure::Result;
use crate::interrupt::on_interrupt;
use crate::output::{full_screen, terminal};

/// Smallest terminal that views can be read on.
const MIN_COLUMNS: usize = 20;
const MIN_ROWS: usize = 10;

/// Something that fills the terminal.
pub trait View {
    /// Brings it up to date.
    ///
    /// # Errors
    /// What the last line of the screen will say; the first time, what ends
    /// the command.
    fn update(&mut self) -> Result<()>;

    /// Draws it.
    fn draw(&self, frame: &mut Frame<'_>, area: Rect);
}

/// Shows a view until `q` or Ctrl-C.
pub fn show(view: &mut impl View, interval: Duration) -> Result<()> {
    let Some((columns, rows)) = terminal::size().filter(|_| terminal::is_interactive()) else {
        bail!("could not determine screen dimensions: this needs an interactive terminal");
    };
    if columns < MIN_COLUMNS || rows < MIN_ROWS {
        bail!("please increase terminal dimensions");
    }
    // What goes wrong now would go wrong again: the screen is left as it is.
    view.update()?;
    on_interrupt(|| {
        full_screen::leave();
        0
    })?;
    let mut screen = full_screen::enter()?;
    let outcome = watch(&mut screen, view, interval);
    full_screen::leave();
    outcome
}

fn watch(screen: &mut DefaultTerminal, view: &mut impl View, interval: Duration) -> Result<()> {
    let mut problem = None;
    let mut next = Instant::now() + interval;
    loop {
        screen.draw(|frame| draw(frame, view, problem.as_deref()))?;
        if event::poll(next.saturating_duration_since(Instant::now()))? {
            // A new size is drawn at once.
            if let Event::Key(key) = event::read()?
                && leaves(key)
            {
                return Ok(());
            }
            continue;
        }
        next = Instant::now() + interval;
        problem = view.update().err().map(|failure| failure.to_string());
    }
}

fn leaves(key: KeyEvent) -> bool {
    let control_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind != KeyEventKind::Release && (control_c || key.code == KeyCode::Char('q'))
}

fn draw(frame: &mut Frame<'_>, view: &impl View, problem: Option<&str>) {
    let [main, last] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]).areas(frame.area());
    view.draw(frame, main);
    let line = match problem {
        Some(text) => Line::from(text).style(Style::new().add_modifier(Modifier::REVERSED)),
        None => Line::from("q: leave").style(Style::new().add_modifier(Modifier::DIM)),
    };
    frame.render_widget(line, last);
}
