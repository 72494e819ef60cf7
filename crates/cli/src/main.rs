//! The program `nats`.

use std::process::exit;

fn main() {
    #[cfg(feature = "embedded-server")]
    if let Some(code) = midge_cli::embedded::run_if_asked(std::env::args_os().skip(1)) {
        exit(code);
    }
    exit(midge_cli::run::run_given(std::env::args_os().skip(1)));
}
