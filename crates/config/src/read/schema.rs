//! What is expected at which key, in words: for the second line of an error
//! ([`explain`](super::explain)). The readers decide what is wrong; a test
//! holds both together by trying values of every type at every key.

use super::schema_accounts::{ACCOUNT, AUTHORIZATION, MAPPING, PERMISSIONS, PROXIES, RESOLVER};
use super::schema_links::{CLUSTER, GATEWAY, LEAFNODES, MQTT, WEBSOCKET};
use super::tls::PROXY_KEYS;

/// Types that a key takes, as a set.
pub(crate) type Types = u8;
pub(crate) const STRING: Types = 1;
pub(crate) const INTEGER: Types = 2;
pub(crate) const FLOAT: Types = 4;
pub(crate) const BOOLEAN: Types = 8;
pub(crate) const LIST: Types = 16;
pub(crate) const MAP: Types = 32;
/// Another type is no error: the Go server takes it and ignores it.
pub(crate) const ANY: Types = u8::MAX;

/// A key of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// Its names; the first is the one that paths show.
    pub names: &'static [&'static str],
    /// Types it takes.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the readers decide; tests compare")
    )]
    pub types: Types,
    /// What is expected, to follow the word.
    pub expected: &'static str,
    /// Values are not shown, whatever they are.
    pub secret: bool,
    /// What a map at this key holds.
    pub map: Inside,
    /// What a list at this key holds; values like the one itself if `None`.
    pub items: Option<&'static Key>,
}

/// What a map holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Inside {
    /// Nothing that is known.
    Unknown,
    /// Known keys.
    Block(&'static [Key]),
    /// Names of the user's own choice.
    Named(&'static Key),
}

impl Key {
    /// A key without anything in it.
    pub(crate) const fn new(
        names: &'static [&'static str],
        types: Types,
        expected: &'static str,
    ) -> Self {
        Self {
            names,
            types,
            expected,
            secret: false,
            map: Inside::Unknown,
            items: None,
        }
    }

    /// Its value is never shown.
    pub(crate) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// A map holds these keys.
    pub(crate) const fn block(mut self, keys: &'static [Key]) -> Self {
        self.map = Inside::Block(keys);
        self
    }

    /// A map holds values of this kind under names of the user's choice.
    pub(crate) const fn named(mut self, key: &'static Key) -> Self {
        self.map = Inside::Named(key);
        self
    }

    /// A list holds values of this kind.
    pub(crate) const fn items(mut self, key: &'static Key) -> Self {
        self.items = Some(key);
        self
    }
}

pub(crate) const fn text(names: &'static [&'static str]) -> Key {
    Key::new(names, STRING, "a string")
}
pub(crate) const fn file(names: &'static [&'static str]) -> Key {
    Key::new(
        names,
        STRING,
        "a string, the name of a file that can be read",
    )
}
pub(crate) const fn flag(names: &'static [&'static str]) -> Key {
    Key::new(names, BOOLEAN, "true or false")
}
pub(crate) const fn number(names: &'static [&'static str]) -> Key {
    Key::new(names, INTEGER, "a whole number")
}
pub(crate) const fn bytes(names: &'static [&'static str]) -> Key {
    Key::new(names, INTEGER, "a number of bytes, such as 65536 or 64kb")
}
/// As `bytes`, and as a string with one of four letters.
pub(crate) const fn storage(names: &'static [&'static str]) -> Key {
    Key::new(
        names,
        INTEGER | STRING,
        "a number of bytes, such as 1048576 or 1Gb, or a string of digits that ends in K, M, G or T",
    )
}
/// A duration; a bare number is refused.
pub(crate) const fn duration(names: &'static [&'static str]) -> Key {
    Key::new(names, STRING, "a duration, such as \"30s\" or \"2m\"")
}
/// A duration, or a number of seconds.
pub(crate) const fn span(names: &'static [&'static str]) -> Key {
    Key::new(
        names,
        STRING | INTEGER,
        "a duration, such as \"30s\" or \"2m\"",
    )
}
/// A number of seconds, with fraction, or a duration.
pub(crate) const fn seconds(names: &'static [&'static str]) -> Key {
    Key::new(
        names,
        STRING | INTEGER | FLOAT,
        "a number of seconds, or a duration, such as \"2s\"",
    )
}
pub(crate) const fn port(names: &'static [&'static str]) -> Key {
    Key::new(names, INTEGER, "a port number; -1 is any free port")
}
pub(crate) const fn listen(names: &'static [&'static str]) -> Key {
    Key::new(
        names,
        INTEGER | STRING,
        "a port number or a string \"host:port\"",
    )
}
/// One string or a list of strings.
pub(crate) const fn texts(names: &'static [&'static str], expected: &'static str) -> Key {
    Key::new(names, STRING | LIST, expected).items(&A_STRING)
}
static A_STRING: Key = text(&[]);
pub(crate) const WRITE_TIMEOUT: Key = Key::new(
    &["write_timeout"],
    STRING,
    "\"default\", \"close\" or \"retry\"",
);

/// The top level of a file.
pub(crate) static TOP: &[Key] = &[
    listen(&["listen"]),
    port(&["port"]),
    text(&["host", "net"]),
    Key::new(&["server_name"], STRING, "a string without spaces"),
    text(&["client_advertise"]),
    texts(&["server_tags"], "a string or a list of strings"),
    Key::new(&["server_metadata"], MAP, "a map of names to strings").named(&text(&[])),
    Key::new(&["feature_flags"], MAP, "a map of names to true or false").named(&flag(&[])),
    flag(&["proxy_protocol"]),
    flag(&["allow_non_tls"]),
    Key::new(
        &["default_sentinel"],
        STRING,
        "a string, the JWT of a bearer user",
    )
    .secret(),
    Key::new(
        &["mappings", "maps"],
        MAP,
        "a map of subjects to destinations",
    )
    .named(&MAPPING),
    Key::new(&["default_js_domain"], MAP, "a map of accounts to domains").named(&text(&[])),
    listen(&["http"]),
    listen(&["https"]),
    port(&["http_port", "monitor_port"]),
    port(&["https_port"]),
    text(&["http_base_path"]),
    port(&["prof_port"]),
    number(&["prof_block_rate"]),
    text(&["pid_file", "pidfile"]),
    text(&["ports_file_dir"]),
    Key::new(
        &["max_connections", "max_conn"],
        INTEGER,
        "a number of connections",
    ),
    Key::new(
        &["max_subscriptions", "max_subs"],
        INTEGER,
        "a number of subscriptions; 0 is no limit",
    ),
    Key::new(
        &["max_sub_tokens", "max_subscription_tokens"],
        INTEGER,
        "a number from 1 to 255",
    ),
    Key::new(
        &["max_control_line"],
        INTEGER,
        "a number of bytes up to 2147483647, such as 4096 or 4kb",
    ),
    Key::new(
        &["max_payload"],
        INTEGER,
        "a number of bytes up to 2147483647 and up to max_pending, such as 1048576 or 1mb",
    ),
    bytes(&["max_pending"]),
    span(&["write_deadline"]),
    WRITE_TIMEOUT,
    span(&["ping_interval"]),
    number(&["ping_max"]),
    number(&["max_closed_clients"]),
    Key::new(
        &["max_traced_msg_len"],
        INTEGER,
        "a number of bytes; 0 is no limit",
    ),
    flag(&["no_fast_producer_stall"]),
    flag(&["no_header_support"]),
    flag(&["disable_sublist_cache", "no_sublist_cache"]),
    Key::new(
        &["lame_duck_duration"],
        STRING,
        "a duration of at least 30 seconds, such as \"30s\" or \"2m\"",
    ),
    Key::new(
        &["lame_duck_grace_period"],
        STRING,
        "a duration that is not negative and shorter than lame_duck_duration, such as \"10s\"",
    ),
    number(&["connect_error_reports"]),
    number(&["reconnect_error_reports"]),
    flag(&["debug"]),
    flag(&["trace"]),
    flag(&["trace_verbose"]),
    flag(&["trace_headers"]),
    flag(&["logtime"]),
    flag(&["logtime_utc"]),
    text(&["log_file", "logfile"]),
    bytes(&["log_size_limit", "logfile_size_limit"]),
    number(&["logfile_max_num", "log_max_num"]),
    flag(&["syslog"]),
    Key::new(
        &["remote_syslog"],
        STRING,
        "a URL that begins with udp://, tcp:// or unix://",
    ),
    Key::new(
        &["authorization"],
        MAP,
        "a map with a user and a password, a token, or users",
    )
    .secret()
    .block(AUTHORIZATION),
    Key::new(
        &["accounts"],
        ANY,
        "a map of names to accounts, or a list of names",
    )
    .secret()
    .named(
        &Key::new(&[], ANY, "a map with what the account has")
            .secret()
            .block(ACCOUNT),
    )
    .items(&Key::new(&[], STRING, "the name of an account")),
    Key::new(
        &["system_account", "system"],
        STRING,
        "the name of an account",
    ),
    flag(&["no_system_account", "no_system", "no_sys_acc"]),
    texts(
        &[
            "operator",
            "operators",
            "root",
            "roots",
            "root_operator",
            "root_operators",
        ],
        "the JWT of an operator, or the name of a file with it, or a list of these",
    )
    .secret(),
    texts(
        &["trusted_keys", "trusted"],
        "the public key of an operator, or a list of them",
    ),
    Key::new(
        &["resolver", "account_resolver", "accounts_resolver"],
        STRING | MAP,
        "MEMORY, URL(\"http://…\"), or a map with the type \"full\" or \"cache\" and a dir",
    )
    .block(RESOLVER),
    Key::new(&["resolver_tls"], MAP, "a map with TLS options").block(TLS),
    Key::new(
        &["resolver_preload"],
        MAP,
        "a map of public keys of accounts to their JWTs",
    )
    .named(&Key::new(&[], STRING, "the JWT of an account").secret()),
    texts(
        &["resolver_pinned_accounts"],
        "the public key of an account, or a list of them",
    ),
    Key::new(
        &["no_auth_user"],
        STRING,
        "the name or nkey of one of the users",
    ),
    Key::new(&["proxies"], MAP, "a map with trusted, a list of keys").block(PROXIES),
    Key::new(&["tls"], MAP, TLS_BLOCK).block(TLS),
    Key::new(
        &["ocsp"],
        BOOLEAN | MAP,
        "true, false, or a map with mode and url",
    )
    .block(OCSP),
    Key::new(
        &["ocsp_cache"],
        BOOLEAN | MAP,
        "true, false, or a map with type and local_store",
    )
    .block(OCSP_CACHE),
    Key::new(&["cluster"], MAP, "a map with the options of the cluster").block(CLUSTER),
    Key::new(&["gateway"], MAP, "a map with the options of the gateway").block(GATEWAY),
    Key::new(
        &["leafnodes", "leaf"],
        MAP,
        "a map with the options of leaf nodes",
    )
    .block(LEAFNODES),
    Key::new(
        &["store_dir", "storedir"],
        STRING,
        "the name of a folder, given once: here, in jetstream or by -sd",
    ),
    Key::new(
        &["jetstream"],
        BOOLEAN | STRING | MAP,
        "true, false, \"enabled\", \"disabled\" or a map",
    )
    .block(JETSTREAM),
    Key::new(
        &["websocket", "ws"],
        MAP,
        "a map with the options of WebSocket",
    )
    .block(WEBSOCKET),
    Key::new(&["mqtt"], MAP, "a map with the options of MQTT").block(MQTT),
];

/// What a `tls` block has to be.
pub(crate) const TLS_BLOCK: &str =
    "a map with cert_file and key_file that belong together, or with certs";

/// `tls` blocks.
pub(crate) static TLS: &[Key] = TLS_KEYS;

/// The `tls` block of an HTTP proxy.
pub(crate) static PROXY_TLS: [Key; PROXY_KEYS.len()] = pick(TLS_KEYS, PROXY_KEYS);

/// The keys with these names.
const fn pick<const N: usize>(keys: &[Key], names: [&str; N]) -> [Key; N] {
    let mut picked = [keys[0]; N];
    let mut at = 0;
    while at < N {
        let mut key = 0;
        while !same(keys[key].names[0], names[at]) {
            key += 1;
        }
        picked[at] = keys[key];
        picked[at].names = keys[key].names.split_at(1).0;
        at += 1;
    }
    picked
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

const TLS_KEYS: &[Key] = &[
    Key::new(
        &["cert_file"],
        STRING,
        "the name of a file with a certificate in PEM form",
    ),
    Key::new(
        &["key_file"],
        STRING,
        "the name of a file with the private key of cert_file in PEM form",
    ),
    Key::new(
        &["ca_file"],
        STRING,
        "the name of a file with certificates of authorities in PEM form",
    ),
    Key::new(
        &["certs", "certificates"],
        LIST,
        "a list of maps with cert_file and key_file",
    )
    .items(
        &Key::new(&[], MAP, "a map with cert_file and key_file")
            .block(&[file(&["cert_file"]), file(&["key_file"])]),
    ),
    flag(&["verify"]),
    flag(&["verify_and_map"]),
    Key::new(
        &["verify_cert_and_check_known_urls"],
        BOOLEAN,
        "true or false; true only in cluster and gateway",
    ),
    flag(&["insecure"]),
    flag(&["allow_insecure_cipher_suites"]),
    Key::new(
        &["cipher_suites"],
        LIST,
        "a list of cipher suites (--help_tls shows their names)",
    )
    .items(&Key::new(
        &[],
        STRING,
        "the name of a cipher suite (--help_tls shows them)",
    )),
    Key::new(
        &["curve_preferences"],
        LIST,
        "a list of curves (--help_tls shows their names)",
    )
    .items(&Key::new(
        &[],
        STRING,
        "the name of a curve (--help_tls shows them)",
    )),
    Key::new(&["min_version"], STRING, "\"1.2\" or \"1.3\""),
    seconds(&["timeout"]),
    number(&["connection_rate_limit"]),
    Key::new(
        &["pinned_certs"],
        LIST,
        "a list of SHA-256 sums of public keys, 64 hexadecimal digits each",
    )
    .items(&Key::new(
        &[],
        STRING,
        "the SHA-256 sum of a public key, 64 hexadecimal digits",
    )),
    Key::new(
        &["handshake_first", "first", "immediate"],
        BOOLEAN | STRING,
        "true, false, \"auto\" or a duration, such as \"300ms\"",
    ),
    Key::new(
        &["ocsp_peer"],
        BOOLEAN | MAP,
        "true, false, or a map with verify",
    )
    .block(OCSP_PEER),
    Key::new(
        &["cert_store"],
        STRING,
        "cert_file and key_file: only Windows has certificate stores",
    ),
    Key::new(
        &["cert_match_by"],
        STRING,
        "\"issuer\", \"subject\" or \"thumbprint\"",
    ),
    Key::new(&["cert_match"], STRING, "a string that is not empty"),
    Key::new(&["ca_certs_match"], ANY, "a string or a list of strings"),
    flag(&["cert_match_skip_invalid"]),
];

static OCSP_PEER: &[Key] = &[
    flag(&["verify"]),
    seconds(&["ca_timeout"]),
    seconds(&["allowed_clockskew"]),
    seconds(&["cache_ttl_when_next_update_unset"]),
    flag(&["warn_only"]),
    flag(&["unknown_is_good"]),
    flag(&["allow_when_ca_unreachable"]),
];

static OCSP: &[Key] = &[
    Key::new(
        &["mode"],
        STRING,
        "\"always\", \"must\", \"never\" or \"auto\"",
    ),
    text(&["url"]),
    Key::new(&["urls"], LIST, "a list of strings").items(&text(&[])),
];

static OCSP_CACHE: &[Key] = &[
    Key::new(&["type"], STRING, "\"local\" or \"none\""),
    text(&["local_store"]),
    flag(&["preserve_revoked"]),
    seconds(&["save_interval"]),
];

const CIPHER: Key = Key::new(&["cipher"], STRING, "\"chacha\" or \"aes\"");

static JETSTREAM: &[Key] = &[
    flag(&["strict"]),
    Key::new(
        &["store_dir", "store", "storedir"],
        STRING,
        "the name of a folder, given once: here, at the top level or by -sd",
    ),
    Key::new(
        &["sync_interval", "sync"],
        STRING | INTEGER,
        "\"always\" or a duration, such as \"2m\"",
    ),
    storage(&["max_mem_store", "max_memory_store", "max_mem"]),
    storage(&["max_file_store", "max_file"]),
    Key::new(&["domain"], STRING, "one word without dots, * and >"),
    flag(&["enabled", "enable"]),
    text(&["key", "ek", "encryption_key"]).secret(),
    text(&["prev_key", "prev_ek", "prev_encryption_key"]).secret(),
    CIPHER,
    Key::new(
        &["extension_hint"],
        STRING,
        "\"no_extend\" or \"will_extend\"",
    ),
    Key::new(&["limits"], MAP, "a map with limits").block(&[
        number(&["max_ack_pending"]),
        number(&["max_ha_assets"]),
        number(&["max_request_batch"]),
        duration(&["duplicate_window"]),
        number(&["default_max_consumers"]),
        Key::new(&["batch"], MAP, "a map with limits of batches").block(&[
            number(&["max_inflight_per_stream"]),
            number(&["max_inflight_total"]),
            number(&["max_msgs"]),
            duration(&["timeout"]),
        ]),
    ]),
    Key::new(&["tpm"], MAP, "a map with keys_file").block(&[
        text(&["keys_file"]),
        text(&["encryption_password"]).secret(),
        text(&["srk_password"]).secret(),
        number(&["pcr"]),
        CIPHER,
    ]),
    text(&["unique_tag"]),
    storage(&["max_outstanding_catchup"]),
    storage(&["max_buffered_size"]),
    number(&["max_buffered_msgs"]),
    number(&["request_queue_limit"]),
    number(&["info_queue_limit"]),
    Key::new(&["meta_compact"], INTEGER, "a number that is not negative"),
    Key::new(
        &["meta_compact_size"],
        INTEGER | STRING,
        "a number of bytes that is not negative, such as 1048576 or 1mb",
    ),
    flag(&["meta_compact_sync"]),
    Key::new(&["max_concurrent_io"], INTEGER, "a number from 4 to 8192"),
];

/// Permissions, under whatever name.
pub(crate) const fn permissions(names: &'static [&'static str]) -> Key {
    Key::new(
        names,
        MAP,
        "a map with publish, subscribe and allow_responses",
    )
    .block(PERMISSIONS)
}
