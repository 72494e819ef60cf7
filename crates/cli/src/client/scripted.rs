//! Servers that do what a test wants them to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Endpoint, Options};

/// Far more than anything in these tests takes.
pub const PATIENCE: Duration = Duration::from_secs(60);
pub const INFO: &str = "INFO {\"server_id\":\"S\",\"max_payload\":1048576}\r\n";

/// A server for one connection, on which `act` is called.
pub fn server(act: impl FnOnce(TcpStream) + Send + 'static) -> (Options, JoinHandle<()>) {
    listening(|listener| act(listener.accept().unwrap().0))
}

/// A server, and how to connect to it.
pub fn listening(act: impl FnOnce(TcpListener) + Send + 'static) -> (Options, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = listener.local_addr().unwrap().to_string();
    let mut options = Options::new(vec![Endpoint::parse(&url).unwrap()]);
    options.dial_timeout = PATIENCE;
    (options, thread::spawn(move || act(listener)))
}

/// Greets, and reads lines up to the first PING; what is read next.
pub fn greet(mut socket: TcpStream) -> BufReader<TcpStream> {
    socket.write_all(INFO.as_bytes()).unwrap();
    let mut lines = BufReader::new(socket);
    read_to_ping(&mut lines);
    lines.get_mut().write_all(b"PONG\r\n").unwrap();
    lines
}

/// Reads lines up to a PING; gives the one before it.
pub fn read_to_ping(lines: &mut BufReader<TcpStream>) -> String {
    let (mut before, mut line) = (String::new(), String::new());
    while line != "PING\r\n" {
        before = std::mem::take(&mut line);
        lines.read_line(&mut line).unwrap();
    }
    before
}
