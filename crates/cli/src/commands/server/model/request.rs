//! The model of `nats server request`.

use super::ARCHIVE;
use crate::commands::server::request;
use crate::commands::top::model::SORT;
use crate::model::*;

/// How many answers end the wait.
const WAIT: Arg = optional("wait", "Number of servers that should answer");

/// `nats server request`.
pub(super) const REQUEST: Command = Command::new("request", "Ask servers for monitoring data")
    .aliases(&["req"])
    .flags(&[&[
        int("limit", "Most entries in an answer").default("2048"),
        int("offset", "Entries to skip").default("0"),
        text("name", "Only the server of this name"),
        text("host", "Only servers on this host"),
        text("cluster", "Only servers in this cluster"),
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
    .args(&[WAIT])
    .flags(&[&[text("account", "Only this account"), ARCHIVE]])
    .run(request::accounts);

/// `nats server request connections`.
const REQUEST_CONNECTIONS: Command = Command::new("connections", "Connection data (connz)")
    .aliases(&["conn", "connz"])
    .args(&[WAIT])
    .flags(&[&[
        choice("sort", SORT, "Sort by this column").default("cid"),
        switch("subscriptions", "Include subscriptions"),
        uint("filter-cid", "Only this connection").value_name("CID"),
        choice(
            "filter-state",
            &["open", "closed", "all"],
            "State of the connections",
        )
        .default("open"),
        text("filter-user", "Only this user").value_name("USER"),
        text("filter-account", "Only this account").value_name("ACCOUNT"),
        text("filter-subject", "Only subscriptions on this subject").value_name("SUBJECT"),
        switch(
            "filter-empty",
            "Leave out servers without matching connections",
        )
        .default("false"),
        ARCHIVE,
    ]])
    .run(request::connections);

/// `nats server request gateways`.
const REQUEST_GATEWAYS: Command = Command::new("gateways", "Gateway data (gatewayz)")
    .aliases(&["gateway", "gwy", "gatewayz"])
    .args(&[
        WAIT,
        optional("filter-name", "Only this gateway").value_name("NAME"),
    ])
    .flags(&[&[
        text("filter-account", "Only this account").value_name("ACCOUNT"),
        switch("accounts", "Include details of each account"),
        negatable("subscriptions", "Include subscriptions").on(),
        ARCHIVE,
    ]])
    .run(request::gateways);

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
        ARCHIVE,
    ]])
    .run(request::queues);

/// `nats server request jetstream-health`.
const REQUEST_JETSTREAM_HEALTH: Command = Command::new("jetstream-health", "Health data (healthz)")
    .aliases(&["healthz"])
    .args(&[WAIT])
    .flags(&[&[
        negatable("js-enabled", "Only check whether JetStream is enabled").short('J'),
        negatable("server-only", "Only check the server itself").short('S'),
        text("account", "Only this account"),
        text("stream", "Stream to work with"),
        text("consumer", "Consumer to work with"),
        negatable("details", "Include details").on(),
        ARCHIVE,
    ]])
    .run(request::health);

/// `nats server request jetstream`.
const REQUEST_JETSTREAM: Command = Command::new("jetstream", "JetStream data (jsz)")
    .aliases(&["jsz", "js"])
    .args(&[WAIT])
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
        ARCHIVE,
    ]])
    .run(request::jetstream);

/// `nats server request kick`.
const REQUEST_KICK: Command = Command::new("kick", "Disconnect a client")
    .args(&[
        arg("client", "Id of the connection").value_name("ID"),
        arg("server", "Name or id of the server").value_name("SERVER_ID"),
    ])
    .run(request::kick);

/// `nats server request leafnodes`.
const REQUEST_LEAFNODES: Command = Command::new("leafnodes", "Leaf node data (leafz)")
    .aliases(&["leaf", "leafz"])
    .args(&[WAIT])
    .flags(&[&[switch("subscriptions", "Include subscriptions"), ARCHIVE]])
    .run(request::leafnodes);

/// `nats server request profile`.
const REQUEST_PROFILE: Command = Command::new("profile", "Get a profile")
    .args(&[
        arg("profile", "Kind of profile"),
        optional("dir", "Directory for the files").default("."),
    ])
    .flags(&[&[int("level", "Detail level of the profile"), ARCHIVE]])
    .run(request::profile);

/// `nats server request raft`.
const REQUEST_RAFT: Command = Command::new("raft", "Raft data (raftz)")
    .aliases(&["raftz"])
    .flags(&[&[
        text("account", "Only this account"),
        text("group", "Only this Raft group"),
        ARCHIVE,
    ]])
    .run(request::raft);

/// `nats server request routes`.
const REQUEST_ROUTES: Command = Command::new("routes", "Route data (routez)")
    .aliases(&["route", "routez"])
    .args(&[WAIT])
    .flags(&[&[switch("subscriptions", "Include subscriptions"), ARCHIVE]])
    .run(request::routes);

/// `nats server request subscriptions`.
const REQUEST_SUBSCRIPTIONS: Command = Command::new("subscriptions", "Subscription data (subsz)")
    .aliases(&["sub", "subsz"])
    .args(&[WAIT])
    .flags(&[&[
        switch("detail", "List each subscription"),
        text("filter-account", "Only this account").value_name("ACCOUNT"),
        text("filter-subject", "Only subscriptions on this subject").value_name("SUBJECT"),
        ARCHIVE,
    ]])
    .run(request::subscriptions);

/// `nats server request variables`.
const REQUEST_VARIABLES: Command = Command::new("variables", "General data (varz)")
    .aliases(&["var", "varz"])
    .args(&[WAIT])
    .flags(&[&[ARCHIVE]])
    .run(request::variables);
