//! `nats server info` (cli.md 7.3).

use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_duration, human_size, join, local_time, since};
use crate::output::{Columns, Json};
use crate::session::Session;
use crate::system::{Asked, Expect, NO_RESULTS, Servers};

/// Nanoseconds of a second and of a millisecond.
const SECOND: i64 = 1_000_000_000;
const MILLI: i64 = 1_000_000;
/// Length of a server's id.
const ID: usize = 56;

/// Whether a text is a server's id and not its name.
fn is_id(text: &str) -> bool {
    text.len() == ID && !text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// VARZ of the server with an id or a name, of any without one.
pub fn varz(system: &impl Asked, server: &str) -> Result<Json> {
    let (subject, body) = if is_id(server) {
        (format!("$SYS.REQ.SERVER.{server}.VARZ"), None)
    } else {
        let mut body = Json::object();
        if !server.is_empty() {
            body.set("server_name", server);
        }
        let body = body.with("exact_match", true);
        ("$SYS.REQ.SERVER.PING.VARZ".to_owned(), Some(body))
    };
    // That nobody listens is no different from that nobody answers.
    let answers = match system.ask(&subject, body.as_ref(), Expect::Count(1)) {
        Ok(answers) => answers,
        Err(_) => bail!("{NO_RESULTS}"),
    };
    let Some(answer) = answers.into_iter().next() else {
        bail!("{NO_RESULTS}");
    };
    if answer.json.has("error") {
        let error = answer.json.text("error.description");
        bail!("invalid response received: {error}");
    }
    Ok(answer.json.at("data").clone())
}

/// Shows a server.
pub fn info(session: &mut Session) -> Result<()> {
    let system = Servers::of(session)?;
    let matches = &session.matches;
    let server = matches.arg("server").unwrap_or_default();
    let found = varz(&system, server);
    match matches.filled("archive") {
        Some(path) if matches!(&found, Err(failure) if failure.to_string() == NO_RESULTS) => {
            bail!("no captured data for server {server:?} in {path}")
        }
        _ => show(&found?),
    }
    Ok(())
}

/// Shows a server.
pub fn show(varz: &Json) {
    let (name, id) = (varz.text("server_name"), varz.text("server_id"));
    let mut c = Columns::new(if name == id {
        format!("Server information for {id}")
    } else {
        format!("Server information for {name} ({id})")
    });
    process(varz, &mut c);
    connection(varz, &mut c);
    jetstream(varz, &mut c);
    limits(varz, &mut c);
    statistics(varz, &mut c);
    clusters(varz, &mut c);
    c.print();
}

fn process(varz: &Json, c: &mut Columns) {
    c.section("Process Details");
    c.row("Version", varz.text("version"));
    c.row("Git Commit", varz.text("git_commit"));
    c.row("Go Version", varz.text("go"));
    c.row("Start Time", local_time(varz.text("start")));
    c.row(
        "Configuration Load Time",
        local_time(varz.text("config_load_time")),
    );
    c.row_filled("Configuration Digest", varz.text("config_digest"));
    c.row("Uptime", varz.text("uptime"));
}

fn connection(varz: &Json, c: &mut Columns) {
    c.section("Connection Details");
    c.row("Auth Required", varz.on("auth_required").to_string());
    c.row("TLS Required", varz.on("tls_required").to_string());
    let address = match varz.text("ip") {
        "" => String::new(),
        ip => format!(" ({ip})"),
    };
    c.row(
        "Host",
        format!("{}:{}{address}", varz.text("host"), varz.int("port")),
    );
    c.rows("Client URLs", &varz.texts("connect_urls"));
    c.rows("WebSocket URLs", &varz.texts("ws_connect_urls"));
}

/// A limit, of which 0 is none.
fn limit(value: i64, text: impl FnOnce(i64) -> String) -> String {
    match value {
        0 => "unlimited".to_owned(),
        value => text(value),
    }
}

/// A size, which may be negative for none.
fn size(value: i64) -> String {
    human_size(value.cast_unsigned())
}

fn jetstream(varz: &Json, c: &mut Columns) {
    let js = varz.at("jetstream");
    if js.text("config.store_dir").is_empty() {
        return;
    }
    c.section("JetStream");
    c.row("Domain", js.text("config.domain"));
    c.row("API Support Level", commas(js.int("stats.api.level")));
    c.row("Storage Directory", js.text("config.store_dir"));
    c.row("Active Accounts", commas(js.int("stats.accounts")));
    c.row("Memory In Use", human_size(js.uint("stats.memory")));
    c.row("File In Use", human_size(js.uint("stats.storage")));
    c.row("API Requests", commas(js.uint("stats.api.total")));
    c.row("API Errors", commas(js.uint("stats.api.errors")));
    let interval = js.int("config.sync_interval");
    if interval > 0 {
        c.row(
            "Always sync writes to disk",
            js.on("config.sync_always").to_string(),
        );
        c.row("Write sync Frequency", human_duration(interval));
    }
    c.row("Maximum Memory Storage", size(js.int("config.max_memory")));
    c.row("Maximum File Storage", size(js.int("config.max_storage")));
    c.row_filled("Unique Tag", js.text("config.unique_tag"));
    c.row(
        "Cluster Message Compression",
        js.on("config.compress_ok").to_string(),
    );
    if js.has("limits") {
        let value = |key: &str| js.int(&format!("limits.{key}"));
        let numbers = [
            ("Maximum HA Assets", "max_ha_assets"),
            ("Maximum Ack Pending", "max_ack_pending"),
            ("Maximum Request Batch", "max_request_batch"),
        ];
        for (label, key) in numbers {
            c.row(label, limit(value(key), commas));
        }
        c.row(
            "Maximum Duplicate Window",
            limit(value("max_duplicate_window"), human_duration),
        );
        c.row(
            "Maximum Messages Per Batch",
            commas(value("max_batch_size")),
        );
        c.row(
            "Maximum Batch Timeout",
            human_duration(value("max_batch_timeout")),
        );
        c.row(
            "Maximum Open Batches Per Stream",
            commas(value("max_batch_inflight_per_stream")),
        );
        c.row(
            "Maximum Open Batches Per Server",
            commas(value("max_batch_inflight_total")),
        );
    }
    c.row("Strict API Parsing", js.on("config.strict").to_string());
}

fn limits(varz: &Json, c: &mut Columns) {
    c.section("Limits");
    c.row("Maximum Connections", commas(varz.int("max_connections")));
    c.row(
        "Maximum Subscriptions",
        commas(varz.int("max_subscriptions")),
    );
    c.row("Maximum Payload", human_size(varz.uint("max_payload")));
    c.row(
        "TLS Timeout",
        human_duration((varz.float("tls_timeout") as i64).saturating_mul(SECOND)),
    );
    let deadline = varz.int("write_deadline");
    c.row(
        "Write Deadline",
        human_duration(deadline.saturating_add(MILLI / 2) / MILLI * MILLI),
    );
}

fn statistics(varz: &Json, c: &mut Columns) {
    c.section("Statistics");
    c.row(
        "CPU Cores",
        format!("{} {:.2}%", varz.int("cores"), varz.float("cpu")),
    );
    if varz.int("gomaxprocs") > 0 {
        c.row("GOMAXPROCS", varz.int("gomaxprocs").to_string());
    }
    c.row("Memory", human_size(varz.uint("mem")));
    if varz.uint("gomemlimit") > 0 {
        c.row("GOMEMLIMIT", commas(varz.uint("gomemlimit")));
    }
    c.row("Connections", commas(varz.int("connections")));
    c.row("Subscriptions", commas(varz.int("subscriptions")));
    c.row(
        "Messages",
        format!(
            "{} in {} out",
            commas(varz.int("in_msgs")),
            commas(varz.int("out_msgs"))
        ),
    );
    c.row(
        "Bytes",
        format!(
            "{} in {} out",
            human_size(varz.uint("in_bytes")),
            human_size(varz.uint("out_bytes"))
        ),
    );
    c.row("Slow Consumers", commas(varz.int("slow_consumers")));
}

fn clusters(varz: &Json, c: &mut Columns) {
    let cluster = varz.at("cluster");
    if !cluster.list("urls").is_empty() {
        c.section("Cluster");
        c.row("Name", cluster.text("name"));
        c.row_filled("Tags", join(&varz.texts("tags")));
        c.row(
            "Host",
            format!("{}:{}", cluster.text("addr"), cluster.int("cluster_port")),
        );
        c.rows("URLs", &cluster.texts("urls"));
    }
    let gateway = varz.at("gateway");
    if !gateway.list("gateways").is_empty() {
        c.section("Super Cluster");
        c.row("Name", gateway.text("name"));
        c.row(
            "Host",
            format!("{}:{}", gateway.text("host"), gateway.int("port")),
        );
        let mut names: Vec<&str> = gateway
            .list("gateways")
            .iter()
            .map(|remote| remote.text("name"))
            .collect();
        names.sort_unstable();
        c.rows("Clusters", &names);
    }
}

/// How long ago a point in time was.
pub fn ago(text: &str) -> String {
    since(text).map(human_duration).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_names() {
        assert!(is_id(
            "NCCZKGDJ6NRXMWXNX5HTMLGA567UEWUBUT63GJ7TU22GQZ6E77DTVTQ6"
        ));
        assert!(!is_id("n1"));
    }
}
