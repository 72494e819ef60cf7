//! Changes of a stream's configuration (jetstream-streams.md 2.2).

use midge_store::StoreError;
use midge_subject::Transform;

use super::republish::Republisher;
use super::{Stream, lifecycle};
use crate::advisory::Action;
use crate::config::{Retention, StreamConfig};
use crate::consumer::info::Detail;
use crate::context::Context;
use crate::effects::{Event, Kind, When};
use crate::error::ApiError;
use crate::error::catalogue as errors;

impl Stream {
    /// Takes over a configuration that was checked against the one in force
    /// and against other streams, and answers.
    ///
    /// # Errors
    /// If consumers have settings that the new configuration does not allow,
    /// or it could not be kept: the old one stays, and the reply says so.
    pub fn update(
        &mut self,
        config: StreamConfig,
        reply: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<(), ApiError> {
        let updated = self.apply_update(config, cx);
        let kind = Kind::ApiReply {
            is_error: updated.is_err(),
        };
        if !reply.is_empty() {
            let info = self.info(Detail::Single, cx.now);
            let reply_type = "stream_update_response";
            cx.out
                .send_with(reply, When::Durable, kind, |out| match &updated {
                    Ok(()) => crate::api::push_reply(out, reply_type, &info),
                    Err(error) => {
                        crate::api::push_error(out, reply_type, error, &crate::api::Empty {});
                    }
                });
        }
        updated
    }

    fn apply_update(&mut self, config: StreamConfig, cx: &mut Context<'_>) -> Result<(), ApiError> {
        self.check_consumer_limits(&config)?;
        let failed = |error: StoreError| errors::STREAM_UPDATE.with(error);
        // What came before has to be on disk before the new configuration is:
        // a crash would leave messages to limits that were not theirs.
        self.core.store.limits_change();
        self.flush(cx).map_err(failed)?;
        self.files
            .set_meta(&lifecycle::meta_json(&config, self.created))
            .map_err(failed)?;
        let old = std::mem::replace(&mut self.core.config, config);
        let new = &self.core.config;
        let subjects_changed = old.subjects != new.subjects || old.allow_direct != new.allow_direct;
        let (window, retention) = (new.duplicate_window, new.retention);
        let options =
            lifecycle::store_options(new, &self.core.settings.limits, self.files.is_encrypted());
        self.core.store.set_options(options).map_err(failed)?;
        self.transform = transform_of(new);
        self.republisher = Republisher::of(new);
        self.dedupe.set_window(window, cx.now);
        self.expiry.restart();
        if subjects_changed {
            cx.out.event(Event::SubjectsChanged);
        }
        if let Err(error) = self.enforce_all(cx) {
            self.warn(&error, cx);
        }
        if old.retention != retention && retention == Retention::Interest {
            self.remove_unneeded(cx);
        }
        self.core.herald().stream(cx, Action::Modify);
        Ok(())
    }

    fn check_consumer_limits(&self, config: &StreamConfig) -> Result<(), ApiError> {
        let limits = &config.consumer_limits;
        let mut violators: Vec<&str> = self
            .consumers
            .all()
            .filter(|consumer| {
                let over = |limit: i64, value: i64| limit > 0 && value > limit;
                over(
                    limits.inactive_threshold,
                    consumer.config.inactive_threshold,
                ) || over(limits.max_ack_pending, consumer.config.max_ack_pending)
            })
            .map(|consumer| consumer.name.as_str())
            .collect();
        if violators.is_empty() {
            return Ok(());
        }
        violators.sort_unstable();
        Err(errors::STREAM_UPDATE.with(format_args!(
            "change to limits violates consumers: {}",
            violators.join(", ")
        )))
    }
}

/// The transform of a configuration that was checked.
pub(super) fn transform_of(config: &StreamConfig) -> Option<Transform> {
    let transform = config.subject_transform.as_ref()?;
    if transform.dest.is_empty() {
        return None;
    }
    Transform::new(&transform.src, &transform.dest).ok()
}
