//! Which message is next, and its delivery (jetstream-consumers.md 6).

use midge_store::{MessageRef, Nanos, PendingAck, Seq, SeqPair, StoreError};

use super::{Consumer, GroupId, SkipList};
use crate::advisory::Delivered;
use crate::config::{AckPolicy, PriorityPolicy, Retention};
use crate::context::Context;
use crate::effects::{Event, Kind, When};
use crate::groups::Groups;
use crate::header;
use crate::number;
use crate::stream::Core;
use crate::units::{NANOS_PER_MILLI, after};

/// Messages that one consumer gets before others have their turn.
const TURN: usize = 256;

/// Pauses between messages up to this are not replayed.
const SHORTEST_PAUSE: i64 = NANOS_PER_MILLI;

/// How a consumer was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// There is nothing to do until something happens.
    Idle,
    /// Its turn is over; there is more.
    Again,
    /// The next message is being read from the disk.
    Reading,
}

/// What is to be delivered again.
enum Repeat {
    /// Nothing.
    Nothing,
    /// A message, which was delivered so often before.
    Message(Seq, u64),
    /// One that is being read from the disk.
    Reading,
}

/// Where the next message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It was delivered before, so often.
    Redelivery(u64),
    Listed,
    Fresh,
}

/// A stream that waits for no disk, until this is dropped.
struct Impatient<'a>(&'a mut Core);

impl<'a> Impatient<'a> {
    /// If another thread reads for the stream's consumers.
    fn for_consumers_of(core: &'a mut Core) -> Self {
        core.store.set_patient(!core.reads_beside);
        Self(core)
    }
}

impl Drop for Impatient<'_> {
    /// Whatever comes next waits, even after a panic.
    fn drop(&mut self) {
        self.0.store.set_patient(true);
    }
}

impl Consumer {
    /// Delivers what can be delivered now, up to a turn's worth.
    pub fn serve(&mut self, core: &mut Core, cx: &mut Context<'_>) -> Served {
        if !self.wants_service() {
            return Served::Idle;
        }
        self.pass += 1;
        let before = self.delivered.consumer;
        // While a block is read others have their turn, and publishers above all.
        let impatient = Impatient::for_consumers_of(core);
        let served = self.deliver_turn(impatient.0, cx);
        drop(impatient);
        if self.delivered.consumer != before {
            self.delivered_changed = true;
            self.last_delivery = Some(cx.now);
            if self.config.ack_policy == AckPolicy::None {
                self.set_floor(self.delivered);
            }
            if !self.config.is_push() {
                self.touch(core, cx.now);
            }
        }
        served
    }

    fn deliver_turn(&mut self, core: &mut Core, cx: &mut Context<'_>) -> Served {
        for _ in 0..TURN {
            if cx.out.is_full() {
                return Served::Again;
            }
            if self.is_paused(cx.now) {
                self.end_one_shots(cx);
                return Served::Idle;
            }
            if self.sleep_until.is_some_and(|until| cx.now < until) {
                return Served::Idle;
            }
            self.sleep_until = None;
            let can_send = match &self.push {
                Some(push) => push.may_send(),
                None => !self.waiting.is_empty(),
            };
            if !can_send {
                return Served::Idle;
            }
            match self.deliver_next(core, cx) {
                Step::Delivered => {}
                Step::Stop => return Served::Idle,
                Step::Reading => return Served::Reading,
                Step::End | Step::NobodyEligible => {
                    self.end_one_shots(cx);
                    self.park(&mut core.groups);
                    return Served::Idle;
                }
            }
        }
        Served::Again
    }

    /// Asks to be told of the next message.
    fn park(&mut self, groups: &mut Groups) {
        if self.wants_service()
            && let Some(group) = groups.get_mut(self.group)
        {
            group.wait(self.id, &mut self.parked);
        }
    }

    /// The next message to deliver again, with how often it was delivered.
    /// Messages that were delivered often enough, or are gone, end here.
    fn next_again(&mut self, core: &mut Core, cx: &mut Context<'_>) -> Repeat {
        while let Some(seq) = self.pending.next_queued() {
            let deliveries = self.deliveries_of(seq);
            if self.is_last_delivery(deliveries) {
                self.give_up(seq, core, cx);
                continue;
            }
            match core.store.load(seq).map(|message| message.is_some()) {
                Ok(true) => return Repeat::Message(seq, deliveries),
                Err(StoreError::NotAtHand) => return Repeat::Reading,
                // What is damaged can not be delivered any more.
                Ok(false) | Err(_) => {
                    self.drop_deleted(seq, super::timers::DELETED, core, cx);
                }
            }
        }
        Repeat::Nothing
    }

    /// How often a pending message was delivered.
    pub(super) fn deliveries_of(&self, seq: Seq) -> u64 {
        if self.redelivered.is_empty() {
            return 1;
        }
        self.redelivered.get(&seq.0).copied().unwrap_or(0) + 1
    }

    pub(super) fn is_last_delivery(&self, deliveries: u64) -> bool {
        u64::try_from(self.config.max_deliver).is_ok_and(|max| max > 0 && deliveries >= max)
    }

    /// Ends the deliveries of a message that was delivered often enough.
    pub(super) fn give_up(&mut self, seq: Seq, core: &mut Core, cx: &mut Context<'_>) {
        let deliveries = self.deliveries_of(seq);
        if let Some(entry) = self.pending.remove(seq) {
            self.note_settled(seq);
            // With others, below the floor is what was acknowledged.
            if self.config.ack_policy == AckPolicy::Explicit {
                self.raise_floor(entry.consumer_seq);
            }
        }
        core.herald()
            .max_deliveries(cx, &self.name, seq.0, deliveries);
    }

    fn is_stalled(&self) -> bool {
        self.tracks_acks()
            && usize::try_from(self.config.max_ack_pending)
                .is_ok_and(|max| max > 0 && self.pending.len() >= max)
    }

    fn deliver_next(&mut self, core: &mut Core, cx: &mut Context<'_>) -> Step {
        let again = if self.pending.queued() > 0 {
            self.next_again(core, cx)
        } else {
            Repeat::Nothing
        };
        if matches!(again, Repeat::Reading) {
            return Step::Reading;
        }
        if matches!(again, Repeat::Nothing) && self.is_stalled() {
            // Who does not wait learns that there is nothing now.
            self.end_one_shots(cx);
            return Step::Stop;
        }
        self.sync_backlog(core);
        let listed = self.skip.as_ref().map_or(0, |skip| skip.left.len() as u64);
        let Core {
            store,
            groups,
            settings,
            config: stream,
            random,
            settled,
            ..
        } = core;
        let (found, origin) = if let Repeat::Message(seq, deliveries) = again {
            (store.load(seq), Origin::Redelivery(deliveries))
        } else if let Some(seq) = self
            .skip
            .as_ref()
            .and_then(|skip| skip.left.front().copied())
        {
            (store.load(seq), Origin::Listed)
        } else {
            if let Some(skip) = self.skip.take() {
                self.next = self.next.max(skip.resume);
            }
            let Some(group) = groups.get(self.group) else {
                return Step::Stop;
            };
            (store.next(group.filter(), self.next), Origin::Fresh)
        };
        let message = match found {
            Ok(Some(message)) => message,
            Ok(None) if origin == Origin::Listed => {
                // It was removed meanwhile, or can not be read.
                if let Some(skip) = &mut self.skip {
                    skip.left.pop_front();
                }
                return Step::Delivered;
            }
            Ok(None) => {
                if origin == Origin::Fresh {
                    self.next = self.next.max(store.state().last.next());
                    self.backlog = 0;
                }
                return Step::End;
            }
            Err(StoreError::NotAtHand) => return Step::Reading,
            Err(error) => {
                cx.out.event(Event::Warning(format!(
                    "JetStream consumer '{} > {} > {}' can not read its stream: {error}",
                    settings.account, stream.name, self.name
                )));
                return Step::Stop;
            }
        };

        if origin == Origin::Fresh && self.has_to_wait(&message, cx.now) {
            return Step::Stop;
        }
        let deliveries = match origin {
            Origin::Redelivery(before) => before + 1,
            Origin::Listed | Origin::Fresh => 1,
        };
        let unsent = self.backlog + listed;
        let left = match origin {
            Origin::Redelivery(_) => unsent,
            Origin::Listed | Origin::Fresh => unsent.saturating_sub(1),
        };
        let consumer_seq = self.delivered.consumer + 1;
        self.write_reply(&message, deliveries, consumer_seq, left);
        let has_own_header = self.config.headers_only;
        if has_own_header {
            self.header.clear();
            header::open(message.header, &mut self.header);
            header::push_number(
                &mut self.header,
                b"Nats-Msg-Size",
                message.payload.len() as u64,
            );
            self.header.extend_from_slice(b"\r\n");
        }
        let (header, payload) = if has_own_header {
            (self.header.len(), 0)
        } else {
            (message.header.len(), message.payload.len())
        };
        let size = message.subject.len() + self.reply.len() + header + payload;

        let mut herald = crate::advisory::Herald {
            settings: &*settings,
            random,
            stream: &stream.name,
        };
        match &mut self.push {
            Some(push) => {
                if let Some(until) = push.pace(size, cx.now) {
                    self.sleep_until = Some(until);
                    return Step::Stop;
                }
            }
            None => {
                if !self.choose_request(size, unsent.max(1), &mut herald, cx) {
                    return if self.waiting.is_empty() {
                        Step::Stop
                    } else {
                        Step::NobodyEligible
                    };
                }
            }
        }
        self.send(&message, has_own_header, cx);
        let seq = message.seq;
        let stored = message.timestamp;
        self.note_delivery(seq, stored, origin, consumer_seq, cx.now);
        if self.config.ack_policy == AckPolicy::None && stream.retention != Retention::Limits {
            settled.push(seq);
        }
        if self.config.ack_policy == AckPolicy::None || matches!(origin, Origin::Redelivery(_)) {
            // Nothing new is pending.
        } else if core.lowest_pending > seq {
            core.lowest_pending = seq;
        }
        match &mut self.push {
            Some(push) => {
                let size = self.config.deliver_subject.len() + self.reply.len() + header + payload;
                let is_full = usize::try_from(self.config.max_ack_pending)
                    .is_ok_and(|max| max > 0 && self.pending.len() >= max);
                let must_ask = is_full && self.config.ack_policy == AckPolicy::FlowControl;
                push.note_sent(size, must_ask, &self.config.deliver_subject, core, cx);
            }
            None => self.charge_request(size, cx),
        }
        Step::Delivered
    }

    /// `$JS.ACK…<deliveries>.<stream seq>.<consumer seq>.<time>.<pending>`
    fn write_reply(
        &mut self,
        message: &MessageRef<'_>,
        deliveries: u64,
        consumer_seq: u64,
        left: u64,
    ) {
        let reply = &mut self.reply;
        reply.clear();
        reply.extend_from_slice(&self.ack_prefix);
        number::push(reply, deliveries);
        reply.push(b'.');
        number::push(reply, message.seq.0);
        reply.push(b'.');
        number::push(reply, consumer_seq);
        reply.push(b'.');
        number::push_signed(reply, message.timestamp.0);
        reply.push(b'.');
        number::push(reply, left);
    }

    fn send(&mut self, message: &MessageRef<'_>, has_own_header: bool, cx: &mut Context<'_>) {
        let to: &[u8] = match &self.push {
            Some(_) => self.config.deliver_subject.as_bytes(),
            None => self
                .waiting
                .front_mut()
                .map_or(b"", |request| &request.reply),
        };
        let pin = (self.config.priority_policy == PriorityPolicy::PinnedClient)
            .then(|| self.pin.as_ref().map_or("", |pin| &pin.id));
        let (reply, header) = (&self.reply, &self.header);
        let draft = cx
            .out
            .begin(to, message.subject)
            .reply_with(|out| out.extend_from_slice(reply))
            .header_with(|out| {
                let block = if has_own_header {
                    header
                } else {
                    message.header
                };
                match pin {
                    None => out.extend_from_slice(block),
                    Some(pin) => {
                        header::open(block, out);
                        header::push_line(out, b"Nats-Pin-Id", pin.as_bytes());
                        out.extend_from_slice(b"\r\n");
                    }
                }
            });
        let draft = if self.config.headers_only {
            draft
        } else {
            draft.payload(message.payload)
        };
        draft.finish(Kind::Delivery(self.id, message.seq), When::Now);
    }

    fn note_delivery(
        &mut self,
        seq: Seq,
        stored: Nanos,
        origin: Origin,
        consumer_seq: u64,
        now: Nanos,
    ) {
        self.delivered = SeqPair {
            consumer: consumer_seq,
            stream: self.delivered.stream.max(seq),
        };
        self.has_delivered = true;
        let tracked = self.tracks_acks();
        match origin {
            Origin::Redelivery(before) => {
                self.pending.dequeue(seq);
                self.redelivered.insert(seq.0, before);
                self.note_redelivered(seq, before);
                let deadline = self.has_ack_deadline().then(|| self.deadline_of(seq, now));
                self.pending.retime(seq, now, deadline);
                if let Some(entry) = self.pending.get(seq) {
                    self.note_pending(PendingAck {
                        stream: seq,
                        consumer: entry.consumer_seq,
                        delivered_at: now,
                    });
                }
                return;
            }
            Origin::Listed => {
                if let Some(SkipList { left, .. }) = &mut self.skip {
                    left.pop_front();
                }
            }
            Origin::Fresh => self.backlog = self.backlog.saturating_sub(1),
        }
        self.next = seq.next();
        if let Some(replay) = &mut self.replay {
            replay.previous = Some((stored, now));
        }
        if tracked {
            self.pending.push(seq, consumer_seq, now);
            self.note_pending(PendingAck {
                stream: seq,
                consumer: consumer_seq,
                delivered_at: now,
            });
        } else {
            self.floor = self.delivered;
        }
    }

    /// Whether a replayed message is not due yet.
    fn has_to_wait(&mut self, message: &MessageRef<'_>, now: Nanos) -> bool {
        let Some(replay) = &self.replay else {
            return false;
        };
        if message.seq > replay.until {
            self.replay = None;
            return false;
        }
        let Some((stored, delivered)) = replay.previous else {
            return false;
        };
        let pause = message.timestamp.0 - stored.0;
        let due = after(delivered, pause);
        if pause <= SHORTEST_PAUSE || due <= now {
            return false;
        }
        self.sleep_until = Some(due);
        true
    }

    /// What an advisory says of a pending message.
    pub(super) fn described(&self, seq: Seq, consumer_seq: u64) -> Delivered {
        Delivered {
            deliveries: self.deliveries_of(seq),
            stream_seq: seq.0,
            consumer_seq,
        }
    }

    /// The group it belongs to.
    pub fn group(&self) -> GroupId {
        self.group
    }
}

/// What became of an attempt to deliver one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Delivered,
    /// Something has to happen first.
    Stop,
    /// There is no message.
    End,
    /// There is a message, and no request that may have it.
    NobodyEligible,
    /// The message is being read from the disk.
    Reading,
}
