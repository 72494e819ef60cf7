//! Questions of a wizard, or their default answers.

use crate::bail;
use crate::failure::Result;
use crate::output::terminal;
use crate::prompt::Prompt;

/// Asks what was not given, unless the defaults are to be taken.
#[derive(Clone, Debug)]
pub struct Questions {
    prompt: Prompt,
    defaults: bool,
}

impl Questions {
    /// Questions in the name of `prompt`; with `defaults` none at all.
    pub fn new(prompt: Prompt, defaults: bool) -> Self {
        Self { prompt, defaults }
    }

    /// Whether the defaults are taken.
    pub fn are_defaulted(&self) -> bool {
        self.defaults
    }

    /// A line of text that has no default, so that it is always asked for.
    pub fn needed(&self, question: &str, help: &str) -> Result<String> {
        loop {
            let text = self
                .prompt
                .text(question, "", help)
                .map_err(|failure| failure.context("invalid input"))?;
            if !text.trim().is_empty() {
                return Ok(text.trim().to_owned());
            }
            println!("A value is required");
        }
    }

    /// A line of text.
    pub fn text(&self, question: &str, default: &str, help: &str) -> Result<String> {
        if self.defaults {
            return Ok(default.to_owned());
        }
        self.prompt
            .text(question, default, help)
            .map_err(|failure| failure.context("invalid input"))
    }

    /// A line of text that `read` understands; asked again until it does.
    pub fn value<T>(
        &self,
        question: &str,
        default: &str,
        help: &str,
        read: impl Fn(&str) -> Result<T>,
    ) -> Result<T> {
        loop {
            let text = self.text(question, default, help)?;
            match read(text.trim()) {
                Err(failure) if !self.defaults => println!("{failure}"),
                result => return result,
            }
        }
    }

    /// A number or a size that `read` understands, as [`Questions::value`].
    pub fn amount<T>(
        &self,
        question: &str,
        default: &str,
        help: &str,
        read: impl Fn(&str) -> Result<T>,
    ) -> Result<T> {
        if !self.defaults && !terminal::is_interactive() {
            bail!("invalid input: cannot ask for confirmation without a terminal");
        }
        self.value(question, default, help, read)
    }

    /// Yes or no.
    pub fn confirm(&self, question: &str, default: bool) -> Result<bool> {
        if self.defaults {
            return Ok(default);
        }
        self.prompt
            .confirm(question, default)
            .map_err(|failure| failure.context("invalid input"))
    }

    /// One of some words, which `choices` names with what is shown for each;
    /// the default is the one at `start`.
    pub fn choice(&self, question: &str, choices: &[(&str, &str)], start: usize) -> Result<String> {
        let word = |at: usize| {
            choices
                .get(at)
                .map(|(word, _)| (*word).to_owned())
                .unwrap_or_default()
        };
        if self.defaults {
            return Ok(word(start));
        }
        let shown: Vec<String> = choices.iter().map(|(_, text)| (*text).to_owned()).collect();
        let at = self
            .prompt
            .select(question, &shown, start)
            .map_err(|failure| failure.context("invalid input"))?;
        Ok(word(at))
    }
}
