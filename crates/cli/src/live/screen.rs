//! Drawing a view until somebody leaves.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
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
    on_interrupt(|_| {
        full_screen::leave();
        0
    })?;
    let mut screen = full_screen::enter()?;
    let outcome = keyboard().and_then(|sizes| watch(&mut screen, view, interval, &sizes));
    full_screen::leave();
    outcome
}

/// Ends the program when somebody leaves: also while the view waits for an
/// answer. What it gives tells when the terminal has another size.
fn keyboard() -> Result<Receiver<()>> {
    // One is enough: what counts is the size when the picture is drawn.
    let (sender, sizes) = sync_channel(1);
    thread::Builder::new()
        .name("keyboard".to_owned())
        .spawn(move || {
            loop {
                match event::read() {
                    Ok(Event::Key(key)) if leaves(key) => {
                        full_screen::leave();
                        std::process::exit(0);
                    }
                    Ok(Event::Resize(..)) => {
                        // It is full if there is something to be drawn already.
                        let _ = sender.try_send(());
                    }
                    Ok(_) => {}
                    // Without a keyboard nobody could leave: the view ends.
                    Err(_) => return,
                }
            }
        })?;
    Ok(sizes)
}

fn watch(
    screen: &mut DefaultTerminal,
    view: &mut impl View,
    interval: Duration,
    sizes: &Receiver<()>,
) -> Result<()> {
    let mut problem = None;
    let mut next = Instant::now() + interval;
    loop {
        full_screen::draw(screen, |frame| draw(frame, view, problem.as_deref()))?;
        match sizes.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(()) => continue,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => bail!("the terminal cannot be read any more"),
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
