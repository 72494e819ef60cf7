//! `nats server info` (cli.md 7.3).

use crate::bail;
use crate::failure::Result;
use crate::format::{commas, go_duration, human_duration, human_size, join, local_time, since};
use crate::output::{Columns, Json};
use crate::session::Session;
use crate::system::{Asked, Expect, NO_RESULTS, Servers};

/// Length of a server's id.
const ID: usize = 56;

/// Whether a text is a server's id and not its name.
fn is_id(text: &str) -> bool {
    text.len() == ID
        && text
            .bytes()
            .all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
}

/// VARZ of the server with an id or a name, of any without one.
pub fn varz(system: &impl Asked, server: &str) -> Result<Json> {
    let (subject, body) = if server.is_empty() {
        ("$SYS.REQ.SERVER.PING.VARZ".to_owned(), None)
    } else if is_id(server) {
        (format!("$SYS.REQ.SERVER.{server}.VARZ"), None)
    } else {
        let body = Json::object()
            .with("server_name", server)
            .with("exact_match", true);
        ("$SYS.REQ.SERVER.PING.VARZ".to_owned(), Some(body))
    };
    let answers = system.ask(&subject, body.as_ref(), Expect::Count(1))?;
    let Some(answer) = answers.into_iter().next() else {
        bail!("{NO_RESULTS}");
    };
    if answer.json.has("error") {
        bail!("{}", answer.json.text("error.description"));
    }
    Ok(answer.json.at("data").clone())
}

/// Shows a server.
pub fn info(session: &mut Session) -> Result<()> {
    let system = Servers::of(session)?;
    let server = session.matches.arg("server").unwrap_or_default().to_owned();
    show(&varz(&system, &server)?);
    Ok(())
}

/// Shows a server.
pub fn show(varz: &Json) {
    let mut c = Columns::new(format!(
        "Server information for {} ({})",
        varz.text("server_name"),
        varz.text("server_id")
    ));
    process(varz, &mut c);
    connection(varz, &mut c);
    jetstream(varz, &mut c);
    limits(varz, &mut c);
    statistics(varz, &mut c);
    clusters(varz, &mut c);
    c.print();
    println!();
}

fn process(varz: &Json, c: &mut Columns) {
    c.section("Process Details");
    c.row("Version", varz.text("version"));
    c.row_filled("Git Commit", varz.text("git_commit"));
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
    c.row(
        "Host",
        format!("{}:{}", varz.text("host"), varz.int("port")),
    );
    c.rows("Client URLs", &varz.texts("connect_urls"));
    c.rows("WebSocket URLs", &varz.texts("ws_connect_urls"));
}

/// A limit that is not set is none.
fn unless_zero(value: i64) -> Option<String> {
    (value != 0).then(|| commas(value))
}

fn duration(value: i64) -> Option<String> {
    (value != 0).then(|| human_duration(value))
}

fn jetstream(varz: &Json, c: &mut Columns) {
    let js = varz.at("jetstream");
    if !js.has("config") {
        return;
    }
    let storage = |value: i64| match u64::try_from(value) {
        Ok(size) => human_size(size),
        Err(_) => "unlimited".to_owned(),
    };
    c.section("JetStream");
    c.row_filled("Domain", js.text("config.domain"));
    c.row("API Support Level", commas(js.int("stats.api.level")));
    c.row_filled("Storage Directory", js.text("config.store_dir"));
    c.row("Active Accounts", commas(js.int("stats.accounts")));
    c.row("Memory In Use", human_size(js.uint("stats.memory")));
    c.row("File In Use", human_size(js.uint("stats.storage")));
    c.row("API Requests", commas(js.uint("stats.api.total")));
    c.row("API Errors", commas(js.uint("stats.api.errors")));
    c.row(
        "Always sync writes to disk",
        js.on("config.sync_always").to_string(),
    );
    c.row(
        "Write sync Frequency",
        go_duration(js.int("config.sync_interval")),
    );
    c.row(
        "Maximum Memory Storage",
        storage(js.int("config.max_memory")),
    );
    c.row(
        "Maximum File Storage",
        storage(js.int("config.max_storage")),
    );
    c.row_filled("Unique Tag", js.text("config.unique_tag"));
    if js.has("config.compress_ok") {
        c.row(
            "Cluster Message Compression",
            js.on("config.compress_ok").to_string(),
        );
    }
    let number = |key: &str| unless_zero(js.int(&format!("limits.{key}")));
    c.row_some("Maximum HA Assets", number("max_ha_assets"));
    c.row_some("Maximum Ack Pending", number("max_ack_pending"));
    c.row_some("Maximum Request Batch", number("max_request_batch"));
    c.row_some(
        "Maximum Duplicate Window",
        duration(js.int("limits.max_duplicate_window")),
    );
    c.row_some("Maximum Messages Per Batch", number("max_batch_size"));
    c.row_some(
        "Maximum Batch Timeout",
        duration(js.int("limits.max_batch_timeout")),
    );
    c.row_some(
        "Maximum Open Batches Per Stream",
        number("max_batch_inflight_per_stream"),
    );
    c.row_some(
        "Maximum Open Batches Per Server",
        number("max_batch_inflight_total"),
    );
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
        go_duration((varz.float("tls_timeout") * 1e9) as i64),
    );
    c.row("Write Deadline", go_duration(varz.int("write_deadline")));
}

fn statistics(varz: &Json, c: &mut Columns) {
    c.section("Statistics");
    c.row(
        "CPU Cores",
        format!("{} {:.2}%", varz.int("cores"), varz.float("cpu")),
    );
    c.row_some("GOMAXPROCS", unless_zero(varz.int("gomaxprocs")));
    c.row("Memory", human_size(varz.uint("mem")));
    if varz.uint("gomemlimit") > 0 {
        c.row("GOMEMLIMIT", human_size(varz.uint("gomemlimit")));
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
    if !cluster.text("name").is_empty() {
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
    if !gateway.text("name").is_empty() {
        c.section("Super Cluster");
        c.row("Name", gateway.text("name"));
        c.row(
            "Host",
            format!("{}:{}", gateway.text("host"), gateway.int("port")),
        );
        let names: Vec<&str> = gateway
            .list("gateways")
            .iter()
            .map(|remote| remote.text("name"))
            .collect();
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
