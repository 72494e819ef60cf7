//! The file that tells launchers and test suites where the server listens
//! (configuration.md 9.3, client-conventions.md 14.3).
//!
//! `DIR/EXECUTABLE_PID.ports`, mode 0644, one JSON object without a newline:
//!
//! ```text
//! {"nats":["nats://127.0.0.1:36225"],"monitoring":["http://127.0.0.1:34553"]}
//! ```

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use midge_log::os_error;
use serde_json::{Map, Value};

use super::interfaces::interface_addresses;

/// One listener that is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address it is bound to, with its real port. `[::]` stands for every
    /// address of the machine, `0.0.0.0` for every IPv4 one.
    pub address: SocketAddr,
    /// It speaks TLS.
    pub tls: bool,
}

/// The listeners the file names; the others are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Clients.
    pub nats: Option<Listener>,
    /// HTTP or HTTPS monitoring.
    pub monitoring: Option<Listener>,
    /// Routes.
    pub cluster: Option<Listener>,
    /// Profiling.
    pub profile: Option<Listener>,
    /// WebSocket clients.
    pub websocket: Option<Listener>,
}

/// What went wrong with the file; the text is the whole log line (`[ERR]`).
/// The server goes on.
#[derive(Debug, thiserror::Error)]
pub enum PortsFileError {
    /// It could not be written.
    #[error(
        "Error writing ports file ({path}): {action} {path}: {}",
        os_error::text(source)
    )]
    Write {
        /// The file.
        path: String,
        /// `open`, `write` or `rename`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be removed.
    #[error(
        "Error cleaning up ports file {path}: remove {path}: {}",
        os_error::text(source)
    )]
    Remove {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// The ports file of this process.
#[derive(Clone, Debug)]
pub struct PortsFile {
    path: PathBuf,
}

impl PortsFile {
    /// The file in `folder`; nothing is written yet.
    pub fn new(folder: &Path) -> Self {
        let name = format!("{}_{}.ports", executable(), std::process::id());
        Self {
            path: folder.join(name),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file. Readers poll for it, so it appears in one piece.
    ///
    /// # Errors
    /// The folder is missing or not writable, or the disk is full.
    pub fn write(&self, listeners: &Listeners) -> Result<(), PortsFileError> {
        let failed = |action| {
            move |source| PortsFileError::Write {
                path: self.path.display().to_string(),
                action,
                source,
            }
        };
        // Without the interfaces' addresses the ones bound to are still true.
        let interfaces = interface_addresses().unwrap_or_default();
        let text = json(listeners, &interfaces);
        let draft = self.path.with_extension("ports.tmp");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o644);
        }
        let mut file = options.open(&draft).map_err(failed("open"))?;
        let written = file
            .write_all(text.as_bytes())
            .map_err(failed("write"))
            .and_then(|()| fs::rename(&draft, &self.path).map_err(failed("rename")));
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }

    /// Removes the file at a clean exit.
    ///
    /// # Errors
    /// It is not there, or the folder is not writable.
    pub fn remove(&self) -> Result<(), PortsFileError> {
        fs::remove_file(&self.path).map_err(|source| PortsFileError::Remove {
            path: self.path.display().to_string(),
            source,
        })
    }
}

/// Base name of the program.
fn executable() -> String {
    std::env::args_os()
        .next()
        .as_deref()
        .and_then(|path| Path::new(path).file_name())
        .map_or_else(
            || "nats-server".to_owned(),
            |name| name.to_string_lossy().into_owned(),
        )
}

/// The content of the file.
fn json(listeners: &Listeners, interfaces: &[IpAddr]) -> String {
    let Listeners {
        nats,
        monitoring,
        cluster,
        profile,
        websocket,
    } = listeners;
    let members = [
        ("nats", nats, ("nats", "tls")),
        ("monitoring", monitoring, ("http", "https")),
        ("cluster", cluster, ("nats", "tls")),
        ("profile", profile, ("http", "https")),
        ("websocket", websocket, ("ws", "wss")),
    ];
    // Written member by member: their order is part of the form, and a JSON
    // map may sort its keys.
    let mut text = String::from("{");
    for (name, listener, schemes) in members {
        let Some(listener) = listener else { continue };
        if text.len() > 1 {
            text.push(',');
        }
        let mut member = Map::new();
        member.insert(name.to_owned(), urls(*listener, schemes, interfaces));
        let member = Value::Object(member).to_string();
        text.push_str(member.trim_start_matches('{').trim_end_matches('}'));
    }
    text.push('}');
    text
}

/// The URLs of a listener.
fn urls(listener: Listener, schemes: (&str, &str), interfaces: &[IpAddr]) -> Value {
    let scheme = if listener.tls { schemes.1 } else { schemes.0 };
    let bound = listener.address;
    let mut addresses: Vec<IpAddr> = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            interfaces.iter().copied().filter(IpAddr::is_ipv4).collect()
        }
        IpAddr::V6(ip) if ip.is_unspecified() => interfaces.to_vec(),
        ip => vec![ip],
    };
    if addresses.is_empty() {
        addresses.push(bound.ip());
    }
    addresses
        .into_iter()
        .map(|ip| {
            let address = SocketAddr::new(ip, bound.port());
            Value::String(format!("{scheme}://{address}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(address: &str, tls: bool) -> Option<Listener> {
        Some(Listener {
            address: address.parse().unwrap(),
            tls,
        })
    }

    #[test]
    fn members_come_in_their_order_and_absent_ones_are_left_out() {
        let mut listeners = Listeners {
            nats: listener("127.0.0.1:1", false),
            monitoring: listener("127.0.0.1:2", false),
            cluster: listener("127.0.0.1:3", false),
            profile: listener("127.0.0.1:4", false),
            websocket: listener("127.0.0.1:5", false),
        };
        assert_eq!(
            json(&listeners, &[]),
            r#"{"nats":["nats://127.0.0.1:1"],"monitoring":["http://127.0.0.1:2"],"cluster":["nats://127.0.0.1:3"],"profile":["http://127.0.0.1:4"],"websocket":["ws://127.0.0.1:5"]}"#
        );
        listeners.monitoring = None;
        listeners.cluster = None;
        listeners.profile = None;
        assert_eq!(
            json(&listeners, &[]),
            r#"{"nats":["nats://127.0.0.1:1"],"websocket":["ws://127.0.0.1:5"]}"#
        );
        assert_eq!(json(&Listeners::default(), &[]), "{}");
    }

    #[test]
    fn tls_changes_the_scheme() {
        let listeners = Listeners {
            nats: listener("[::1]:1", true),
            monitoring: listener("127.0.0.1:2", true),
            websocket: listener("127.0.0.1:5", true),
            ..Listeners::default()
        };
        assert_eq!(
            json(&listeners, &[]),
            r#"{"nats":["tls://[::1]:1"],"monitoring":["https://127.0.0.1:2"],"websocket":["wss://127.0.0.1:5"]}"#
        );
    }

    #[test]
    fn a_listener_on_all_interfaces_is_named_with_each() {
        let interfaces: Vec<IpAddr> = ["127.0.0.1", "::1", "192.0.2.2"]
            .iter()
            .map(|a| a.parse().unwrap())
            .collect();
        let mut listeners = Listeners {
            nats: listener("[::]:7", false),
            ..Listeners::default()
        };
        assert_eq!(
            json(&listeners, &interfaces),
            r#"{"nats":["nats://127.0.0.1:7","nats://[::1]:7","nats://192.0.2.2:7"]}"#
        );
        listeners.nats = listener("0.0.0.0:7", false);
        assert_eq!(
            json(&listeners, &interfaces),
            r#"{"nats":["nats://127.0.0.1:7","nats://192.0.2.2:7"]}"#
        );
        assert_eq!(json(&listeners, &[]), r#"{"nats":["nats://0.0.0.0:7"]}"#);
    }

    #[test]
    fn the_file_appears_whole_and_goes_away() {
        let folder = std::env::temp_dir().join(format!("midge-ports-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = PortsFile::new(&folder);
        let listeners = Listeners {
            nats: listener("127.0.0.1:7", false),
            ..Listeners::default()
        };
        file.write(&listeners).unwrap();
        assert_eq!(
            fs::read_to_string(file.path()).unwrap(),
            r#"{"nats":["nats://127.0.0.1:7"]}"#
        );
        let name = file.path().file_name().unwrap().to_str().unwrap();
        assert!(name.ends_with(&format!("_{}.ports", std::process::id())));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        file.remove().unwrap();
        let path = file.path().display().to_string();
        assert_eq!(
            file.remove().unwrap_err().to_string(),
            format!(
                "Error cleaning up ports file {path}: remove {path}: no such file or directory"
            )
        );
        fs::remove_dir(&folder).unwrap();
    }

    #[test]
    fn a_missing_folder_is_reported() {
        let file = PortsFile::new(Path::new("/nonexistent-folder"));
        let error = file.write(&Listeners::default()).unwrap_err().to_string();
        let path = file.path().display();
        assert_eq!(
            error,
            format!("Error writing ports file ({path}): open {path}: no such file or directory")
        );
    }
}
