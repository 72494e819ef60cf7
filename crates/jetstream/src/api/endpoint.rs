//! The subjects of the API (jetstream-api.md 6).

/// Start of all of them.
const PREFIX: &str = "$JS.API.";

/// Who answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// The account as a whole.
    Account,
    /// The stream of this name.
    Stream(&'a str),
    /// Nobody on a single server: it needs a cluster.
    Cluster,
    /// A feature that this server does not have yet.
    Later,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the subjects")]
pub enum Endpoint<'a> {
    Info,
    StreamNames,
    StreamList,
    StreamCreate(&'a str),
    StreamUpdate(&'a str),
    StreamInfo(&'a str),
    StreamDelete(&'a str),
    StreamPurge(&'a str),
    MessageGet(&'a str),
    MessageDelete(&'a str),
    Snapshot(&'a str),
    Restore(&'a str),
    StreamStepdown(&'a str),
    StreamPeerRemove(&'a str),
    StreamPeerEvacuate(&'a str),
    StreamCancelMove(&'a str),
    ConsumerNames(&'a str),
    ConsumerList(&'a str),
    /// With the consumer and the filter that the subject names; `durable` for
    /// the old form for durables.
    ConsumerCreate {
        stream: &'a str,
        consumer: Option<&'a str>,
        filter: Option<&'a str>,
        durable: bool,
    },
    ConsumerInfo {
        stream: &'a str,
        consumer: &'a str,
    },
    ConsumerDelete {
        stream: &'a str,
        consumer: &'a str,
    },
    ConsumerPause {
        stream: &'a str,
        consumer: &'a str,
    },
    ConsumerUnpin {
        stream: &'a str,
        consumer: &'a str,
    },
    /// Consumers answer it themselves; what is left is for one that is not
    /// there.
    ConsumerReset {
        stream: &'a str,
        consumer: &'a str,
    },
    ConsumerStepdown {
        stream: &'a str,
        consumer: &'a str,
    },
    ConsumerPeerRemove {
        stream: &'a str,
        consumer: &'a str,
    },
    ConsumerPeerEvacuate {
        stream: &'a str,
        consumer: &'a str,
    },
}

impl<'a> Endpoint<'a> {
    /// Reads a subject; `None` if it is none that is answered.
    pub fn parse(subject: &'a [u8]) -> Option<Self> {
        let rest = std::str::from_utf8(subject).ok()?.strip_prefix(PREFIX)?;
        if let Some(rest) = rest.strip_prefix("CONSUMER.CREATE.") {
            return Self::parse_create(rest);
        }
        let mut tokens = [""; 6];
        let mut count = 0;
        for token in rest.split('.') {
            *tokens.get_mut(count)? = token;
            count += 1;
        }
        let tokens = tokens.get(..count)?;
        if tokens.iter().any(|token| token.is_empty()) {
            return None;
        }
        Some(match *tokens {
            ["INFO"] => Self::Info,
            ["STREAM", "NAMES"] => Self::StreamNames,
            ["STREAM", "LIST"] => Self::StreamList,
            ["STREAM", "CREATE", stream] => Self::StreamCreate(stream),
            ["STREAM", "UPDATE", stream] => Self::StreamUpdate(stream),
            ["STREAM", "INFO", stream] => Self::StreamInfo(stream),
            ["STREAM", "DELETE", stream] => Self::StreamDelete(stream),
            ["STREAM", "PURGE", stream] => Self::StreamPurge(stream),
            ["STREAM", "MSG", "GET", stream] => Self::MessageGet(stream),
            ["STREAM", "MSG", "DELETE", stream] => Self::MessageDelete(stream),
            ["STREAM", "SNAPSHOT", stream] => Self::Snapshot(stream),
            ["STREAM", "RESTORE", stream] => Self::Restore(stream),
            ["STREAM", "LEADER", "STEPDOWN", stream] => Self::StreamStepdown(stream),
            ["STREAM", "PEER", "REMOVE", stream] => Self::StreamPeerRemove(stream),
            ["STREAM", "PEER", "EVACUATE", stream] => Self::StreamPeerEvacuate(stream),
            ["STREAM", "CANCEL_MOVE", stream] => Self::StreamCancelMove(stream),
            ["CONSUMER", "NAMES", stream] => Self::ConsumerNames(stream),
            ["CONSUMER", "LIST", stream] => Self::ConsumerList(stream),
            ["CONSUMER", "DURABLE", "CREATE", stream, consumer] => Self::ConsumerCreate {
                stream,
                consumer: Some(consumer),
                filter: None,
                durable: true,
            },
            ["CONSUMER", "INFO", stream, consumer] => Self::ConsumerInfo { stream, consumer },
            ["CONSUMER", "DELETE", stream, consumer] => Self::ConsumerDelete { stream, consumer },
            ["CONSUMER", "PAUSE", stream, consumer] => Self::ConsumerPause { stream, consumer },
            ["CONSUMER", "UNPIN", stream, consumer] => Self::ConsumerUnpin { stream, consumer },
            ["CONSUMER", "RESET", stream, consumer] => Self::ConsumerReset { stream, consumer },
            ["CONSUMER", "LEADER", "STEPDOWN", stream, consumer] => {
                Self::ConsumerStepdown { stream, consumer }
            }
            ["CONSUMER", "PEER", "REMOVE", stream, consumer] => {
                Self::ConsumerPeerRemove { stream, consumer }
            }
            ["CONSUMER", "PEER", "EVACUATE", stream, consumer] => {
                Self::ConsumerPeerEvacuate { stream, consumer }
            }
            _ => return None,
        })
    }

    fn parse_create(rest: &'a str) -> Option<Self> {
        let (stream, rest) = match rest.split_once('.') {
            Some((stream, rest)) => (stream, Some(rest)),
            None => (rest, None),
        };
        let (consumer, filter) = match rest.map(|rest| rest.split_once('.')) {
            Some(Some((consumer, filter))) => (Some(consumer), Some(filter)),
            Some(None) => (rest, None),
            None => (None, None),
        };
        let is_token = |token: &str| !token.is_empty();
        let complete = is_token(stream)
            && consumer.is_none_or(is_token)
            && filter.is_none_or(|filter| filter.split('.').all(is_token));
        complete.then_some(Self::ConsumerCreate {
            stream,
            consumer,
            filter,
            durable: false,
        })
    }

    /// Who answers.
    pub fn scope(&self) -> Scope<'a> {
        match *self {
            Self::Info
            | Self::StreamNames
            | Self::StreamList
            | Self::StreamCreate(_)
            | Self::StreamUpdate(_) => Scope::Account,
            Self::StreamInfo(stream)
            | Self::StreamDelete(stream)
            | Self::StreamPurge(stream)
            | Self::MessageGet(stream)
            | Self::MessageDelete(stream)
            | Self::ConsumerNames(stream)
            | Self::ConsumerList(stream)
            | Self::ConsumerCreate { stream, .. }
            | Self::ConsumerInfo { stream, .. }
            | Self::ConsumerDelete { stream, .. }
            | Self::ConsumerPause { stream, .. }
            | Self::ConsumerUnpin { stream, .. }
            | Self::ConsumerReset { stream, .. } => Scope::Stream(stream),
            Self::Snapshot(_) | Self::Restore(_) => Scope::Later,
            Self::StreamStepdown(_)
            | Self::StreamPeerRemove(_)
            | Self::StreamPeerEvacuate(_)
            | Self::StreamCancelMove(_)
            | Self::ConsumerStepdown { .. }
            | Self::ConsumerPeerRemove { .. }
            | Self::ConsumerPeerEvacuate { .. } => Scope::Cluster,
        }
    }

    /// The `type` of its replies, without the prefix that all have.
    pub fn reply_type(&self) -> &'static str {
        match self {
            Self::Info => "account_info_response",
            Self::StreamNames => "stream_names_response",
            Self::StreamList => "stream_list_response",
            Self::StreamCreate(_) => "stream_create_response",
            Self::StreamUpdate(_) => "stream_update_response",
            Self::StreamInfo(_) => "stream_info_response",
            Self::StreamDelete(_) => "stream_delete_response",
            Self::StreamPurge(_) => "stream_purge_response",
            Self::MessageGet(_) => "stream_msg_get_response",
            Self::MessageDelete(_) => "stream_msg_delete_response",
            Self::Snapshot(_) => "stream_snapshot_response",
            Self::Restore(_) => "stream_restore_response",
            Self::StreamStepdown(_) => "stream_leader_stepdown_response",
            Self::StreamPeerRemove(_) => "stream_remove_peer_response",
            Self::StreamPeerEvacuate(_) => "stream_evacuate_peer_response",
            Self::StreamCancelMove(_) => "stream_cancel_move_response",
            Self::ConsumerNames(_) => "consumer_names_response",
            Self::ConsumerList(_) => "consumer_list_response",
            Self::ConsumerCreate { .. } => "consumer_create_response",
            Self::ConsumerInfo { .. } => "consumer_info_response",
            Self::ConsumerDelete { .. } => "consumer_delete_response",
            Self::ConsumerPause { .. } => "consumer_pause_response",
            Self::ConsumerUnpin { .. } => "consumer_unpin_response",
            Self::ConsumerReset { .. } => "consumer_reset_response",
            Self::ConsumerStepdown { .. } => "consumer_leader_stepdown_response",
            Self::ConsumerPeerRemove { .. } => "consumer_remove_peer_response",
            Self::ConsumerPeerEvacuate { .. } => "consumer_evacuate_peer_response",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_read_by_their_tokens() {
        let parse = |subject: &'static str| Endpoint::parse(subject.as_bytes());
        assert_eq!(parse("$JS.API.INFO"), Some(Endpoint::Info));
        assert_eq!(
            parse("$JS.API.STREAM.MSG.GET.S"),
            Some(Endpoint::MessageGet("S"))
        );
        assert_eq!(
            parse("$JS.API.CONSUMER.CREATE.S.C.a.>"),
            Some(Endpoint::ConsumerCreate {
                stream: "S",
                consumer: Some("C"),
                filter: Some("a.>"),
                durable: false
            })
        );
        for subject in [
            "$JS.API.",
            "$JS.API.STREAM.CREATE.a.b",
            "$JS.API.STREAM.CREATE.",
            "$JS.API.STREAM.TEMPLATE.CREATE.x",
            "$JS.API.CONSUMER.DURABLE.CREATE.S",
            "$JS.API.CONSUMER.DURABLE.CREATE.S.x.y",
            "$JS.API.CONSUMER.CREATE.S..",
            "$JS.API.a.b.c.d.e.f.g.h",
            "$JS.ACK.x",
        ] {
            assert_eq!(parse(subject), None, "{subject}");
        }
    }
}
