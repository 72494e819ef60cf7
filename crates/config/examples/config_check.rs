//! Checks configuration files as `nats-server -t` does and prints what it
//! prints, one file an argument, each followed by a line with the byte 1.
//! For comparing with another server's output.

use std::path::Path;

fn main() {
    for file in std::env::args().skip(1) {
        match midge_config::load_file(Path::new(&file)) {
            Ok(loaded) if loaded.warnings.is_empty() => println!(
                "nats-server: configuration file {file} is valid ({})",
                loaded.digest
            ),
            Ok(loaded) => println!("nats-server: {}\n", loaded.warnings.join("\n")),
            Err(error) => println!("nats-server: {error}"),
        }
        println!("\x01");
    }
}
