//! What is measured.

use serde::Serialize;

/// A workload of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Workload {
    /// One publisher, nobody listens.
    PublishOnly {
        /// Bytes of a payload.
        size: usize,
    },
    /// One publisher, one subscriber.
    OneToOne {
        /// Bytes of a payload.
        size: usize,
    },
    /// One publisher, many subscribers on one subject.
    FanOut {
        /// Subscribers.
        subscribers: usize,
    },
    /// Pairs, each on a subject of its own.
    Pairs {
        /// Pairs.
        count: usize,
    },
    /// One request at a time.
    RequestReply,
    /// Many subscriptions, messages on random subjects.
    ManySubjects {
        /// Subscriptions.
        subscriptions: usize,
    },
    /// Connections that do nothing, with one subscription each.
    IdleConnections {
        /// Connections.
        count: usize,
    },
    /// Many connections, each with one message in turn.
    InTurn {
        /// Connections.
        connections: usize,
    },
    /// One publisher, one subscriber, while subscriptions come and go.
    Churn,
    /// One publisher, one subscriber, all under TLS.
    Tls,
    /// Publishers, each into a stream of its own, with many acks outstanding.
    JsPublish {
        /// Publishers, and streams.
        publishers: usize,
        /// Whether the streams are in memory.
        memory: bool,
        /// When the servers sync.
        sync: Sync,
    },
    /// One publisher that waits for each ack.
    JsPublishOne {
        /// When the servers sync.
        sync: Sync,
    },
    /// A pull consumer that fetches batches of 500.
    JsPull {
        /// Whether each message is acked.
        acks: bool,
        /// Requests outstanding.
        ahead: u64,
    },
    /// A push consumer without acks and without flow control.
    JsPush,
    /// Key-value puts, one at a time.
    JsKvPut {
        /// When the servers sync.
        sync: Sync,
    },
    /// Key-value gets (direct), one at a time.
    JsKvGet,
    /// A work queue that many clients empty.
    JsWorkQueue {
        /// Clients that fetch and ack.
        clients: usize,
    },
    /// A consumer that reads a long stream from files that are not in memory.
    JsCatchUp,
    /// A publisher at a fixed pace.
    JsHead {
        /// Messages a second.
        pace: u64,
        /// Whether a consumer reads the stream from its beginning meanwhile.
        behind: bool,
    },
    /// Restart of a server with one big stream.
    JsRecovery {
        /// Whether the server was killed; else it was stopped in order.
        killed: bool,
    },
}

/// Messages a second of a head that does not want all the machine has.
const PACE: u64 = 50_000;

/// When a server's JetStream syncs what it stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Sync {
    /// As the server is shipped: Midge before it acks, the peer every two minutes.
    Default,
    /// Both every two minutes.
    Lax,
    /// Both before they ack: Midge's default, the peer with `sync_interval: always`.
    BeforeAck,
}

impl Sync {
    /// For names and titles.
    fn suffix(self) -> (&'static str, &'static str) {
        match self {
            Self::Default => ("", ""),
            Self::Lax => ("", ", not synced"),
            Self::BeforeAck => ("-synced", ", synced"),
        }
    }
}

impl Workload {
    /// All of them, in the order of the table.
    pub fn all() -> Vec<Self> {
        vec![
            Self::PublishOnly { size: 16 },
            Self::PublishOnly { size: 128 },
            Self::OneToOne { size: 16 },
            Self::OneToOne { size: 128 },
            Self::OneToOne { size: 1024 },
            Self::OneToOne { size: 65_536 },
            Self::FanOut { subscribers: 50 },
            Self::FanOut { subscribers: 1000 },
            Self::Pairs { count: 8 },
            Self::RequestReply,
            Self::ManySubjects {
                subscriptions: 200_000,
            },
            Self::IdleConnections { count: 2000 },
            Self::InTurn { connections: 1000 },
            Self::Churn,
            Self::Tls,
            Self::js_publish(1, false, Sync::Lax),
            Self::js_publish(1, false, Sync::BeforeAck),
            Self::js_publish(8, false, Sync::BeforeAck),
            Self::js_publish(1, true, Sync::Default),
            Self::JsPublishOne { sync: Sync::Lax },
            Self::JsPublishOne {
                sync: Sync::BeforeAck,
            },
            Self::js_pull(false, 1),
            Self::js_pull(false, 2),
            Self::js_pull(true, 1),
            Self::js_pull(true, 2),
            Self::JsPush,
            Self::JsKvPut { sync: Sync::Lax },
            Self::JsKvPut {
                sync: Sync::BeforeAck,
            },
            Self::JsKvGet,
            Self::JsWorkQueue { clients: 8 },
            Self::JsCatchUp,
            Self::JsHead {
                pace: PACE,
                behind: false,
            },
            Self::JsHead {
                pace: PACE,
                behind: true,
            },
            Self::JsRecovery { killed: false },
            Self::JsRecovery { killed: true },
        ]
    }

    fn js_publish(publishers: usize, memory: bool, sync: Sync) -> Self {
        Self::JsPublish {
            publishers,
            memory,
            sync,
        }
    }

    fn js_pull(acks: bool, ahead: u64) -> Self {
        Self::JsPull { acks, ahead }
    }

    /// Short name for the command line.
    pub fn name(&self) -> String {
        match self {
            Self::PublishOnly { size } => format!("publish-{size}"),
            Self::OneToOne { size } => format!("one-to-one-{size}"),
            Self::FanOut { subscribers } => format!("fan-out-{subscribers}"),
            Self::Pairs { count } => format!("pairs-{count}"),
            Self::RequestReply => "request-reply".to_owned(),
            Self::ManySubjects { .. } => "many-subjects".to_owned(),
            Self::IdleConnections { .. } => "idle".to_owned(),
            Self::InTurn { .. } => "in-turn".to_owned(),
            Self::Churn => "churn".to_owned(),
            Self::Tls => "tls".to_owned(),
            Self::JsPublish {
                publishers,
                memory,
                sync,
            } => {
                let many = match publishers {
                    1 => String::new(),
                    many => format!("-{many}"),
                };
                let store = if *memory { "-memory" } else { "" };
                format!("js-publish{many}{store}{}", sync.suffix().0)
            }
            Self::JsPublishOne { sync } => format!("js-one{}", sync.suffix().0),
            Self::JsPull { acks, ahead } => {
                let name = if *ahead > 1 { "consume" } else { "fetch" };
                format!("js-{name}{}", if *acks { "-ack" } else { "" })
            }
            Self::JsPush => "js-push".to_owned(),
            Self::JsKvPut { sync } => format!("js-kv-put{}", sync.suffix().0),
            Self::JsKvGet => "js-kv-get".to_owned(),
            Self::JsWorkQueue { .. } => "js-work-queue".to_owned(),
            Self::JsCatchUp => "js-catch-up".to_owned(),
            Self::JsHead { behind: false, .. } => "js-head".to_owned(),
            Self::JsHead { behind: true, .. } => "js-head-behind".to_owned(),
            Self::JsRecovery { killed: false } => "js-restart".to_owned(),
            Self::JsRecovery { killed: true } => "js-restart-killed".to_owned(),
        }
    }

    /// Name in the table.
    pub fn title(&self) -> String {
        match self {
            Self::PublishOnly { size } => format!("publish {}, nobody listens", bytes(*size)),
            Self::OneToOne { size } => format!("1 publisher → 1 subscriber, {}", bytes(*size)),
            Self::FanOut { subscribers } => {
                format!("fan-out 1 → {subscribers}, 128 B, per delivery")
            }
            Self::Pairs { count } => format!("{count} pairs, own subjects, 128 B"),
            Self::RequestReply => "request/reply, one at a time".to_owned(),
            Self::ManySubjects { subscriptions } => {
                format!("{subscriptions} subscriptions, random subjects")
            }
            Self::IdleConnections { .. } => "idle connection with one subscription".to_owned(),
            Self::InTurn { connections } => {
                format!("{connections} connections, 1 message each in turn")
            }
            Self::Churn => "1 → 1, 128 B, under 10,000 SUB+UNSUB/s".to_owned(),
            Self::Tls => "1 → 1, 128 B, TLS".to_owned(),
            Self::JsPublish {
                publishers,
                memory,
                sync,
            } => {
                let store = if *memory { "memory" } else { "file" };
                let many = match publishers {
                    1 => "window 1,000".to_owned(),
                    many => format!("{many} streams, {many} × window 1,000"),
                };
                format!("JetStream publish, {store}, {many}{}", sync.suffix().1)
            }
            Self::JsPublishOne { sync } => {
                format!("JetStream publish, one at a time{}", sync.suffix().1)
            }
            Self::JsPull { acks, ahead } => {
                let acks = if *acks { "explicit ack" } else { "no ack" };
                let ahead = if *ahead > 1 { ", requests overlap" } else { "" };
                format!("pull consumer, batch 500, {acks}{ahead}")
            }
            Self::JsPush => "push consumer, no ack".to_owned(),
            Self::JsKvPut { sync } => format!("KV put, one at a time{}", sync.suffix().1),
            Self::JsKvGet => "KV get, one at a time".to_owned(),
            Self::JsWorkQueue { clients } => {
                format!("work queue, {clients} clients, batch 100, explicit ack")
            }
            Self::JsCatchUp => {
                "a consumer reads 4 GiB (at scale 100) of 1 KiB messages from the disk".to_owned()
            }
            Self::JsHead { pace, behind } => {
                let beside = if *behind {
                    "a consumer catches up"
                } else {
                    "nobody reads"
                };
                format!("JetStream publish, 1 KiB, {pace}/s, {beside}")
            }
            Self::JsRecovery { killed } => {
                let end = if *killed { "kill -9" } else { "stop" };
                format!("restart after {end}, 1 M msgs, 100,000 subjects (at scale 100)")
            }
        }
    }

    /// Whether there is a floor: what the machine takes for the same without a
    /// server's work. The plain socket relay, or the disk.
    pub fn has_floor(&self) -> bool {
        matches!(self, Self::OneToOne { .. }) || self.has_disk_floor()
    }

    /// Whether the floor is what the machine's disk takes.
    pub fn has_disk_floor(&self) -> bool {
        matches!(
            self,
            Self::JsPublishOne {
                sync: Sync::BeforeAck
            } | Self::JsCatchUp
        )
    }

    /// When the servers' JetStream syncs; `None` for those without JetStream.
    pub fn jetstream(&self) -> Option<Sync> {
        match self {
            Self::JsPublish { sync, .. } | Self::JsPublishOne { sync } | Self::JsKvPut { sync } => {
                Some(*sync)
            }
            Self::JsPull { .. }
            | Self::JsPush
            | Self::JsKvGet
            | Self::JsWorkQueue { .. }
            | Self::JsCatchUp
            | Self::JsHead { .. }
            | Self::JsRecovery { .. } => Some(Sync::Default),
            Self::PublishOnly { .. }
            | Self::OneToOne { .. }
            | Self::FanOut { .. }
            | Self::Pairs { .. }
            | Self::RequestReply
            | Self::ManySubjects { .. }
            | Self::IdleConnections { .. }
            | Self::InTurn { .. }
            | Self::Churn
            | Self::Tls => None,
        }
    }

    /// Whether it runs under TLS.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls)
    }
}

fn bytes(size: usize) -> String {
    if size >= 1024 {
        format!("{} KiB", size / 1024)
    } else {
        format!("{size} B")
    }
}

/// What one turn of one server gave.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Measurement {
    /// Messages, deliveries or requests per second.
    pub rate: Option<f64>,
    /// Server CPU nanoseconds per message, delivery or request.
    pub cpu_ns: Option<f64>,
    /// Median latency in microseconds.
    pub p50_us: Option<f64>,
    /// 99th percentile of the latency in microseconds.
    pub p99_us: Option<f64>,
    /// Bytes of server memory, per connection, subscription or message; all of
    /// it after a restart.
    pub memory: Option<f64>,
    /// Milliseconds from start until the server answered.
    pub start_ms: Option<f64>,
}
