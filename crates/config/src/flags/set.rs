//! The flags there are.

use std::path::PathBuf;

/// Flags as given; `None` was not given. A repeated flag's last value counts.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs, reason = "each field is the flag of its name")]
pub struct FlagSet {
    pub addr: Option<String>,
    pub port: Option<i64>,
    pub name: Option<String>,
    pub pid: Option<String>,
    pub http_port: Option<i64>,
    pub https_port: Option<i64>,
    pub config: Option<PathBuf>,
    pub test_config: bool,
    pub signal: Option<String>,
    pub client_advertise: Option<String>,
    pub ports_file_dir: Option<String>,
    pub log: Option<String>,
    pub logtime: Option<bool>,
    pub logtime_utc: Option<bool>,
    pub syslog: Option<bool>,
    pub remote_syslog: Option<String>,
    pub debug: Option<bool>,
    pub trace: Option<bool>,
    /// `-VV`.
    pub verbose_trace: Option<bool>,
    /// `-DV`.
    pub debug_trace: Option<bool>,
    /// `-DVV`.
    pub debug_verbose_trace: Option<bool>,
    pub log_size_limit: Option<i64>,
    pub max_traced_msg_len: Option<i64>,
    pub jetstream: Option<bool>,
    pub store_dir: Option<String>,
    pub user: Option<String>,
    pub pass: Option<String>,
    pub auth: Option<String>,
    pub tls: Option<bool>,
    pub tlsverify: Option<bool>,
    pub tlscert: Option<String>,
    pub tlskey: Option<String>,
    pub tlscacert: Option<String>,
    pub routes: Option<String>,
    /// `--cluster` and `--cluster_listen`.
    pub cluster: Option<String>,
    pub cluster_name: Option<String>,
    pub no_advertise: Option<bool>,
    pub cluster_advertise: Option<String>,
    pub connect_retries: Option<i64>,
    pub profile: Option<i64>,
    pub help: bool,
    pub version: bool,
    pub help_tls: bool,
}

/// What a flag takes, and where it goes.
pub(super) enum Kind {
    Switch(fn(&mut FlagSet, bool)),
    Text(fn(&mut FlagSet, &str)),
    Number(fn(&mut FlagSet, i64)),
}

macro_rules! switch {
    ($field:ident) => {
        Kind::Switch(|flags, yes| flags.$field = Some(yes))
    };
}
macro_rules! text {
    ($field:ident) => {
        Kind::Text(|flags, text| flags.$field = Some(text.into()))
    };
}
macro_rules! number {
    ($field:ident) => {
        Kind::Number(|flags, number| flags.$field = Some(number))
    };
}

/// Every name of every flag (configuration.md 7.2).
pub(super) const FLAGS: &[(&str, Kind)] = &[
    ("a", text!(addr)),
    ("addr", text!(addr)),
    ("net", text!(addr)),
    ("p", number!(port)),
    ("port", number!(port)),
    ("n", text!(name)),
    ("name", text!(name)),
    ("server_name", text!(name)),
    ("P", text!(pid)),
    ("pid", text!(pid)),
    ("m", number!(http_port)),
    ("http_port", number!(http_port)),
    ("ms", number!(https_port)),
    ("https_port", number!(https_port)),
    ("c", text!(config)),
    ("config", text!(config)),
    ("t", Kind::Switch(|flags, yes| flags.test_config = yes)),
    ("sl", text!(signal)),
    ("signal", text!(signal)),
    ("client_advertise", text!(client_advertise)),
    ("ports_file_dir", text!(ports_file_dir)),
    ("l", text!(log)),
    ("log", text!(log)),
    ("T", switch!(logtime)),
    ("logtime", switch!(logtime)),
    ("logtime_utc", switch!(logtime_utc)),
    ("s", switch!(syslog)),
    ("syslog", switch!(syslog)),
    ("r", text!(remote_syslog)),
    ("remote_syslog", text!(remote_syslog)),
    ("D", switch!(debug)),
    ("debug", switch!(debug)),
    ("V", switch!(trace)),
    ("trace", switch!(trace)),
    ("VV", switch!(verbose_trace)),
    ("DV", switch!(debug_trace)),
    ("DVV", switch!(debug_verbose_trace)),
    ("log_size_limit", number!(log_size_limit)),
    ("max_traced_msg_len", number!(max_traced_msg_len)),
    ("js", switch!(jetstream)),
    ("jetstream", switch!(jetstream)),
    ("sd", text!(store_dir)),
    ("store_dir", text!(store_dir)),
    ("user", text!(user)),
    ("pass", text!(pass)),
    ("auth", text!(auth)),
    ("tls", switch!(tls)),
    ("tlsverify", switch!(tlsverify)),
    ("tlscert", text!(tlscert)),
    ("tlskey", text!(tlskey)),
    ("tlscacert", text!(tlscacert)),
    ("routes", text!(routes)),
    ("cluster", text!(cluster)),
    ("cluster_listen", text!(cluster)),
    ("cluster_name", text!(cluster_name)),
    ("no_advertise", switch!(no_advertise)),
    ("cluster_advertise", text!(cluster_advertise)),
    ("connect_retries", number!(connect_retries)),
    ("profile", number!(profile)),
    ("h", Kind::Switch(|flags, yes| flags.help = yes)),
    ("help", Kind::Switch(|flags, yes| flags.help = yes)),
    ("v", Kind::Switch(|flags, yes| flags.version = yes)),
    ("version", Kind::Switch(|flags, yes| flags.version = yes)),
    ("help_tls", Kind::Switch(|flags, yes| flags.help_tls = yes)),
];
