//! The model of `nats audit`.

use super::{analyze, gather, list};
use crate::model::*;

/// `nats audit`.
pub const AUDIT: Command = Command::new("audit", "Look for problems in a NATS deployment")
    .commands(&[ANALYZE, CHECKS, GATHER]);

/// `nats audit analyze`.
const ANALYZE: Command = Command::new("analyze", "Check an archive that was gathered before")
    .args(&[optional("archive", "The archive").file()])
    .flags(&[&[
        uint("max-examples", "Most examples per check").default("5"),
        text("skip", "Checks to leave out")
            .value_name("CODE")
            .list(),
        text("load", "Show a report that was saved, without an archive").value_name("FILE"),
        text("save", "Write the report to this file, in JSON").value_name("FILE"),
        switch("force", "Replace an existing file").short('f'),
        switch("json", "Print JSON").short('j'),
        switch("markdown", "Print Markdown"),
        switch("verbose", "Log what is missing in the archive"),
    ]])
    .run(analyze::analyze);

/// `nats audit checks`.
const CHECKS: Command = Command::new("checks", "List the checks")
    .aliases(&["ls"])
    .flags(&[&[switch("json", "Print JSON")]])
    .run(list::list);

/// `nats audit gather`.
const GATHER: Command = Command::new("gather", "Capture the state of all servers in an archive")
    .aliases(&["capture", "cap"])
    .flags(&[&[
        text(
            "output",
            "File to write; one in the temporary directory without it",
        )
        .short('o'),
        negatable("progress", "Show progress").on(),
        text("cluster", "Only servers in this cluster")
            .value_name("CLUSTER")
            .default(""),
        negatable(
            "server-endpoints",
            "Capture the monitoring endpoints of servers",
        )
        .on(),
        negatable("server-profiles", "Capture profiles of servers").on(),
        negatable(
            "account-endpoints",
            "Capture what servers know about each account",
        )
        .on(),
        negatable("streams", "Include streams").on(),
        negatable("consumers", "Include consumers").on(),
        negatable("details", "Include details").on(),
    ]])
    .run(gather::gather);
