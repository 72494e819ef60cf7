//! The model of `nats server`.

mod check;
mod cluster;
mod report;
mod request;
mod watch;

use super::{accounts, generate, graph, info, list, mappings, passwd, ping, reload, replicas, run};
use crate::model::*;
use check::CHECK;
use cluster::CLUSTER;
use report::REPORT;
use request::REQUEST;
use watch::WATCH;

/// Where answers come from that are not asked for.
const ARCHIVE: Flag = text(
    "archive",
    "Read from a file made by audit gather instead of asking servers",
);

/// `nats server`.
pub const SERVER: Command = Command::new("server", "Servers")
    .aliases(&["srv", "sys", "system"])
    .commands(&[
        ACCOUNT,
        CHECK,
        CLUSTER,
        CONFIG,
        GENERATE,
        GRAPH,
        INFO,
        LIST,
        MAPPINGS,
        PASSWD,
        PING,
        REPORT,
        REQUEST,
        RUN,
        WATCH,
        STREAM_CHECK,
        CONSUMER_CHECK,
    ]);

/// `nats server account`.
const ACCOUNT: Command = Command::new("account", "Accounts as servers know them")
    .aliases(&["acct"])
    .flags(&[&[switch("json", "Print JSON").short('j')]])
    .commands(&[ACCOUNT_INFO, ACCOUNT_PURGE]);

/// `nats server account info`.
const ACCOUNT_INFO: Command = Command::new("info", "Show an account")
    .aliases(&["i"])
    .args(&[arg("account", "The account")])
    .flags(&[&[text("host", "Only the server of this name"), ARCHIVE]])
    .run(accounts::info);

/// `nats server account purge`.
const ACCOUNT_PURGE: Command = Command::new("purge", "Remove all JetStream data of an account")
    .args(&[arg("account", "The account").value_name("NAME")])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(accounts::purge);

/// `nats server config`.
const CONFIG: Command =
    Command::new("config", "Configuration of servers").commands(&[CONFIG_RELOAD]);

/// `nats server config reload`.
const CONFIG_RELOAD: Command = Command::new("reload", "Let a server read its configuration again")
    .args(&[arg("id", "Its id")])
    .flags(&[&[negatable("force", "Do it without asking").short('f')]])
    .run(reload::reload);

/// `nats server generate`.
const GENERATE: Command = Command::new("generate", "Generate server configurations")
    .aliases(&["gen"])
    .args(&[arg("target", "Directory to write to")])
    .flags(&[&[text(
        "source",
        "Directory of a bundle, or of several, to use instead of those built in",
    )]])
    .run(generate::generate);

/// `nats server graph`.
const GRAPH: Command = Command::new("graph", "Show graphs of a server")
    .args(&[arg("server", "Name or id of the server")])
    .flags(&[&[switch("jetstream", "Graph JetStream instead of connections").short('j')]])
    .run(graph::graph);

/// `nats server info`.
const INFO: Command = Command::new("info", "Show a server")
    .aliases(&["i"])
    .args(&[optional("server", "Name or id of the server")])
    .flags(&[&[ARCHIVE]])
    .run(info::info);

/// `nats server list`.
const LIST: Command = Command::new("list", "List all servers")
    .aliases(&["ls"])
    .args(&[optional("expect", "Number of servers that should answer")])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        choice(
            "sort",
            &[
                "name", "cluster", "conns", "conn", "subs", "sub", "routes", "route", "gw", "mem",
                "cpu", "slow", "uptime", "rtt",
            ],
            "Sort by this column",
        )
        .default("rtt"),
        switch("reverse", "Turn the sort order round").short('R'),
        negatable(
            "compact",
            "Shorten names by the part that all of them have in common",
        )
        .on(),
        ARCHIVE,
    ]])
    .run(list::list);

/// `nats server mappings`.
const MAPPINGS: Command = Command::new("mappings", "Try out subject mappings")
    .aliases(&["mapping"])
    .args(&[
        optional("source", "Subjects to map"),
        optional("dest", "Subjects are mapped to this"),
        optional("subject", "The subject"),
    ])
    .run(mappings::mappings);

/// `nats server passwd`.
const PASSWD: Command = Command::new("passwd", "Hash a password for the server configuration")
    .aliases(&["mkpasswd", "pass", "password"])
    .flags(&[&[
        text("pass", "The password").short('p').env("PASSWORD"),
        uint("cost", "Cost of the bcrypt hash, 4 to 31")
            .short('c')
            .default("11"),
        switch("generate", "Generate a password").short('g'),
    ]])
    .run(passwd::passwd);

/// `nats server ping`.
const PING: Command = Command::new("ping", "Ping all servers")
    .args(&[optional("expect", "Number of servers that should answer")])
    .flags(&[&[
        switch("graph", "Show a graph in the terminal"),
        switch("id", "Show server ids too"),
    ]])
    .run(ping::ping);

/// Flags of what compares replicas.
const COMPARISON: &[Flag] = &[
    text("raft-group", "Only this Raft group"),
    switch("health", "Ask servers for the health of each asset too"),
    int("expected", "Number of servers that should answer"),
    switch("unsynced", "Show assets whose replicas differ only"),
    switch(
        "stdin",
        "Read what server request jetstream --all printed from standard input",
    ),
    int("read-timeout", "Seconds to wait for answers").default("5"),
    switch("csv", "Print CSV instead of a table"),
    ARCHIVE,
];

/// `nats server stream-check`.
const STREAM_CHECK: Command = Command::new("stream-check", "Compare the replicas of streams")
    .hidden()
    .flags(&[&[text("stream", "Stream to work with")], COMPARISON])
    .run(replicas::stream_check);

/// `nats server consumer-check`.
const CONSUMER_CHECK: Command = Command::new("consumer-check", "Compare the replicas of consumers")
    .hidden()
    .flags(&[
        &[
            text("stream", "Stream to work with"),
            text("consumer", "Consumer to work with"),
        ],
        COMPARISON,
    ])
    .run(replicas::consumer_check);

/// `nats server run`.
const RUN: Command = Command::new("run", "Run a server to try things out")
    .long(
        "Starts a server in a temporary directory, with accounts for users, for services and for the system,\n\
         and contexts for all of them. Ctrl-C stops it and removes the contexts and all data.",
    )
    .args(&[optional("name", "Name of the contexts").default("nats_development")])
    .flags(&[&[
        text("host", "Address to listen on").default("127.0.0.1"),
        int("port", "Port to listen on, -1 for any that is free").default("-1"),
        negatable("jetstream", "Enable JetStream").on(),
        file("binary", "Server to run instead of the one built into this tool"),
    ]])
    .run(run::run);
