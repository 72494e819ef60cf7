//! `nats kv history` and `revert`.

use super::values::printable;
use super::{Bucket, Entry};
use crate::bail;
use crate::failure::Result;
use crate::format::{commas, local_time_of, parse_uint};
use crate::jetstream::Start;
use crate::output::Table;
use crate::session::Session;

/// Letters of a value in the table; longer ones lose their middle.
const WHOLE: usize = 40;
/// Letters kept at each end of a longer one.
const END: usize = 15;

/// Shows the history of a key.
pub fn history(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let key = session.matches.required_arg("key").to_owned();
    show(&Bucket::open(session.jetstream()?, &name)?, &key)
}

fn entries(bucket: &Bucket, key: &str) -> Result<Vec<Entry>> {
    let entries = bucket.entries(key, Start::All, false)?;
    if entries.is_empty() {
        bail!("nats: key not found");
    }
    Ok(entries)
}

fn show(bucket: &Bucket, key: &str) -> Result<()> {
    let entries = entries(bucket, key)?;
    let mut table = Table::new(
        format!("History for {} > {key}", bucket.name),
        &["Key", "Revision", "Op", "Created", "Length", "Value"],
    );
    for entry in entries {
        let created = jiff::Timestamp::from_nanosecond(entry.nanos.into()).map(local_time_of);
        table.row(vec![
            entry.key.as_str().into(),
            entry.revision.into(),
            entry.operation.text().into(),
            created.unwrap_or_default().into(),
            commas(entry.value.len() as u64).into(),
            shortened(&printable(&entry.value)).into(),
        ]);
    }
    table.print();
    Ok(())
}

fn shortened(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= WHOLE {
        return text.to_owned();
    }
    let start: String = letters.iter().take(END).collect();
    let end: String = letters.iter().skip(letters.len() - END).collect();
    format!("{start}...{end}")
}

/// Puts an old value again.
pub fn revert(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("bucket").to_owned();
    let key = session.matches.required_arg("key").to_owned();
    let revision = parse_uint(session.matches.required_arg("revision"))?;
    let bucket = Bucket::open(session.jetstream()?, &name)?;
    let latest = match entries(&bucket, &key)?.as_slice() {
        [] | [_] => bail!("cannot revert key in a bucket where history=1"),
        [.., latest] => latest.revision,
    };
    let old = bucket.get(&key, Some(revision).filter(|revision| *revision > 0))?;
    if !session.matches.on("force") {
        print!(
            "Revision: {}\n\n{}\n\n",
            old.revision,
            shortened(&printable(&old.value))
        );
        let question = format!("Really revert to revision {revision}");
        if !session.prompt().confirm_action(&question)? {
            return Ok(());
        }
    }
    bucket.update(&key, &old.value, latest)?;
    show(&bucket, &key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_lose_their_middle() {
        assert_eq!(shortened("short"), "short");
        let text = format!("{}{}", "a".repeat(30), "b".repeat(30));
        assert_eq!(
            shortened(&text),
            format!("{}...{}", "a".repeat(15), "b".repeat(15))
        );
    }
}
