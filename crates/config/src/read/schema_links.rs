//! Other listeners and links to other servers: their part of
//! [`schema`](super::schema).

use super::schema::{
    ANY, BOOLEAN, INTEGER, Key, LIST, MAP, PROXY_TLS, STRING, TLS, TLS_BLOCK, WRITE_TIMEOUT,
    duration, flag, listen, number, port, seconds, span, text, texts,
};
use super::schema_accounts::{AUTHORIZATION, SUBJECT};

const TLS_KEY: Key = Key::new(&["tls"], MAP, TLS_BLOCK).block(TLS);

/// `authorization` of links: one user.
const LINK_AUTHORIZATION: Key = Key::new(
    &["authorization"],
    MAP,
    "a map with one user and password, and without token, users, callout and permissions",
)
.secret()
.block(AUTHORIZATION);

const URL: Key = Key::new(
    &[],
    STRING,
    "a URL, such as \"nats://host:6222\", that is not there twice",
);

const CLUSTER_NAME: Key = Key::new(&["name"], STRING, "a string without spaces, and not \"_\"");

const COMPRESSION: Key = Key::new(
    &["compression"],
    STRING | BOOLEAN | MAP,
    "\"off\", \"accept\", \"s2_auto\", \"s2_fast\", \"s2_better\", \"s2_best\", true, false, or a map with mode and rtt_thresholds",
)
.block(&[
    text(&["mode"]),
    Key::new(
        &["rtt_thresholds", "thresholds", "rtts", "rtt"],
        LIST,
        "a list of up to four rising durations",
    )
    .items(&duration(&[])),
]);

/// `cluster`.
pub(crate) static CLUSTER: &[Key] = &[
    CLUSTER_NAME,
    listen(&["listen"]),
    port(&["port"]),
    text(&["host", "net"]),
    LINK_AUTHORIZATION,
    Key::new(
        &["permissions"],
        MAP,
        "a map with import and export, subjects without queues",
    )
    .block(super::schema_accounts::PERMISSIONS),
    Key::new(&["routes"], LIST, "a list of URLs").items(&URL),
    TLS_KEY,
    text(&["cluster_advertise", "advertise"]),
    flag(&["no_advertise"]),
    number(&["connect_retries"]),
    flag(&["connect_backoff"]),
    number(&["pool_size"]),
    texts(&["accounts"], "the name of an account, or a list of names"),
    COMPRESSION,
    Key::new(
        &["ping_interval"],
        STRING | INTEGER,
        "a duration of at most 30 seconds, such as \"20s\"",
    ),
    number(&["ping_max"]),
    span(&["write_deadline"]),
    WRITE_TIMEOUT,
];

/// `gateway`.
pub(crate) static GATEWAY: &[Key] = &[
    CLUSTER_NAME,
    listen(&["listen"]),
    port(&["port"]),
    text(&["host", "net"]),
    LINK_AUTHORIZATION,
    TLS_KEY,
    text(&["advertise"]),
    number(&["connect_retries"]),
    flag(&["connect_backoff"]),
    Key::new(&["gateways"], LIST, "a list of maps with name and urls").items(
        &Key::new(&[], MAP, "a map with name and urls").block(&[
            text(&["name"]),
            TLS_KEY,
            Key::new(&["url"], STRING, "a URL, such as \"nats://host:7222\""),
            Key::new(&["urls"], LIST, "a list of URLs").items(&URL),
        ]),
    ),
    flag(&["reject_unknown_cluster", "reject_unknown"]),
    span(&["write_deadline"]),
    WRITE_TIMEOUT,
];

/// `leafnodes`.
pub(crate) static LEAFNODES: &[Key] = &[
    listen(&["listen"]),
    port(&["port"]),
    text(&["host", "net"]),
    Key::new(
        &["authorization"],
        MAP,
        "a map with one user, or with users that differ",
    )
    .secret()
    .block(&[
        text(&["user", "username"]),
        text(&["password", "pass"]).secret(),
        Key::new(&["nkey"], STRING, "the public key of a user"),
        seconds(&["timeout"]),
        Key::new(&["users"], LIST, "a list of maps with user and password")
            .secret()
            .items(
                &Key::new(&[], MAP, "a map with user and password")
                    .secret()
                    .block(&[
                        text(&["user", "username"]),
                        text(&["password", "pass"]).secret(),
                        text(&["account"]),
                        flag(&["proxy_required"]),
                    ]),
            ),
        text(&["account"]),
        flag(&["proxy_required"]),
    ]),
    Key::new(&["remotes"], LIST, "a list of maps with urls").items(&REMOTE),
    span(&["reconnect_interval", "reconnect", "reconnect_delay"]),
    span(&["dial_timeout"]),
    TLS_KEY,
    text(&["advertise", "leafnode_advertise"]),
    flag(&["no_advertise"]),
    Key::new(
        &["min_version", "minimum_version"],
        STRING,
        "a version of at least 2.8.0, such as \"2.10.0\"",
    ),
    COMPRESSION,
    flag(&["isolate_leafnode_interest", "isolate"]),
    span(&["write_deadline"]),
    WRITE_TIMEOUT,
];

static REMOTE: Key = Key::new(&[], MAP, "a map with urls that no other remote has").block(&[
    flag(&["no_randomize", "dont_randomize"]),
    texts(
        &["urls", "url"],
        "a URL, such as \"nats://host:7422\", or a list of them",
    )
    .items(&URL),
    text(&["account", "local"]),
    Key::new(
        &["credentials", "creds"],
        STRING,
        "the name of a file, and no nkey beside it",
    ),
    Key::new(
        &["nkey", "seed"],
        STRING,
        "the seed of a user, and no credentials beside it",
    )
    .secret(),
    TLS_KEY,
    flag(&["hub"]),
    Key::new(
        &["deny_imports", "deny_import"],
        STRING | LIST,
        "a subject or a list of subjects",
    )
    .items(&SUBJECT),
    Key::new(
        &["deny_exports", "deny_export"],
        STRING | LIST,
        "a subject or a list of subjects",
    )
    .items(&SUBJECT),
    flag(&[
        "ws_compression",
        "ws_compress",
        "websocket_compression",
        "websocket_compress",
    ]),
    flag(&["ws_no_masking", "websocket_no_masking"]),
    Key::new(
        &["jetstream_cluster_migrate", "js_cluster_migrate"],
        BOOLEAN | MAP,
        "true, false, or a map with leader_migrate_delay",
    )
    .block(&[span(&["leader_migrate_delay"])]),
    flag(&["isolate_leafnode_interest", "isolate"]),
    flag(&["request_isolation"]),
    COMPRESSION,
    span(&["first_info_timeout"]),
    span(&["dial_timeout"]),
    flag(&["disabled"]),
    flag(&["ignore_discovered_servers"]),
    Key::new(
        &["proxy"],
        MAP,
        "a map with an http or https url, and with both of username and password or none",
    )
    .block(&[
        text(&["url"]),
        text(&["username"]),
        text(&["password"]).secret(),
        span(&["timeout"]),
        Key::new(&["tls"], MAP, "a map with TLS options, for an https url").block(&PROXY_TLS),
    ]),
]);

/// `authorization` of WebSocket and MQTT.
const LISTENER_AUTHORIZATION: Key = Key::new(
    &["authorization", "authentication"],
    MAP,
    "a map with user and password, or token",
)
.secret()
.block(&[
    text(&["user", "username"]),
    text(&["password", "pass"]).secret(),
    text(&["token"]).secret(),
    Key::new(&["timeout"], ANY, "a number of seconds"),
]);

/// `websocket`.
pub(crate) static WEBSOCKET: &[Key] = &[
    listen(&["listen"]),
    port(&["port"]),
    text(&["host", "net"]),
    text(&["advertise"]),
    flag(&["no_tls"]),
    TLS_KEY,
    flag(&["same_origin"]),
    texts(
        &[
            "allowed_origins",
            "allowed_origin",
            "allow_origins",
            "allow_origin",
            "origins",
            "origin",
        ],
        "an http or https URL, or a list of them",
    ),
    span(&["handshake_timeout"]),
    flag(&["compression", "compress"]),
    LISTENER_AUTHORIZATION,
    text(&["jwt_cookie"]),
    text(&["user_cookie"]),
    text(&["pass_cookie"]),
    text(&["token_cookie"]),
    text(&["no_auth_user"]),
    Key::new(&["headers"], MAP, "a map of names to strings").named(&text(&[])),
    span(&["ping_interval"]),
];

/// `mqtt`.
pub(crate) static MQTT: &[Key] = &[
    listen(&["listen"]),
    port(&["port"]),
    text(&["host", "net"]),
    TLS_KEY,
    LISTENER_AUTHORIZATION,
    text(&["no_auth_user"]),
    span(&["ack_wait", "ackwait"]),
    span(&["js_api_timeout", "api_timeout"]),
    Key::new(
        &["max_ack_pending", "max_pending", "max_inflight"],
        INTEGER,
        "a number from 0 to 65535",
    ),
    text(&["js_domain"]),
    number(&["stream_replicas"]),
    Key::new(&["consumer_replicas"], ANY, "nothing: it has no effect"),
    flag(&["consumer_memory_storage"]),
    span(&["consumer_inactive_threshold", "consumer_auto_cleanup"]),
    flag(&["reject_qos2_publish"]),
    flag(&["downgrade_qos2_subscribe"]),
];
