//! `nats account info` (cli.md 7.8).

use std::time::Duration;

use super::chains::Certificate;
use super::tls::name;
use crate::client::{ClientError, Connection, ServerInfo};
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, human_span};
use crate::jetstream::{Api, ApiError};
use crate::output::{Columns, Json};
use crate::session::Session;

/// Time to wait for what the server says about the user.
const USER_PATIENCE: Duration = Duration::from_secs(1);

/// Shows the account of the connection.
pub fn info(session: &mut Session) -> Result<()> {
    let api = session
        .jetstream()
        .map_err(|failure| failure.context("setup failed"))?;
    let connection = &api.connection()?;
    let rtt = connection.flush(api.timeout)?;
    // After the round trip: which account it is comes with a second INFO.
    let server = connection.info();
    let user = user_info(connection);
    let mut c = Columns::new("Account Information");
    if !user.is_null() {
        who(&user, &server, &mut c);
    }
    c.row("Client ID", server.client_id.to_string());
    c.row("Client IP", server.client_ip.as_str());
    c.row("RTT", human_span(rtt));
    c.row("Headers Supported", server.headers.to_string());
    c.row("Maximum Payload", payload(server.max_payload));
    c.row_filled("Connected Cluster", server.cluster.as_str());
    c.row("Connected URL", connection.url());
    c.row("Connected Address", connection.address());
    c.row("Connected Server ID", server.server_id.as_str());
    c.row("Connected Server Version", server.version.as_str());
    if server.server_name != server.server_id {
        c.row("Connected Server Name", server.server_name.as_str());
    }
    match connection.tls() {
        Some(tls) => {
            c.row(
                "TLS Version",
                format!("{} using {}", tls.version, tls.cipher),
            );
            c.row("TLS Server Name", tls.server_name.as_str());
            let issuer = tls.chain.first().and_then(|der| Certificate::read(der));
            match issuer.filter(|_| tls.verified) {
                Some(own) => c.row(
                    "TLS Verified",
                    format!("issuer {}", name(own.parsed.issuer())),
                ),
                None => c.row("TLS Verified", "no"),
            };
        }
        None => {
            c.row("TLS Connection", "no");
        }
    }
    permissions(user.at("permissions"), &mut c);
    jetstream(&api, payload(server.max_payload), &mut c);
    c.print();
    Ok(())
}

/// What the server says about the user; nothing if it cannot be asked.
fn user_info(connection: &Connection) -> Json {
    connection
        .request("$SYS.REQ.USER.INFO", None, b"", USER_PATIENCE)
        .ok()
        .and_then(|answer| Json::parse(&answer.payload).ok())
        .filter(|answer| !answer.has("error"))
        .map(|answer| answer.at("data").clone())
        .unwrap_or_default()
}

fn payload(bytes: i64) -> String {
    u64::try_from(bytes).map_or_else(|_| "unlimited".to_owned(), human_size)
}

fn who(user: &Json, server: &ServerInfo, c: &mut Columns) {
    let named = |name: &str, id: &str| match name {
        "" => id.to_owned(),
        name => format!("{name} ({id})"),
    };
    c.row("User", named(user.text("user_name"), user.text("user")));
    c.row(
        "Account",
        named(user.text("account_name"), user.text("account")),
    );
    if !user.text("account_name").is_empty() {
        c.row("System Account", server.acc_is_sys.to_string());
    }
    let expires = user.int("expires");
    c.row(
        "Expires",
        if expires == 0 {
            "never".to_owned()
        } else {
            human_duration(expires)
        },
    );
}

fn permissions(permissions: &Json, c: &mut Columns) {
    if permissions.is_null() {
        return;
    }
    c.section("Connection Permissions");
    for (title, key) in [("Publish:", "publish"), ("Subscribe:", "subscribe")] {
        let texts = |list: &str| {
            let mut texts = permissions.at(key).texts(list);
            texts.sort();
            texts
        };
        let (allowed, denied) = (texts("allow"), texts("deny"));
        if !allowed.is_empty() || !denied.is_empty() {
            c.indent(2);
            c.text(title);
            c.rows("Allow", &allowed);
            if !denied.is_empty() {
                c.text("");
                c.rows("Deny", &denied);
            }
            c.indent(0);
        }
        c.text("");
    }
}

fn jetstream(api: &Api, payload: String, c: &mut Columns) {
    let info = match api.request("INFO", &Json::Null) {
        Ok(info) => info,
        Err(error) => {
            c.text("").text(without_jetstream(&error));
            return;
        }
    };
    let domain = info.text("domain");
    c.section(match domain {
        "" => "JetStream Account Information".to_owned(),
        domain => format!("JetStream Account Information for domain {domain}"),
    });
    c.section("Account Usage");
    c.row_filled("Domain", domain);
    c.row("Storage", human_size(info.uint("storage")));
    c.row("Memory", human_size(info.uint("memory")));
    c.row("Streams", commas(info.int("streams")));
    c.row("Consumers", commas(info.int("consumers")));
    c.section("Account Limits");
    c.row("Max Message Payload", payload);
    let mut tiers = info.entries("tiers").to_vec();
    tiers.sort_by(|(a, _), (b, _)| a.cmp(b));
    if tiers.is_empty() {
        tier("Default", &info, info.at("limits"), c);
    }
    for (name, entry) in &tiers {
        tier(name, entry, entry.at("limits"), c);
    }
}

fn without_jetstream(error: &ApiError) -> String {
    match error {
        ApiError::NotAvailable(_) => "   JetStream is not supported in this account".to_owned(),
        ApiError::Client(ClientError::Timeout) => "   No response from JetStream server".to_owned(),
        ApiError::Client(why @ ClientError::Server(_)) => {
            format!("   No response from JetStream server: {why}")
        }
        other => format!("   Could not obtain account information:  {other}"),
    }
}

fn tier(name: &str, used: &Json, limits: &Json, c: &mut Columns) {
    let size = |key: &str, limit: &str, reserved: &str| {
        let limit = match u64::try_from(limits.int(limit)) {
            Ok(limit) => human_size(limit),
            Err(_) => "Unlimited".to_owned(),
        };
        let reserved = match used.uint(reserved) {
            0 => String::new(),
            reserved => format!("({} reserved)", human_size(reserved)),
        };
        format!("{} of {limit} {reserved}", human_size(used.uint(key)))
    };
    let per_stream = |key: &str| match u64::try_from(limits.int(key)) {
        Ok(limit) if limit > 0 => human_size(limit),
        _ => "Unlimited".to_owned(),
    };
    c.indent(2);
    c.section(format!("Tier: {name}"));
    c.indent(6);
    c.section("Configuration Requirements");
    c.row(
        "Stream Requires Max Bytes Set",
        limits.on("max_bytes_required").to_string(),
    );
    let pending = limits.int("max_ack_pending");
    c.row(
        "Consumer Maximum Ack Pending",
        if pending > 0 {
            commas(pending)
        } else {
            "Unlimited".to_owned()
        },
    );
    c.section("Stream Resource Usage Limits");
    c.row("Memory", size("memory", "max_memory", "reserved_memory"));
    c.row("Memory Per Stream", per_stream("memory_max_stream_bytes"));
    c.row(
        "Storage",
        size("storage", "max_storage", "reserved_storage"),
    );
    c.row("Storage Per Stream", per_stream("storage_max_stream_bytes"));
    let streams = limits.int("max_streams");
    c.row(
        "Streams",
        if streams == -1 {
            format!("{} of Unlimited", commas(used.int("streams")))
        } else {
            format!("{} of {}", commas(used.int("streams")), commas(streams))
        },
    );
    let consumers = limits.int("max_consumers");
    c.row(
        "Consumers",
        if consumers == -1 {
            "Unlimited".to_owned()
        } else {
            format!("Maximum {} per stream", commas(consumers))
        },
    );
    c.indent(0);
}
