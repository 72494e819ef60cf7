//! Tests of the syslog sinks, against sockets of our own.

use super::*;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

/// 2026-11-03 07:51:21 UTC.
const AT: Moment = Moment {
    seconds: 1_793_692_281,
    nanos: 0,
};

fn clock() -> Clock {
    Clock::in_zone(jiff::tz::TimeZone::UTC, false)
}

fn tag() -> String {
    format!("{}[{}]: ", executable(), std::process::id())
}

fn socket(name: &str) -> String {
    let path = std::env::temp_dir().join(format!("midge-syslog-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path.to_str().unwrap().to_owned()
}

#[test]
fn packets_have_priority_time_host_and_tag() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut syslog = Syslog::remote(&format!("udp://{}", server.local_addr().unwrap())).unwrap();
    let mut out = Vec::new();
    syslog.packet(&mut out, &mut clock(), AT, Level::Info, "hi");
    assert_eq!(
        String::from_utf8(out.clone()).unwrap(),
        format!("<5>2026-11-03T07:51:21Z {} {}hi\n", host_name(), tag())
    );
    syslog.write(&mut out, &mut clock(), Level::Debug, "there");
    let mut buffer = [0; 1024];
    let n = server.recv(&mut buffer).unwrap();
    let text = String::from_utf8_lossy(&buffer[..n]);
    assert!(text.starts_with("<7>"), "{text}");
    assert!(text.ends_with(&format!(" {} {}there\n", host_name(), tag())));
}

#[test]
fn a_local_daemon_gets_the_short_form() {
    let path = socket("datagram");
    let server = UnixDatagram::bind(&path).unwrap();
    let connection = connect_local(&["/nonexistent-socket", &path]).unwrap();
    let mut syslog = Syslog::new(Daemon::Local, connection, FACILITY_DAEMON, None);
    let mut out = Vec::new();
    syslog.packet(&mut out, &mut clock(), AT, Level::Fatal, "hi");
    assert_eq!(
        String::from_utf8(out.clone()).unwrap(),
        format!("<26>Nov  3 07:51:21 {}hi\n", tag())
    );
    syslog.write(&mut out, &mut clock(), Level::Info, "there");
    let mut buffer = [0; 1024];
    let n = server.recv(&mut buffer).unwrap();
    assert!(buffer[..n].starts_with(b"<29>"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_local_daemon_may_listen_on_a_stream() {
    let path = socket("stream");
    let server = UnixListener::bind(&path).unwrap();
    let connection = connect_local(&[&path]).unwrap();
    let mut syslog = Syslog::new(Daemon::Local, connection, FACILITY_DAEMON, None);
    syslog.write(&mut Vec::new(), &mut clock(), Level::Error, "one");
    drop(syslog);
    let mut text = String::new();
    server
        .accept()
        .unwrap()
        .0
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.starts_with("<27>") && text.ends_with("one\n"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_lost_connection_is_made_again() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut syslog = Syslog::remote(&format!("tcp://{}", server.local_addr().unwrap())).unwrap();
    drop(server.accept().unwrap());
    server.set_nonblocking(true).unwrap();
    let (mut out, mut clock) = (Vec::new(), clock());
    // The first lines may go into the dead connection's buffer.
    let (mut stream, _) = loop {
        syslog.write(&mut out, &mut clock, Level::Info, "again");
        if let Ok(accepted) = server.accept() {
            break accepted;
        }
        std::thread::yield_now();
    };
    drop(syslog);
    stream.set_nonblocking(false).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.ends_with("again\n"), "{text}");
}

#[test]
fn unreachable_daemons_read_as_in_the_reference() {
    let error = |url: &str| Syslog::remote(url).err().unwrap().to_string();
    assert_eq!(
        error("unix:///nope"),
        "error connecting to syslog: \"dial unix /nope: connect: no such file or directory\""
    );
    assert_eq!(
        error("udp://"),
        "error connecting to syslog: \"dial udp: missing address\""
    );
    assert_eq!(
        error("udp://127.0.0.1"),
        "error connecting to syslog: \"dial udp: address 127.0.0.1: missing port in address\""
    );
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    assert_eq!(
        error(&format!("tcp://{closed}")),
        format!("error connecting to syslog: \"dial tcp {closed}: connect: connection refused\"")
    );
}
