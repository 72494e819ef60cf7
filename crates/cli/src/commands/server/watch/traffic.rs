//! What servers, accounts and their sums have in common: messages and bytes,
//! and how fast they grow.

use std::time::{Duration, Instant};

use crate::failure::Result;
use crate::format::{commas, human_size_float};
use crate::live::Counter;
use crate::output::Json;
use crate::session::Session;
use crate::system::{Answer, Expect, System};

/// Time that servers have to answer: a look each second should not wait for
/// one that does not.
const PATIENCE: Duration = Duration::from_secs(1);

/// Messages and bytes in one direction: totals and rates per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flow {
    /// Messages.
    pub messages: f64,
    /// Bytes.
    pub bytes: f64,
    /// Messages per second.
    pub message_rate: f64,
    /// Bytes per second.
    pub byte_rate: f64,
}

impl Flow {
    /// As a cell.
    pub fn text(&self) -> String {
        format!(
            "{}/s {}/s",
            commas(self.message_rate.round() as i64),
            human_size_float(self.byte_rate)
        )
    }

    /// Another one added to it.
    pub fn add(&mut self, other: &Flow) {
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.message_rate += other.message_rate;
        self.byte_rate += other.byte_rate;
    }

    /// What is sorted by: the rate first, because this is about now.
    pub fn by_messages(&self) -> (f64, f64) {
        (self.message_rate, self.messages)
    }

    /// As [`Flow::by_messages`].
    pub fn by_bytes(&self) -> (f64, f64) {
        (self.byte_rate, self.bytes)
    }
}

/// Counters of a flow.
#[derive(Clone, Debug, Default)]
pub struct FlowCounter {
    messages: Counter,
    bytes: Counter,
}

impl FlowCounter {
    /// The flow with the totals of a moment.
    pub fn at(&mut self, now: Instant, messages: f64, bytes: f64) -> Flow {
        Flow {
            messages,
            bytes,
            message_rate: self.messages.at(now, messages),
            byte_rate: self.bytes.at(now, bytes),
        }
    }
}

/// Asks all servers, again and again.
pub struct Fleet {
    system: System,
    expect: Expect,
}

impl Fleet {
    /// Over the connection of a run.
    pub fn of(session: &mut Session) -> Result<Self> {
        let system = System::of(session)?;
        let expect = system.servers()?;
        Ok(Self {
            system: system.with_timeout(PATIENCE),
            expect,
        })
    }

    /// What servers say about themselves (STATSZ).
    pub fn statistics(&mut self) -> Result<Vec<Answer>> {
        let answers = self.system.ask("$SYS.REQ.SERVER.PING", None, self.expect)?;
        // Servers come and go.
        let known = answers
            .iter()
            .map(|answer| answer.json.uint("statsz.active_servers"))
            .max();
        if let Some(count) = known.and_then(|count| usize::try_from(count).ok())
            && count > 0
        {
            self.expect = Expect::Count(count);
        }
        Ok(answers)
    }

    /// What servers say about accounts with connections. Servers without any
    /// do not answer.
    pub fn accounts(&self) -> Result<Vec<Answer>> {
        self.system.ask(
            "$SYS.REQ.ACCOUNT.PING.STATZ",
            Some(&Json::object()),
            Expect::Quiet,
        )
    }
}

/// The sum of a column.
pub fn sum<R>(rows: &[R], value: impl Fn(&R) -> i64) -> String {
    commas(rows.iter().map(value).sum::<i64>())
}

/// The sum of flows.
pub fn flows<'a>(flows: impl Iterator<Item = &'a Flow>) -> String {
    let mut total = Flow::default();
    flows.for_each(|flow| total.add(flow));
    total.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_have_rates_and_sums() {
        let start = Instant::now();
        let mut counter = FlowCounter::default();
        counter.at(start, 10.0, 1_000.0);
        let flow = counter.at(start + Duration::from_secs(2), 30.0, 5_096.0);
        assert_eq!(flow.text(), "10/s 2.0 KiB/s");
        assert_eq!(flow.by_messages(), (10.0, 30.0));
        assert_eq!(flow.by_bytes(), (2_048.0, 5_096.0));
        assert_eq!(flows([flow, flow].iter()), "20/s 4.0 KiB/s");
    }
}
