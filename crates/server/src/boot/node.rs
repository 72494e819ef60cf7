//! The running server: signals, and the end.

use std::sync::Arc;
use std::time::Duration;

use midge_config::flags::FlagSet;
use midge_config::options::Options;
use parking_lot::{Condvar, Mutex};

use crate::monitor::{MonitorServer, RequestCounters};
use crate::process::{self, Listeners, PortsFile, Received, Usage, UsageMeter};
use crate::server::{Server, State};

/// Time between two measurements of processor use.
const METER_INTERVAL: Duration = Duration::from_secs(1);

/// A server process after its start.
pub struct Node {
    server: Server,
    flags: FlagSet,
    options: Mutex<Arc<Options>>,
    port: u16,
    hidden_user: String,
    listeners: Mutex<Listeners>,
    ports_file: Mutex<Option<PortsFile>>,
    /// Times of the last successful load of the configuration.
    loaded: Mutex<std::time::SystemTime>,
    reloading: Mutex<()>,
    requests: RequestCounters,
    usage: UsageMeter,
    monitor: Mutex<Option<MonitorServer>>,
    exit: (Mutex<Option<i32>>, Condvar),
}

impl Node {
    pub(super) fn new(
        server: Server,
        flags: FlagSet,
        options: Options,
        port: u16,
        hidden_user: String,
    ) -> Self {
        Self {
            server,
            flags,
            options: Mutex::new(Arc::new(options)),
            port,
            hidden_user,
            listeners: Mutex::default(),
            ports_file: Mutex::default(),
            loaded: Mutex::new(std::time::SystemTime::now()),
            reloading: Mutex::new(()),
            requests: RequestCounters::default(),
            usage: UsageMeter::new(),
            monitor: Mutex::new(None),
            exit: (Mutex::new(None), Condvar::new()),
        }
    }

    /// The server itself.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The options in force.
    pub fn options(&self) -> Arc<Options> {
        self.options.lock().clone()
    }

    pub(super) fn set_options(&self, options: Options) {
        *self.options.lock() = Arc::new(options);
        *self.loaded.lock() = std::time::SystemTime::now();
    }

    /// Puts the ports really listened on into the options, so that a reload
    /// compares with them.
    pub(super) fn set_real_ports(&self) {
        let listeners = self.listeners();
        let mut options = self.options.lock();
        let changed = Arc::make_mut(&mut options);
        changed.port = i32::from(self.port);
        if let Some(monitoring) = listeners.monitoring {
            let port = i32::from(monitoring.address.port());
            if changed.http_port != 0 {
                changed.http_port = port;
            } else {
                changed.https_port = port;
            }
        }
    }

    pub(super) fn flags(&self) -> &FlagSet {
        &self.flags
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn hidden_user(&self) -> &str {
        &self.hidden_user
    }

    /// When the configuration was last loaded.
    pub fn loaded(&self) -> std::time::SystemTime {
        *self.loaded.lock()
    }

    pub(super) fn set_listeners(&self, listeners: Listeners) {
        *self.listeners.lock() = listeners;
    }

    pub(super) fn listeners(&self) -> Listeners {
        *self.listeners.lock()
    }

    pub(super) fn set_ports_file(&self, file: PortsFile) {
        *self.ports_file.lock() = Some(file);
    }

    pub(super) fn take_ports_file(&self) -> Option<PortsFile> {
        self.ports_file.lock().take()
    }

    /// Keeps other reloads waiting.
    pub(super) fn reloading(&self) -> parking_lot::MutexGuard<'_, ()> {
        self.reloading.lock()
    }

    pub(super) fn request_counters(&self) -> &RequestCounters {
        &self.requests
    }

    pub(super) fn usage(&self) -> Usage {
        self.usage.usage()
    }

    pub(super) fn set_monitor(&self, monitor: MonitorServer) {
        *self.monitor.lock() = Some(monitor);
    }

    /// Measures processor use about once a second, as long as the server runs.
    pub(super) fn start_meter(self: &Arc<Self>) {
        let node = Arc::downgrade(self);
        self.spawn("meter", move || {
            while let Some(node) = node.upgrade() {
                if node.server.shared().state() == State::Stopping {
                    return;
                }
                node.usage.tick();
                drop(node);
                std::thread::sleep(METER_INTERVAL);
            }
        });
    }

    /// Acts on signals from here on.
    pub(super) fn handle_signals(self: &Arc<Self>) -> std::io::Result<()> {
        let node = Arc::clone(self);
        process::listen_for_signals(move |signal| node.on_signal(signal))
    }

    fn on_signal(self: &Arc<Self>, signal: Received) {
        let log = &self.server.shared().log;
        let lame = self.server.shared().state() == State::LameDuck;
        log.info(format_args!("Trapped \"{}\" signal", signal.name()));
        if matches!(signal, Received::Terminate) && lame {
            // A lame duck finishes what it announced.
            return;
        }
        match signal {
            Received::Interrupt | Received::Terminate => {
                let node = Arc::clone(self);
                self.spawn("shutdown", move || node.shut_down());
            }
            Received::ReopenLog => {
                log.reopen();
            }
            Received::Reload => {
                // The refusal has been logged.
                let _ = self.reload();
            }
            Received::LameDuck => {
                let node = Arc::clone(self);
                self.spawn("lame-duck", move || node.become_lame_duck());
            }
        }
    }

    pub(super) fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new().name(name.to_owned());
        if let Err(error) = thread.spawn(work) {
            self.server
                .shared()
                .log
                .error(format_args!("Cannot start a thread: {error}"));
        }
    }

    /// Closes everything and lets [`Node::wait`] return.
    pub fn shut_down(&self) {
        let shared = self.server.shared();
        if !shared.advance(State::Stopping) {
            return;
        }
        shared.log.info(format_args!("Initiating Shutdown..."));
        self.stop_jetstream();
        self.server.stop();
        if let Some(monitor) = self.monitor.lock().take() {
            monitor.stop();
        }
        if let Some(file) = self.take_ports_file()
            && let Err(error) = file.remove()
        {
            shared.log.error(format_args!("{error}"));
        }
        shared.log.info(format_args!("Server Exiting.."));
        let (code, changed) = &self.exit;
        *code.lock() = Some(super::OK);
        changed.notify_all();
    }

    /// Waits for the end; returns the exit code.
    pub fn wait(&self) -> i32 {
        let (code, changed) = &self.exit;
        let mut code = code.lock();
        loop {
            if let Some(code) = *code {
                return code;
            }
            changed.wait(&mut code);
        }
    }
}
