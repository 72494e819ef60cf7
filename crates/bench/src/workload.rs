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
        ]
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
        }
    }

    /// Whether the plain socket relay can carry it.
    pub fn has_floor(&self) -> bool {
        matches!(self, Self::OneToOne { .. })
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
    /// Bytes of server memory per connection or subscription.
    pub memory: Option<f64>,
}
