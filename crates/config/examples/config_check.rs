//! Checks configuration files as `nats-server -t` does and prints what it
//! prints, one file an argument. For comparing with another server's output.

use std::path::Path;

fn main() {
    for file in std::env::args().skip(1) {
        match midge_config::lang::parse_file(Path::new(&file)) {
            Ok(loaded) => {
                let mut bad = String::new();
                for (k, n) in loaded.root.iter() {
                    if !n.used {
                        bad += &format!("{}: unknown field {}\n", n.pos, midge_config::go_text::quote(k));
                    }
                }
                if loaded.root.is_empty() { bad += &format!("{file}: config has no values or is empty\n"); }
                if bad.is_empty() {
                    println!(
                "nats-server: configuration file {file} is valid ({})",
                loaded.digest
            )} else {println!("nats-server: {bad}")}},
            Err(error) => println!("nats-server: {error}"),
        }
        println!("\x01");
    }
}
