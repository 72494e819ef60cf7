//! The live view.

use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::DefaultTerminal;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::Paragraph;

use super::page::{Settings, page};
use super::poll::{Look, Poll};
use crate::failure::Result;
use crate::output::full_screen;

/// Keys, as `?` lists them.
const HELP: &[&str] = &[
    "o        sort by another column",
    "n        show so many connections",
    "s        show or hide subscriptions",
    "d        show or hide host names",
    "b        plain or short numbers",
    "q        leave",
    "?        this list; any key goes back",
    "",
    "Sort by: cid, start, subs, pending, msgs_to, msgs_from, bytes_to, bytes_from, last, idle, uptime",
];

/// What the keyboard is used for.
enum Mode {
    Page,
    Help,
    /// A question and what was typed so far.
    Question(&'static str, String),
}

/// Shows the page until somebody leaves.
pub fn run(
    poll: &mut Poll,
    settings: Settings,
    interval: Duration,
    most: Option<u64>,
) -> Result<()> {
    let mut terminal = full_screen::enter()?;
    let outcome = watch(&mut terminal, poll, settings, interval, most);
    full_screen::leave();
    outcome
}

fn watch(
    terminal: &mut DefaultTerminal,
    poll: &mut Poll,
    mut settings: Settings,
    interval: Duration,
    most: Option<u64>,
) -> Result<()> {
    let mut mode = Mode::Page;
    let mut look = poll.look(&settings)?;
    let mut looks = 1;
    let mut next = Instant::now() + interval;
    loop {
        draw(terminal, &look, &settings, &mode)?;
        let left = next.saturating_duration_since(Instant::now());
        if event::poll(left)? {
            let Event::Key(key) = event::read()? else {
                continue;
            };
            if key.kind == KeyEventKind::Release {
                continue;
            }
            match press(key, mode, &mut settings) {
                Some(then) => mode = then,
                None => return Ok(()),
            }
            continue;
        }
        if most.is_some_and(|most| looks >= most) {
            return Ok(());
        }
        look = poll.look(&settings)?;
        looks += 1;
        next = Instant::now() + interval;
    }
}

/// What a key does; nothing leaves.
fn press(key: KeyEvent, mode: Mode, settings: &mut Settings) -> Option<Mode> {
    if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
        return None;
    }
    match mode {
        Mode::Help => Some(Mode::Page),
        Mode::Page => match key.code {
            KeyCode::Char('q') => None,
            KeyCode::Char('?' | 'h') => Some(Mode::Help),
            KeyCode::Char('o') => Some(Mode::Question("Sort by", String::new())),
            KeyCode::Char('n') => Some(Mode::Question("Connections", String::new())),
            KeyCode::Char(letter) => {
                let switch = match letter {
                    's' => &mut settings.subscriptions,
                    'd' => &mut settings.lookup,
                    'b' => &mut settings.raw,
                    _ => return Some(Mode::Page),
                };
                *switch = !*switch;
                Some(Mode::Page)
            }
            _ => Some(Mode::Page),
        },
        Mode::Question(question, mut typed) => match key.code {
            KeyCode::Enter => {
                answer(question, &typed, settings);
                Some(Mode::Page)
            }
            KeyCode::Esc => Some(Mode::Page),
            KeyCode::Backspace => {
                typed.pop();
                Some(Mode::Question(question, typed))
            }
            KeyCode::Char(letter) => {
                typed.push(letter);
                Some(Mode::Question(question, typed))
            }
            _ => Some(Mode::Question(question, typed)),
        },
    }
}

fn answer(question: &str, typed: &str, settings: &mut Settings) {
    const COLUMNS: &[&str] = &[
        "cid",
        "start",
        "subs",
        "pending",
        "msgs_to",
        "msgs_from",
        "bytes_to",
        "bytes_from",
        "last",
        "idle",
        "uptime",
        "stop",
        "reason",
        "rtt",
    ];
    if question == "Sort by" {
        if COLUMNS.contains(&typed) {
            typed.clone_into(&mut settings.sort);
        }
    } else if let Ok(limit) = typed.parse::<usize>() {
        settings.limit = limit.max(1);
    }
}

fn draw(
    terminal: &mut DefaultTerminal,
    look: &Look,
    settings: &Settings,
    mode: &Mode,
) -> Result<()> {
    let mut lines: Vec<Line<'_>> = match mode {
        Mode::Help => HELP.iter().map(|line| Line::from(*line)).collect(),
        Mode::Page | Mode::Question(..) => {
            page(look, settings).into_iter().map(Line::from).collect()
        }
    };
    if let Mode::Question(question, typed) = mode {
        lines.insert(0, Line::from(format!("{question}: {typed}_")));
    } else if let (Mode::Page, Some(heading)) = (mode, lines.get_mut(8)) {
        *heading = std::mem::take(heading).style(Style::new().add_modifier(Modifier::REVERSED));
    }
    terminal.draw(|frame| frame.render_widget(Paragraph::new(Text::from(lines)), frame.area()))?;
    Ok(())
}
