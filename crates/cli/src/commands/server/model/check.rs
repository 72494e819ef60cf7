//! The model of `nats server check`.

use crate::commands::server::check;
use crate::model::*;

/// How checks and their limits go together.
const SEVERAL: &str = "\
All checks of a command are made at once. A check that has a limit for a warning and one for the \
critical state needs both.";

/// Limits that streams bring along.
const STREAMS: &str = "\
All checks of a command are made at once. A check that has a limit for a warning and one for the \
critical state needs both; if the critical one is lower, less is worse.

Limits may be in the metadata of the stream; those of the command line win:

  io.nats.monitor.lag-critical: 200";

/// Limits that consumers bring along.
const CONSUMERS: &str = "\
All checks of a command are made at once.

Limits may be in the metadata of the consumer; those of the command line win:

  io.nats.monitor.waiting-critical: 20";

/// `nats server check`.
pub(super) const CHECK: Command = Command::new("check", "Checks for monitoring systems")
    .flags(&[&[
        choice(
            "format",
            &["nagios", "json", "prometheus", "text"],
            "Format of the result",
        )
        .default("nagios"),
        text("namespace", "Prefix of the Prometheus metrics").default("nats_server_check"),
        text("outfile", "Write the result to this file"),
    ]])
    .commands(&[
        CHECK_CONNECTION,
        CHECK_STREAM,
        CHECK_CONSUMER,
        CHECK_MESSAGE,
        CHECK_META,
        CHECK_REQUEST,
        CHECK_JETSTREAM,
        CHECK_SERVER,
        CHECK_KV,
        CHECK_CREDENTIAL,
        CHECK_EXPORTER,
    ]);

/// `nats server check connection`.
const CHECK_CONNECTION: Command = Command::new("connection", "Check that a connection can be made")
    .long(SEVERAL)
    .aliases(&["conn"])
    .flags(&[&[
        duration(
            "connect-warn",
            "Warn when connecting takes longer than this",
        )
        .default("500ms"),
        duration(
            "connect-critical",
            "Critical when connecting takes longer than this",
        )
        .default("1s"),
        duration(
            "rtt-warn",
            "Warn when the round trip time is longer than this",
        )
        .default("500ms"),
        duration(
            "rtt-critical",
            "Critical when the round trip time is longer than this",
        )
        .default("1s"),
        duration("req-warn", "Warn when a round trip takes longer than this").default("500ms"),
        duration(
            "req-critical",
            "Critical when a round trip takes longer than this",
        )
        .default("1s"),
    ]])
    .run(check::connection);

/// `nats server check stream`.
const CHECK_STREAM: Command = Command::new("stream", "Check a stream")
    .long(STREAMS)
    .flags(&[&[
        text("stream", "Stream to work with").required(),
        uint(
            "lag-critical",
            "Critical when a source, mirror or peer is this many operations behind",
        )
        .value_name("MSGS"),
        duration(
            "seen-critical",
            "Critical when a source, mirror or peer was not seen for this long",
        )
        .value_name("DURATION"),
        int("min-sources", "Critical with fewer sources than this").value_name("SOURCES"),
        int("max-sources", "Critical with more sources than this").value_name("SOURCES"),
        int("peer-expect", "Number of replicas that should be there").value_name("SERVERS"),
        uint(
            "peer-lag-critical",
            "Critical when a replica is this many operations behind",
        )
        .value_name("OPS"),
        duration(
            "peer-seen-critical",
            "Critical when a replica was not seen for this long",
        )
        .value_name("DURATION"),
        uint("msgs-warn", "Warn at this many messages or fewer").value_name("MSGS"),
        uint("msgs-critical", "Critical at this many messages or fewer").value_name("MSGS"),
        int("subjects-warn", "Warn at this many subjects").value_name("SUBJECTS"),
        int("subjects-critical", "Critical at this many subjects").value_name("SUBJECTS"),
    ]])
    .run(check::stream);

/// `nats server check consumer`.
const CHECK_CONSUMER: Command = Command::new("consumer", "Check a consumer")
    .long(CONSUMERS)
    .flags(&[&[
        text("stream", "Stream to work with").required(),
        text("consumer", "Consumer to work with").required(),
        int(
            "outstanding-ack-critical",
            "Critical at this many unacknowledged messages",
        )
        .default("-1"),
        int(
            "waiting-critical",
            "Critical at this many waiting pull requests",
        )
        .default("-1"),
        int(
            "unprocessed-critical",
            "Critical at this many unprocessed messages",
        )
        .default("-1"),
        duration(
            "last-delivery-critical",
            "Critical when the last delivery is older than this",
        )
        .default("0s"),
        duration(
            "last-ack-critical",
            "Critical when the last acknowledgement is older than this",
        )
        .default("0s"),
        int(
            "redelivery-critical",
            "Critical at this many redelivered messages",
        )
        .default("-1"),
        switch(
            "pinned",
            "Critical unless all priority groups have a pinned client",
        ),
    ]])
    .run(check::consumer);

/// `nats server check message`.
const CHECK_MESSAGE: Command = Command::new("message", "Check a message in a stream")
    .long(SEVERAL)
    .flags(&[&[
        text("stream", "Stream to work with").required(),
        text("subject", "Subject of the message").default(">"),
        duration(
            "age-warn",
            "Warn when the newest message is older than this",
        )
        .value_name("DURATION"),
        duration(
            "age-critical",
            "Critical when the newest message is older than this",
        )
        .value_name("DURATION"),
        regex("content", "Regular expression that the body must match").default("."),
        switch(
            "body-timestamp",
            "Take the age from the body, which holds seconds since 1970",
        ),
    ]])
    .run(check::message);

/// `nats server check meta`.
const CHECK_META: Command = Command::new("meta", "Check the JetStream meta group")
    .long(SEVERAL)
    .aliases(&["raft"])
    .flags(&[&[
        int(
            "expect",
            "Number of servers that take part in the meta group",
        )
        .value_name("SERVERS")
        .required(),
        uint(
            "lag-critical",
            "Critical when a source, mirror or peer is this many operations behind",
        )
        .required()
        .value_name("OPS"),
        duration(
            "seen-critical",
            "Critical when a source, mirror or peer was not seen for this long",
        )
        .value_name("DURATION")
        .required(),
    ]])
    .run(check::meta);

/// `nats server check request`.
const CHECK_REQUEST: Command = Command::new("request", "Check that a service answers")
    .long(SEVERAL)
    .aliases(&["req"])
    .flags(&[&[
        text("subject", "Subject of the request").required(),
        text("payload", "Body of the request"),
        map("headers", "Headers to send, as KEY=VALUE"),
        regex(
            "match-payload",
            "Regular expression that the response must match",
        ),
        map(
            "match-headers",
            "Headers that the response must have, as KEY=VALUE",
        ),
        duration(
            "response-critical",
            "Critical when the response takes longer than this",
        ),
        duration(
            "response-warn",
            "Warn when the response takes longer than this",
        ),
    ]])
    .run(check::request);

/// `nats server check jetstream`.
const CHECK_JETSTREAM: Command =
    Command::new("jetstream", "Check the use of JetStream by the account")
        .long(SEVERAL)
        .aliases(&["js"])
        .flags(&[&[
            int("mem-warn", "Warn at this use of memory").default("75"),
            int("mem-critical", "Critical at this use of memory").default("90"),
            int(
                "store-warn",
                "Warn above this percentage of the file storage limit",
            )
            .default("75"),
            int(
                "store-critical",
                "Critical above this percentage of the file storage limit",
            )
            .default("90"),
            int(
                "streams-warn",
                "Warn above this percentage of the stream limit",
            )
            .default("-1"),
            int(
                "streams-critical",
                "Critical above this percentage of the stream limit",
            )
            .default("-1"),
            int(
                "consumers-warn",
                "Warn above this percentage of the consumer limit",
            )
            .default("-1"),
            int(
                "consumers-critical",
                "Critical above this percentage of the consumer limit",
            )
            .default("-1"),
            negatable("replicas", "Check the replicas of all streams").on(),
            duration(
                "replica-seen-critical",
                "Critical when a replica was not seen for this long",
            )
            .default("5s"),
            uint(
                "replica-lag-critical",
                "Critical when a replica is this many operations behind",
            )
            .default("200"),
        ]])
        .run(check::jetstream);

/// `nats server check server`.
const CHECK_SERVER: Command = Command::new("server", "Check a server")
    .long(SEVERAL)
    .flags(&[&[
        text("name", "Name of the server").required(),
        int("cpu-warn", "Warn at this CPU percentage"),
        int("cpu-critical", "Critical at this CPU percentage"),
        int("mem-warn", "Warn at this use of memory"),
        int("mem-critical", "Critical at this use of memory"),
        int("conn-warn", "Warn at this many connections"),
        int("conn-critical", "Critical at this many connections"),
        int("subs-warn", "Warn at this many subscriptions"),
        int("subs-critical", "Critical at this many subscriptions"),
        duration(
            "uptime-warn",
            "Warn when the server has been up for less than this",
        ),
        duration(
            "uptime-critical",
            "Critical when the server has been up for less than this",
        ),
        switch(
            "auth-required",
            "Critical unless the server requires authentication",
        ),
        switch("tls-required", "Critical unless the server requires TLS"),
        switch("js-required", "Critical unless JetStream is enabled"),
        duration(
            "tls-cert-warn",
            "Warn when a certificate expires within this time",
        ),
        duration(
            "tls-cert-crit",
            "Critical when a certificate expires within this time",
        ),
    ]])
    .run(check::server);

/// `nats server check kv`.
const CHECK_KV: Command = Command::new("kv", "Check a Key-Value bucket")
    .long(SEVERAL)
    .flags(&[&[
        text("bucket", "Key-Value bucket to work with").required(),
        int("values-critical", "Critical at this many values").default("-1"),
        int("values-warn", "Warn at this many values").default("-1"),
        text("key", "Key that must exist"),
    ]])
    .run(check::kv);

/// `nats server check credential`.
const CHECK_CREDENTIAL: Command = Command::new("credential", "Check a credentials file")
    .long(SEVERAL)
    .flags(&[&[
        text("credential", "Credentials file to check").required(),
        duration(
            "validity-warn",
            "Warn when the credential ends within this time",
        ),
        duration(
            "validity-critical",
            "Critical when the credential ends within this time",
        ),
        negatable(
            "require-expiry",
            "Critical when the credential never expires",
        )
        .on(),
    ]])
    .run(check::credential);

/// `nats server check exporter`.
const CHECK_EXPORTER: Command = Command::new("exporter", "Serve checks as Prometheus metrics")
    .hidden()
    .flags(&[&[
        file("config", "The checks, as YAML").required(),
        int("port", "Port to listen on, 0 for any that is free").default("8080"),
        file("https-key", "Key for HTTPS"),
        file("https-certificate", "Certificate for HTTPS"),
    ]])
    .run(check::exporter);
