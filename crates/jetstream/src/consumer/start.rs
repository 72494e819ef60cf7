//! Where a new consumer starts (jetstream-consumers.md 5).

use std::collections::VecDeque;

use midge_store::{Filter, Seq, StoreError, StreamStore};

use super::SkipList;
use crate::config::{ConsumerConfig, DeliverPolicy, StreamConfig};

/// The first sequence a consumer looks at, and what comes before that.
#[derive(Debug)]
pub(crate) struct Start {
    pub at: Seq,
    pub(super) skip: Option<SkipList>,
}

impl Start {
    /// At a sequence.
    pub fn at(at: Seq) -> Self {
        Self { at, skip: None }
    }

    /// What the configuration says.
    pub fn of(
        config: &ConsumerConfig,
        stream: &StreamConfig,
        store: &mut dyn StreamStore,
    ) -> Result<Self, StoreError> {
        let state = store.state();
        let filter = Filter::new(&super::filters(config));
        let mut skip = None;
        let wanted = match config.deliver_policy {
            DeliverPolicy::All => state.first,
            DeliverPolicy::New => state.last.next(),
            DeliverPolicy::Last if filter == Filter::All => state.last,
            DeliverPolicy::Last => store
                .previous(&filter, Seq::MAX)?
                .map_or(Seq::NONE, |message| message.seq),
            DeliverPolicy::ByStartSequence => Seq(config.opt_start_seq).max(state.first),
            DeliverPolicy::ByStartTime => match config.opt_start_time {
                Some(time) => store.seq_at(time.at)?,
                None => state.first,
            },
            DeliverPolicy::LastPerSubject if stream.max_msgs_per_subject == 1 => state.first,
            DeliverPolicy::LastPerSubject => {
                let mut listed = Vec::new();
                store.last_per_subject(&filter, state.last, usize::MAX, &mut listed)?;
                let first = listed.first().copied();
                if first.is_some() {
                    skip = Some(SkipList {
                        left: VecDeque::from(listed),
                        resume: state.last.next(),
                    });
                }
                first.unwrap_or(state.last)
            }
        };
        let at = if config.opt_start_seq > 0 {
            wanted
        } else {
            // A stream that was never used has 1 as first and 0 as last.
            wanted.min(state.last.next()).max(state.first)
        };
        Ok(Self { at, skip })
    }
}
