//! The program `nats`.

use std::process::exit;

fn main() {
    exit(midge_cli::run::run_given(std::env::args_os().skip(1)));
}
