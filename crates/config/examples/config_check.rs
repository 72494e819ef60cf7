//! Checks configuration files as `nats-server -t` does and prints what it
//! prints, one file an argument, each followed by a line with the byte 1.
//! With `--start` first, what only a start checks is checked, too. For
//! comparing with another server's output.

use std::path::Path;

fn main() {
    let mut args = std::env::args().skip(1).peekable();
    let start = args.next_if(|arg| arg == "--start").is_some();
    for file in args {
        match midge_config::load_file(Path::new(&file)) {
            Ok(loaded) if start => {
                for warning in &loaded.warnings {
                    println!("{warning}");
                }
                match midge_config::validate(&loaded.options) {
                    Ok(()) => println!("starts"),
                    Err(error) => println!("nats-server: {error}"),
                }
            }
            Ok(loaded) if loaded.warnings.is_empty() => println!(
                "nats-server: configuration file {file} is valid ({})",
                loaded.digest
            ),
            Ok(loaded) => {
                let warnings: Vec<String> =
                    loaded.warnings.iter().map(ToString::to_string).collect();
                println!("nats-server: {}\n", warnings.join("\n"));
            }
            Err(error) => println!("nats-server: {error}"),
        }
        println!("\x01");
    }
}
