//! The model of `nats account`.

use super::{backup, connections, tls};
use super::{info, statistics};
use crate::model::*;

/// `nats account`.
pub const ACCOUNT: Command = Command::new("account", "Your account and its use")
    .aliases(&["a"])
    .commands(&[INFO, REPORT, BACKUP, RESTORE, TLS]);

/// `nats account info`.
const INFO: Command = Command::new("info", "Show the account that you are connected to")
    .aliases(&["nfo"])
    .run(info::info);

/// `nats account report`.
const REPORT: Command = Command::new("report", "Report about the account")
    .aliases(&["rep"])
    .commands(&[REPORT_CONNECTIONS, REPORT_STATISTICS]);

/// `nats account report connections`.
const REPORT_CONNECTIONS: Command =
    Command::new("connections", "Report about connections of the account")
        .aliases(&["conn", "connz", "conns"])
        .flags(&[&[
            choice(
                "sort",
                &[
                    "in-bytes",
                    "out-bytes",
                    "in-msgs",
                    "out-msgs",
                    "uptime",
                    "cid",
                    "subs",
                ],
                "Sort by this column",
            )
            .default("subs"),
            int("top", "Most rows").default("1000"),
            text("subject", "Only what concerns this subject"),
            text("username", "Only this user"),
            switch("reverse", "Turn the sort order round").short('R'),
            choice(
                "state",
                &["open", "closed", "all"],
                "State of the connections",
            )
            .default("open"),
            text(
                "closed-reason",
                "Only closed connections whose reason matches this regular expression",
            )
            .value_name("REASON"),
        ]])
        .run(connections::connections);

/// `nats account report statistics`.
const REPORT_STATISTICS: Command =
    Command::new("statistics", "Report about the account on each server")
        .aliases(&["stats", "statsz"])
        .run(statistics::statistics);

/// `nats account backup`.
const BACKUP: Command = Command::new("backup", "Back up all streams of the account")
    .aliases(&["snapshot"])
    .args(&[arg("target", "Directory to write to")])
    .flags(&[&[
        switch(
            "check",
            "Let the server verify checksums while the snapshot is made",
        ),
        negatable("consumers", "Include consumers").on(),
        switch("force", "Do it without asking").short('f'),
        switch("critical-warnings", "Treat warnings as failures").short('w'),
    ]])
    .run(backup::backup);

/// `nats account restore`.
const RESTORE: Command = Command::new("restore", "Restore all streams from a backup")
    .args(&[arg("directory", "Directory with the backup")])
    .flags(&[&[
        text("cluster", "Cluster to place it in"),
        text("tag", "Placement tag").list(),
    ]])
    .run(backup::restore);

/// `nats account tls`.
const TLS: Command = Command::new("tls", "Show the certificates of the server")
    .flags(&[&[
        duration(
            "expire-warn",
            "Fail when a certificate expires within this time",
        )
        .default("1w"),
        switch("ocsp", "Verify the stapled OCSP answer"),
        negatable("pem", "Print the certificates in PEM form").on(),
    ]])
    .run(tls::tls);
