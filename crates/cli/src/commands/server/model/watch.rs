//! The model of `nats server watch`.

use crate::commands::server::watch;
use crate::model::*;

/// What the views show.
const UPDATES: &str = "\
Servers report by themselves, every 30 seconds: the view adds up what has come so far, and is no \
picture of one moment.";

/// What the view of accounts shows.
const ACTIVE: &str = "\
Servers report by themselves, every 30 seconds: the view adds up what has come so far, and is no \
picture of one moment. 'Servers' says how many have reported the account; those where it has no \
connection do not.";

/// `nats server watch`.
pub(super) const WATCH: Command = Command::new("watch", "Live views").commands(&[
    WATCH_API,
    WATCH_ACCOUNTS,
    WATCH_JETSTREAM,
    WATCH_SERVERS,
]);

/// `nats server watch api`.
const WATCH_API: Command = Command::new("api", "API use").commands(&[WATCH_API_REQUESTS]);

/// `nats server watch api requests`.
const WATCH_API_REQUESTS: Command = Command::new("requests", "Watch JetStream API requests")
    .aliases(&["req"])
    .flags(&[&[
        text(
            "account",
            "Only accounts that match this regular expression",
        ),
        int("top", "Most rows").short('n').default("10"),
        duration("rate", "Time over which rates are averaged").default("1m"),
        negatable(
            "record-consumer",
            "Count the requests of each consumer by themselves",
        )
        .on(),
        negatable("compact", "Shorten long names of accounts and assets").on(),
        switch("reverse", "Turn the sort order round").short('R'),
    ]])
    .run(watch::requests);

/// `nats server watch accounts`.
const WATCH_ACCOUNTS: Command = Command::new("accounts", "Watch accounts")
    .long(ACTIVE)
    .aliases(&["account", "acct"])
    .flags(&[&[
        choice(
            "sort",
            &["conns", "recvb", "recvm", "sentb", "sentm", "slow", "subs"],
            "Sort by this column",
        )
        .default("conns"),
        int("number", "Most rows, 0 for as many as fit")
            .short('n')
            .default("0"),
    ]])
    .run(watch::accounts);

/// `nats server watch jetstream`.
const WATCH_JETSTREAM: Command = Command::new("jetstream", "Watch JetStream")
    .long(UPDATES)
    .aliases(&["js", "jsz"])
    .flags(&[&[
        choice(
            "sort",
            &["api", "assets", "file", "mem"],
            "Sort by this column",
        )
        .default("assets"),
        int("number", "Most rows, 0 for as many as fit")
            .short('n')
            .default("0"),
    ]])
    .run(watch::jetstream);

/// `nats server watch servers`.
const WATCH_SERVERS: Command = Command::new("servers", "Watch servers")
    .long(UPDATES)
    .aliases(&["server", "srv"])
    .flags(&[&[
        choice(
            "sort",
            &[
                "conns", "cpu", "gway", "mem", "name", "recvb", "recvm", "route", "sentb", "sentm",
                "slow", "subs",
            ],
            "Sort by this column",
        )
        .default("conns"),
        int("number", "Most rows, 0 for as many as fit")
            .short('n')
            .default("0"),
    ]])
    .run(watch::servers);
