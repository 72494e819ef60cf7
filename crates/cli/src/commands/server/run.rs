//! `nats server run`: a server to try things out.
//!
//! The server is the one inside this program, in a process of its own
//! (`embedded`). A tool that was built without it runs the `nats-server`
//! beside it, or the one on the path.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::passwd::generate;
use crate::client::unique_id;
use crate::context::{Record, Store, check_name, write_whole};
use crate::failure::Result;
use crate::output::{Columns, Json};
use crate::session::Session;
use crate::{bail, fail};

/// Name of the server program.
#[cfg(not(feature = "embedded-server"))]
const PROGRAM: &str = "nats-server";
/// Time that a server has to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time between two looks at it.
const POLL: Duration = Duration::from_millis(50);

/// A user of the server, with the context for it.
struct User {
    account: &'static str,
    name: &'static str,
    password: String,
    context: String,
}

/// What has to go at the end.
struct Traces {
    directory: PathBuf,
    contexts: Vec<String>,
}

impl Drop for Traces {
    fn drop(&mut self) {
        // What cannot be removed stays; there is nobody left to tell.
        let _ = fs::remove_dir_all(&self.directory);
        if let Ok(store) = Store::open() {
            for context in &self.contexts {
                let _ = store.remove(context);
            }
        }
    }
}

/// Runs a server until Ctrl-C.
pub fn run(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let name = matches.required_arg("name").to_owned();
    check_name(&name)?;
    let (shown, mut command) = server_command(matches.filled("binary"))?;
    let store = Store::open()?;
    let users = [
        ("USER", "local", ""),
        ("SERVICE", "service", "_service"),
        ("SYSTEM", "system", "_system"),
    ];
    let mut accounts = Vec::new();
    for (account, user, suffix) in users {
        let context = format!("{name}{suffix}");
        if store.is_known(&context) {
            bail!("context {context:?} already exist");
        }
        accounts.push(User {
            account,
            name: user,
            password: generate()?,
            context,
        });
    }
    let mut traces = Traces {
        directory: std::env::temp_dir().join(format!("nats-{}", unique_id())),
        contexts: Vec::new(),
    };
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&traces.directory)?;
    let config = traces.directory.join("server.conf");
    let text = configuration(
        &traces.directory,
        &name,
        matches.text("host").unwrap_or_default(),
        matches.int("port"),
        matches.on("jetstream"),
        &accounts,
    );
    write_whole(&config, text.as_bytes(), 0o600)?;
    // Before the server starts, so that Ctrl-C never leaves it behind.
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let log = fs::File::create(traces.directory.join("server.log"))?;
    let child = command
        .arg("-c")
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| fail!("could not start {shown}: {error}"))?;
    let mut server = Server(child);
    let url = wait_for_url(&mut server, &traces.directory)?;
    for user in &accounts {
        let record = Record {
            description: format!("Local development server, {} account", user.account),
            url: url.clone(),
            user: user.name.to_owned(),
            password: user.password.clone(),
            ..Record::default()
        };
        store.save(&user.context, &record)?;
        traces.contexts.push(user.context.clone());
    }
    show(&shown, &url, matches.on("jetstream"), &accounts);
    loop {
        if signals.pending().next().is_some() {
            server.stop();
            return Ok(());
        }
        if let Some(status) = server.0.try_wait()? {
            bail!("the server ended: {status}");
        }
        thread::sleep(POLL);
    }
}

/// What the server is called, and the command that starts it.
fn server_command(asked: Option<&str>) -> Result<(String, Command)> {
    if let Some(path) = asked {
        return Ok((path.to_owned(), Command::new(path)));
    }
    built_in()
}

#[cfg(feature = "embedded-server")]
fn built_in() -> Result<(String, Command)> {
    let (path, command) = crate::embedded::command()?;
    Ok((format!("built into {}", path.display()), command))
}

/// The program beside this tool, or one on the path.
#[cfg(not(feature = "embedded-server"))]
fn built_in() -> Result<(String, Command)> {
    let beside = std::env::current_exe()?.with_file_name(PROGRAM);
    let path = if beside.is_file() {
        beside
    } else {
        std::env::var_os("PATH")
            .iter()
            .flat_map(std::env::split_paths)
            .map(|directory| directory.join(PROGRAM))
            .find(|path| path.is_file())
            .ok_or_else(|| {
                fail!(
                    "this tool was built without a server, and there is no {PROGRAM} beside it or on the PATH; name one by --binary"
                )
            })?
    };
    Ok((path.display().to_string(), Command::new(path)))
}

/// A text as configurations have it: JSON knows escapes that they do not.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_ascii_control() => {
                out.push_str(&format!("\\x{:02x}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out + "\""
}

fn configuration(
    directory: &Path,
    name: &str,
    host: &str,
    port: i64,
    jetstream: bool,
    users: &[User],
) -> String {
    let quote = quoted;
    let path = |below: &str| quote(&directory.join(below).to_string_lossy());
    let mut out = format!(
        "server_name: {}\nhost: {}\nport: {port}\nports_file_dir: {}\nsystem_account: SYSTEM\n",
        quote(name),
        quote(host),
        path("")
    );
    if jetstream {
        out.push_str(&format!(
            "jetstream {{ store_dir: {} }}\n",
            path("jetstream")
        ));
    }
    out.push_str("accounts {\n");
    for user in users {
        let enabled = if jetstream && user.account != "SYSTEM" {
            "jetstream: enabled, "
        } else {
            ""
        };
        out.push_str(&format!(
            "  {}: {{ {enabled}users: [ {{ user: {}, password: {} }} ] }}\n",
            user.account,
            quote(user.name),
            quote(&user.password)
        ));
    }
    out.push_str("}\n");
    out
}

/// The running server; it is stopped when it is dropped.
struct Server(Child);

impl Server {
    /// Asks it to end, and ends it if it does not.
    fn stop(&mut self) {
        if let Ok(id) = i32::try_from(self.0.id())
            && matches!(self.0.try_wait(), Ok(None))
            && kill(Pid::from_raw(id), Signal::SIGTERM).is_ok()
        {
            let end = Instant::now() + PATIENCE;
            while Instant::now() < end && matches!(self.0.try_wait(), Ok(None)) {
                thread::sleep(POLL);
            }
        }
        // Both fail for a process that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The URL at which the server listens, from the file that it writes.
fn wait_for_url(server: &mut Server, directory: &Path) -> Result<String> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(status) = server.0.try_wait()? {
            let log = fs::read_to_string(directory.join("server.log")).unwrap_or_default();
            let last = log.lines().next_back().unwrap_or_default();
            bail!("the server did not start: {status}: {last}");
        }
        let ports = fs::read_dir(directory)?.flatten().find_map(|entry| {
            let path = entry.path();
            let text = (path.extension()? == "ports").then(|| fs::read(&path).ok())??;
            let url = Json::parse(&text)
                .ok()?
                .list("nats")
                .first()?
                .as_text()?
                .to_owned();
            Some(url)
        });
        if let Some(url) = ports {
            return Ok(url);
        }
        thread::sleep(POLL);
    }
    bail!("the server did not start in time");
}

fn show(server: &str, url: &str, jetstream: bool, users: &[User]) {
    println!("Starting local development server, {server}\n");
    let mut c = Columns::new("Local development server");
    c.row("URL", url);
    c.row("JetStream", jetstream.to_string());
    for user in users {
        c.section(format!("{} Account", user.account));
        c.row("User", user.name);
        c.row("Password", user.password.as_str());
        c.row("Context", user.context.as_str());
    }
    c.print();
    println!(
        "\nUse it by: nats --context {} …; Ctrl-C stops it and removes its contexts and data",
        users
            .first()
            .map(|user| user.context.as_str())
            .unwrap_or_default()
    );
}
