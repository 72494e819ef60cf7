//! `nats cheat` (cli.md 10.7).

pub mod model;

use std::path::Path;

use crate::context::{make_private, write_whole};
use crate::failure::Result;
use crate::session::Session;

/// Sheets by label, sorted.
pub const SHEETS: &[(&str, &str)] = &[
    ("account", include_str!("sheets/account.txt")),
    ("auth", include_str!("sheets/auth.txt")),
    ("bench", include_str!("sheets/bench.txt")),
    ("consumer", include_str!("sheets/consumer.txt")),
    ("context", include_str!("sheets/context.txt")),
    ("errors", include_str!("sheets/errors.txt")),
    ("events", include_str!("sheets/events.txt")),
    ("kv", include_str!("sheets/kv.txt")),
    ("latency", include_str!("sheets/latency.txt")),
    ("object", include_str!("sheets/object.txt")),
    ("publish", include_str!("sheets/publish.txt")),
    ("reply", include_str!("sheets/reply.txt")),
    ("schemas", include_str!("sheets/schemas.txt")),
    ("server", include_str!("sheets/server.txt")),
    ("stream", include_str!("sheets/stream.txt")),
    ("subscribe", include_str!("sheets/subscribe.txt")),
];

/// Shows examples, or writes them to files.
pub fn cheat(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    if let Some(directory) = matches.filled("save") {
        let directory = Path::new(directory);
        make_private(directory)?;
        for (label, text) in SHEETS {
            let path = directory.join(label);
            let content = format!("---\ntags: [nats]\n---\n\n{text}");
            write_whole(&path, content.as_bytes(), 0o644)?;
            println!("Saved cheat to {}", path.display());
        }
        return Ok(());
    }
    let label = matches.arg("label").unwrap_or_default();
    let found = SHEETS
        .iter()
        .find(|(known, _)| *known == label && !matches.on("list"));
    match found {
        Some((_, text)) => print!("{text}"),
        None => {
            println!("Available Cheats:\n");
            for (label, _) in SHEETS {
                println!("    {label}");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model, parse, words};

    /// Values of words in braces that stand for something of the reader's.
    fn filled(line: &str) -> String {
        line.replace("{DURATION}", "1m")
    }

    #[test]
    fn every_example_is_a_command_line_that_is_understood() {
        for (label, text) in SHEETS {
            let mut examples = 0;
            for line in text
                .lines()
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
            {
                for call in filled(line)
                    .split(" | ")
                    .filter(|call| call.trim().starts_with("nats "))
                {
                    let words = words::split(call).unwrap();
                    let parsed = parse::parse(model::commands(), &words[1..], &|_| None);
                    let problem = parsed.err().map(|problem| problem.failure.to_string());
                    let missing = problem
                        .as_ref()
                        .is_some_and(|text| text.contains("does not exist"));
                    assert!(problem.is_none() || missing, "{label}: {call}: {problem:?}");
                    examples += 1;
                }
            }
            assert!(examples > 1, "{label} has no examples");
        }
    }
}
