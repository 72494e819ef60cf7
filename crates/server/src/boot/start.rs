//! Options → listeners and threads, in the order of the peer
//! (configuration.md 8.2).

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use midge_config::flags::FlagSet;
use midge_config::options::Options;
use midge_identity::keys::ServerKeys;
use midge_log::{LogOptions, Logger, Sink};

use super::node::Node;
use super::{FAILED, banner, complain, fail, jetstream, missing};
use crate::acceptor::{self, host_port};
use crate::account::Accounts;
use crate::process::{self, Listener, Listeners, PortsFile};
use crate::server::{Identity, Placement, Server, Setup};
use crate::settings;

/// Characters of the hidden user's name after `nats-`.
const HIDDEN_USER_LEN: usize = 8;

/// Number of shards instead of one per core; for tests and measurements.
const SHARDS_VARIABLE: &str = "MIDGE_SHARDS";

/// Most shards: more than any machine has cores that share memory well.
const SHARDS_MAX: usize = 1024;

/// `spread` gives each new connection to the next shard instead of keeping
/// connections together while one core has time to spare.
const PLACEMENT_VARIABLE: &str = "MIDGE_PLACEMENT";

/// Starts the server and waits for its end.
pub(super) fn start(flags: FlagSet) -> i32 {
    let loaded = match midge_config::resolve(&flags) {
        Ok(loaded) => loaded,
        Err(error) => return fail(&error.to_string()),
    };
    for warning in &loaded.warnings {
        complain(&format!("{warning}\n"));
    }
    let options = loaded.options;
    if let Err(invalid) = midge_config::validate(&options) {
        return fail(&invalid.to_string());
    }
    if let Some(text) = missing::find(&options) {
        return fail(&text);
    }
    let log = match Logger::open(&log_options(&options)) {
        Ok(log) => log,
        Err(error) => {
            let zone = jiff::tz::TimeZone::system();
            let now = zone
                .to_datetime(jiff::Timestamp::now())
                .strftime("%Y/%m/%d %H:%M:%S");
            complain(&format!("{now} {error}\n"));
            return FAILED;
        }
    };
    report_panics(&log);
    match bring_up(flags, options, &log) {
        Ok(node) => node.wait(),
        Err(text) => {
            log.fatal(format_args!("{text}"));
            FAILED
        }
    }
}

/// How a configuration wants to log.
pub(super) fn log_options(options: &Options) -> LogOptions {
    let size_limit = u64::try_from(options.log_size_limit).unwrap_or(0);
    let max_files = usize::try_from(options.logfile_max_num).unwrap_or(0);
    let sink = match (&options.log_file, &options.remote_syslog) {
        (Some(path), _) => Sink::File {
            path: path.clone(),
            size_limit,
            max_files,
        },
        (None, Some(address)) => Sink::RemoteSyslog(address.clone()),
        (None, None) if options.syslog => Sink::Syslog,
        (None, None) => Sink::Stderr,
    };
    LogOptions {
        sink,
        time: options.logtime,
        utc: options.logtime_utc,
        debug: options.debug,
        trace: options.trace,
        pid: true,
    }
}

/// A panic is a bug of ours: it is logged, and only its own connection ends.
fn report_panics(log: &Logger) {
    let log = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("?").to_owned();
        log.error(format_args!("Internal error in thread {name}: {panic}"));
    }));
}

/// Everything up to `Server is ready`.
fn bring_up(flags: FlagSet, options: Options, log: &Logger) -> Result<Arc<Node>, String> {
    let keys = ServerKeys::generate();
    let name = options.server_name.clone().filter(|name| !name.is_empty());
    let identity = Identity {
        name: name.unwrap_or_else(|| keys.id.clone()),
        id: keys.id,
        xkey: keys.xkey,
    };
    banner::write(log, &options, &identity);
    if let Some(path) = &options.pid_file {
        process::write_pid_file(path).map_err(|e| format!("Could not write pidfile: {e}"))?;
    }
    let accounts = Accounts::new();
    settings::apply_accounts(&options, &accounts)?;
    let system_account =
        settings::system_account_name(&options).and_then(|name| accounts.get(&name));
    let hidden_user = hidden_user();

    // Bound now, so that the port is known; clients are accepted later.
    let number = acceptor::port_number(options.port);
    let wanted = number.clone().unwrap_or(0);
    let listener = number.and_then(|port| acceptor::listen(&options.host, port));
    let port = match &listener {
        Ok(listener) => listener
            .local_addr()
            .map_or(wanted, |address| address.port()),
        // Reported in its place in the sequence.
        Err(_) => wanted,
    };
    let runtime = settings::runtime(&options, &identity, port, &hidden_user)?;
    let server = Server::start(Setup {
        log: log.clone(),
        runtime,
        identity,
        accounts,
        system_account,
        shards: number_of_shards(std::env::var_os(SHARDS_VARIABLE).as_deref())?,
        placement: placement(std::env::var_os(PLACEMENT_VARIABLE).as_deref())?,
    })
    .map_err(|error| format!("Cannot start the server's threads: {error}"))?;
    let node = Arc::new(Node::new(server, flags, options, port, hidden_user));
    node.handle_signals()
        .map_err(|error| format!("Cannot handle signals: {error}"))?;
    let monitor = node.start_monitor()?;
    node.start_system_service()?;
    jetstream::start(log, &node.options(), node.server().shared(), Duration::ZERO)?;

    let options = node.options();
    let shown = host_port(&options.host, port);
    let listener = listener.map_err(|error| {
        format!(
            "Error listening on port: {}, \"{error}\"",
            host_and_port(&options.host, options.port)
        )
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| format!("Error listening: {error}"))?;
    node.server()
        .accept_on(listener)
        .map_err(|error| format!("Error listening on port: {shown}, \"{error}\""))?;
    log.info(format_args!("Listening for client connections on {shown}"));
    if options.proxy_protocol {
        log.info(format_args!(
            "PROXY protocol enabled for client connections"
        ));
    }
    announce_tls(log, &node);
    log.info(format_args!("Server is ready"));
    let tls = options.tls.is_some() && !options.allow_non_tls;
    let nats = Some(Listener { address, tls });
    let listeners = Listeners {
        nats,
        monitoring: monitor,
        ..Listeners::default()
    };
    node.set_listeners(listeners);
    node.set_real_ports();
    if let Some(folder) = &options.ports_file_dir {
        let file = PortsFile::new(folder);
        if let Err(error) = file.write(&listeners) {
            log.error(format_args!("{error}"));
        }
        node.set_ports_file(file);
    }
    Ok(node)
}

/// Host and port as configured, be it a port or not; -1 is any port.
fn host_and_port(host: &str, port: i32) -> String {
    match acceptor::port_number(port) {
        Ok(port) => host_port(host, port),
        Err(_) => format!("{host}:{port}"),
    }
}

fn announce_tls(log: &Logger, node: &Node) {
    let runtime = node.server().shared().runtime.load_full();
    let Some(tls) = &runtime.tls else { return };
    let word = if tls.allow_non_tls {
        "available"
    } else {
        "required"
    };
    log.info(format_args!("TLS {word} for client connections"));
    if tls.first == crate::runtime::HandshakeFirst::Yes {
        log.warn(format_args!(
            "Clients that are not using \"TLS Handshake First\" option will fail to connect"
        ));
    }
}

fn hidden_user() -> String {
    let name: String = std::iter::repeat_with(fastrand::alphanumeric)
        .take(HIDDEN_USER_LEN)
        .collect();
    format!("nats-{name}")
}

/// The number of shards that `text` wants; without it one per core.
fn number_of_shards(text: Option<&OsStr>) -> Result<usize, String> {
    let Some(text) = text else {
        return Ok(process::cores());
    };
    let wanted = text.to_str().and_then(|text| text.parse().ok());
    wanted
        .filter(|shards| (1..=SHARDS_MAX).contains(shards))
        .ok_or_else(|| {
            format!("{SHARDS_VARIABLE}: found {text:?}, expected a number from 1 to {SHARDS_MAX}")
        })
}

/// Where `text` wants new connections; without it together.
fn placement(text: Option<&OsStr>) -> Result<Placement, String> {
    let Some(text) = text else {
        return Ok(Placement::Together);
    };
    match text.to_str() {
        Some("together") => Ok(Placement::Together),
        Some("spread") => Ok(Placement::Spread),
        Some("restless") => Ok(Placement::Restless),
        _ => Err(format!(
            "{PLACEMENT_VARIABLE}: found {text:?}, expected \"together\", \"spread\" or \
             \"restless\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_right_or_stop_the_start() {
        assert_eq!(number_of_shards(None), Ok(process::cores()));
        assert_eq!(number_of_shards(Some(OsStr::new("3"))), Ok(3));
        for wrong in ["", "0", "-1", "many", "9999"] {
            let error = number_of_shards(Some(OsStr::new(wrong)));
            let text =
                format!("MIDGE_SHARDS: found {wrong:?}, expected a number from 1 to {SHARDS_MAX}");
            assert_eq!(error, Err(text));
        }
        for right in [None, Some("together"), Some("spread"), Some("restless")] {
            assert!(placement(right.map(OsStr::new)).is_ok());
        }
        assert!(placement(Some(OsStr::new("sideways"))).is_err());
    }
}
