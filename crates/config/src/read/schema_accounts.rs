//! Users, accounts, operators: their part of [`schema`](super::schema).

use super::schema::{
    BOOLEAN, INTEGER, Key, LIST, MAP, STRING, duration, flag, number, permissions, seconds, text,
    texts,
};

const USERS: Key = Key::new(
    &["users"],
    LIST,
    "a list of maps with user and password, or with nkey",
)
.secret()
.items(&USER);

static USER: Key = Key::new(
    &[],
    MAP,
    "a map with user and password, or with nkey alone, that no other user has",
)
.secret()
.block(&[
    text(&["user", "username"]),
    text(&["password", "pass"]).secret(),
    Key::new(&["nkey"], STRING, "the public key of a user, without user and password"),
    permissions(&["permissions", "permission", "authorization"]),
    texts(
        &["allowed_connection_types", "connection_types", "clients"],
        "STANDARD, WEBSOCKET, LEAFNODE, LEAFNODE_WS, MQTT, MQTT_WS or IN_PROCESS, or a list of these",
    ),
    flag(&["proxy_required"]),
]);

const DEFAULT_PERMISSIONS: Key =
    permissions(&["default_permissions", "default_permission", "permissions"]);

/// `authorization`, of the server and of links.
pub(crate) static AUTHORIZATION: &[Key] = &[
    text(&["user", "username"]),
    text(&["password", "pass"]).secret(),
    text(&["token"]).secret(),
    seconds(&["timeout"]),
    USERS,
    DEFAULT_PERMISSIONS,
    Key::new(
        &["auth_callout", "auth_hook"],
        MAP,
        "a map with issuer and auth_users",
    )
    .block(&[
        Key::new(&["issuer"], STRING, "the public key of an account"),
        text(&["account", "acc"]),
        Key::new(&["auth_users", "users"], LIST, "a list of users").items(&text(&[])),
        Key::new(&["xkey", "key"], STRING, "a public curve key"),
        Key::new(
            &["allowed_accounts"],
            LIST,
            "a list of accounts that are configured",
        )
        .items(&Key::new(
            &[],
            STRING,
            "the name of an account that is configured",
        )),
    ]),
    flag(&["proxy_required"]),
];

/// `permissions`.
pub(crate) static PERMISSIONS: &[Key] = &[
    direction(&["publish", "pub", "import"]),
    direction(&["subscribe", "sub", "export"]),
    Key::new(
        &["allow_responses", "publish_allow_responses"],
        BOOLEAN | MAP,
        "true, false, or a map with max and expires",
    )
    .block(&[
        number(&["max", "max_msgs", "max_messages", "max_responses"]),
        duration(&["expires", "expiration", "ttl"]),
    ]),
];

const SUBJECTS: &str = "a subject or a list of subjects";

const fn direction(names: &'static [&'static str]) -> Key {
    Key::new(
        names,
        STRING | LIST | MAP,
        "a subject, a list of subjects, or a map with allow and deny",
    )
    .items(&SUBJECT)
    .block(ALLOW_AND_DENY)
}

const ALLOW_AND_DENY: &[Key] = &[
    Key::new(&["allow"], STRING | LIST, SUBJECTS).items(&SUBJECT),
    Key::new(&["deny"], STRING | LIST, SUBJECTS).items(&SUBJECT),
];

/// A subject of permissions.
pub(crate) static SUBJECT: Key = Key::new(
    &[],
    STRING,
    "a subject, such as \"orders.*.>\" (where subscriptions are meant, a queue may follow after a space)",
);

/// An account.
pub(crate) static ACCOUNT: &[Key] = &[
    Key::new(&["nkey"], STRING, "the public key of an account"),
    Key::new(&["imports"], LIST, "a list of imports").items(&IMPORT),
    Key::new(&["exports"], LIST, "a list of exports").items(&EXPORT),
    Key::new(
        &["jetstream"],
        BOOLEAN | STRING | MAP,
        "true, false, \"enabled\", \"disabled\" or a map with limits",
    )
    .block(&[
        number(&["max_memory", "max_mem", "mem", "memory"]),
        number(&["max_store", "max_file", "max_disk", "store", "disk"]),
        number(&["max_streams", "streams"]),
        number(&["max_consumers", "consumers"]),
        number(&["max_ack_pending"]),
        number(&["mem_max_stream_bytes", "memory_max_stream_bytes"]),
        number(&["disk_max_stream_bytes", "store_max_stream_bytes"]),
        flag(&["max_bytes_required", "max_stream_bytes", "max_bytes"]),
        Key::new(&["cluster_traffic"], STRING, "\"system\" or \"owner\""),
    ]),
    USERS,
    permissions(&["default_permissions"]),
    Key::new(
        &["mappings", "maps"],
        MAP,
        "a map of subjects to destinations",
    )
    .named(&MAPPING),
    Key::new(&["limits"], MAP, "a map with limits").block(&[
        number(&["max_connections", "max_conn"]),
        number(&["max_subscriptions", "max_subs"]),
        number(&["max_payload", "max_pay"]),
        number(&["max_leafnodes", "max_leafs"]),
    ]),
    Key::new(
        &["msg_trace", "trace_dest"],
        STRING | MAP,
        "a subject without wildcards, or a map with dest and sampling",
    )
    .block(&[
        Key::new(&["dest"], STRING, "a subject without wildcards"),
        Key::new(
            &["sampling"],
            INTEGER | STRING,
            "a number from 1 to 100, or a percentage, such as \"10%\"",
        ),
    ]),
];

static IMPORT: Key = Key::new(
    &[],
    MAP,
    "a map with stream or service that the other account exports to this one",
)
.block(&[
    source("stream"),
    source("service"),
    text(&["prefix"]),
    Key::new(&["to"], STRING, "a subject, and no prefix beside it"),
    flag(&["share"]),
    Key::new(&["allow_trace"], BOOLEAN, "true or false, for streams only"),
]);

const fn source(name: &'static str) -> Key {
    const KEYS: &[Key] = &[text(&["account"]), text(&["subject"])];
    let names: &'static [&'static str] = match name.as_bytes() {
        b"stream" => &["stream"],
        _ => &["service"],
    };
    Key::new(
        names,
        MAP,
        "a map with account and subject, the only stream or service of the import",
    )
    .block(KEYS)
}

static EXPORT: Key = Key::new(
    &[],
    MAP,
    "a map with stream or service, and accounts that are configured",
)
.block(&[
    Key::new(
        &["stream"],
        STRING,
        "a subject, the only stream or service of the export",
    ),
    Key::new(
        &["service"],
        STRING,
        "a subject, the only stream or service of the export",
    ),
    Key::new(
        &["response_type", "response"],
        STRING,
        "\"singleton\", \"stream\" or \"chunked\", once and for services only",
    ),
    Key::new(
        &[
            "response_threshold",
            "threshold",
            "response_max_time",
            "response_time",
        ],
        STRING,
        "a duration, such as \"5s\", once and for services only",
    ),
    Key::new(&["accounts"], LIST, "a list of accounts").items(&text(&[])),
    Key::new(
        &["latency"],
        STRING | MAP,
        "a subject, or a map with subject and sampling, for services only",
    )
    .block(&[
        text(&["subject"]),
        Key::new(
            &["sampling"],
            INTEGER | STRING,
            "a number from 1 to 100, a percentage, such as \"10%\", or \"headers\"",
        ),
    ]),
    number(&["account_token_position"]),
    Key::new(
        &["allow_trace"],
        BOOLEAN,
        "true or false, for services only",
    ),
]);

/// Where a mapped subject leads.
pub(crate) static MAPPING: Key = Key::new(
    &[],
    STRING | LIST | MAP,
    "a subject, or one or several maps with destination and weight, 100 at most in all",
)
.items(&DESTINATION)
.block(DESTINATION_KEYS);

static DESTINATION: Key =
    Key::new(&[], MAP, "a map with destination and weight").block(DESTINATION_KEYS);

const DESTINATION_KEYS: &[Key] = &[
    text(&["destination", "dest"]),
    Key::new(
        &["weight"],
        INTEGER | STRING,
        "a number from 0 to 100, or a percentage, such as \"10%\"",
    ),
    text(&["cluster"]),
];

/// `resolver`.
pub(crate) static RESOLVER: &[Key] = &[
    Key::new(&["dir"], STRING, "the name of a folder"),
    Key::new(&["type"], STRING, "\"full\", \"cache\" or \"memory\""),
    flag(&["allow_delete"]),
    flag(&["hard_delete"]),
    number(&["limit"]),
    duration(&["ttl"]),
    duration(&["interval"]),
    duration(&["timeout"]),
];

/// `proxies`.
pub(crate) static PROXIES: &[Key] = &[Key::new(&["trusted"], LIST, "a list of maps with key")
    .items(&Key::new(&[], MAP, "a map with key").block(&[Key::new(
        &["key", "public_key"],
        STRING,
        "a public key",
    )]))];
