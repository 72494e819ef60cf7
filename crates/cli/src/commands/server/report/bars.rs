//! `nats server report cpu` and `mem`.

use super::filter::{arrange, ask, limit};
use super::repeat::repeated;
use crate::failure::Result;
use crate::format::{float, human_size_float};
use crate::output::Json;
use crate::session::Session;

/// Longest bar.
const WIDTH: f64 = 30.0;

/// Reports about CPU use.
pub fn cpu(session: &mut Session) -> Result<()> {
    repeated(session, |session| bars(session, "CPU Usage", "cpu", float))
}

/// Reports about memory.
pub fn memory(session: &mut Session) -> Result<()> {
    repeated(session, |session| {
        bars(session, "Memory Usage", "mem", human_size_float)
    })
}

fn bars(
    session: &mut Session,
    caption: &str,
    key: &str,
    text: impl Fn(f64) -> String,
) -> Result<()> {
    let answers = ask(session, "", &Json::Null)?;
    let mut rows: Vec<(String, f64)> = answers
        .iter()
        .map(|answer| {
            (
                answer.json.text("server.name").to_owned(),
                answer.json.float(&format!("statsz.{key}")),
            )
        })
        .collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    let most = limit(session)?;
    arrange(session, &mut rows, most);
    if session.matches.on("json") {
        rows.iter()
            .fold(Json::object(), |json, (name, value)| {
                json.with(
                    name,
                    if value.fract() == 0.0 {
                        Json::Int(*value as i128)
                    } else {
                        Json::Float(*value)
                    },
                )
            })
            .print();
        return Ok(());
    }
    println!("{caption}\n");
    print!("{}", draw(&rows, text));
    println!();
    Ok(())
}

fn draw(rows: &[(String, f64)], text: impl Fn(f64) -> String) -> String {
    let longest = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let most = rows.iter().map(|row| row.1).fold(0.0, f64::max);
    let mut out = String::new();
    for (name, value) in rows {
        let width = if most > 0.0 {
            (value / most * WIDTH).round() as usize
        } else {
            0
        };
        out.push_str(&format!(
            "  {name:>longest$}: {} ({})\n",
            "█".repeat(width),
            text(*value)
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_has_its_width() {
        let rows = vec![("a".to_owned(), 1.0), ("long".to_owned(), 2.0)];
        let text = draw(&rows, float);
        assert_eq!(
            text,
            format!(
                "     a: {} (1)\n  long: {} (2)\n",
                "█".repeat(15),
                "█".repeat(30)
            )
        );
        assert_eq!(draw(&[("a".to_owned(), 0.0)], float), "  a:  (0)\n");
    }
}
