//! What the checks of an audit found.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::checks::Outcome;
use super::examples::Examples;
use crate::format::{commas, local_time, parse_rfc3339, rfc3339};
use crate::output::{Columns, Json, style};

/// Type of the JSON form.
const TYPE: &str = "io.nats.audit.v1.analysis";

/// The end of a check.
struct Ended {
    check: Json,
    outcome: Outcome,
    examples: Examples,
    error: String,
}

/// A report.
pub struct Report {
    time: Timestamp,
    metadata: Json,
    skipped: Vec<String>,
    results: Vec<Ended>,
}

impl Report {
    /// Without results yet.
    pub fn new(time: Timestamp, metadata: Json, mut skipped: Vec<String>) -> Self {
        skipped.sort();
        Self {
            time,
            metadata,
            skipped,
            results: Vec::new(),
        }
    }

    /// Adds the end of a check.
    pub fn add(&mut self, check: Json, outcome: Outcome, examples: Examples, error: String) {
        self.results.push(Ended {
            check,
            outcome,
            examples,
            error,
        });
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.results
            .iter()
            .filter(|result| result.outcome == outcome)
            .count()
    }

    /// It in JSON.
    pub fn to_json(&self) -> Json {
        let results = self.results.iter().map(|result| {
            let mut examples = Json::object();
            if !result.examples.kept.is_empty() {
                examples.set("examples", result.examples.kept.clone());
            }
            if !result.error.is_empty() {
                examples.set("error", result.error.as_str());
            }
            Json::object()
                .with("check", result.check.clone())
                .with("outcome", result.outcome.number())
                .with("outcome_string", result.outcome.word())
                .with("examples", examples)
        });
        let mut outcomes = Json::object();
        for outcome in [Outcome::Fail, Outcome::Pass, Outcome::Skip, Outcome::Warn] {
            outcomes.set(outcome.word(), self.count(outcome));
        }
        Json::object()
            .with("type", TYPE)
            .with("time", rfc3339(self.time))
            .with("metadata", self.metadata.clone())
            .with("skipped_checks", self.skipped.clone())
            .with("skipped_suites", Json::List(Vec::new()))
            .with("checks", Json::List(results.collect()))
            .with("outcomes", outcomes)
    }

    /// Reads the JSON form.
    pub fn read(json: &Json) -> Result<Self, String> {
        if json.text("type") != TYPE {
            return Err(format!("its type is {:?}", json.text("type")));
        }
        let time = parse_rfc3339(json.text("time")).ok_or("its time cannot be read")?;
        let mut report = Self::new(
            time,
            json.at("metadata").clone(),
            json.texts("skipped_checks"),
        );
        for result in json.list("checks") {
            let outcome = usize::try_from(result.int("outcome"))
                .ok()
                .and_then(|number| Outcome::ALL.get(number).copied())
                .ok_or("an outcome in it is not known")?;
            let examples = Examples {
                kept: result.texts("examples.examples"),
                ..Examples::default()
            };
            let error = result.text("examples.error").to_owned();
            report.add(result.at("check").clone(), outcome, examples, error);
        }
        Ok(report)
    }

    /// Prints it for people.
    pub fn print(&self, path: &str, most: usize) {
        println!(
            "NATS Audit Report {path:?} captured at {}\n",
            match self.metadata.text("capture_timestamp") {
                "" => "0001-01-01 00:00:00".to_owned(),
                time => local_time(time),
            }
        );
        for result in &self.results {
            println!(
                "[{}] [{}] {}",
                painted(result.outcome),
                result.check.text("code"),
                result.check.text("description")
            );
            if !result.error.is_empty() {
                println!("Error: {}", result.error);
            }
            if !result.examples.is_empty() {
                println!("{}", limited(&result.examples, most));
            }
        }
        println!();
        let mut c = Columns::new("Report Summary");
        c.section("Archive Information");
        c.row("Connection Server", self.metadata.text("connect_url"));
        c.row(
            "Server Version",
            self.metadata.text("connected_server_version"),
        );
        c.row("Creator", self.metadata.text("version"));
        c.row("User", self.metadata.text("user_name"));
        c.section("Summary of Checks");
        let mut counts: Vec<(usize, &str)> = Outcome::ALL
            .iter()
            .map(|outcome| (self.count(*outcome), outcome.word()))
            .collect();
        counts.sort();
        for (count, word) in counts {
            c.row(word, commas(count as i64));
        }
        c.print();
    }

    /// It in Markdown.
    pub fn markdown(&self, most: usize) -> String {
        let day = |time: Timestamp| {
            time.to_zoned_datetime(TimeZone::system())
                .strftime("%d %b %y %H:%M %z")
                .to_string()
        };
        let captured = parse_rfc3339(self.metadata.text("capture_timestamp"));
        let mut out = format!(
            "# NATS Audit Report produced {}\n\n## Connection Details\n\n\
             Report generated using archive from **{}** by **{}** created **{}**\n\n## Report Summary\n\n\
             |Status|Count|\n|------|-----|\n",
            day(self.time),
            self.metadata.text("connect_url"),
            self.metadata.text("user_name"),
            captured.map(day).unwrap_or_default()
        );
        for outcome in [Outcome::Fail, Outcome::Warn, Outcome::Pass, Outcome::Skip] {
            out.push_str(&format!("|{}|{}|\n", outcome.word(), self.count(outcome)));
        }
        out.push_str("\n## Results\n");
        let mut suite = "";
        for result in &self.results {
            if result.check.text("suite") != suite {
                suite = result.check.text("suite");
                out.push_str(&format!("### Check Suite: {suite}\n"));
            }
            out.push_str(&format!(
                "#### {}\n\nOutcome: **{}**\n",
                result.check.text("name"),
                result.outcome.word()
            ));
            let examples = limited(&result.examples, most);
            if !examples.kept.is_empty() {
                out.push_str("\n|#|Example|\n|-|-------|\n");
            }
            for (at, example) in examples.kept.iter().enumerate() {
                out.push_str(&format!("|{}|{}|\n", at + 1, example.replace('|', "\\|")));
            }
            out.push('\n');
        }
        out
    }
}

/// A report that was saved may have more examples than are wanted now.
fn limited(examples: &Examples, most: usize) -> Examples {
    let mut out = Examples::new(most);
    for example in &examples.kept {
        out.add(example.as_str());
    }
    out.more += examples.more;
    out
}

fn painted(outcome: Outcome) -> String {
    let color = match outcome {
        Outcome::Pass => style::Color::Green,
        Outcome::Warn => style::Color::Yellow,
        Outcome::Fail => style::Color::Red,
        Outcome::Skip => return outcome.word().to_owned(),
    };
    if style::colours() {
        color.paint(outcome.word())
    } else {
        outcome.word().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_back() {
        let mut report = Report::new(
            Timestamp::UNIX_EPOCH,
            Json::object().with("user_name", "me"),
            vec!["B".to_owned(), "A".to_owned()],
        );
        let mut examples = Examples::new(1);
        examples.add("a|b");
        examples.add("c");
        let check = Json::object().with("code", "X_001").with("suite", "x");
        report.add(check, Outcome::Warn, examples, String::new());
        report.add(
            Json::object().with("code", "X_002"),
            Outcome::Skip,
            Examples::new(1),
            "why".to_owned(),
        );
        let json = report.to_json();
        let read = Report::read(&json).unwrap();
        assert_eq!(read.to_json(), json);
        assert_eq!(json.int("outcomes.WARN"), 1);
        assert_eq!(json.text("checks"), "");
        assert!(report.markdown(5).contains("|1|a\\|b|\n"));
        assert!(Report::read(&Json::object()).is_err());
    }
}
