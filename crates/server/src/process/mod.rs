//! The server as a process: what it writes beside its log, the signals it
//! takes and sends, and what it uses of the machine.
//!
//! - `pid_file`: the file with the process id (configuration.md 9.2)
//! - `ports_file`: the file with the listeners' URLs (configuration.md 9.3)
//! - `interfaces`: the addresses of this machine
//! - `signals`: signals received (configuration.md 8.3)
//! - `signal_command`: `nats-server -sl`, signals sent (configuration.md 7.5)
//! - `usage`: memory and processor use
//! - `allocator`: how memory is allocated

pub mod allocator;
mod interfaces;
mod pid_file;
mod ports_file;
#[cfg(unix)]
mod signal_command;
mod signals;
mod usage;

pub use interfaces::interface_addresses;
pub use pid_file::write_pid_file;
pub use ports_file::{Listener, Listeners, PortsFile, PortsFileError};
#[cfg(unix)]
pub use signal_command::send_signal;
pub use signals::{Received, listen_for_signals};
pub use usage::{Usage, UsageMeter, cores};
