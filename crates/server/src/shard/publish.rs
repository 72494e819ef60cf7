//! PUB and HPUB: checks, mapping, matching, handing on
//! (client-protocol.md 9, 10, 12).

use std::sync::Arc;

use midge_subject::mapping::{Mappings, Outcome};
use midge_subject::{is_publishable, quote};
use midge_wire::client::Publish;
use midge_wire::header;
use midge_wire::number::push_decimal;
use smallvec::SmallVec;

use crate::batch::BatchTarget;

use super::Shard;
use super::control::{Control, InternalMessage};
use super::deliver::Message;
use super::mailbox::Mail;
use super::match_cache::{QueueGroup, QueueMember, RAFT_PREFIX, Recipients, is_reserved};
use super::output::BORROW_FROM;
use super::subscriptions::Subscription;

/// Members of a queue group on other shards that may refuse a message before it
/// is dropped. Several refuse only while they come or go, or when all are too
/// slow; without a bound a message could go round for ever.
const MAX_REFUSALS: u8 = 8;

/// Where a message for a queue group comes from.
pub(super) struct Origin {
    /// The publisher if it lives on this shard, else [`NO_PUBLISHER`].
    pub(super) slot: u32,
    /// Slot and id of the publisher on its own shard, for a message that came
    /// from there.
    pub(super) elsewhere: Option<(u32, u64)>,
    /// Members that have not taken it.
    pub(super) refusals: u8,
    /// Nobody else gets the message.
    pub(super) alone: bool,
}

/// Stands for "no connection of this shard" as the publisher.
pub(super) const NO_PUBLISHER: u32 = u32::MAX;

impl Shard {
    /// A publish of a client, with all its checks in the peer's order.
    ///
    /// Most messages are on the subject of the one before, by a client without
    /// restrictions: those go straight to the recipients still at hand.
    #[inline]
    pub(super) fn on_publish(
        &mut self,
        slot: u32,
        publish: &Publish<'_>,
        input: &[u8],
        end: usize,
    ) {
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return;
        };
        connection.traffic.in_msgs += 1;
        connection.traffic.in_bytes += publish.body.len() as u64;
        let account = connection.account;
        let plain = connection.publishes_plainly;
        let Some(bound) = self.accounts.get(account as usize).and_then(Option::as_ref) else {
            return;
        };
        if !plain || bound.has_mappings() || self.names_domain(publish.subject) {
            let mappings = bound.mappings();
            self.publish_with_checks(slot, account, Message::of(publish, input, end), mappings);
            return;
        }
        if let Some(current) = &self.current
            && current.only_local
            && publish.reply.is_empty()
            && !current.reserved
            && current.are_for(bound, publish.subject)
        {
            if !current.silent
                && let Some(current) = self.current.take()
            {
                self.relay(slot, publish, input, end, &current);
                self.current = Some(current);
            }
            return;
        }
        let message = Message::of(publish, input, end);
        if self.reserved_names_allow(slot, account, &message) {
            self.route(slot, account, &message);
        }
    }

    /// Gives a message without a reply to plain subscriptions of this shard.
    #[inline]
    fn relay(
        &mut self,
        slot: u32,
        publish: &Publish<'_>,
        input: &[u8],
        end: usize,
        recipients: &Recipients,
    ) {
        let relay = match publish.relay {
            Some(relay) if publish.header_digits.is_empty() && relay.len() < BORROW_FROM => relay,
            _ => &[],
        };
        for target in &recipients.local {
            let done = !relay.is_empty()
                && self.deliver_line(target, recipients, relay, publish.body.len(), slot, input);
            if !done {
                let message = Message::of(publish, input, end);
                self.deliver(target, recipients, &message, slot);
            }
        }
    }

    /// The checks that only some clients and accounts need.
    fn publish_with_checks(
        &mut self,
        slot: u32,
        account: u32,
        message: Message<'_>,
        mappings: Option<Arc<Mappings>>,
    ) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let verbose = connection.verbose;
        if connection.pedantic && !is_publishable(message.subject) {
            // The message goes on all the same.
            self.send_err(slot, "Invalid Publish Subject");
        }
        let mapped = match self.without_domain(account, message.subject) {
            Some(subject) => Some(subject),
            None => {
                mappings.and_then(|mappings| self.map_subject(slot, &mappings, message.subject))
            }
        };
        let subject = mapped.as_deref().unwrap_or(message.subject);
        let message = Message { subject, ..message };
        if !self.may_publish(slot, message.subject) {
            self.refuse_publish(slot, message.subject);
            return;
        }
        if !self.reserved_names_allow(slot, account, &message) {
            return;
        }
        if verbose {
            self.send_ok(slot);
        }
        self.route(slot, account, &message);
        if let Some(mapped) = mapped {
            self.mapped = mapped;
        }
    }

    /// Whether a subject names JetStream's domain.
    #[inline]
    fn names_domain(&self, subject: &[u8]) -> bool {
        let prefix = &self.runtime.domain_prefix;
        subject.first() == Some(&b'$') && !prefix.is_empty() && subject.starts_with(prefix)
    }

    /// What a subject that names the domain stands for on this server, the
    /// domain's own (jetstream-api.md 2.3).
    fn without_domain(&mut self, account: u32, subject: &[u8]) -> Option<Vec<u8>> {
        if !self.names_domain(subject) {
            return None;
        }
        let rest = subject.get(self.runtime.domain_prefix.len()..)?;
        let begins = |start: &[u8]| rest.len() > start.len() && rest.starts_with(start);
        let is_system = self.shared.is_system_account(account);
        if !is_system && (begins(b"$KV.") || begins(b"$OBJ.")) {
            return Some(rest.to_vec());
        }
        let known: [&[u8]; 6] = [
            b"STREAM.",
            b"CONSUMER.",
            b"DIRECT.",
            b"META.",
            b"SERVER.",
            b"ACCOUNT.",
        ];
        let maps = is_system || rest == b"INFO" || known.iter().any(|start| begins(start));
        maps.then(|| [b"$JS.API.", rest].concat())
    }

    /// The mapped subject, in a buffer that is to be given back; `None` when
    /// no mapping applies.
    #[cold]
    fn map_subject(&mut self, slot: u32, mappings: &Mappings, subject: &[u8]) -> Option<Vec<u8>> {
        let mut mapped = std::mem::take(&mut self.mapped);
        mapped.clear();
        let rng = &mut self.rng;
        match mappings.apply(subject, &mut mapped, |bound| rng.u32(..bound.max(1))) {
            Outcome::Unmapped => {
                self.mapped = mapped;
                return None;
            }
            Outcome::Mapped => {}
            // Loss: the empty subject, which matches nothing.
            Outcome::Lost => mapped.clear(),
        }
        if self.tracing() {
            let (from, to) = (
                String::from_utf8_lossy(subject),
                String::from_utf8_lossy(&mapped),
            );
            self.trace(slot, format_args!("<<- [MAPPING {from} -> {to}]"));
        }
        Some(mapped)
    }

    /// Publish permissions, then response permissions (security.md 5.2, 5.5).
    fn may_publish(&mut self, slot: u32, subject: &[u8]) -> bool {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else {
            return false;
        };
        let Some(permissions) = &connection.permissions else {
            return true;
        };
        if connection.allowed_publishes.contains(subject) {
            return true;
        }
        if permissions.can_publish(subject) {
            connection.allowed_publishes.insert(subject);
            return true;
        }
        match &mut connection.responses {
            Some(responses) => responses.allow(subject, now),
            None => false,
        }
    }

    #[cold]
    fn refuse_publish(&mut self, slot: u32, subject: &[u8]) {
        let subject = quote(subject);
        self.send_err(
            slot,
            &format!("Permissions Violation for Publish to {subject}"),
        );
        self.log_error(slot, format_args!("Publish Violation - Subject {subject}"));
    }

    /// Names that clients may not use (client-protocol.md 8.6). Nearly all
    /// subjects are let through by their first byte.
    #[inline]
    fn reserved_names_allow(&mut self, slot: u32, account: u32, message: &Message<'_>) -> bool {
        let special = |text: &[u8]| matches!(text.first(), Some(b'_' | b'$'));
        if !special(message.subject) && !special(message.reply) {
            return true;
        }
        self.check_reserved_names(slot, account, message)
    }

    #[inline(never)]
    fn check_reserved_names(&mut self, slot: u32, account: u32, message: &Message<'_>) -> bool {
        if is_reserved(message.subject) {
            let by_system =
                message.subject.starts_with(RAFT_PREFIX) && self.shared.is_system_account(account);
            if !by_system {
                self.refuse_publish(slot, message.subject);
                return false;
            }
        }
        let begins =
            |prefix: &[u8]| message.reply.len() > prefix.len() && message.reply.starts_with(prefix);
        if message.reply.starts_with(b"_R_.") || begins(b"$JS.ACK.") || begins(b"_GR_.") {
            let reply = quote(message.reply);
            let text = format!("Permissions Violation for Publish with Reply of {reply}");
            self.send_err(slot, &text);
            self.log_error(slot, format_args!("Publish Violation - Reply {reply}"));
            return false;
        }
        true
    }

    /// The recipients of a message on `subject`, to be given back with
    /// [`Shard::keep_at_hand`].
    #[inline]
    fn recipients(&mut self, account: u32, subject: &[u8]) -> Option<Box<Recipients>> {
        let bound = self.accounts.get(account as usize)?.as_ref()?;
        if let Some(current) = self.current.take() {
            if current.are_for(bound, subject) {
                return Some(current);
            }
            self.cache.put(current);
        }
        Some(
            self.cache
                .take(bound, subject, self.id, &self.subscriptions),
        )
    }

    /// Keeps recipients for the next message, which is likely to have the same
    /// subject.
    #[inline]
    fn keep_at_hand(&mut self, recipients: Box<Recipients>) {
        if let Some(other) = self.current.replace(recipients) {
            self.cache.put(other);
        }
    }

    /// Gives a message to everybody who is to get it.
    #[inline]
    fn route(&mut self, slot: u32, account: u32, message: &Message<'_>) {
        let Some(recipients) = self.recipients(account, message.subject) else {
            return;
        };
        let delivered = if recipients.only_local {
            let mut delivered = false;
            for target in &recipients.local {
                delivered |= self.deliver(target, &recipients, message, slot);
            }
            delivered
        } else {
            self.hand_out(slot, account, message, &recipients)
        };
        self.keep_at_hand(recipients);
        if !delivered && !message.reply.is_empty() && slot != NO_PUBLISHER {
            self.tell_no_responders(slot, message);
        }
    }

    /// Delivers to `recipients`; whether anybody took it.
    #[inline]
    fn hand_out(
        &mut self,
        slot: u32,
        account: u32,
        message: &Message<'_>,
        recipients: &Recipients,
    ) -> bool {
        let mut delivered = false;
        for target in &recipients.local {
            delivered |= self.deliver(target, recipients, message, slot);
        }
        if !recipients.remote.is_empty() {
            self.batch_plain(slot, account, message, &recipients.remote);
            delivered = true;
        }
        if !recipients.queues.is_empty() {
            let from = Origin {
                slot,
                elsewhere: None,
                refusals: 0,
                alone: !delivered && recipients.queues.len() == 1 && recipients.internal.is_empty(),
            };
            for group in &recipients.queues {
                delivered |= self.deliver_to_group(&from, account, message, recipients, group);
            }
        }
        if !recipients.internal.is_empty() {
            delivered = true;
            for &number in &recipients.internal {
                self.shared.internal.dispatch(number, message, account);
            }
        }
        delivered
    }

    /// One member of a group gets the message: a random first choice, then the
    /// next ones until one takes it (client-protocol.md 10.2).
    fn deliver_to_group(
        &mut self,
        from: &Origin,
        account: u32,
        message: &Message<'_>,
        recipients: &Recipients,
        group: &QueueGroup,
    ) -> bool {
        let count = group.members.len();
        let first = if count > 1 {
            self.rng.usize(..count)
        } else {
            0
        };
        for member in group.members.iter().cycle().skip(first).take(count) {
            match member {
                QueueMember::Local(target) => {
                    if self.deliver(target, recipients, message, from.slot) {
                        return true;
                    }
                }
                QueueMember::Remote(target) => {
                    self.batch_queued(from, account, message, target, group.queue);
                    return true;
                }
            }
        }
        false
    }

    /// Gives a message that came from another shard, and was refused by the
    /// group member chosen there, to another member.
    pub(super) fn route_to_group(
        &mut self,
        from: &Origin,
        account: u32,
        message: &Message<'_>,
        refused: &BatchTarget,
    ) {
        let Some(recipients) = self.recipients(account, message.subject) else {
            return;
        };
        let group = recipients
            .queues
            .iter()
            .find(|group| group.queue == refused.queue);
        let mut taken = false;
        if from.refusals < MAX_REFUSALS
            && let Some(group) = group
        {
            let mut group = group.clone();
            group.members.retain(|member| match member {
                QueueMember::Local(target) => target.subscription != refused.subscription,
                QueueMember::Remote(_) => true,
            });
            taken = self.deliver_to_group(from, account, message, &recipients, &group);
        }
        self.keep_at_hand(recipients);
        if !taken
            && from.alone
            && !message.reply.is_empty()
            && let Some((_, cid)) = from.elsewhere
        {
            for shard in self.shared.all_shards() {
                let control = Control::NoResponders {
                    cid,
                    subject: message.subject.into(),
                    reply: message.reply.into(),
                };
                shard.mailbox.send(Mail::Control(Box::new(control)));
            }
        }
    }

    /// Tells a publisher of this shard that no member of a group has taken its
    /// request.
    pub(super) fn no_responders(&mut self, slot: u32, subject: &[u8], reply: &[u8]) {
        let message = Message {
            subject,
            reply,
            header_digits: &[],
            size_digits: &[],
            header_len: 0,
            body: &[],
            relay: None,
            input: &[],
            end: 0,
        };
        self.tell_no_responders(slot, &message);
    }

    /// The 503 for a request that nobody took (client-protocol.md 12).
    fn tell_no_responders(&mut self, slot: u32, message: &Message<'_>) {
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        if !connection.no_responders {
            return;
        }
        let account = self.accounts.get(connection.account as usize);
        let Some(account) = account.and_then(Option::as_ref) else {
            return;
        };
        // Its own subscriptions among those that match: a client may have very
        // many others. Of several the one that the Go server would find first.
        let mut own: Option<&Subscription> = None;
        account.for_each_match(message.reply, |target| {
            if target.shard != self.id || target.queue != 0 {
                return;
            }
            let found = self
                .subscriptions
                .get_generation(target.subscription, target.generation);
            if let Some(found) = found.filter(|found| found.connection == slot)
                && own.is_none_or(|own| precedes(found.subject.as_bytes(), own.subject.as_bytes()))
            {
                own = Some(found);
            }
        });
        let Some(sid) = own.map(|own| own.sid.clone()) else {
            return;
        };
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        midge_wire::message::push_head(&mut line, message.reply, sid.as_bytes());
        let len = header::no_responders_len(message.subject.len()) as u64;
        push_decimal(&mut line, len);
        line.push(b' ');
        push_decimal(&mut line, len);
        line.extend_from_slice(b"\r\n");
        header::push_no_responders(&mut line, message.subject);
        line.extend_from_slice(b"\r\n");
        self.send(slot, &line);
        self.line = line;
    }

    /// Publishes a message of the server itself.
    pub(super) fn publish_internal(&mut self, internal: &InternalMessage) {
        let account = internal.account.id;
        if self.account(account).is_none() {
            return;
        }
        let mut sizes = Vec::new();
        let headers = internal.header_len > 0;
        if headers {
            push_decimal(&mut sizes, internal.header_len as u64);
        }
        let header_digits = sizes.len();
        push_decimal(&mut sizes, internal.body.len() as u64);
        let (header_digits, size_digits) = sizes.split_at(header_digits);
        let message = Message {
            subject: &internal.subject,
            reply: &internal.reply,
            header_digits,
            size_digits,
            header_len: internal.header_len,
            body: &internal.body,
            relay: None,
            input: &[],
            end: 0,
        };
        self.route(NO_PUBLISHER, account, &message);
    }
}

/// Whether the Go server finds `pattern` before `other` when both match a
/// subject: `>` first, then `*`, then names, but a last name before a last `*`.
fn precedes(pattern: &[u8], other: &[u8]) -> bool {
    let ranks = |pattern: &[u8]| -> SmallVec<[u8; 16]> {
        let last = midge_subject::token_count(pattern).saturating_sub(1);
        let rank = |(at, token): (usize, &[u8])| match token {
            b">" => 0,
            b"*" => 1 + 2 * u8::from(at == last),
            _ => 2,
        };
        midge_subject::tokens(pattern)
            .enumerate()
            .map(rank)
            .collect()
    };
    ranks(pattern) < ranks(other)
}

#[cfg(test)]
mod tests {
    use super::precedes;

    #[test]
    fn the_answer_without_responders_goes_to_the_subscription_found_first() {
        for (first, second) in [
            ("_INBOX.>", "_INBOX.x.*"),
            ("_INBOX.>", "_INBOX.x.1"),
            ("_INBOX.x.1", "_INBOX.x.*"),
            ("_INBOX.*.1", "_INBOX.x.1"),
            (">", "_INBOX.>"),
        ] {
            assert!(precedes(first.as_bytes(), second.as_bytes()), "{first}");
            assert!(!precedes(second.as_bytes(), first.as_bytes()), "{first}");
        }
    }
}
