//! The model of `nats server report`.

use super::ARCHIVE;
use crate::commands::server::report;
use crate::model::*;

/// Which servers are asked, and how often.
const SERVERS: &[Flag] = &[
    text("host", "Only the server of this name"),
    text("cluster", "Only servers in this cluster"),
    text("tags", "Only servers with these tags").list(),
    int("watch", "Repeat every so many seconds"),
    ARCHIVE,
];

/// `nats server report`.
pub(super) const REPORT: Command = Command::new("report", "Reports about all servers")
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
        optional("limit", "Number of servers to wait for"),
    ])
    .flags(&[
        &[
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
        ],
        SERVERS,
        &[switch("json", "Print JSON").short('j')],
    ])
    .run(report::accounts);

/// `nats server report connections`.
const REPORT_CONNECTIONS: Command = Command::new("connections", "Report about connections")
    .aliases(&["conn", "connz", "conns"])
    .args(&[optional("limit", "Number of servers to wait for")])
    .flags(&[
        &[
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
            )
            .value_name("REASON"),
            text(
                "filter",
                "Only connections for which this expression is true",
            ),
        ],
        SERVERS,
        &[switch("json", "Print JSON").short('j')],
    ])
    .run(report::connections);

/// `nats server report cpu`.
const REPORT_CPU: Command = Command::new("cpu", "Report about CPU use")
    .args(&[optional("limit", "Number of servers to wait for")])
    .flags(&[SERVERS, &[switch("json", "Print JSON").short('j')]])
    .run(report::cpu);

/// `nats server report gateways`.
const REPORT_GATEWAYS: Command = Command::new("gateways", "Report about gateways")
    .aliases(&["super", "gateway"])
    .args(&[optional("limit", "Number of servers to wait for")])
    .flags(&[
        &[
            text("filter-name", "Only the gateway of this name"),
            choice("sort", &["server", "cluster"], "Sort by this column").default("cluster"),
        ],
        SERVERS,
    ])
    .run(report::gateways);

/// `nats server report health`.
const REPORT_HEALTH: Command = Command::new("health", "Report about health")
    .args(&[optional("limit", "Number of servers to wait for")])
    .flags(&[
        &[
            negatable("js-enabled", "Only check whether JetStream is enabled").short('J'),
            negatable("server-only", "Only check the server itself").short('S'),
            text("account", "Only this account"),
            text("stream", "Stream to work with"),
            text("consumer", "Consumer to work with"),
        ],
        SERVERS,
    ])
    .run(report::health);

/// `nats server report jetstream`.
const REPORT_JETSTREAM: Command = Command::new("jetstream", "Report about JetStream")
    .aliases(&["jsz", "js"])
    .args(&[optional("limit", "Number of servers to wait for")])
    .flags(&[
        &[
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
        ],
        SERVERS,
    ])
    .run(report::jetstream);

/// `nats server report leafnodes`.
const REPORT_LEAFNODES: Command = Command::new("leafnodes", "Report about leaf nodes")
    .aliases(&["leaf", "leafz"])
    .args(&[optional("limit", "Number of servers to wait for")])
    .flags(&[
        &[
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
        ],
        SERVERS,
    ])
    .run(report::leafnodes);

/// `nats server report mem`.
const REPORT_MEM: Command = Command::new("mem", "Report about memory")
    .args(&[optional("limit", "Number of servers to wait for")])
    .flags(&[SERVERS, &[switch("json", "Print JSON").short('j')]])
    .run(report::memory);

/// `nats server report routes`.
const REPORT_ROUTES: Command = Command::new("routes", "Report about routes")
    .aliases(&["route"])
    .args(&[optional("limit", "Number of servers to wait for")])
    .flags(&[
        &[choice(
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
        )],
        SERVERS,
    ])
    .run(report::routes);

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
        "Include consumers of streams that are too new themselves",
    ),
    ARCHIVE,
]])
.run(report::downgrade);
