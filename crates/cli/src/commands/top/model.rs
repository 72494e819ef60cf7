//! The model of `nats top`.

use crate::model::*;

/// What connections can be sorted by.
pub const SORT: &[&str] = &[
    "cid",
    "start",
    "subs",
    "pending",
    "msgs_to",
    "msgs_from",
    "bytes_to",
    "bytes_from",
    "last",
    "idle",
    "uptime",
    "stop",
    "reason",
    "rtt",
];

/// `nats top`.
pub const TOP: Command = Command::new("top", "Show the connections of a server, like top")
    .run(super::top)
    .args(&[arg("name", "Its name")])
    .flags(&[&[
        int("conns", "Most connections shown")
            .short('n')
            .default("1024"),
        int("interval", "Seconds between refreshes")
            .short('d')
            .default("1"),
        choice("sort", SORT, "Sort by this column").default("cid"),
        switch("lookup", "Look up host names").default("false"),
        text("output", "Write one snapshot to this file, and end").short('o'),
        text(
            "delimiter",
            "Separate the columns of the snapshot by this text",
        ),
        switch("raw", "Show bytes without units")
            .short('b')
            .default("false"),
        int("max-refresh", "Stop after this many refreshes")
            .short('r')
            .default("-1"),
        switch("subs", "Show subscriptions").default("false"),
    ]]);
