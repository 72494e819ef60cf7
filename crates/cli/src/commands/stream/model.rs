//! The model of `nats stream`.

use super::config_flags::*;
use crate::model::*;

/// `nats stream`.
pub const STREAM: Command = Command::new("stream", "JetStream streams")
    .aliases(&["str", "st", "ms", "s"])
    .flags(&[&[switch(
        "all",
        "Include internal streams (KV, object and MQTT stores)",
    )
    .short('a')]])
    .commands(&[
        ADD, LS, REPORT, FIND, INFO, STATE, SUBJECTS, EDIT, RM, PURGE, COPY, RMM, VIEW, GET,
        BACKUP, RESTORE, SEAL, GAPS, GRAPH, CLUSTER,
    ]);

/// What `find` and `cluster balance` choose streams by.
const FILTERS: &[Flag] = &[
    text("server-name", "Match servers by a regular expression"),
    text("cluster", "Match the cluster by a regular expression"),
    switch("empty", "Match streams without messages"),
    duration("idle", "Match what has been idle for this long").value_name("DURATION"),
    duration("created", "Match what was created at least this long ago").value_name("DURATION"),
    int(
        "consumers",
        "Match streams with at most this many consumers",
    )
    .value_name("THRESHOLD")
    .default("-1"),
    text("subject", "Only what concerns this subject"),
    uint("replicas", "Match at most this many replicas").value_name("REPLICAS"),
    switch("sourced", "Match streams with sources"),
    switch("mirrored", "Match streams that are mirrors"),
    text("leader", "Match what this server leads").value_name("SERVER"),
];

/// How they are chosen, besides.
const MATCHING: &[Flag] = &[
    negatable("invert", "Turn each filter round"),
    text(
        "expression",
        "Match by an expression, for example 'state.messages > 0'",
    ),
];

/// What an expression may use.
const EXPRESSIONS: &str = "\
An expression of --expression says for each stream whether it matches. It is written in \
the expr language (https://expr-lang.org) and can use:

  config   the configuration, as in the JSON of 'nats stream info'
  state    the state
  info     all of that JSON; Info has the names of Go's structures

Examples:

  nats stream find --expression 'state.messages > 10'
  nats stream find --expression 'info.cluster.name in [\"east\", \"west\"]'
  nats stream find --expression '\"orders.new\" in config.subjects'";

/// `nats stream add`.
const ADD: Command = Command::new("add", "Create a stream")
    .aliases(&["create", "new"])
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[
        &[
            file("config", "Read the configuration from a JSON file"),
            switch("validate", "Only validate the configuration"),
            text(
                "output",
                "Write the configuration to this file instead of creating the stream",
            )
            .value_name("FILE"),
        ],
        WHAT,
        STORAGE,
        POLICIES,
        FIRST_SEQUENCE,
        LIMITS,
        FEATURES,
        REPUBLISHING,
        FIXED,
        JSON,
        &[switch(
            "defaults",
            "Take the default answer to every question",
        )],
    ])
    .run(super::add::add);

/// `nats stream ls`.
const LS: Command = Command::new("ls", "List streams")
    .aliases(&["list", "l"])
    .flags(&[&[
        text("subject", "Only what concerns this subject"),
        switch("names", "Print names only").short('n'),
        switch("json", "Print JSON").short('j'),
    ]])
    .run(super::list::list);

/// `nats stream report`.
const REPORT: Command = Command::new("report", "Report about all streams")
    .flags(&[&[
        text("subject", "Only what concerns this subject"),
        text("cluster", "Only streams in this cluster"),
        switch("consumers", "Sort by number of consumers").short('o'),
        switch("messages", "Sort by number of messages").short('m'),
        switch("name", "Sort by name").short('n'),
        switch("storage", "Sort by storage").short('t'),
        switch("raw", "Print numbers without units").short('r'),
        text(
            "dot",
            "Write the replication graph to this file in GraphViz form",
        ),
        switch("leaders", "Show how leaders are spread over servers").short('l'),
    ]])
    .run(super::report::report);

/// `nats stream find`.
const FIND: Command = Command::new("find", "Find streams by what they are like")
    .aliases(&["query"])
    .long(EXPRESSIONS)
    .flags(&[
        FILTERS,
        &[switch("names", "Print names only").short('n')],
        MATCHING,
        &[int("api-level", "Match what needs at least this API level")],
    ])
    .run(super::find::find);

/// `nats stream info`.
const INFO: Command = Command::new("info", "Show a stream")
    .aliases(&["nfo", "i"])
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        switch("state", "Show the state only"),
        switch("no-select", "Fail instead of offering a list to pick from").default("false"),
    ]])
    .run(super::info::info);

/// `nats stream state`.
const STATE: Command = Command::new("state", "Show the state of a stream")
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        switch("no-select", "Fail instead of offering a list to pick from").default("false"),
    ]])
    .run(super::info::state);

/// `nats stream subjects`.
const SUBJECTS: Command = Command::new("subjects", "List subjects in a stream")
    .aliases(&["subj"])
    .args(&[
        optional("stream", "Name of the stream"),
        optional("filter", "Only subjects that match").default(">"),
    ])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        choice(
            "sort",
            &["name", "subjects", "messages", "count"],
            "Sort by this column",
        )
        .default("messages"),
        switch("reverse", "Turn the sort order round").short('R'),
        negatable("names", "Print names only"),
    ]])
    .run(super::subjects::list);

/// `nats stream edit`.
const EDIT: Command = Command::new("edit", "Change a stream")
    .aliases(&["update"])
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[
        &[
            file("config", "Read the configuration from a JSON file"),
            switch("force", "Do it without asking").short('f'),
            negatable("interactive", "Edit the configuration in $EDITOR").short('i'),
            switch("dry-run", "Only show what would change"),
        ],
        WHAT,
        POLICIES,
        LIMITS,
        &[switch("no-mirror", "Make a mirror an ordinary one")],
        FEATURES,
        &[switch("no-transform", "Remove the subject transform")],
        REPUBLISHING,
        &[switch("no-republish", "Stop republishing")],
        JSON,
    ])
    .run(super::edit::edit);

/// `nats stream rm`.
const RM: Command = Command::new("rm", "Remove a stream")
    .aliases(&["delete", "del"])
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(super::remove::remove);

/// `nats stream purge`.
const PURGE: Command = Command::new("purge", "Remove messages from a stream")
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        switch("force", "Do it without asking").short('f'),
        text("subject", "Only what concerns this subject").value_name("SUBJECT"),
        uint("seq", "Remove messages below this sequence").value_name("SEQUENCE"),
        uint("keep", "Keep this many messages").value_name("MESSAGES"),
    ]])
    .run(super::remove::purge);

/// `nats stream copy`.
const COPY: Command = Command::new("copy", "Create a stream like another one")
    .aliases(&["cp"])
    .args(&[
        arg("source", "The original"),
        arg("destination", "The new name"),
    ])
    .flags(&[
        WHAT,
        STORAGE,
        POLICIES,
        FIRST_SEQUENCE,
        LIMITS,
        FEATURES,
        REPUBLISHING,
        FIXED,
        JSON,
    ])
    .run(super::add::copy);

/// `nats stream rmm`.
const RMM: Command = Command::new("rmm", "Securely remove one message")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("id", "Sequence of the message"),
    ])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(super::remove::remove_message);

/// `nats stream view`.
const VIEW: Command = Command::new("view", "Page through messages")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("size", "Messages per page").default("10"),
    ])
    .flags(&[&[
        int("id", "Sequence at which to start"),
        duration("since", "Start this long ago"),
        switch("raw", "Print the plain data without decoration"),
        text("translate", "Pipe each body through a command"),
        text("subject", "Only what concerns this subject"),
    ]])
    .run(super::get::view);

/// `nats stream get`.
const GET: Command = Command::new("get", "Get one message")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("id", "Sequence of the message"),
    ])
    .flags(&[&[
        text("last-for", "The newest message on this subject")
            .value_name("SUBJECT")
            .short('S'),
        switch("json", "Print JSON").short('j'),
        text("translate", "Pipe each body through a command"),
    ]])
    .run(super::get::get);

/// `nats stream backup`.
const BACKUP: Command = Command::new("backup", "Back up a stream")
    .aliases(&["snapshot"])
    .args(&[
        arg("stream", "Name of the stream"),
        arg("target", "Directory to write to"),
    ])
    .flags(&[&[
        negatable("progress", "Show progress").on(),
        switch(
            "check",
            "Let the server verify checksums while the snapshot is made",
        ),
        negatable("consumers", "Include consumers").on(),
        text("chunk-size", "Size of the pieces in which data is sent"),
        text(
            "window-size",
            "Bytes on the way before an acknowledgement is needed",
        ),
    ]])
    .run(super::backup::backup);

/// `nats stream restore`.
const RESTORE: Command = Command::new("restore", "Restore a stream from a backup")
    .args(&[arg("file", "Directory of the backup")])
    .flags(&[&[
        negatable("progress", "Show progress").on(),
        file("config", "Read the configuration from a JSON file"),
        text("cluster", "Cluster to place it in"),
        text("tag", "Placement tag").list(),
        int64("replicas", "Number of copies in the cluster"),
    ]])
    .run(super::restore::restore);

/// `nats stream seal`.
const SEAL: Command = Command::new("seal", "Make a stream read-only for good")
    .args(&[arg("stream", "Name of the stream")])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(super::remove::seal);

/// `nats stream gaps`.
const GAPS: Command = Command::new("gaps", "Find deleted messages")
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[&[
        switch("force", "Do it without asking").short('f'),
        negatable("progress", "Show progress").on(),
        switch("json", "Print JSON"),
    ]])
    .run(super::gaps::gaps);

/// `nats stream graph`.
const GRAPH: Command = Command::new("graph", "Show graphs of a stream")
    .args(&[optional("stream", "Name of the stream")])
    .run(super::graph::graph);

/// `nats stream cluster`.
const CLUSTER: Command = Command::new("cluster", "Clustered streams")
    .aliases(&["c"])
    .commands(&[CLUSTER_STEP_DOWN, CLUSTER_BALANCE, CLUSTER_PEER_REMOVE]);

/// `nats stream cluster step-down`.
const CLUSTER_STEP_DOWN: Command =
    Command::new("step-down", "Let the leader of a stream step down")
        .aliases(&["stepdown", "sd", "elect", "down", "d"])
        .args(&[optional("stream", "Name of the stream")])
        .flags(&[&[
            text("preferred", "Server that should become the leader"),
            switch("force", "Do it without asking").short('f'),
        ]])
        .run(super::cluster::elect);

/// `nats stream cluster balance`.
const CLUSTER_BALANCE: Command = Command::new("balance", "Spread stream leaders evenly")
    .flags(&[FILTERS, MATCHING])
    .run(super::cluster::balance_leaders);

/// `nats stream cluster peer-remove`.
const CLUSTER_PEER_REMOVE: Command =
    Command::new("peer-remove", "Move a stream away from a server")
        .aliases(&["pr"])
        .args(&[
            optional("stream", "Name of the stream"),
            optional("peer", "The server to remove"),
        ])
        .flags(&[&[switch("force", "Do it without asking").short('f')]])
        .run(super::cluster::remove_peer);
