//! Workloads with many connections or subscriptions.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::{Client, Stream};
use crate::load::{delivered_len, per_unit, timed};
use crate::server::Server;
use crate::workload::Measurement;

/// SUB and UNSUB pairs per second of the churn workload.
const CHURN_PER_SECOND: u32 = 10_000;

/// Steps per second in which the churn is spread.
const CHURN_STEPS: u32 = 100;

/// Subscribes to and unsubscribes from subjects beside the measured one.
pub fn churn(client: &mut Client, stop: &AtomicBool) {
    let mut next = 0u64;
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let mut lines = String::new();
        for _ in 0..CHURN_PER_SECOND / CHURN_STEPS {
            lines += &format!("SUB bench.churn.{} {next}\r\nUNSUB {next}\r\n", next % 1000);
            next += 1;
        }
        if client.send(lines.as_bytes()).is_err() {
            return;
        }
        let step = Duration::from_secs(1) / CHURN_STEPS;
        std::thread::sleep(step.saturating_sub(began.elapsed()));
    }
}

/// Reads `total` bytes from each of many connections with one thread, cheaply:
/// the kernel says which ones have something.
pub fn drain_all(clients: &[Client], total: u64) -> Result<()> {
    let mut sockets = Vec::new();
    for client in clients {
        let Stream::Plain(socket) = &client.stream else {
            bail!("not a plain connection")
        };
        sockets.push((socket, total));
    }
    // SAFETY: creates a descriptor and nothing else.
    let poll = unsafe { libc::epoll_create1(0) };
    if poll < 0 {
        bail!("cannot create an epoll");
    }
    for (index, (socket, _)) in sockets.iter().enumerate() {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: index as u64,
        };
        // SAFETY: both descriptors are open and the event lives through the call.
        unsafe { libc::epoll_ctl(poll, libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &mut event) };
    }
    let mut open = sockets.len();
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; 256];
    let mut buffer = vec![0u8; 256 * 1024];
    while open > 0 {
        // SAFETY: the buffer holds as many events as the call is told.
        let count = unsafe { libc::epoll_wait(poll, events.as_mut_ptr(), 256, 60_000) };
        if count <= 0 {
            bail!("{open} subscribers are still waiting for messages");
        }
        for event in events.iter().take(usize::try_from(count)?) {
            let index = event.u64 as usize;
            let Some((socket, left)) = sockets.get_mut(index) else {
                continue;
            };
            let mut reader: &std::net::TcpStream = socket;
            let got = reader.read(&mut buffer)?;
            if got == 0 {
                bail!("a subscriber was cut off with {left} bytes to come");
            }
            // The server's PINGs come on top of what is counted.
            if *left > 0 {
                *left -= (got as u64).min(*left);
                open -= usize::from(*left == 0);
            }
        }
    }
    // SAFETY: the descriptor is ours and not used again.
    unsafe { libc::close(poll) };
    Ok(())
}

/// Messages on random subjects out of many subscribed ones.
pub fn many_subjects(server: &Server, subscriptions: usize, count: u64) -> Result<Measurement> {
    let mut subscriber = Client::connect(server, false)?;
    let mut publisher = Client::connect(server, false)?;
    publisher.synchronise()?;
    let before = server.memory()?;
    // All subjects have the same length, so that bytes can be counted.
    let subject = |number: usize| format!("bench.many.{number:07}");
    for chunk in (0..subscriptions).collect::<Vec<_>>().chunks(1000) {
        let lines: String = chunk
            .iter()
            .map(|&n| format!("SUB {} {n:07}\r\n", subject(n)))
            .collect();
        subscriber.send(lines.as_bytes())?;
    }
    subscriber.synchronise()?;
    let memory = (server.memory()?.saturating_sub(before)) as f64 / subscriptions as f64;
    let mut buffers = Vec::new();
    let mut prepared = 0;
    while prepared < count {
        let mut buffer = Vec::new();
        for _ in 0..1000 {
            let number = fastrand::usize(..subscriptions);
            buffer.extend_from_slice(format!("PUB {} 16\r\n", subject(number)).as_bytes());
            buffer.extend_from_slice(b"xxxxxxxxxxxxxxxx\r\n");
            prepared += 1;
        }
        buffers.push(buffer);
    }
    let len = delivered_len(&subject(0), 16) + 6;
    let spent = timed(server, || {
        std::thread::scope(|scope| {
            let receiving = scope.spawn(|| subscriber.read_bytes(prepared * len));
            for buffer in &buffers {
                publisher.send(buffer)?;
            }
            receiving
                .join()
                .map_err(|_| anyhow::anyhow!("the subscriber panicked"))?
        })
    })?;
    let mut result = per_unit(prepared, spent);
    result.memory = Some(memory);
    Ok(result)
}

/// Memory of connections that do nothing.
pub fn idle(server: &Server, count: usize) -> Result<Measurement> {
    raise_descriptor_limit();
    let mut clients = Vec::with_capacity(count);
    // The first ones pay for what is shared.
    for _ in 0..50 {
        clients.push(idle_client(server, clients.len())?);
    }
    let before = server.memory()?;
    for _ in 0..count {
        clients.push(idle_client(server, clients.len())?);
    }
    let memory = (server.memory()?.saturating_sub(before)) as f64 / count as f64;
    Ok(Measurement {
        memory: Some(memory),
        ..Measurement::default()
    })
}

fn idle_client(server: &Server, number: usize) -> Result<Client> {
    let mut client = Client::connect(server, false).context("idle connection")?;
    client.send(format!("SUB idle.{number} 1\r\n").as_bytes())?;
    client.synchronise()?;
    Ok(client)
}

/// Many connections, each with one message in turn, to one subscriber.
pub fn in_turn(server: &Server, connections: usize, count: u64) -> Result<Measurement> {
    raise_descriptor_limit();
    let mut subscriber = Client::connect(server, false)?;
    subscriber.send(b"SUB bench.turn 1\r\n")?;
    subscriber.synchronise()?;
    let mut clients = Vec::with_capacity(connections);
    for _ in 0..connections {
        clients.push(Client::connect(server, false)?);
    }
    let rounds = (count / connections as u64).max(1);
    let messages = rounds * connections as u64;
    let total = messages * delivered_len("bench.turn", 16);
    let spent = timed(server, || {
        std::thread::scope(|scope| {
            let receiving = scope.spawn(|| subscriber.read_bytes(total));
            for _ in 0..rounds {
                for client in &mut clients {
                    client.send(b"PUB bench.turn 16\r\nxxxxxxxxxxxxxxxx\r\n")?;
                }
            }
            receiving
                .join()
                .map_err(|_| anyhow::anyhow!("the subscriber panicked"))?
        })
    })?;
    Ok(per_unit(messages, spent))
}

/// Lets this process open as many sockets as the system allows it.
fn raise_descriptor_limit() {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls use only the local whose address they get; if they
    // fail the limit stays as it is and connecting tells.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
        }
    }
}
