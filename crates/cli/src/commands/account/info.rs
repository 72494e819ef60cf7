//! `nats account info` (cli.md 7.8).

use crate::client::{ClientError, Connection, ServerInfo};
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, human_span};
use crate::jetstream::ApiError;
use crate::output::{Columns, Json};
use crate::session::Session;

/// Shows the account of the connection.
pub fn info(session: &mut Session) -> Result<()> {
    let timeout = session.timeout();
    let connection = session.connect()?;
    let rtt = connection.flush(timeout)?;
    // After the round trip: which account it is comes with a second INFO.
    let server = connection.info();
    let user = user_info(&connection, timeout);
    let mut c = Columns::new("Account Information");
    who(&user, &server, &mut c);
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
        c.row_filled("Connected Server Name", server.server_name.as_str());
    }
    match connection.tls() {
        Some(tls) => {
            c.row(
                "TLS Version",
                format!("{} using {}", tls.version, tls.cipher),
            );
            c.row("TLS Server Name", tls.server_name.as_str());
            c.row("TLS Verified", tls.verified.to_string());
        }
        None => {
            c.row("TLS Connection", "no");
        }
    }
    permissions(user.at("permissions"), &mut c);
    jetstream(session, &mut c);
    c.print();
    println!();
    Ok(())
}

/// What the server says about the user; nothing if it cannot be asked.
fn user_info(connection: &Connection, timeout: std::time::Duration) -> Json {
    connection
        .request("$SYS.REQ.USER.INFO", None, b"", timeout)
        .ok()
        .and_then(|answer| Json::parse(&answer.payload).ok())
        .map(|answer| answer.at("data").clone())
        .unwrap_or_default()
}

fn payload(bytes: i64) -> String {
    u64::try_from(bytes).map_or_else(|_| "unlimited".to_owned(), human_size)
}

fn named(name: &str, id: &str) -> String {
    if name.is_empty() || name == id {
        id.to_owned()
    } else {
        format!("{name} ({id})")
    }
}

fn who(user: &Json, server: &ServerInfo, c: &mut Columns) {
    let id = user.text("user");
    c.row_filled("User", named(user.text("user_name"), id));
    let account = match user.text("account") {
        "" => server.remote_account.as_str(),
        account => account,
    };
    c.row_filled("Account", named(user.text("account_name"), account));
    if server.acc_is_sys {
        c.row("System Account", "true");
    }
    let expires = user.int("expires");
    c.row(
        "Expires",
        if expires > 0 {
            human_duration(expires)
        } else {
            "never".to_owned()
        },
    );
}

fn permissions(permissions: &Json, c: &mut Columns) {
    if permissions.entries("").is_empty() {
        return;
    }
    c.section("Connection Permissions");
    for (title, key) in [("Publish", "publish"), ("Subscribe", "subscribe")] {
        if !permissions.has(key) {
            continue;
        }
        c.indent(2);
        c.section(title);
        for (label, list) in [("Allow", "allow"), ("Deny", "deny")] {
            c.rows(label, &permissions.texts(&format!("{key}.{list}")));
        }
        c.indent(0);
    }
}

fn jetstream(session: &mut Session, c: &mut Columns) {
    let asked = session
        .jetstream()
        .map(|api| api.request("INFO", &Json::Null));
    let info = match asked {
        Ok(Ok(info)) => info,
        Ok(Err(error)) => {
            c.section("JetStream Account Information");
            c.text(without_jetstream(&error));
            return;
        }
        Err(failure) => {
            c.section("JetStream Account Information");
            c.text(format!("Could not obtain account information:  {failure}"));
            return;
        }
    };
    let domain = match info.text("domain") {
        "" => String::new(),
        domain => format!(" for domain {domain}"),
    };
    c.section(format!("JetStream Account Information{domain}"));
    c.section("Account Usage");
    c.row("Storage", human_size(info.uint("storage")));
    c.row("Memory", human_size(info.uint("memory")));
    c.row("Streams", commas(info.int("streams")));
    c.row("Consumers", commas(info.int("consumers")));
    c.section("Account Limits");
    let tiers = info.entries("tiers");
    let limits = info.at("limits");
    c.row(
        "Max Message Payload",
        payload(
            session
                .connect()
                .map_or(-1, |connection| connection.info().max_payload),
        ),
    );
    if tiers.is_empty() {
        tier("Default", &info, limits, c);
    }
    for (name, entry) in tiers {
        tier(name, entry, entry.at("limits"), c);
    }
}

fn without_jetstream(error: &ApiError) -> String {
    match error {
        ApiError::Server {
            err_code: 10039 | 10035,
            ..
        }
        | ApiError::NotAvailable(_) => "JetStream is not supported in this account".to_owned(),
        ApiError::Client(ClientError::Timeout) => "No response from JetStream server".to_owned(),
        other => format!("Could not obtain account information:  {other}"),
    }
}

fn tier(name: &str, used: &Json, limits: &Json, c: &mut Columns) {
    let size = |key: &str, limit: &str| {
        let limit = match u64::try_from(limits.int(limit)) {
            Ok(limit) => human_size(limit),
            // With the blank, as scripts know it.
            Err(_) => "Unlimited ".to_owned(),
        };
        format!("{} of {limit}", human_size(used.uint(key)))
    };
    let per_stream = |key: &str| match u64::try_from(limits.int(key)) {
        Ok(limit) if limit > 0 => human_size(limit),
        _ => "Unlimited".to_owned(),
    };
    c.section(format!("Tier: {name}"));
    c.indent(2);
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
    c.row("Memory", size("memory", "max_memory"));
    c.row("Memory Per Stream", per_stream("memory_max_stream_bytes"));
    c.row("Storage", size("storage", "max_storage"));
    c.row("Storage Per Stream", per_stream("storage_max_stream_bytes"));
    let streams = limits.int("max_streams");
    c.row(
        "Streams",
        if streams > 0 {
            format!("{} of {}", commas(used.int("streams")), commas(streams))
        } else {
            format!("{} of Unlimited", commas(used.int("streams")))
        },
    );
    let consumers = limits.int("max_consumers");
    c.row(
        "Consumers",
        if consumers > 0 {
            format!("Maximum {} per stream", commas(consumers))
        } else {
            "Unlimited".to_owned()
        },
    );
    c.indent(0);
}
