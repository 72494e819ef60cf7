//! Starting a server, its CPU time and memory.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workload::{Sync, Workload};

/// Time a server has to start, also with a big stream to recover.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// Time a server has to stop in order.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// How often is looked whether it did.
const POLL: Duration = Duration::from_millis(1);

/// Which server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Midge(PathBuf),
    /// The Go server.
    Peer(PathBuf),
    /// Copies bytes from one socket to another and does nothing else.
    Relay,
}

impl Kind {
    /// Name in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Midge(_) => "midge",
            Self::Peer(_) => "peer",
            Self::Relay => "relay",
        }
    }
}

/// A server process under test.
pub struct Server {
    child: Child,
    /// Port for clients.
    pub port: u16,
    /// Whether it is the relay, which does not speak NATS.
    pub is_relay: bool,
    /// The binary and its directory, of a NATS server.
    home: Option<(PathBuf, PathBuf)>,
}

impl Server {
    /// Starts a server on a free port, with what the workload needs.
    pub fn start(kind: &Kind, workload: Workload) -> Result<Self> {
        match kind {
            Kind::Relay => Self::start_relay(),
            Kind::Midge(path) | Kind::Peer(path) => {
                let sync = match workload.jetstream() {
                    Some(Sync::Lax) => Some("2m"),
                    Some(Sync::BeforeAck) if matches!(kind, Kind::Peer(_)) => Some("always"),
                    Some(Sync::BeforeAck | Sync::Default) | None => None,
                };
                Self::start_nats(path, workload, sync)
            }
        }
    }

    fn start_relay() -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("relay")
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the relay")?;
        let output = child.stdout.take().context("the relay has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line.trim().parse().context("the relay told no port")?;
        Ok(Self {
            child,
            port,
            is_relay: true,
            home: None,
        })
    }

    fn start_nats(path: &Path, workload: Workload, sync: Option<&str>) -> Result<Self> {
        let directory = crate::scratch::path();
        fs::create_dir_all(&directory)?;
        let mut config = format!(
            "listen: \"127.0.0.1:-1\"\nports_file_dir: \"{}\"\nmax_connections: 100000\n",
            directory.display()
        );
        if workload.is_tls() {
            let (cert, key) = make_certificate(&directory)?;
            config += &format!("tls {{ cert_file: \"{cert}\", key_file: \"{key}\" }}\n");
        }
        if workload.jetstream().is_some() {
            let sync = sync.map_or_else(String::new, |sync| format!("sync_interval: {sync}\n"));
            config += &format!(
                "jetstream {{\nstore_dir: \"{}/js\"\nmax_mem_store: 8G\nmax_file_store: 50G\n{sync}}}\n",
                directory.display()
            );
        }
        fs::write(directory.join("server.conf"), config)?;
        let child = spawn(path, &directory)?;
        let mut server = Self {
            child,
            port: 0,
            is_relay: false,
            home: Some((path.to_owned(), directory)),
        };
        server.port = server.wait_for_port()?;
        Ok(server)
    }

    /// Ends the process, in order or by force.
    pub fn stop(&mut self, by_force: bool) -> Result<()> {
        let signal = if by_force {
            libc::SIGKILL
        } else {
            libc::SIGTERM
        };
        let pid = libc::pid_t::try_from(self.child.id())?;
        // SAFETY: a signal to our own child, which has not been waited for.
        unsafe { libc::kill(pid, signal) };
        let patience = Instant::now() + STOP_PATIENCE;
        while Instant::now() < patience {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
        bail!("the server did not stop within {STOP_PATIENCE:?}")
    }

    /// Starts it again in its directory, after [`Self::stop`].
    pub fn start_again(&mut self) -> Result<()> {
        let (path, directory) = self.home.clone().context("not a NATS server")?;
        for file in port_files(&directory)? {
            fs::remove_file(file)?;
        }
        self.child = spawn(&path, &directory)?;
        self.port = self.wait_for_port()?;
        Ok(())
    }

    fn wait_for_port(&mut self) -> Result<u16> {
        let (_, directory) = self.home.clone().context("not a NATS server")?;
        let patience = Instant::now() + START_PATIENCE;
        while Instant::now() < patience {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(directory.join("server.log")).unwrap_or_default();
                bail!("the server ended with {status}: {log}");
            }
            for file in port_files(&directory)? {
                if let Ok(text) = fs::read_to_string(file)
                    && let Ok(ports) = serde_json::from_str::<serde_json::Value>(&text)
                    && let Some(url) = ports["nats"][0].as_str()
                    && let Some((_, port)) = url.rsplit_once(':')
                {
                    return Ok(port.parse()?);
                }
            }
            std::thread::sleep(POLL);
        }
        bail!("the server did not start within {START_PATIENCE:?}")
    }

    /// Where it keeps its streams.
    pub fn store(&self) -> Result<PathBuf> {
        let (_, directory) = self.home.as_ref().context("not a NATS server")?;
        Ok(directory.join("js"))
    }

    /// CPU time the process has used, all threads.
    pub fn cpu(&self) -> Result<Duration> {
        let mut clock: libc::clockid_t = 0;
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let pid = libc::pid_t::try_from(self.child.id())?;
        // SAFETY: both calls only write to the locals whose addresses they get.
        let result = unsafe {
            match libc::clock_getcpuclockid(pid, &mut clock) {
                0 => libc::clock_gettime(clock, &mut time),
                error => error,
            }
        };
        if result != 0 {
            bail!("cannot read the CPU time of process {pid}");
        }
        Ok(Duration::new(
            u64::try_from(time.tv_sec)?,
            u32::try_from(time.tv_nsec)?,
        ))
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line
            .and_then(|line| line.trim().split(' ').next())
            .context("no VmRSS")?;
        Ok(kib.parse::<u64>()? * 1024)
    }

    /// A connection to it.
    pub fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some((_, directory)) = &self.home {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

fn spawn(path: &Path, directory: &Path) -> Result<Child> {
    let log = fs::File::create(directory.join("server.log"))?;
    let mut command = Command::new(path);
    command
        .arg("-c")
        .arg(directory.join("server.conf"))
        .stdout(Stdio::null())
        .stderr(log);
    // A run that is killed takes its servers along.
    // SAFETY: between fork and exec there is one system call, nothing else.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    command
        .spawn()
        .with_context(|| format!("cannot start {}", path.display()))
}

/// The files in which servers tell their ports.
fn port_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let files = fs::read_dir(directory)?.flatten().map(|entry| entry.path());
    Ok(files
        .filter(|file| file.extension().is_some_and(|end| end == "ports"))
        .collect())
}

fn make_certificate(directory: &Path) -> Result<(String, String)> {
    let (cert, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    let status = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
        ])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&cert)
        .stderr(Stdio::null())
        .status()
        .context("cannot run openssl to make a certificate")?;
    if !status.success() {
        bail!("openssl made no certificate");
    }
    Ok((cert.display().to_string(), key.display().to_string()))
}
