//! Push: whether anybody listens, flow control, heartbeats and rate
//! (jetstream-consumers.md 6.6, 7).

use midge_store::Nanos;

use super::Consumer;
use super::pull::push_heartbeat;
use super::subjects::flow_prefix;
use crate::config::{AckPolicy, ConsumerConfig};
use crate::context::Context;
use crate::effects::{Kind, When};
use crate::stream::Core;
use crate::units::{NANOS_PER_SECOND, after};

/// Bytes that may be outstanding at first.
const FIRST_WINDOW: usize = 2 << 20;
/// Bytes that may be outstanding at most.
const MAX_WINDOW: usize = 32 << 20;
/// Bits of a byte: rates are given in bits.
const BITS: u64 = 8;

/// A flow control request that was not answered yet.
#[derive(Debug)]
struct OpenRequest {
    subject: String,
    covered: usize,
}

/// How much may be outstanding.
#[derive(Debug)]
struct FlowControl {
    prefix: String,
    window: usize,
    outstanding: usize,
    open: Option<OpenRequest>,
}

/// Bytes a second, with a burst.
#[derive(Debug)]
struct Rate {
    per_second: u64,
    burst: u64,
    tokens: f64,
    at: Option<Nanos>,
}

#[derive(Debug)]
pub(crate) struct PushState {
    active: bool,
    heartbeat: i64,
    next_heartbeat: Option<Nanos>,
    flow: Option<FlowControl>,
    rate: Option<Rate>,
}

impl PushState {
    pub fn apply_config(state: &mut Option<Self>, config: &ConsumerConfig, core: &Core) {
        let state = state.get_or_insert(Self {
            active: false,
            heartbeat: 0,
            next_heartbeat: None,
            flow: None,
            rate: None,
        });
        state.heartbeat = config.idle_heartbeat;
        if !config.flow_control {
            state.flow = None;
        }
        let per_second = config.rate_limit_bps / BITS;
        if per_second == 0 {
            state.rate = None;
        } else if state
            .rate
            .as_ref()
            .is_none_or(|rate| rate.per_second != per_second)
        {
            let max_message = u64::try_from(core.config.max_msg_size)
                .ok()
                .filter(|size| *size > 0)
                .unwrap_or_else(|| u64::try_from(core.settings.limits.max_payload).unwrap_or(0));
            state.rate = Some(Rate {
                per_second,
                burst: max_message,
                tokens: max_message as f64,
                at: None,
            });
        }
    }

    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Whether flow control lets a message go.
    pub fn may_send(&self) -> bool {
        self.active
            && self
                .flow
                .as_ref()
                .is_none_or(|flow| flow.outstanding <= flow.window)
    }

    /// Takes `size` bytes out of the rate's bucket, or tells when there will
    /// be enough. A message larger than the burst goes when the bucket is
    /// full.
    pub fn pace(&mut self, size: usize, now: Nanos) -> Option<Nanos> {
        let rate = self.rate.as_mut()?;
        let since = rate.at.map_or(0, |at| now.0.saturating_sub(at.0).max(0));
        rate.at = Some(now);
        let earned = since as f64 * rate.per_second as f64 / NANOS_PER_SECOND as f64;
        rate.tokens = (rate.tokens + earned).min(rate.burst as f64);
        let needed = (size as f64).min(rate.burst as f64);
        if rate.tokens < needed {
            let missing = (needed - rate.tokens) / rate.per_second as f64;
            return Some(after(
                now,
                (missing * NANOS_PER_SECOND as f64).ceil() as i64,
            ));
        }
        rate.tokens -= size as f64;
        None
    }

    /// Counts a message that was sent, and asks for an answer if it is time.
    /// `must_ask`: nothing more can be sent before an answer.
    pub fn note_sent(
        &mut self,
        size: usize,
        must_ask: bool,
        deliver_subject: &str,
        core: &mut Core,
        cx: &mut Context<'_>,
    ) {
        if self.heartbeat > 0 {
            self.next_heartbeat = Some(after(cx.now, self.heartbeat));
        }
        let Some(flow) = &mut self.flow else {
            return;
        };
        flow.outstanding += size;
        match &mut flow.open {
            Some(open) if flow.outstanding - open.covered >= flow.window => {
                open.covered += size;
            }
            Some(_) => {}
            None if must_ask || flow.outstanding > flow.window / 2 => {
                self.ask(deliver_subject, core, cx);
            }
            None => {}
        }
    }

    /// Sends a flow control request, unless one is open.
    fn ask(&mut self, deliver_subject: &str, core: &mut Core, cx: &mut Context<'_>) {
        let Some(flow) = &mut self.flow else {
            return;
        };
        if flow.open.is_some() {
            return;
        }
        let subject = format!("{}{}", flow.prefix, core.random.flow_token());
        let to = deliver_subject.as_bytes();
        cx.out
            .begin(to, to)
            .reply_with(|out| out.extend_from_slice(subject.as_bytes()))
            .header_with(|out| {
                out.extend_from_slice(b"NATS/1.0 100 FlowControl Request\r\n\r\n");
            })
            .finish(Kind::Reply, When::Now);
        flow.open = Some(OpenRequest {
            subject,
            covered: flow.outstanding,
        });
    }

    fn stalled_subject(&self) -> Option<&str> {
        let open = self.flow.as_ref()?.open.as_ref()?;
        Some(&open.subject)
    }
}

impl Consumer {
    /// Makes the flow control subjects of a push consumer.
    pub fn prepare_flow_control(&mut self, core: &Core) {
        if self.config.flow_control
            && let Some(push) = &mut self.push
            && push.flow.is_none()
        {
            push.flow = Some(FlowControl {
                prefix: flow_prefix(&core.settings, &core.config.name, &self.name),
                window: FIRST_WINDOW,
                outstanding: 0,
                open: None,
            });
        }
    }

    /// Looks whether anybody listens; whether it became active.
    pub fn check_interest(&mut self, core: &mut Core, cx: &mut Context<'_>) -> bool {
        let Some(push) = &mut self.push else {
            return false;
        };
        let bound = cx.interest.is_bound(
            self.config.deliver_subject.as_bytes(),
            self.config.deliver_group.as_bytes(),
        );
        let was = std::mem::replace(&mut push.active, bound);
        if bound {
            self.inactive_at = None;
            if !was && push.heartbeat > 0 {
                push.next_heartbeat = Some(after(cx.now, push.heartbeat));
            }
        } else if was || self.inactive_at.is_none() {
            push.next_heartbeat = None;
            self.touch(core, cx.now);
        }
        bound && !was
    }

    pub(super) fn is_bound(&self) -> bool {
        self.push.as_ref().is_some_and(|push| push.active)
    }

    /// Takes an answer to a flow control request; whether it was the open
    /// one.
    pub fn flow_reply(&mut self, subject: &[u8], header: &[u8], core: &mut Core) -> bool {
        let Some(flow) = self.push.as_mut().and_then(|push| push.flow.as_mut()) else {
            return false;
        };
        let Some(open) = flow.open.take_if(|open| open.subject.as_bytes() == subject) else {
            return false;
        };
        flow.window = (flow.window * 2).min(MAX_WINDOW);
        flow.outstanding = flow.outstanding.saturating_sub(open.covered);
        if self.config.ack_policy == AckPolicy::FlowControl {
            let number = |name: &str| {
                midge_wire::header::find(header, name).and_then(crate::header::decimal)
            };
            let stream = number("Nats-Last-Stream").unwrap_or(0);
            let consumer = number("Nats-Last-Consumer").unwrap_or(0);
            if stream > 0 {
                self.ack_all(midge_store::Seq(stream), consumer, core);
            }
        }
        true
    }

    /// Sends a heartbeat if one is due.
    pub(super) fn push_heartbeat_if_due(&mut self, core: &mut Core, cx: &mut Context<'_>) {
        if self.heartbeat_deadline().is_none_or(|due| due > cx.now) {
            return;
        }
        self.skip_to_end(core);
        let has_pending = !self.pending.is_empty();
        let last = (self.delivered.consumer, self.next.previous().0);
        let Some(push) = &mut self.push else {
            return;
        };
        push.next_heartbeat = Some(after(cx.now, push.heartbeat));
        if self.config.ack_policy == AckPolicy::FlowControl && has_pending {
            push.ask(&self.config.deliver_subject, core, cx);
        }
        let stalled = push.stalled_subject();
        cx.out
            .send_status(self.config.deliver_subject.as_bytes(), |header| {
                push_heartbeat(header, last, stalled);
            });
    }

    pub(super) fn heartbeat_deadline(&self) -> Option<Nanos> {
        self.push
            .as_ref()
            .filter(|push| push.active)
            .and_then(|push| push.next_heartbeat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_lets_a_burst_go_and_then_paces() {
        let mut push = PushState {
            active: true,
            heartbeat: 0,
            next_heartbeat: None,
            flow: None,
            rate: Some(Rate {
                per_second: 1000,
                burst: 1000,
                tokens: 1000.0,
                at: None,
            }),
        };
        assert_eq!(push.pace(600, Nanos(0)), None);
        assert_eq!(push.pace(600, Nanos(0)), Some(Nanos(200_000_000)));
        assert_eq!(push.pace(600, Nanos(200_000_000)), None);
        assert_eq!(
            push.pace(5000, Nanos(2_000_000_000)),
            None,
            "a message larger than the burst goes when the bucket is full"
        );
    }
}
