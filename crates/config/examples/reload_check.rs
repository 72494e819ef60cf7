//! Prints what a reload from one configuration file to another logs. For
//! comparing with another server's log.

use std::path::Path;

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [old, new] = files.as_slice() else {
        eprintln!("usage: reload_check OLD NEW");
        return;
    };
    let load = |file: &str| match midge_config::load_file(Path::new(file)) {
        Ok(loaded) => match midge_config::validate(&loaded.options) {
            Ok(()) => Some(loaded),
            Err(error) => {
                println!("[ERR] Failed to reload server configuration: {error}");
                None
            }
        },
        Err(error) => {
            println!("[ERR] Failed to reload server configuration: {error}");
            None
        }
    };
    let Some(old) = load(old) else { return };
    let Some(new) = load(new) else { return };
    match midge_config::reload::plan(&old.options, &new.options) {
        Err(refusal) => println!("[ERR] Failed to reload server configuration: {refusal}"),
        Ok(changes) => {
            for line in changes.iter().flat_map(|change| {
                change
                    .to_string()
                    .lines()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            }) {
                println!("[INF] {line}");
            }
            println!("[INF] Reloaded server configuration ({})", new.digest);
        }
    }
}
