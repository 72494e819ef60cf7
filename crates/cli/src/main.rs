//! The program `nats`.

use std::process::exit;

fn main() {
    exit(midge_cli::run::run(std::env::args().skip(1).collect()));
}
