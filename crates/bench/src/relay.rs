//! The floor: a server that only copies bytes.
//!
//! Connections come in groups, one receiver and then one sender; what the
//! sender writes is written to the receiver. No parsing, no matching: what the
//! kernel alone costs for the same traffic.

use std::io::{Read, Write};
use std::net::TcpListener;

use anyhow::Result;

/// Bytes copied at a time.
const CHUNK: usize = 128 * 1024;

/// Listens on a free port, prints it, and relays until killed.
pub fn run() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (mut receiver, _) = listener.accept()?;
        let (mut sender, _) = listener.accept()?;
        receiver.set_nodelay(true)?;
        std::thread::spawn(move || {
            let mut buffer = vec![0; CHUNK];
            loop {
                match sender.read(&mut buffer) {
                    Ok(0) | Err(_) => return,
                    Ok(count) => {
                        let chunk = buffer.get(..count).unwrap_or_default();
                        if receiver.write_all(chunk).is_err() {
                            return;
                        }
                    }
                }
            }
        });
    }
}
