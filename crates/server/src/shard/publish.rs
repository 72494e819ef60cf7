//! PUB and HPUB: checks, mapping, matching, handing on
//! (client-protocol.md 9, 10, 12).

use midge_subject::mapping::Outcome;
use midge_subject::{is_publishable, quote};
use midge_wire::client::Publish;
use midge_wire::header;
use midge_wire::number::push_decimal;

use super::Shard;
use super::control::InternalMessage;
use super::deliver::Message;
use super::match_cache::{Place, QueueGroup, QueueMember, Recipients};
use crate::internal::Origin;

/// Stands for "no connection of this shard" as the publisher.
pub(super) const NO_PUBLISHER: u32 = u32::MAX;

impl Shard {
    /// A publish of a client, with all its checks in the peer's order.
    #[inline]
    pub(super) fn on_publish(
        &mut self,
        slot: u32,
        publish: &Publish<'_>,
        input: &[u8],
        end: usize,
    ) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        connection.traffic.in_msgs += 1;
        connection.traffic.in_bytes += publish.body.len() as u64;
        connection.last_input = now;
        connection.last_activity = now;
        let account = connection.account;
        let checks = connection.pedantic || connection.permissions.is_some();
        let verbose = connection.verbose;
        let mut message = Message::of(publish, input, end);
        let Some(bound) = self.accounts.get(account as usize).and_then(Option::as_ref) else {
            return;
        };
        let mapped = match bound.mappings() {
            Some(mappings) => {
                if connection.pedantic && !is_publishable(publish.subject) {
                    self.send_err(slot, "Invalid Publish Subject");
                }
                self.map_subject(slot, &mappings, publish.subject)
            }
            None => None,
        };
        if let Some(mapped) = &mapped {
            message.subject = mapped;
        } else if checks && !self.check_pedantic(slot, message.subject) {
            return;
        }
        if checks && !self.may_publish(slot, message.subject) {
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

    /// The mapped subject, in a buffer that is to be given back; `None` when
    /// no mapping applies.
    #[cold]
    fn map_subject(
        &mut self,
        slot: u32,
        mappings: &midge_subject::mapping::Mappings,
        subject: &[u8],
    ) -> Option<Vec<u8>> {
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
            let (from, to) = (String::from_utf8_lossy(subject), String::from_utf8_lossy(&mapped));
            self.trace(slot, format_args!("<<- [MAPPING {from} -> {to}]"));
        }
        Some(mapped)
    }

    /// The pedantic check; the message goes on all the same.
    fn check_pedantic(&mut self, slot: u32, subject: &[u8]) -> bool {
        let pedantic = self.connections.get(slot as usize).is_some_and(|c| c.pedantic);
        if pedantic && !is_publishable(subject) {
            self.send_err(slot, "Invalid Publish Subject");
        }
        true
    }

    /// Publish permissions, then response permissions (security.md 5.2, 5.5).
    fn may_publish(&mut self, slot: u32, subject: &[u8]) -> bool {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(slot as usize) else { return false };
        let Some(permissions) = &connection.permissions else { return true };
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
        self.send_err(slot, &format!("Permissions Violation for Publish to {subject}"));
        self.log_error(slot, format_args!("Publish Violation - Subject {subject}"));
    }

    /// Names that clients may not use (client-protocol.md 8.6). Nearly all
    /// subjects are let through by their first byte.
    #[inline]
    fn reserved_names_allow(&mut self, slot: u32, account: u32, message: &Message<'_>) -> bool {
        let begins = |text: &[u8], prefix: &[u8]| {
            text.len() > prefix.len() && text.starts_with(prefix)
        };
        if let Some(b'_' | b'$') = message.subject.first() {
            let is_system = self.shared.is_system_account(account);
            if begins(message.subject, b"_GR_.")
                || begins(message.subject, b"$GR.")
                || (message.subject.starts_with(b"$NRG.") && !is_system)
            {
                self.refuse_publish(slot, message.subject);
                return false;
            }
        }
        if let Some(b'_' | b'$') = message.reply.first()
            && (message.reply.starts_with(b"_R_.")
                || begins(message.reply, b"$JS.ACK.")
                || begins(message.reply, b"_GR_."))
        {
            let reply = quote(message.reply);
            let text = format!("Permissions Violation for Publish with Reply of {reply}");
            self.send_err(slot, &text);
            self.log_error(slot, format_args!("Publish Violation - Reply {reply}"));
            return false;
        }
        true
    }

    /// Gives a message to everybody who is to get it.
    #[inline]
    fn route(&mut self, slot: u32, account: u32, message: &Message<'_>) {
        let Some(bound) = self.accounts.get(account as usize).and_then(Option::as_ref) else {
            return;
        };
        let guess = self.last_place;
        let (recipients, place) =
            self.cache.take(guess, bound, message.subject, self.id, &self.subscriptions);
        if let Place::Kept(index) = place {
            self.last_place = index;
        }
        let delivered = !recipients.is_empty()
            && self.hand_out(slot, account, message, &recipients);
        self.cache.put(recipients, place);
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
        for group in &recipients.queues {
            delivered |= self.deliver_to_group(slot, account, message, recipients, group);
        }
        if !recipients.internal.is_empty() {
            delivered = true;
            for &number in &recipients.internal {
                let origin = self.origin(slot, account);
                self.shared.internal.dispatch(number, message, &origin);
            }
        }
        delivered
    }

    fn origin(&self, slot: u32, account: u32) -> Origin {
        let connection = self.connections.get(slot as usize);
        Origin { account, cid: connection.map_or(0, |connection| connection.cid) }
    }

    /// One member of a group gets the message: a random first choice, then the
    /// next ones until one takes it (client-protocol.md 10.2).
    fn deliver_to_group(
        &mut self,
        slot: u32,
        account: u32,
        message: &Message<'_>,
        recipients: &Recipients,
        group: &QueueGroup,
    ) -> bool {
        let count = group.members.len();
        let first = if count > 1 { self.rng.usize(..count) } else { 0 };
        for member in group.members.iter().cycle().skip(first).take(count) {
            match member {
                QueueMember::Local(target) => {
                    if self.deliver(target, recipients, message, slot) {
                        return true;
                    }
                }
                QueueMember::Remote(target) => {
                    self.batch_queued(slot, account, message, target, group.queue);
                    return true;
                }
            }
        }
        false
    }

    /// Delivers a message on `subject` that another shard could not give to
    /// the group member it had chosen.
    pub(super) fn route_to_group(
        &mut self,
        account: u32,
        queue: u32,
        message: &Message<'_>,
        avoid: u32,
    ) {
        let Some(bound) = self.accounts.get(account as usize).and_then(Option::as_ref) else {
            return;
        };
        let (recipients, place) =
            self.cache.take(0, bound, message.subject, self.id, &self.subscriptions);
        if let Some(group) = recipients.queues.iter().find(|group| group.queue == queue) {
            let mut group = group.clone();
            group.members.retain(|member| match member {
                QueueMember::Local(target) => target.subscription != avoid,
                QueueMember::Remote(_) => true,
            });
            self.deliver_to_group(NO_PUBLISHER, account, message, &recipients, &group);
        }
        self.cache.put(recipients, place);
    }

    /// The 503 for a request that nobody took (client-protocol.md 12).
    fn tell_no_responders(&mut self, slot: u32, message: &Message<'_>) {
        let Some(connection) = self.connections.get(slot as usize) else { return };
        if !connection.no_responders {
            return;
        }
        let own = connection.subscriptions.iter().find_map(|&index| {
            let subscription = self.subscriptions.get(index)?;
            let matches = subscription.queue == 0
                && midge_subject::matches(message.reply, subscription.subject.as_bytes());
            matches.then(|| subscription.sid.clone())
        });
        let Some(sid) = own else { return };
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
