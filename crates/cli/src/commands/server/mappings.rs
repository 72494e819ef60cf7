//! `nats server mappings` (cli.md 7.7).

use midge_subject::Transform;

use crate::fail;
use crate::failure::Result;
use crate::session::Session;

/// Tries out a mapping of subjects.
pub fn mappings(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let source = asked(session, "source", "Source subject pattern")?;
    let destination = asked(session, "dest", "Destination subject pattern")?;
    let transform =
        Transform::new(&source, &destination).map_err(|error| match error.to_string() {
            said if said.starts_with("invalid mapping destination") => fail!("{said}"),
            other => fail!("invalid mapping destination: {other}"),
        })?;
    if let Some(subject) = matches.arg("subject").filter(|subject| !subject.is_empty()) {
        show(&transform, subject);
        return Ok(());
    }
    println!("Enter subjects to test, empty subject terminates.\n");
    println!("NOTE: This only tests mappings, it does not add them to the server\n");
    loop {
        let subject = session.prompt().text(
            "Subject",
            "",
            "What becomes of this subject is shown; empty to end",
        )?;
        if subject.is_empty() {
            return Ok(());
        }
        show(&transform, &subject);
    }
}

fn asked(session: &Session, name: &str, question: &str) -> Result<String> {
    match session.matches.arg(name) {
        None | Some("") => session.prompt().needed_text(question, "", ""),
        Some(given) => Ok(given.to_owned()),
    }
}

fn show(transform: &Transform, subject: &str) {
    let mut out = Vec::new();
    if transform.apply(subject.as_bytes(), &mut out, |below| {
        fastrand::u32(..below.max(1))
    }) {
        println!("{}\n", String::from_utf8_lossy(&out));
    } else {
        println!("Error: no matching transforms available\n\n");
    }
}
