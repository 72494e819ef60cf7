//! Starting a server, its CPU time and memory.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Time a server has to start.
const START_PATIENCE: Duration = Duration::from_secs(10);

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
    directory: Option<PathBuf>,
}

impl Server {
    /// Starts a server on a free port; `tls` gives it a certificate.
    pub fn start(kind: &Kind, tls: bool) -> Result<Self> {
        match kind {
            Kind::Relay => Self::start_relay(),
            Kind::Midge(path) | Kind::Peer(path) => Self::start_nats(path, tls),
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
            directory: None,
        })
    }

    fn start_nats(path: &PathBuf, tls: bool) -> Result<Self> {
        let directory = std::env::temp_dir().join(format!("midge-bench-{}", fastrand::u64(..)));
        fs::create_dir_all(&directory)?;
        let mut config = format!(
            "listen: \"127.0.0.1:-1\"\nports_file_dir: \"{}\"\nmax_connections: 100000\n",
            directory.display()
        );
        if tls {
            let (cert, key) = make_certificate(&directory)?;
            config += &format!("tls {{ cert_file: \"{cert}\", key_file: \"{key}\" }}\n");
        }
        let file = directory.join("server.conf");
        fs::write(&file, config)?;
        let log = fs::File::create(directory.join("server.log"))?;
        let child = Command::new(path)
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", path.display()))?;
        let mut server = Self {
            child,
            port: 0,
            is_relay: false,
            directory: Some(directory),
        };
        server.port = server.wait_for_port()?;
        Ok(server)
    }

    fn wait_for_port(&mut self) -> Result<u16> {
        let directory = self.directory.clone().context("no directory")?;
        let patience = Instant::now() + START_PATIENCE;
        while Instant::now() < patience {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(directory.join("server.log")).unwrap_or_default();
                bail!("the server ended with {status}: {log}");
            }
            for entry in fs::read_dir(&directory)?.flatten() {
                if entry.path().extension().is_some_and(|end| end == "ports")
                    && let Ok(text) = fs::read_to_string(entry.path())
                    && let Ok(ports) = serde_json::from_str::<serde_json::Value>(&text)
                    && let Some(url) = ports["nats"][0].as_str()
                    && let Some((_, port)) = url.rsplit_once(':')
                {
                    return Ok(port.parse()?);
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the server did not start within {START_PATIENCE:?}")
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
        if let Some(directory) = &self.directory {
            let _ = fs::remove_dir_all(directory);
        }
    }
}

fn make_certificate(directory: &std::path::Path) -> Result<(String, String)> {
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
