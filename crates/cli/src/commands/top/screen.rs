//! The live view.

use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::DefaultTerminal;
use ratatui::text::{Line, Text};
use ratatui::widgets::Paragraph;

use super::model::SORT;
use super::page::{QUESTION, Settings, page};
use super::poll::{Look, Poll};
use crate::failure::Result;
use crate::output::full_screen;

/// What `?` shows.
const HELP: &str = "
Command          Description

o<option>        Set primary sort key to <option>.

                 Option can be one of: {cid|subs|pending|msgs_to|msgs_from|
                 bytes_to|bytes_from|idle|last}

                 The flag --sort sets it, too.

n<limit>         Set how many connections the server is asked for.

                 The flag -n sets it, too. The server sorts before it
                 cuts: -n 1 --sort subs shows the connection with the
                 most subscriptions.

s                Toggle displaying connection subscriptions.

d                Toggle activating DNS address lookup for clients.

b                Toggle displaying raw bytes.

space            Toggle displaying rates per second in connections.

q                Quit.

Press any key to continue...
";

/// How long it is said that what was typed is wrong.
const COMPLAINT: Duration = Duration::from_secs(1);

/// What the keyboard is used for.
enum Mode {
    Page,
    Help,
    /// A question and what was typed so far.
    Question(Question, String),
    /// What was typed is wrong, until then.
    Complaint(String, Instant),
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Order,
    Limit,
}

impl Question {
    fn text(self, typed: &str, settings: &Settings) -> String {
        let text = match self {
            Question::Order => format!("sort by [{}]:", settings.sort),
            Question::Limit => format!("limit   [{}]:", settings.limit),
        };
        if typed.is_empty() {
            text
        } else {
            format!("{text} {typed}")
        }
    }
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
    let mut look = Look::default();
    let mut looks = 0;
    let mut next = Instant::now();
    draw(terminal, &look, &settings, &mode)?;
    loop {
        let end = match &mode {
            Mode::Complaint(_, end) => (*end).min(next),
            Mode::Page | Mode::Help | Mode::Question(..) => next,
        };
        if event::poll(end.saturating_duration_since(Instant::now()))? {
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    match press(key, mode, &mut settings) {
                        Some(then) => mode = then,
                        None => return Ok(()),
                    }
                }
                _ => {}
            }
        }
        if matches!(&mode, Mode::Complaint(_, end) if Instant::now() >= *end) {
            mode = Mode::Page;
        }
        if Instant::now() >= next {
            look = poll.look(&settings);
            looks += 1;
            next = Instant::now() + interval;
        }
        draw(terminal, &look, &settings, &mode)?;
        if most.is_some_and(|most| looks >= most) {
            return Ok(());
        }
    }
}

/// What a key does; nothing leaves.
fn press(key: KeyEvent, mode: Mode, settings: &mut Settings) -> Option<Mode> {
    if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
        return None;
    }
    match mode {
        Mode::Page | Mode::Help | Mode::Complaint(..) if key.code == KeyCode::Char('q') => None,
        Mode::Help => Some(Mode::Page),
        Mode::Page | Mode::Complaint(..) => match key.code {
            KeyCode::Char('?' | 'h') => Some(Mode::Help),
            KeyCode::Char('o') => Some(Mode::Question(Question::Order, String::new())),
            KeyCode::Char('n') => Some(Mode::Question(Question::Limit, String::new())),
            KeyCode::Char(letter) => {
                let switch = match letter {
                    's' => &mut settings.subscriptions,
                    'd' => &mut settings.lookup,
                    'b' => &mut settings.raw,
                    ' ' => &mut settings.rates,
                    _ => return Some(Mode::Page),
                };
                *switch = !*switch;
                Some(Mode::Page)
            }
            _ => Some(Mode::Page),
        },
        Mode::Question(question, mut typed) => match key.code {
            KeyCode::Enter => Some(answer(question, typed, settings)),
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

fn answer(question: Question, typed: String, settings: &mut Settings) -> Mode {
    match question {
        Question::Order if SORT.contains(&typed.as_str()) => settings.sort = typed,
        Question::Order => return Mode::Complaint(typed, Instant::now() + COMPLAINT),
        Question::Limit => {
            if let Ok(limit) = typed.parse() {
                settings.limit = limit;
            }
        }
    }
    Mode::Page
}

fn draw(
    terminal: &mut DefaultTerminal,
    look: &Look,
    settings: &Settings,
    mode: &Mode,
) -> Result<()> {
    let mut lines: Vec<String> = match mode {
        Mode::Help => HELP.lines().map(str::to_owned).collect(),
        Mode::Page | Mode::Question(..) | Mode::Complaint(..) => {
            page(look, settings).lines().map(str::to_owned).collect()
        }
    };
    if let Some(line) = lines.get_mut(QUESTION) {
        match mode {
            Mode::Page | Mode::Help => {}
            Mode::Question(question, typed) => *line = question.text(typed, settings),
            Mode::Complaint(typed, _) => *line = format!("invalid order: {typed}"),
        }
    }
    let lines: Vec<Line<'_>> = lines.into_iter().map(Line::from).collect();
    full_screen::draw(terminal, |frame| {
        frame.render_widget(Paragraph::new(Text::from(lines)), frame.area());
    })
}
