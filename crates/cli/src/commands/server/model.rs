//! The model of `nats server`.

use crate::model::*;

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
    .flags(&[&[
        text("host", "Only the server of this name"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server account purge`.
const ACCOUNT_PURGE: Command = Command::new("purge", "Remove all JetStream data of an account")
    .args(&[arg("account", "The account")])
    .flags(&[&[switch("force", "Do it without asking").short('f')]]);

/// `nats server check`.
const CHECK: Command = Command::new("check", "Checks for monitoring systems")
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
    ]]);

/// `nats server check stream`.
const CHECK_STREAM: Command = Command::new("stream", "Check a stream").flags(&[&[
    text("stream", "Stream to work with").required(),
    uint(
        "lag-critical",
        "Critical when a source, mirror or peer is this many operations behind",
    ),
    duration(
        "seen-critical",
        "Critical when a source, mirror or peer was not seen for this long",
    ),
    int("min-sources", "Critical with fewer sources than this"),
    int("max-sources", "Critical with more sources than this"),
    int("peer-expect", "Number of replicas that should be there"),
    uint(
        "peer-lag-critical",
        "Critical when a replica is this many operations behind",
    ),
    duration(
        "peer-seen-critical",
        "Critical when a replica was not seen for this long",
    ),
    uint("msgs-warn", "Warn at this many messages or fewer"),
    uint("msgs-critical", "Critical at this many messages or fewer"),
    int("subjects-warn", "Warn at this many subjects"),
    int("subjects-critical", "Critical at this many subjects"),
]]);

/// `nats server check consumer`.
const CHECK_CONSUMER: Command = Command::new("consumer", "Check a consumer").flags(&[&[
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
]]);

/// `nats server check message`.
const CHECK_MESSAGE: Command = Command::new("message", "Check a message in a stream").flags(&[&[
    text("stream", "Stream to work with").required(),
    text("subject", "Subject of the message").default(">"),
    duration(
        "age-warn",
        "Warn when the newest message is older than this",
    ),
    duration(
        "age-critical",
        "Critical when the newest message is older than this",
    ),
    regex("content", "Regular expression that the body must match").default("."),
    switch(
        "body-timestamp",
        "Take the age from the body, which holds seconds since 1970",
    ),
]]);

/// `nats server check meta`.
const CHECK_META: Command = Command::new("meta", "Check the JetStream meta group")
    .aliases(&["raft"])
    .flags(&[&[
        int(
            "expect",
            "Number of servers that take part in the meta group",
        )
        .required(),
        uint(
            "lag-critical",
            "Critical when a source, mirror or peer is this many operations behind",
        )
        .required(),
        duration(
            "seen-critical",
            "Critical when a source, mirror or peer was not seen for this long",
        )
        .required(),
    ]]);

/// `nats server check request`.
const CHECK_REQUEST: Command = Command::new("request", "Check that a service answers")
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
    ]]);

/// `nats server check jetstream`.
const CHECK_JETSTREAM: Command =
    Command::new("jetstream", "Check the use of JetStream by the account")
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
        ]]);

/// `nats server check server`.
const CHECK_SERVER: Command = Command::new("server", "Check a server").flags(&[&[
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
]]);

/// `nats server check kv`.
const CHECK_KV: Command = Command::new("kv", "Check a Key-Value bucket").flags(&[&[
    text("bucket", "Key-Value bucket to work with").required(),
    int("values-critical", "Critical at this many values").default("-1"),
    int("values-warn", "Warn at this many values").default("-1"),
    text("key", "Key that must exist"),
]]);

/// `nats server check credential`.
const CHECK_CREDENTIAL: Command =
    Command::new("credential", "Check a credentials file").flags(&[&[
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
    ]]);

/// `nats server check exporter`.
const CHECK_EXPORTER: Command = Command::new("exporter", "Serve checks as Prometheus metrics")
    .hidden()
    .flags(&[&[
        file("config", "Read the configuration from a JSON file").required(),
        int("port", "Port to listen on").default("8080"),
        file("https-key", "Key for HTTPS"),
        file("https-certificate", "Certificate for HTTPS"),
    ]]);

/// `nats server cluster`.
const CLUSTER: Command = Command::new("cluster", "Clusters")
    .aliases(&["r", "raft"])
    .commands(&[CLUSTER_BALANCE, CLUSTER_STEP_DOWN, CLUSTER_PEER_REMOVE]);

/// `nats server cluster balance`.
const CLUSTER_BALANCE: Command = Command::new("balance", "Spread client connections evenly")
    .args(&[optional("duration", "How long to take for it").default("2m")])
    .flags(&[&[
        text("server-name", "Match servers by a regular expression"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        duration("idle", "Match what has been idle for this long"),
        text("account", "Only this account"),
        text("subject", "Only what concerns this subject"),
        text("kind", "Kinds of connections")
            .list()
            .default("Client"),
        switch("force", "Do it without asking").short('f'),
    ]]);

/// `nats server cluster step-down`.
const CLUSTER_STEP_DOWN: Command = Command::new("step-down", "Let the meta leader step down")
    .aliases(&["stepdown", "sd", "elect", "down", "d"])
    .flags(&[&[
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        text("host", "Only the server of this name"),
        switch("json", "Print JSON").short('j'),
        switch("force", "Do it without asking").short('f'),
    ]]);

/// `nats server cluster peer-remove`.
const CLUSTER_PEER_REMOVE: Command = Command::new(
    "peer-remove",
    "Remove a server from the meta group for good",
)
.aliases(&["rm", "pr"])
.args(&[arg("name", "Its name")])
.flags(&[&[
    switch("force", "Do it without asking").short('f'),
    switch("json", "Print JSON").short('j'),
]]);

/// `nats server config`.
const CONFIG: Command =
    Command::new("config", "Configuration of servers").commands(&[CONFIG_RELOAD]);

/// `nats server config reload`.
const CONFIG_RELOAD: Command = Command::new("reload", "Let a server read its configuration again")
    .args(&[arg("id", "Its id")])
    .flags(&[&[negatable("force", "Do it without asking").short('f')]]);

/// `nats server generate`.
const GENERATE: Command = Command::new("generate", "Generate server configurations")
    .aliases(&["gen"])
    .args(&[arg("target", "Directory to write to")])
    .flags(&[&[text("source", "Bundle to generate from")]]);

/// `nats server graph`.
const GRAPH: Command = Command::new("graph", "Show graphs of a server")
    .args(&[arg("server", "Name or id of the server")])
    .flags(&[&[switch("jetstream", "Graph JetStream instead of connections").short('j')]]);

/// `nats server info`.
const INFO: Command = Command::new("info", "Show a server")
    .aliases(&["i"])
    .args(&[optional("server", "Name or id of the server")])
    .flags(&[&[text(
        "archive",
        "Read from a file made by audit gather instead of asking servers",
    )]]);

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
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server mappings`.
const MAPPINGS: Command = Command::new("mappings", "Try out subject mappings")
    .aliases(&["mapping"])
    .args(&[
        optional("source", "Subjects to map"),
        optional("dest", "Subjects are mapped to this"),
        optional("subject", "The subject"),
    ]);

/// `nats server passwd`.
const PASSWD: Command = Command::new("passwd", "Hash a password for the server configuration")
    .aliases(&["mkpasswd", "pass", "password"])
    .flags(&[&[
        text("pass", "The password").short('p').env("PASSWORD"),
        uint("cost", "Cost of the bcrypt hash, 4 to 31")
            .short('c')
            .default("11"),
        switch("generate", "Generate a password").short('g'),
    ]]);

/// `nats server ping`.
const PING: Command = Command::new("ping", "Ping all servers")
    .args(&[optional("expect", "Number of servers that should answer")])
    .flags(&[&[
        switch("graph", "Show a graph in the terminal"),
        switch("id", "Show server ids too"),
    ]]);

/// `nats server report`.
const REPORT: Command = Command::new("report", "Reports about all servers")
    .aliases(&["rep"])
    .flags(&[&[switch("reverse", "Turn the sort order round").short('R')]])
    .commands(&[
        REPORT_ACCOUNTS,
        REPORT_CONNECTIONS,
        REPORT_CPU,
        REPORT_GATEWAYS,
        REPORT_HEALTH,
        REPORT_JETSTREAM,
        REPORT_LEAFNODES,
        REPORT_MEM,
        REPORT_ROUTES,
        REPORT_DOWNGRADE,
    ]);

/// `nats server report accounts`.
const REPORT_ACCOUNTS: Command = Command::new("accounts", "Report about accounts")
    .aliases(&["acct"])
    .args(&[
        optional("account", "The account"),
        optional("limit", "Most rows"),
    ])
    .flags(&[&[
        choice(
            "sort",
            &[
                "in-bytes",
                "out-bytes",
                "in-msgs",
                "out-msgs",
                "conns",
                "subs",
            ],
            "Sort by this column",
        )
        .default("subs"),
        int("top", "Most rows").default("1000"),
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
        switch("json", "Print JSON").short('j'),
    ]]);

/// `nats server report connections`.
const REPORT_CONNECTIONS: Command = Command::new("connections", "Report about connections")
    .aliases(&["conn", "connz", "conns"])
    .args(&[optional("limit", "Most rows")])
    .flags(&[&[
        text("account", "Only this account"),
        choice(
            "sort",
            &[
                "in-bytes",
                "out-bytes",
                "in-msgs",
                "out-msgs",
                "uptime",
                "cid",
                "subs",
            ],
            "Sort by this column",
        )
        .default("subs"),
        int("top", "Most rows").default("1000"),
        text("subject", "Only what concerns this subject"),
        text("username", "Only this user"),
        choice(
            "state",
            &["open", "closed", "all"],
            "State of the connections",
        )
        .default("open"),
        text(
            "closed-reason",
            "Only closed connections whose reason matches this regular expression",
        ),
        text(
            "filter",
            "Only connections for which this expression is true",
        ),
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
        switch("json", "Print JSON").short('j'),
    ]]);

/// `nats server report cpu`.
const REPORT_CPU: Command = Command::new("cpu", "Report about CPU use")
    .args(&[optional("limit", "Most rows")])
    .flags(&[&[
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
        switch("json", "Print JSON").short('j'),
    ]]);

/// `nats server report gateways`.
const REPORT_GATEWAYS: Command = Command::new("gateways", "Report about gateways")
    .aliases(&["super", "gateway"])
    .args(&[optional("limit", "Most rows")])
    .flags(&[&[
        text("filter-name", "Only the gateway of this name"),
        choice("sort", &["server", "cluster"], "Sort by this column").default("cluster"),
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server report health`.
const REPORT_HEALTH: Command = Command::new("health", "Report about health")
    .args(&[optional("limit", "Most rows")])
    .flags(&[&[
        negatable("js-enabled", "Only check whether JetStream is enabled").short('J'),
        negatable("server-only", "Only check the server itself").short('S'),
        text("account", "Only this account"),
        text("stream", "Stream to work with"),
        text("consumer", "Consumer to work with"),
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server report jetstream`.
const REPORT_JETSTREAM: Command = Command::new("jetstream", "Report about JetStream")
    .aliases(&["jsz", "js"])
    .args(&[optional("limit", "Most rows")])
    .flags(&[&[
        text("account", "Only this account"),
        choice(
            "sort",
            &[
                "name",
                "cluster",
                "streams",
                "consumers",
                "msgs",
                "mbytes",
                "bytes",
                "mem",
                "file",
                "store",
                "api",
                "err",
            ],
            "Sort by this column",
        )
        .default("cluster"),
        negatable(
            "compact",
            "Shorten names by the part that all of them have in common",
        )
        .on(),
        switch("leaders", "Show how leaders are spread over servers").short('l'),
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server report leafnodes`.
const REPORT_LEAFNODES: Command = Command::new("leafnodes", "Report about leaf nodes")
    .aliases(&["leaf", "leafz"])
    .args(&[optional("limit", "Most rows")])
    .flags(&[&[
        text("account", "Only this account"),
        choice(
            "sort",
            &[
                "server",
                "name",
                "account",
                "subs",
                "in-bytes",
                "out-bytes",
                "in-msgs",
                "out-msgs",
            ],
            "Sort by this column",
        ),
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server report mem`.
const REPORT_MEM: Command = Command::new("mem", "Report about memory")
    .args(&[optional("limit", "Most rows")])
    .flags(&[&[
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
        switch("json", "Print JSON").short('j'),
    ]]);

/// `nats server report routes`.
const REPORT_ROUTES: Command = Command::new("routes", "Report about routes")
    .aliases(&["route"])
    .args(&[optional("limit", "Most rows")])
    .flags(&[&[
        choice(
            "sort",
            &[
                "server",
                "cluster",
                "name",
                "account",
                "subs",
                "in-bytes",
                "out-bytes",
            ],
            "Sort by this column",
        ),
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
        int("watch", "Repeat every so many seconds"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server report downgrade`.
const REPORT_DOWNGRADE: Command = Command::new(
    "downgrade",
    "Find what keeps servers from going back to an older version",
)
.args(&[arg("api", "The API level")])
.flags(&[&[
    switch("json", "Print JSON"),
    switch(
        "all",
        "Include internal streams (KV, object and MQTT stores)",
    ),
    text(
        "archive",
        "Read from a file made by audit gather instead of asking servers",
    ),
]]);

/// `nats server request`.
const REQUEST: Command = Command::new("request", "Ask servers for monitoring data")
    .aliases(&["req"])
    .flags(&[&[
        int("limit", "Most entries in an answer").default("2048"),
        int("offset", "Entries to skip").default("0"),
        text("name", "Only the server of this name"),
        text("host", "Only the server of this name"),
        text(
            "cluster",
            "Only servers, or the assets placed, in this cluster",
        ),
        text("tags", "Only servers with these tags").list(),
    ]])
    .commands(&[
        REQUEST_ACCOUNTS,
        REQUEST_CONNECTIONS,
        REQUEST_GATEWAYS,
        REQUEST_IPQUEUE,
        REQUEST_JETSTREAM_HEALTH,
        REQUEST_JETSTREAM,
        REQUEST_KICK,
        REQUEST_LEAFNODES,
        REQUEST_PROFILE,
        REQUEST_RAFT,
        REQUEST_ROUTES,
        REQUEST_SUBSCRIPTIONS,
        REQUEST_VARIABLES,
    ]);

/// `nats server request accounts`.
const REQUEST_ACCOUNTS: Command = Command::new("accounts", "Account data (accountz)")
    .aliases(&["accountz", "acct"])
    .args(&[optional("wait", "Number of servers that should answer")])
    .flags(&[&[
        text("account", "Only this account"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request connections`.
const REQUEST_CONNECTIONS: Command = Command::new("connections", "Connection data (connz)")
    .aliases(&["conn", "connz"])
    .args(&[optional("wait", "Number of servers that should answer")])
    .flags(&[&[
        choice(
            "sort",
            &[
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
            ],
            "Sort by this column",
        )
        .default("cid"),
        switch("subscriptions", "Include subscriptions"),
        uint("filter-cid", "Only this connection"),
        choice(
            "filter-state",
            &["open", "closed", "all"],
            "State of the connections",
        )
        .default("open"),
        text("filter-user", "Only this user"),
        text("filter-account", "Only this account"),
        text("filter-subject", "Only subscriptions on this subject"),
        switch(
            "filter-empty",
            "Leave out servers without matching connections",
        ),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request gateways`.
const REQUEST_GATEWAYS: Command = Command::new("gateways", "Gateway data (gatewayz)")
    .aliases(&["gateway", "gwy", "gatewayz"])
    .args(&[
        optional("wait", "Number of servers that should answer"),
        optional("filter-name", "Only this gateway"),
    ])
    .flags(&[&[
        text("filter-account", "Only this account"),
        switch("accounts", "Include details of each account"),
        negatable("subscriptions", "Include subscriptions").on(),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request ipqueue`.
const REQUEST_IPQUEUE: Command = Command::new("ipqueue", "Data on internal queues (ipqueuesz)")
    .aliases(&["ipq", "ipqueuesz"])
    .flags(&[&[
        negatable(
            "all",
            "Include internal streams (KV, object and MQTT stores)",
        )
        .on(),
        text("filter", "Only queues whose name contains this"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request jetstream-health`.
const REQUEST_JETSTREAM_HEALTH: Command = Command::new("jetstream-health", "Health data (healthz)")
    .aliases(&["healthz"])
    .args(&[optional("wait", "Number of servers that should answer")])
    .flags(&[&[
        negatable("js-enabled", "Only check whether JetStream is enabled").short('J'),
        negatable("server-only", "Only check the server itself").short('S'),
        text("account", "Only this account"),
        text("stream", "Stream to work with"),
        text("consumer", "Consumer to work with"),
        negatable("details", "Include details").on(),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request jetstream`.
const REQUEST_JETSTREAM: Command = Command::new("jetstream", "JetStream data (jsz)")
    .aliases(&["jsz", "js"])
    .args(&[optional("wait", "Number of servers that should answer")])
    .flags(&[&[
        text("account", "Only this account"),
        switch("accounts", "Include details of each account"),
        switch("streams", "Include streams"),
        switch("consumer", "Include details of consumers"),
        switch("config", "Read the configuration from a JSON file"),
        switch("raft", "Include details of Raft groups"),
        switch("leader", "Only the meta leader answers"),
        switch("stream-leader", "Only stream leaders answer"),
        switch(
            "all",
            "Include internal streams (KV, object and MQTT stores)",
        ),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request kick`.
const REQUEST_KICK: Command = Command::new("kick", "Disconnect a client").args(&[
    arg("client", "Id of the connection"),
    arg("server", "Name or id of the server"),
]);

/// `nats server request leafnodes`.
const REQUEST_LEAFNODES: Command = Command::new("leafnodes", "Leaf node data (leafz)")
    .aliases(&["leaf", "leafz"])
    .args(&[optional("wait", "Number of servers that should answer")])
    .flags(&[&[
        switch("subscriptions", "Include subscriptions"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request profile`.
const REQUEST_PROFILE: Command = Command::new("profile", "Get a profile")
    .args(&[
        arg("profile", "Kind of profile"),
        optional("dir", "Directory for the files").default("."),
    ])
    .flags(&[&[
        int("level", "Detail level of the profile"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request raft`.
const REQUEST_RAFT: Command = Command::new("raft", "Raft data (raftz)")
    .aliases(&["raftz"])
    .flags(&[&[
        text("account", "Only this account"),
        text("group", "Only this Raft group"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request routes`.
const REQUEST_ROUTES: Command = Command::new("routes", "Route data (routez)")
    .aliases(&["route", "routez"])
    .args(&[optional("wait", "Number of servers that should answer")])
    .flags(&[&[
        switch("subscriptions", "Include subscriptions"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request subscriptions`.
const REQUEST_SUBSCRIPTIONS: Command = Command::new("subscriptions", "Subscription data (subsz)")
    .aliases(&["sub", "subsz"])
    .args(&[optional("wait", "Number of servers that should answer")])
    .flags(&[&[
        switch("detail", "List each subscription"),
        text("filter-account", "Only this account"),
        text("filter-subject", "Only subscriptions on this subject"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server request variables`.
const REQUEST_VARIABLES: Command = Command::new("variables", "General data (varz)")
    .aliases(&["var", "varz"])
    .args(&[optional("wait", "Number of servers that should answer")])
    .flags(&[&[text(
        "archive",
        "Read from a file made by audit gather instead of asking servers",
    )]]);

/// `nats server watch`.
const WATCH: Command = Command::new("watch", "Live views").commands(&[
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
        text("account", "Only this account"),
        int("top", "Most rows").short('n').default("10"),
        duration("rate", "Time over which rates are averaged").default("1m"),
        negatable(
            "record-consumer",
            "Capture requests with an ephemeral consumer",
        )
        .on(),
        negatable(
            "compact",
            "Shorten names by the part that all of them have in common",
        )
        .on(),
        switch("reverse", "Turn the sort order round").short('R'),
    ]]);

/// `nats server watch accounts`.
const WATCH_ACCOUNTS: Command = Command::new("accounts", "Watch accounts")
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
    ]]);

/// `nats server watch jetstream`.
const WATCH_JETSTREAM: Command = Command::new("jetstream", "Watch JetStream")
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
    ]]);

/// `nats server watch servers`.
const WATCH_SERVERS: Command = Command::new("servers", "Watch servers")
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
    ]]);

/// `nats server stream-check`.
const STREAM_CHECK: Command = Command::new("stream-check", "Compare the replicas of streams")
    .hidden()
    .flags(&[&[
        text("stream", "Stream to work with"),
        text("raft-group", "Only this Raft group"),
        switch("health", "Ask servers for the health of each asset too"),
        int("expected", "Number of servers that should answer"),
        switch("unsynced", "Show assets whose replicas differ only"),
        switch("stdin", "Read a former result from standard input"),
        int("read-timeout", "Seconds to wait for answers").default("5"),
        switch("csv", "Print CSV instead of a table"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);

/// `nats server consumer-check`.
const CONSUMER_CHECK: Command = Command::new("consumer-check", "Compare the replicas of consumers")
    .hidden()
    .flags(&[&[
        text("stream", "Stream to work with"),
        text("consumer", "Consumer to work with"),
        text("raft-group", "Only this Raft group"),
        switch("health", "Ask servers for the health of each asset too"),
        int("expected", "Number of servers that should answer"),
        switch("unsynced", "Show assets whose replicas differ only"),
        switch("stdin", "Read a former result from standard input"),
        int("read-timeout", "Seconds to wait for answers").default("5"),
        switch("csv", "Print CSV instead of a table"),
        text(
            "archive",
            "Read from a file made by audit gather instead of asking servers",
        ),
    ]]);
