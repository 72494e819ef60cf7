//! Load generator and side-by-side comparison with the Go server.
//!
//! `midge-bench compare` starts Midge, the peer and a plain socket relay, lets
//! them take turns under the same load, and prints a table of ratios. The
//! generator writes prepared buffers and counts bytes, so that it costs little
//! beside the server: on two cores both share the machine.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`server`] | starting a server, its CPU time and memory |
//! | [`client`] | a raw connection |
//! | [`workload`] | what is measured |
//! | [`load`] | how each workload drives a server |
//! | [`jetstream`] | the JetStream API, acks and deliveries on a raw connection |
//! | [`relay`] | the floor: a server that only copies bytes |
//! | [`disk`] | the floors: writing and syncing, and reading, without a server |
//! | [`scratch`] | temporary files |
//! | [`report`] | tables |

mod client;
mod disk;
mod jetstream;
mod load;
mod load_behind;
mod load_consume;
mod load_js;
mod load_many;
mod relay;
mod report;
mod scratch;
mod server;
mod workload;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use server::Kind;
use workload::Workload;

#[derive(Parser)]
#[command(
    name = "midge-bench",
    about = "Compare Midge with the Go server under the same load"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run workloads against both servers in turn and print ratios.
    ///
    /// Servers keep their files below TMPDIR: it chooses the disk.
    Compare {
        /// The Midge binary.
        #[arg(long)]
        midge: PathBuf,
        /// The Go server's binary; without it only Midge is measured.
        #[arg(long)]
        peer: Option<PathBuf>,
        /// Only workloads whose name contains this.
        #[arg(long)]
        only: Option<String>,
        /// Turns of each server per workload; the median counts.
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Scale of the amount of work, in percent.
        #[arg(long, default_value_t = 100)]
        scale: u32,
        /// Write the table as Markdown here.
        #[arg(long)]
        markdown: Option<PathBuf>,
        /// Write all measurements as JSON here.
        #[arg(long)]
        json: Option<PathBuf>,
        /// Leave out the floors: the socket relay and the disk.
        #[arg(long)]
        no_floor: bool,
    },
    /// List the workloads.
    List,
    /// Serve as the plain socket relay (used by `compare`).
    #[command(hide = true)]
    Relay,
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::List => {
            for workload in Workload::all() {
                println!("{:<18} {}", workload.name(), workload.title());
            }
            Ok(())
        }
        Command::Relay => relay::run(),
        Command::Compare {
            midge,
            peer,
            only,
            rounds,
            scale,
            markdown,
            json,
            no_floor,
        } => {
            scratch::remove_left_over();
            let mut kinds = vec![Kind::Midge(midge)];
            kinds.extend(peer.map(Kind::Peer));
            if !no_floor {
                kinds.push(Kind::Relay);
            }
            let wanted = |workload: &Workload| {
                only.as_ref()
                    .is_none_or(|only| workload.name().contains(only.as_str()))
            };
            let workloads: Vec<Workload> = Workload::all().into_iter().filter(wanted).collect();
            if workloads.is_empty() {
                let only = only.unwrap_or_default();
                bail!("no workload's name contains {only:?} (`midge-bench list` shows them)");
            }
            let mut rows = Vec::new();
            let mut failed = Vec::new();
            for workload in workloads {
                let row = report::Row::measure(workload, &kinds, rounds, scale);
                match row.error() {
                    None => eprintln!("{}", row.progress()),
                    Some(error) => {
                        eprintln!("{error}");
                        failed.push(row.name());
                    }
                }
                rows.push(row);
            }
            println!("{}", report::text(&rows));
            if let Some(path) = markdown {
                std::fs::write(&path, report::markdown(&rows))
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
            if let Some(path) = json {
                std::fs::write(&path, report::json(&rows)?)
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
            if !failed.is_empty() {
                bail!("not measured: {}", failed.join(", "));
            }
            Ok(())
        }
    }
}
