//! `nats-server -sl CMD[=PID]`: sends a signal to a running server
//! (configuration.md 7.5).
//!
//! Only process ids above zero are ever signalled. To the system, 0 and
//! negative numbers name process groups, and -1 every process there is: the
//! reference server hands them on, this one calls them invalid.

use std::io;
use std::num::NonZeroI32;
use std::path::Path;
use std::process::Command;

use midge_log::os_error;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Name of the processes that are looked up.
const PROCESS_NAME: &str = "nats-server";

/// Largest pid file, bytes; anything larger holds no pid.
const PID_FILE_MAX: u64 = 64;

/// What the command needs of the system; tests have their own, because a test
/// must not signal whatever happens to run on the machine.
trait System {
    /// Ids of the running servers, this process excluded.
    fn running(&self) -> Result<Vec<ServerPid>, String>;
    /// Sends a signal.
    fn signal(&self, pid: ServerPid, signal: Signal) -> Result<(), Errno>;
}

/// The id of one process; never a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ServerPid(NonZeroI32);

impl ServerPid {
    /// Reads a decimal number above zero.
    fn parse(text: &str) -> Option<Self> {
        let number: i32 = text.parse().ok()?;
        NonZeroI32::new(number)
            .filter(|n| n.is_positive())
            .map(Self)
    }
}

impl std::fmt::Display for ServerPid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Carries out `-sl`; `argument` is what follows it.
///
/// # Errors
/// The text to print behind `nats-server: `, with exit code 1.
pub fn send_signal(argument: &str) -> Result<(), String> {
    run(argument, &Running)
}

fn run(argument: &str, system: &impl System) -> Result<(), String> {
    let mut parts = argument.split('=');
    let command = parts.next().unwrap_or_default();
    let target = parts.next().unwrap_or_default();
    let surplus: Vec<&str> = parts.collect();
    if !surplus.is_empty() {
        return Err(format!(
            "invalid signal parameters: [{}]",
            surplus.join(" ")
        ));
    }
    let pids = pids(target, system)?;
    let signal = signal_of(command).ok_or_else(|| format!("unknown signal {command:?}"))?;
    let mut failures = String::new();
    for pid in pids {
        if let Err(errno) = system.signal(pid, signal) {
            let why = os_error::text(&io::Error::from(errno));
            failures.push_str(&format!("\nsignal {command:?} {pid}: {why}"));
        }
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures)
    }
}

fn signal_of(command: &str) -> Option<Signal> {
    Some(match command {
        "stop" => Signal::SIGKILL,
        "quit" => Signal::SIGINT,
        "term" => Signal::SIGTERM,
        "reopen" => Signal::SIGUSR1,
        "reload" => Signal::SIGHUP,
        "ldm" => Signal::SIGUSR2,
        _ => return None,
    })
}

/// The processes that `target` names: a pid, the start of some followed by
/// `*`, a pid file, or nothing for the only server there is.
fn pids(target: &str, system: &impl System) -> Result<Vec<ServerPid>, String> {
    if target.is_empty() {
        let running = system.running()?;
        return match running.len() {
            0 => Err("no nats-server processes running".to_owned()),
            1 => Ok(running),
            _ => {
                let mut text = "multiple nats-server processes running:".to_owned();
                for pid in running {
                    text.push_str(&format!("\n{pid}"));
                }
                Err(text)
            }
        };
    }
    if let Some(prefix) = target.strip_suffix('*') {
        if !prefix.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("invalid pid: {prefix}"));
        }
        let mut running = system.running()?;
        running.retain(|pid| pid.to_string().starts_with(prefix));
        return Ok(running);
    }
    if let Some(pid) = ServerPid::parse(target) {
        return Ok(vec![pid]);
    }
    match read_pid_file(Path::new(target)) {
        Some(content) => ServerPid::parse(&content)
            .map(|pid| vec![pid])
            .ok_or_else(|| format!("invalid pid: {content}")),
        None => Err(format!("invalid pid: {target}")),
    }
}

/// The content of a pid file, if there is such a file.
fn read_pid_file(path: &Path) -> Option<String> {
    let size = std::fs::metadata(path).ok()?.len();
    if size > PID_FILE_MAX {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// The machine we run on.
struct Running;

impl System for Running {
    fn running(&self) -> Result<Vec<ServerPid>, String> {
        // It exits with 1 when there are none.
        let output = Command::new("pgrep")
            .arg(PROCESS_NAME)
            .output()
            .map_err(|_| "unable to resolve pid, try providing one".to_owned())?;
        let own = std::process::id().to_string();
        Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter(|line| *line != own)
            .filter_map(ServerPid::parse)
            .collect())
    }

    fn signal(&self, pid: ServerPid, signal: Signal) -> Result<(), Errno> {
        kill(Pid::from_raw(pid.0.get()), signal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// A machine of made-up processes.
    #[derive(Default)]
    struct MadeUp {
        running: Vec<i32>,
        no_pgrep: bool,
        sent: RefCell<Vec<(i32, Signal)>>,
    }

    impl System for MadeUp {
        fn running(&self) -> Result<Vec<ServerPid>, String> {
            if self.no_pgrep {
                return Err("unable to resolve pid, try providing one".into());
            }
            Ok(self
                .running
                .iter()
                .map(|pid| ServerPid::parse(&pid.to_string()).unwrap())
                .collect())
        }

        fn signal(&self, pid: ServerPid, signal: Signal) -> Result<(), Errno> {
            if pid.0.get() == 999_999 {
                return Err(Errno::ESRCH);
            }
            self.sent.borrow_mut().push((pid.0.get(), signal));
            Ok(())
        }
    }

    fn sent(argument: &str, running: &[i32]) -> Result<Vec<(i32, Signal)>, String> {
        let system = MadeUp {
            running: running.to_vec(),
            ..MadeUp::default()
        };
        run(argument, &system)?;
        Ok(system.sent.into_inner())
    }

    fn error(argument: &str, running: &[i32]) -> String {
        sent(argument, running).unwrap_err()
    }

    #[test]
    fn each_command_has_its_signal() {
        for (command, signal) in [
            ("stop", Signal::SIGKILL),
            ("quit", Signal::SIGINT),
            ("term", Signal::SIGTERM),
            ("reopen", Signal::SIGUSR1),
            ("reload", Signal::SIGHUP),
            ("ldm", Signal::SIGUSR2),
        ] {
            assert_eq!(sent(command, &[12]).unwrap(), [(12, signal)]);
            assert_eq!(sent(&format!("{command}=34"), &[]).unwrap(), [(34, signal)]);
        }
    }

    #[test]
    fn without_a_pid_there_must_be_one_server() {
        assert_eq!(error("quit", &[]), "no nats-server processes running");
        assert_eq!(
            error("bogus", &[1, 23]),
            "multiple nats-server processes running:\n1\n23"
        );
        assert_eq!(error("bogus", &[1]), "unknown signal \"bogus\"");
        let system = MadeUp {
            no_pgrep: true,
            ..MadeUp::default()
        };
        assert_eq!(
            run("quit", &system).unwrap_err(),
            "unable to resolve pid, try providing one"
        );
    }

    #[test]
    fn a_prefix_names_all_servers_that_start_with_it() {
        let hup = Signal::SIGHUP;
        assert_eq!(
            sent("reload=12*", &[12, 120, 112]).unwrap(),
            [(12, hup), (120, hup)]
        );
        assert_eq!(sent("reload=9*", &[12]).unwrap(), []);
        assert_eq!(sent("reload=*", &[7, 8]).unwrap(), [(7, hup), (8, hup)]);
        assert_eq!(error("reload=x*", &[12]), "invalid pid: x");
    }

    #[test]
    fn groups_and_everything_are_never_signalled() {
        for target in ["0", "-1", "-42", "00", "+0"] {
            assert_eq!(
                error(&format!("stop={target}"), &[12]),
                format!("invalid pid: {target}")
            );
        }
    }

    #[test]
    fn bad_arguments_read_as_in_the_reference() {
        assert_eq!(error("a=b=c", &[]), "invalid signal parameters: [c]");
        assert_eq!(error("quit=/nope", &[]), "invalid pid: /nope");
        assert_eq!(error("quit= 4", &[]), "invalid pid:  4");
        assert_eq!(
            error("quit=99999999999999999999", &[]),
            "invalid pid: 99999999999999999999"
        );
        assert_eq!(error("bogus=4", &[]), "unknown signal \"bogus\"");
        assert_eq!(
            error("quit=999999", &[]),
            "\nsignal \"quit\" 999999: no such process"
        );
    }

    #[test]
    fn a_pid_file_must_hold_the_pid_alone() {
        let path = std::env::temp_dir().join(format!("midge-sl-{}", std::process::id()));
        let name = path.to_str().unwrap();
        std::fs::write(&path, "77").unwrap();
        assert_eq!(
            sent(&format!("quit={name}"), &[]).unwrap(),
            [(77, Signal::SIGINT)]
        );
        std::fs::write(&path, "77\n").unwrap();
        assert_eq!(error(&format!("quit={name}"), &[]), "invalid pid: 77\n");
        std::fs::write(&path, "-1").unwrap();
        assert_eq!(error(&format!("quit={name}"), &[]), "invalid pid: -1");
        std::fs::remove_file(&path).unwrap();
    }
}
