//! Acknowledgements (jetstream-consumers.md 9).

use midge_store::{Nanos, PendingAck, Seq, SeqPair};
use serde_json::Value;

use super::{Consumer, Pull};
use crate::advisory::Delivered;
use crate::config::{AckPolicy, Retention};
use crate::context::Context;
use crate::effects::{Event, Kind, When};
use crate::header::decimal;
use crate::stream::Core;
use crate::text::parse_duration;

/// An acknowledgement as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Ack<'a> {
    /// The subject it was published to.
    pub subject: &'a [u8],
    /// Where its confirmation goes, or empty.
    pub reply: &'a [u8],
    /// Its payload; headers do not matter.
    pub payload: &'a [u8],
}

/// The numbers of an acknowledgement subject that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckReference {
    /// Number of deliveries.
    pub deliveries: u64,
    /// Stream sequence.
    pub stream_seq: Seq,
    /// Consumer sequence of the delivery.
    pub consumer_seq: u64,
}

impl AckReference {
    /// Reads the numbers of a subject of either form: 9 tokens, or 11 and
    /// more.
    pub fn parse(subject: &[u8]) -> Option<Self> {
        let tokens = midge_subject::rules::token_count(subject);
        let skipped = match tokens {
            9 => 4,
            11.. => 6,
            _ => return None,
        };
        let mut tokens = midge_subject::rules::tokens(subject).skip(skipped);
        Self::of_tokens(&mut tokens)
    }

    fn of_tokens<'a>(tokens: &mut impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        Some(Self {
            deliveries: decimal(tokens.next()?)?,
            stream_seq: Seq(decimal(tokens.next()?)?),
            consumer_seq: decimal(tokens.next()?)?,
        })
    }

    fn delivered(self) -> Delivered {
        Delivered {
            deliveries: self.deliveries,
            stream_seq: self.stream_seq.0,
            consumer_seq: self.consumer_seq,
        }
    }
}

/// What a payload asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The message is done.
    Done,
    /// It is to be delivered again; the argument may say when.
    Again(&'a [u8]),
    /// It is being worked on.
    Progress,
    /// It is not to be delivered again, for a reason.
    Terminate(&'a [u8]),
    /// It is done, and the argument is a pull request.
    DoneAndNext(&'a [u8]),
    /// Something else.
    Unknown,
}

impl<'a> Verdict<'a> {
    /// Reads a payload.
    pub fn parse(payload: &'a [u8]) -> Self {
        match payload {
            b"" | b"+ACK" | b"+OK" => Self::Done,
            b"+WPI" => Self::Progress,
            _ => {
                if let Some(rest) = payload.strip_prefix(b"-NAK") {
                    Self::Again(rest.trim_ascii())
                } else if let Some(rest) = payload.strip_prefix(b"+TERM") {
                    Self::Terminate(rest.trim_ascii())
                } else if let Some(rest) = payload.strip_prefix(b"+NXT") {
                    Self::DoneAndNext(rest.trim_ascii())
                } else {
                    Self::Unknown
                }
            }
        }
    }
}

/// What the argument of a negative acknowledgement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NakDelay {
    /// At once.
    None,
    /// After so many nanoseconds.
    After(i64),
    /// It can not be understood.
    Invalid,
}

impl NakDelay {
    /// Reads the argument: nothing, `{"delay": ns}`, or a duration.
    pub fn parse(argument: &[u8]) -> Self {
        if argument.is_empty() {
            return Self::None;
        }
        if argument.first() == Some(&b'{') {
            return match serde_json::from_slice::<Value>(argument) {
                Ok(value) => match value.get("delay").map(Value::as_i64) {
                    None | Some(Some(0)) => Self::None,
                    Some(Some(delay)) => Self::After(delay),
                    Some(None) => Self::Invalid,
                },
                Err(_) => Self::Invalid,
            };
        }
        match std::str::from_utf8(argument).ok().and_then(parse_duration) {
            Some(0) => Self::None,
            Some(delay) => Self::After(delay),
            None => Self::Invalid,
        }
    }
}

impl Consumer {
    /// Takes an acknowledgement. Returns whether there may be something to
    /// deliver now.
    pub fn ack(&mut self, ack: Ack<'_>, core: &mut Core, cx: &mut Context<'_>) -> bool {
        let numbers = ack.subject.strip_prefix(self.ack_prefix.as_slice());
        let reference = match numbers {
            Some(numbers) => AckReference::of_tokens(&mut midge_subject::rules::tokens(numbers)),
            None => AckReference::parse(ack.subject),
        };
        let Some(reference) = reference else {
            return false;
        };
        // Any acknowledgement shows that somebody is there.
        self.touch_if_running(core, cx.now);
        let seq = reference.stream_seq;
        let verdict = Verdict::parse(ack.payload);
        let is_ahead = seq >= self.next && seq > self.delivered.stream;
        if is_ahead && seq > core.store.state().last && !self.config.flow_control {
            cx.out.event(Event::Warning(format!(
                "JetStream consumer '{} > {} > {}' ACK sequence {seq} past last stream sequence of {}",
                core.settings.account,
                core.config.name,
                self.name,
                core.store.state().last
            )));
        }
        let wakes = match verdict {
            Verdict::Done if is_ahead => return false,
            Verdict::Terminate(reason) if is_ahead => {
                let reason = String::from_utf8_lossy(reason).into_owned();
                core.herald()
                    .terminated(cx, &self.name, reference.delivered(), &reason);
                return false;
            }
            // Nothing changes, but who asks gets an answer.
            Verdict::DoneAndNext(_) | Verdict::Again(_) | Verdict::Progress if is_ahead => false,
            Verdict::Done | Verdict::DoneAndNext(_) => self.done(reference, core, cx),
            Verdict::Again(argument) => self.again(reference, argument, core, cx),
            Verdict::Progress => {
                self.progress(seq, cx.now);
                false
            }
            Verdict::Terminate(reason) => {
                let wakes = self.settle(reference, core, cx.now).is_some();
                let reason = String::from_utf8_lossy(reason).into_owned();
                core.herald()
                    .terminated(cx, &self.name, reference.delivered(), &reason);
                wakes
            }
            Verdict::Unknown => false,
        };
        if let Verdict::DoneAndNext(body) = verdict {
            let pull = Pull {
                reply: ack.reply,
                header: b"",
                payload: body,
            };
            return self.pull(pull, core, cx) || wakes;
        }
        // There is no message 0.
        let is_answered = seq != Seq::NONE
            || self.config.ack_policy == AckPolicy::Explicit
                && matches!(verdict, Verdict::Done | Verdict::Terminate(_));
        if !ack.reply.is_empty() && is_answered {
            cx.out
                .send_with(ack.reply, When::Durable, Kind::Reply, |_| {});
        }
        wakes
    }

    fn done(&mut self, reference: AckReference, core: &mut Core, cx: &mut Context<'_>) -> bool {
        let Some(delivered_at) = self.settle(reference, core, cx.now) else {
            return false;
        };
        if self.sample > 0
            && self.config.ack_policy == AckPolicy::Explicit
            && (self.sample >= 100 || i64::from(core.random.below(100)) <= self.sample)
        {
            let ack_time = cx.now.0 - delivered_at.0;
            core.herald()
                .ack_sample(cx, &self.name, reference.delivered(), ack_time);
        }
        true
    }

    /// Settles a message, or all up to it. `Some` if something changed: when
    /// the message was delivered.
    fn settle(&mut self, reference: AckReference, core: &mut Core, now: Nanos) -> Option<Nanos> {
        let seq = reference.stream_seq;
        match self.config.ack_policy {
            AckPolicy::Explicit => {
                let was_redelivered = self.forget_redelivered(seq);
                let Some(entry) = self.pending.remove(seq) else {
                    // It had been given up, and is not needed any more now.
                    if was_redelivered && core.config.retention != Retention::Limits {
                        core.settled.push(seq);
                    }
                    return None;
                };
                self.last_ack = Some(now);
                self.note_settled(seq);
                self.raise_floor(entry.consumer_seq);
                if core.config.retention != Retention::Limits {
                    core.settled.push(seq);
                }
                Some(entry.delivered_at)
            }
            AckPolicy::All => {
                self.last_ack = Some(now);
                self.ack_all(seq, reference.consumer_seq, core)
                    .then_some(now)
            }
            AckPolicy::None | AckPolicy::FlowControl => None,
        }
    }

    fn forget_redelivered(&mut self, seq: Seq) -> bool {
        let was = !self.redelivered.is_empty() && self.redelivered.remove(&seq.0).is_some();
        if was {
            self.note_redelivered(seq, 0);
        }
        was
    }

    /// Moves the floor after the message with this consumer sequence was
    /// settled.
    pub(super) fn raise_floor(&mut self, settled: u64) {
        match self.pending.first() {
            None => self.set_floor(self.delivered),
            Some(first) if settled == self.floor.consumer + 1 => {
                self.set_floor(SeqPair {
                    consumer: first.consumer_seq.saturating_sub(1),
                    stream: first.seq.previous(),
                });
            }
            Some(_) => {}
        }
    }

    /// Settles everything up to a message. Whether anything changed.
    pub(super) fn ack_all(&mut self, seq: Seq, consumer_seq: u64, core: &mut Core) -> bool {
        if consumer_seq <= self.floor.consumer || seq <= self.floor.stream {
            return false;
        }
        let seq = seq.min(self.delivered.stream);
        let keeps = core.config.retention != Retention::Limits;
        let from = self.floor.stream;
        self.pending.remove_up_to(seq, |entry| {
            if keeps {
                core.settled.push(entry.seq);
            }
        });
        self.set_floor(SeqPair {
            consumer: consumer_seq,
            stream: seq,
        });
        if !self.redelivered.is_empty() {
            self.redelivered = self.redelivered.split_off(&(seq.0 + 1));
        }
        debug_assert!(from <= seq);
        true
    }

    fn again(
        &mut self,
        reference: AckReference,
        argument: &[u8],
        core: &mut Core,
        cx: &mut Context<'_>,
    ) -> bool {
        let seq = reference.stream_seq;
        if reference.consumer_seq <= self.floor.consumer
            || reference.consumer_seq > self.delivered.consumer
            || !self.pending.contains(seq)
        {
            return false;
        }
        core.herald().naked(cx, &self.name, reference.delivered());
        match NakDelay::parse(argument) {
            NakDelay::After(delay) => {
                self.delay(seq, delay, cx.now);
                return false;
            }
            NakDelay::Invalid => {
                cx.out.event(Event::Warning(format!(
                    "JetStream consumer '{} > {} > {}' bad NAK delay value: \"{}\"",
                    core.settings.account,
                    core.config.name,
                    self.name,
                    String::from_utf8_lossy(argument)
                )));
            }
            NakDelay::None => {}
        }
        // After a restart its time is over, too.
        let at = Nanos(cx.now.0.saturating_sub(self.wait_of(seq)));
        self.pending.enqueue(seq);
        self.set_delivered_at(seq, at);
        true
    }

    /// Lets a message expire after a delay.
    fn delay(&mut self, seq: Seq, delay: i64, now: Nanos) {
        self.pending.dequeue(seq);
        let wait = self.wait_of(seq);
        let at = Nanos(now.0.saturating_add(delay).saturating_sub(wait));
        self.set_delivered_at(seq, at);
        // The time is counted as that of a delivery.
        self.last_delivery = Some(now);
    }

    fn progress(&mut self, seq: Seq, now: Nanos) {
        if self.pending.contains(seq) {
            self.set_delivered_at(seq, now);
            self.last_delivery = Some(now);
        }
    }

    fn set_delivered_at(&mut self, seq: Seq, at: Nanos) {
        let deadline = self.has_ack_deadline().then(|| self.deadline_of(seq, at));
        self.pending.retime(seq, at, deadline);
        if let Some(entry) = self.pending.get(seq) {
            self.note_pending(PendingAck {
                stream: seq,
                consumer: entry.consumer_seq,
                delivered_at: at,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_acknowledgement_subjects_are_read() {
        let want = Some(AckReference {
            deliveries: 1,
            stream_seq: Seq(22),
            consumer_seq: 3,
        });
        assert_eq!(AckReference::parse(b"$JS.ACK.S.C.1.22.3.1700.9"), want);
        assert_eq!(
            AckReference::parse(b"$JS.ACK._.szMpdrwD.S.C.1.22.3.1700.9"),
            want
        );
        assert_eq!(
            AckReference::parse(b"$JS.ACK._.szMpdrwD.S.C.1.22.3.1700.9.x.y"),
            want
        );
        assert_eq!(AckReference::parse(b"$JS.ACK.S.C.1.22.3.1700"), None);
        assert_eq!(AckReference::parse(b"$JS.ACK.S.C.1.x.3.1700.9"), None);
        assert_eq!(AckReference::parse(b"$JS.ACK.S.C.D.1.22.3.1700.9"), None);
    }

    #[test]
    fn payloads_are_read() {
        assert_eq!(Verdict::parse(b""), Verdict::Done);
        assert_eq!(Verdict::parse(b"+ACKx"), Verdict::Unknown);
        assert_eq!(
            Verdict::parse(b"+TERM why not "),
            Verdict::Terminate(b"why not")
        );
        assert_eq!(Verdict::parse(b"-NAK 300ms"), Verdict::Again(b"300ms"));
        assert_eq!(NakDelay::parse(b"300ms"), NakDelay::After(300_000_000));
        assert_eq!(NakDelay::parse(b"{\"delay\": 5}"), NakDelay::After(5));
        assert_eq!(NakDelay::parse(b"{}"), NakDelay::None);
        assert_eq!(NakDelay::parse(b"xyz"), NakDelay::Invalid);
        assert_eq!(NakDelay::parse(b"{"), NakDelay::Invalid);
    }
}
