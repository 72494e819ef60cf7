//! The words that configurations are made of.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{JsonError, Place, ReadJson};

macro_rules! words {
    (
        $(#[$doc:meta])*
        $name:ident, |$bad:ident| $error:expr, {
            $($(#[$variant_doc:meta])* $variant:ident = $text:literal $(| $also:literal)*),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The word in JSON.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl ReadJson for $name {
            fn read(&mut self, value: &Value, _at: &Place<'_>) -> Result<(), JsonError> {
                *self = match value.as_str() {
                    $(Some($text $(| $also)*) => Self::$variant,)*
                    _ => {
                        let $bad = value.to_string();
                        return Err(JsonError($error));
                    }
                };
                Ok(())
            }
        }
    };
}

fn cannot_unmarshal(token: &str) -> String {
    format!("can not unmarshal {}", Value::from(token))
}

words! {
    /// What makes a message leave a stream (jetstream-streams.md 13).
    Retention, |bad| cannot_unmarshal(&bad), {
        /// Only limits do.
        #[default]
        Limits = "limits",
        /// It leaves when every interested consumer is done with it.
        Interest = "interest",
        /// It leaves when its consumer is done with it.
        WorkQueue = "workqueue",
    }
}

words! {
    /// What a full stream does with a new message.
    Discard, |bad| cannot_unmarshal(&bad), {
        /// Removes the oldest ones.
        #[default]
        Old = "old" | "OLD" | "Old",
        /// Refuses it.
        New = "new" | "NEW" | "New",
    }
}

words! {
    /// Where messages are kept.
    Storage, |bad| cannot_unmarshal(&bad), {
        /// On disk.
        #[default]
        File = "file",
        /// In memory; gone after a restart.
        Memory = "memory",
    }
}

words! {
    /// Compression of blocks on disk.
    Compression, |_bad| "unknown compression algorithm".to_owned(), {
        /// None.
        #[default]
        None = "none",
        /// S2.
        S2 = "s2",
    }
}

words! {
    /// What a publish acknowledgement waits for.
    PersistMode, |bad| cannot_unmarshal(&bad), {
        /// The message is on disk.
        #[default]
        Default = "default" | "",
        /// Nothing: it is written soon.
        Async = "async",
    }
}

words! {
    /// Where a new consumer starts (jetstream-consumers.md 5).
    DeliverPolicy, |bad| cannot_unmarshal(&bad), {
        /// At the first message.
        #[default]
        All = "all" | "undefined",
        /// At the last message.
        Last = "last",
        /// After the last message.
        New = "new",
        /// At `opt_start_seq`.
        ByStartSequence = "by_start_sequence",
        /// At `opt_start_time`.
        ByStartTime = "by_start_time",
        /// The last message of every subject first.
        LastPerSubject = "last_per_subject",
    }
}

words! {
    /// What has to be acknowledged (jetstream-consumers.md 9).
    AckPolicy, |bad| cannot_unmarshal(&bad), {
        /// Nothing.
        #[default]
        None = "none",
        /// A message, and with it all before.
        All = "all",
        /// Each message.
        Explicit = "explicit",
        /// As `All`, by answers to flow control requests.
        FlowControl = "flow_control",
    }
}

words! {
    /// Pace of delivery.
    ReplayPolicy, |bad| cannot_unmarshal(&bad), {
        /// As fast as possible.
        #[default]
        Instant = "instant",
        /// As the messages were stored.
        Original = "original",
    }
}

words! {
    /// Which pull request is served first (jetstream-consumers.md 8.7).
    PriorityPolicy, |bad| format!("unknown priority policy: {bad}"), {
        /// The first one.
        #[default]
        None = "none",
        /// Only those whose limits are exceeded.
        Overflow = "overflow",
        /// All of one client.
        PinnedClient = "pinned_client",
        /// The most urgent one.
        Prioritized = "prioritized",
    }
}
