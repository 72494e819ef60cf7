//! The top of the tree.

use super::{Command, Flag, choice, duration, file, negatable, switch, text};
use crate::commands;

/// Name of the program.
pub const NAME: &str = "nats";

/// What `--version` prints. Scripts read the number after the `v`, so it names
/// the release of the original tool that this one is compatible with, and then
/// our own version.
pub const VERSION: &str = concat!("v0.4.1-midge-", env!("CARGO_PKG_VERSION"));

/// Name of connections that are not given another.
pub const CONNECTION_NAME: &str =
    concat!("NATS CLI Version v0.4.1-midge-", env!("CARGO_PKG_VERSION"));

/// What the program is.
pub const ABOUT: &str = "\
NATS Utility

Works with NATS servers, their streams, buckets and accounts.

'nats cheat' shows examples";

/// All commands, as `nats --help` lists them.
pub fn commands() -> &'static [Command] {
    const COMMANDS: &[Command] = &[
        commands::account::model::ACCOUNT,
        commands::audit::model::AUDIT,
        commands::auth::model::AUTH,
        commands::bench::model::BENCH,
        commands::cheat::model::CHEAT,
        commands::consumer::model::CONSUMER,
        commands::context::model::CONTEXT,
        commands::counter::model::COUNTER,
        commands::errors::model::ERRORS,
        commands::events::model::EVENTS,
        commands::help::model::HELP,
        commands::kv::model::KV,
        commands::latency::model::LATENCY,
        commands::object::model::OBJECT,
        commands::plugins::model::PLUGINS,
        commands::publish::model::PUBLISH,
        commands::reply::model::REPLY,
        commands::request::model::REQUEST,
        commands::rtt::model::RTT,
        commands::schema::model::SCHEMA,
        commands::server::model::SERVER,
        commands::service::model::SERVICE,
        commands::stream::model::STREAM,
        commands::subscribe::model::SUBSCRIBE,
        commands::top::model::TOP,
        commands::trace::model::TRACE,
        commands::traffic::model::TRAFFIC,
    ];
    COMMANDS
}

/// Flags of the program itself.
pub const PROGRAM_FLAGS: &[Flag] = &[
    switch("help", "Show context-sensitive help").short('h'),
    switch("version", "Show application version."),
];

/// Flags of every command (cli.md 1.3).
pub const GLOBAL_FLAGS: &[Flag] = &[
    text("server", "NATS server URLs, separated by commas")
        .short('s')
        .value_name("URL")
        .env("NATS_URL"),
    text("user", "User name, or token if there is no password")
        .value_name("USER")
        .env("NATS_USER"),
    text("password", "Password")
        .value_name("PASSWORD")
        .env("NATS_PASSWORD"),
    text("token", "Token").value_name("TOKEN").env("NATS_TOKEN"),
    text("connection-name", "Name of the connection")
        .value_name("NAME")
        .default(CONNECTION_NAME),
    text("creds", "Credentials file, or where to find one")
        .value_name("LOCATION")
        .env("NATS_CREDS"),
    text("nkey", "File with an nkey seed, or where to find one")
        .value_name("LOCATION")
        .env("NATS_NKEY"),
    text("jwt", "User JWT, or where to find one")
        .value_name("LOCATION")
        .env("NATS_JWT"),
    text("seed", "Seed that belongs to the user JWT")
        .value_name("LOCATION")
        .env("NATS_SEED"),
    file("tlscert", "TLS certificate of the client")
        .value_name("FILE")
        .env("NATS_CERT"),
    file("tlskey", "Key of the TLS certificate")
        .value_name("FILE")
        .env("NATS_KEY"),
    file("tlsca", "TLS certificate authorities to trust")
        .value_name("FILE")
        .env("NATS_CA"),
    negatable("tlsfirst", "Make the TLS handshake before anything else").hidden_alias("tls-first"),
    duration("timeout", "Time to wait for answers")
        .default("5s")
        .env("NATS_TIMEOUT"),
    text("socks-proxy", "SOCKS5 proxy, or none")
        .value_name("PROXY")
        .env("NATS_SOCKS_PROXY"),
    text("js-api-prefix", "Subject prefix of the JetStream API").value_name("PREFIX"),
    text("js-event-prefix", "Subject prefix of JetStream advisories").value_name("PREFIX"),
    text("js-domain", "JetStream domain")
        .value_name("DOMAIN")
        .hidden_alias("domain"),
    text("inbox-prefix", "Subject prefix of inboxes").value_name("PREFIX"),
    choice(
        "colors",
        &[
            "blue", "cyan", "double", "green", "magenta", "red", "rounded", "yellow",
        ],
        "Style of tables",
    )
    .value_name("SCHEME")
    .env("NATS_COLOR"),
    text("context", "Context with connection settings")
        .value_name("NAME")
        .env("NATS_CONTEXT"),
    switch("trace", "Log API traffic and connection events"),
    switch("no-context", "Ignore the selected context"),
];
