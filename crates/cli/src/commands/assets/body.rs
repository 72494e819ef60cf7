//! Headers and bodies of stored messages.

use std::io::{Write, stdout};

use crate::client::Headers;
use crate::failure::Result;
use crate::messages::{body_text, translate};

/// Prints headers, each behind two blanks, and an empty line; nothing without
/// headers.
pub fn print_headers(headers: &Headers) {
    if headers.is_empty() {
        return;
    }
    for (key, value) in &headers.entries {
        println!("  {key}: {value}");
    }
    println!();
}

/// Prints a body, or what a command makes of it.
pub fn print_body(command: Option<&str>, body: &[u8], subject: &str, stream: &str) -> Result<()> {
    let text = match command.map(|command| translate(command, body, subject, stream)) {
        None => body_text(body),
        Some(Ok(translated)) => body_text(&translated),
        Some(Err((_, failure))) => {
            let shown = String::from_utf8_lossy(body);
            println!("{shown:?}\n\nError while translating msg body: {failure}\n");
            return Ok(());
        }
    };
    let mut out = stdout().lock();
    out.write_all(&text)?;
    out.flush()?;
    Ok(())
}
