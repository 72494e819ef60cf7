//! Questions to somebody at a terminal (cli.md 1.8).

use std::cell::RefCell;

use inquire::ui::{Color, RenderConfig, Styled};
use inquire::validator::{MinLengthValidator, ValueRequiredValidator};
use inquire::{Confirm, InquireError, Password, Select, Text};

use crate::failure::{Failure, Result};
use crate::output::{style, terminal};

/// Rows of the terminal that a list of choices leaves free.
const FREE_ROWS: usize = 4;
/// Rows of a list of choices when the terminal does not say how many it has.
const DEFAULT_ROWS: usize = 20;

/// Before what is wrong with an answer.
const SORRY: &str = "X Sorry, your reply was invalid: ";

/// Asks questions in the name of a context.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// Name of the context that is in use; empty if none is.
    pub context: String,
}

fn ended(error: InquireError) -> Failure {
    match error {
        InquireError::OperationCanceled | InquireError::OperationInterrupted => "interrupt".into(),
        InquireError::NotTTY => "cannot prompt for user input without a terminal".into(),
        other => other.to_string().into(),
    }
}

/// What an answer to a question that has only two says.
fn yes_or_no(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "n" | "no" => Some(false),
        _ => None,
    }
}

impl Prompt {
    fn mark(&self) -> String {
        if self.context.is_empty() {
            "?".to_owned()
        } else {
            format!("[{}] ?", self.context)
        }
    }

    fn look<'a>(&self, mark: &'a str) -> RenderConfig<'a> {
        if !style::colours() {
            return RenderConfig::empty().with_prompt_prefix(Styled::new(mark));
        }
        let color = match style::scheme().color {
            Some(style::Color::Red | style::Color::BrightRed) => Color::LightRed,
            Some(style::Color::Yellow) => Color::LightYellow,
            Some(style::Color::Blue) => Color::LightBlue,
            Some(style::Color::Magenta) => Color::LightMagenta,
            Some(style::Color::Cyan) => Color::LightCyan,
            Some(style::Color::Green) | None => Color::LightGreen,
        };
        RenderConfig::default_colored()
            .with_prompt_prefix(Styled::new(mark).with_fg(color))
            .with_answered_prompt_prefix(Styled::new(mark).with_fg(color))
    }

    /// Yes or no.
    pub fn confirm(&self, question: &str, default: bool) -> Result<bool> {
        if !terminal::is_interactive() {
            return Err("cannot ask for confirmation without a terminal".into());
        }
        let mark = self.mark();
        // What is no answer is taken for one, so that it does not stay in the
        // line of the next.
        let wrong = RefCell::new(None);
        let parse = |text: &str| {
            let answer = yes_or_no(text);
            *wrong.borrow_mut() = answer.is_none().then(|| text.trim().to_owned());
            Ok(answer.unwrap_or(default))
        };
        let show = |answer: bool| match (&*wrong.borrow(), answer) {
            (Some(text), _) => text.clone(),
            (None, true) => "Yes".to_owned(),
            (None, false) => "No".to_owned(),
        };
        loop {
            let answer = Confirm::new(question)
                .with_default(default)
                .with_parser(&parse)
                .with_formatter(&show)
                .with_render_config(self.look(&mark))
                .prompt()
                .map_err(ended)?;
            match wrong.take() {
                None => return Ok(answer),
                Some(text) => eprintln!("{SORRY}{text:?} is not a valid answer, please try again."),
            }
        }
    }

    /// [`Prompt::confirm`] with the prefix that commands give its error.
    pub fn confirm_action(&self, question: &str) -> Result<bool> {
        self.confirm(question, false)
            .map_err(|failure| failure.context("could not obtain confirmation"))
    }

    /// A line of text, which may be empty.
    pub fn text(&self, question: &str, default: &str, help: &str) -> Result<String> {
        self.line(question, default, help, false)
    }

    /// A line of text that is not empty.
    pub fn needed_text(&self, question: &str, default: &str, help: &str) -> Result<String> {
        self.line(question, default, help, true)
    }

    fn line(&self, question: &str, default: &str, help: &str, needed: bool) -> Result<String> {
        if !terminal::is_interactive() {
            return Err("cannot prompt for user input without a terminal".into());
        }
        let mark = self.mark();
        let mut prompt = Text::new(question).with_render_config(self.look(&mark));
        if needed {
            prompt = prompt.with_validator(ValueRequiredValidator::default());
        }
        if !default.is_empty() {
            prompt = prompt.with_default(default);
        }
        if !help.is_empty() {
            prompt = prompt.with_help_message(help);
        }
        prompt.prompt().map_err(ended)
    }

    /// One of several; gives its number.
    pub fn select(&self, question: &str, choices: &[String], start: usize) -> Result<usize> {
        if !terminal::is_interactive() {
            return Err("cannot prompt for user input without a terminal".into());
        }
        let mark = self.mark();
        let rows =
            terminal::size().map_or(DEFAULT_ROWS, |(_, rows)| rows.saturating_sub(FREE_ROWS));
        Select::new(question, choices.to_vec())
            .with_starting_cursor(start.min(choices.len().saturating_sub(1)))
            .with_page_size(rows.max(1))
            .with_render_config(self.look(&mark))
            .raw_prompt()
            .map(|chosen| chosen.index)
            .map_err(ended)
    }

    /// A text that is not shown.
    pub fn password(&self, question: &str) -> Result<String> {
        self.long_password(question, 0)
    }

    /// A text of at least so many characters that is not shown.
    pub fn long_password(&self, question: &str, least: usize) -> Result<String> {
        if !terminal::is_interactive() {
            return Err("cannot prompt for user input without a terminal".into());
        }
        let mark = self.mark();
        Password::new(question)
            .without_confirmation()
            .with_validator(MinLengthValidator::new(least))
            .with_render_config(self.look(&mark))
            .prompt()
            .map_err(ended)
    }
}
