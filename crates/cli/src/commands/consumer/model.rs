//! The model of `nats consumer`.

use super::config_flags::*;
use crate::model::*;

/// `nats consumer`.
pub const CONSUMER: Command = Command::new("consumer", "Consumers of JetStream streams")
    .aliases(&["con", "obs", "c"])
    .flags(&[&[switch(
        "all",
        "Include internal streams (KV, object and MQTT stores)",
    )
    .short('a')]])
    .commands(&[
        ADD, EDIT, LS, FIND, INFO, STATE, RM, RESET, COPY, NEXT, SUB, GRAPH, PAUSE, UNPIN, RESUME,
        REPORT, CLUSTER,
    ]);

/// What `find` and `cluster balance` choose consumers by.
const FILTERS: &[Flag] = &[
    switch("pull", "Match pull consumers"),
    switch("push", "Match push consumers"),
    switch(
        "bound",
        "Match push consumers with a subscriber, or pull consumers with waiting requests",
    ),
    int(
        "waiting",
        "Match consumers with fewer than this many waiting pull requests",
    ),
    int(
        "ack-pending",
        "Match consumers with fewer than this many unacknowledged messages",
    ),
    uint(
        "pending",
        "Match consumers with fewer than this many unprocessed messages",
    ),
    duration("idle", "Match what has been idle for this long"),
    duration("created", "Match what was created at least this long ago").value_name("DURATION"),
    uint("replicas", "Match at most this many replicas").value_name("REPLICAS"),
    text("leader", "Match what this server leads").value_name("SERVER"),
    switch(
        "pinned",
        "Match consumers whose groups all have a pinned client",
    ),
    negatable("invert", "Turn each filter round"),
    text(
        "expression",
        "Match by an expression, for example 'state.messages > 0'",
    ),
];

/// `nats consumer add`.
const ADD: Command = Command::new("add", "Create a consumer")
    .aliases(&["create", "new"])
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .flags(&[
        &[
            file("config", "Read the configuration from a JSON file"),
            switch("validate", "Only validate the configuration"),
            text(
                "output",
                "Write the configuration to this file instead of creating the consumer",
            )
            .value_name("FILE"),
        ],
        ACKNOWLEDGEMENT,
        BACKOFF,
        DELIVERY,
        DESCRIPTION,
        EPHEMERAL,
        FILTER,
        FLOW,
        LIMITS,
        WAITING,
        REQUESTS,
        KIND,
        TARGET,
        MEMORY,
        COPIES,
        GROUPS,
        &[switch(
            "defaults",
            "Take the default answer to every question",
        )],
    ])
    .run(super::add::add);

/// `nats consumer edit`.
const EDIT: Command = Command::new("edit", "Change a consumer")
    .aliases(&["update"])
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .flags(&[
        &[
            file("config", "Read the configuration from a JSON file"),
            switch("force", "Do it without asking").short('f'),
            negatable("interactive", "Edit the configuration in $EDITOR").short('i'),
            switch("dry-run", "Only show what would change"),
        ],
        BACKOFF,
        DESCRIPTION,
        FILTER,
        LIMITS,
        REQUESTS,
        TARGET,
        COPIES,
    ])
    .run(super::edit::edit);

/// `nats consumer ls`.
const LS: Command = Command::new("ls", "List consumers")
    .aliases(&["list"])
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        switch("names", "Print names only").short('n'),
        switch("no-select", "Fail instead of offering a list to pick from").default("false"),
    ]])
    .run(super::info::list);

/// `nats consumer find`.
const FIND: Command = Command::new("find", "Find consumers by what they are like")
    .aliases(&["query"])
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[
        FILTERS,
        &[int("api-level", "Match what needs at least this API level")],
    ])
    .run(super::find::find);

/// `nats consumer info`.
const INFO: Command = Command::new("info", "Show a consumer")
    .aliases(&["nfo"])
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        switch("no-select", "Fail instead of offering a list to pick from").default("false"),
    ]])
    .run(super::info::info);

/// `nats consumer state`.
const STATE: Command = Command::new("state", "Show the state of a consumer")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .flags(&[&[
        switch("json", "Print JSON").short('j'),
        switch("no-select", "Fail instead of offering a list to pick from").default("false"),
    ]])
    .run(super::info::state);

/// `nats consumer rm`.
const RM: Command = Command::new("rm", "Remove a consumer")
    .aliases(&["delete", "del"])
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(super::manage::remove);

/// `nats consumer reset`.
const RESET: Command = Command::new("reset", "Set a consumer back")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .flags(&[&[
        uint("sequence", "Sequence to go on with"),
        switch("force", "Do it without asking").short('f'),
    ]])
    .run(super::manage::reset);

/// `nats consumer copy`.
const COPY: Command = Command::new("copy", "Create a consumer like another one")
    .aliases(&["cp"])
    .args(&[
        arg("stream", "Name of the stream"),
        arg("source", "The original"),
        arg("destination", "The new name"),
    ])
    .flags(&[
        ACKNOWLEDGEMENT,
        BACKOFF,
        DELIVERY,
        DESCRIPTION,
        EPHEMERAL,
        FILTER,
        FLOW,
        LIMITS,
        WAITING,
        REQUESTS,
        KIND,
        TARGET,
        MEMORY,
        COPIES,
        GROUPS,
    ])
    .run(super::add::copy);

/// `nats consumer next`.
const NEXT: Command = Command::new("next", "Get the next messages of a pull consumer")
    .args(&[
        arg("stream", "Name of the stream"),
        arg("consumer", "Name of the consumer"),
    ])
    .flags(&[&[
        negatable("ack", "Acknowledge messages").on(),
        switch("nak", "Refuse the message so that it is delivered again"),
        switch("term", "Give up the message: it is not delivered again").default("false"),
        switch("raw", "Print the plain data without decoration").short('r'),
        duration(
            "wait",
            "Wait up to this long, at random, before acknowledging",
        ),
        int("count", "How often to do it").default("1"),
    ]])
    .run(super::next::next);

/// `nats consumer sub`.
const SUB: Command = Command::new("sub", "Receive messages of a consumer")
    .hidden()
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .flags(&[&[
        negatable("ack", "Acknowledge messages").on(),
        switch("raw", "Print the plain data without decoration").short('r'),
        text(
            "deliver-group",
            "Queue group that messages of the push consumer are delivered to",
        ),
    ]])
    .run(super::next::subscribe);

/// `nats consumer graph`.
const GRAPH: Command = Command::new("graph", "Show graphs of a consumer")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .run(super::graph::graph);

/// `nats consumer pause`.
const PAUSE: Command = Command::new("pause", "Pause a consumer until later")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
        optional("until", "A time, or for how long").value_name("TIME"),
    ])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(super::manage::pause);

/// `nats consumer unpin`.
const UNPIN: Command = Command::new("unpin", "Free the place of a pinned client")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
        optional("group", "The priority group"),
    ])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(super::manage::unpin);

/// `nats consumer resume`.
const RESUME: Command = Command::new("resume", "Resume a paused consumer")
    .args(&[
        optional("stream", "Name of the stream"),
        optional("consumer", "Name of the consumer"),
    ])
    .flags(&[&[switch("force", "Do it without asking").short('f')]])
    .run(super::manage::resume);

/// `nats consumer report`.
const REPORT: Command = Command::new("report", "Report about the consumers of a stream")
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[&[
        switch("raw", "Print numbers without units").short('r'),
        switch("leaders", "Show how leaders are spread over servers").short('l'),
    ]])
    .run(super::report::report);

/// `nats consumer cluster`.
const CLUSTER: Command = Command::new("cluster", "Clustered consumers")
    .aliases(&["c"])
    .commands(&[CLUSTER_STEP_DOWN, CLUSTER_BALANCE]);

/// `nats consumer cluster step-down`.
const CLUSTER_STEP_DOWN: Command =
    Command::new("step-down", "Let the leader of a consumer step down")
        .aliases(&["elect", "down", "d"])
        .args(&[
            optional("stream", "Name of the stream"),
            optional("consumer", "Name of the consumer"),
        ])
        .flags(&[&[
            text("preferred", "Server that should become the leader"),
            switch("force", "Do it without asking").short('f'),
        ]])
        .run(super::cluster::elect);

/// `nats consumer cluster balance`.
const CLUSTER_BALANCE: Command = Command::new("balance", "Spread consumer leaders evenly")
    .args(&[optional("stream", "Name of the stream")])
    .flags(&[FILTERS])
    .run(super::cluster::balance_leaders);
