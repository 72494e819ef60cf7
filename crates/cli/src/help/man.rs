//! Manual pages (`--help-man`), written by `clap_mangen`.

use std::io::{self, Write};

use clap_mangen::Man;

use super::described::alone;
use crate::model::{self, Command};

/// The pages of the command at the end of `path` and of those below it, one
/// behind the other, in troff.
pub fn pages(path: &[&'static Command]) -> String {
    let mut out = Vec::new();
    // Memory takes all that is written.
    let _ = write(path, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn write(path: &[&'static Command], out: &mut Vec<u8>) -> io::Result<()> {
    page(path, out)?;
    let below = path
        .last()
        .map_or(model::commands(), |command| command.commands);
    for command in below.iter().filter(|command| !command.hidden) {
        let mut path = path.to_vec();
        path.push(command);
        write(&path, out)?;
    }
    Ok(())
}

fn page(path: &[&'static Command], out: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(alone(path));
    let mut name = model::NAME.to_owned();
    for command in path {
        name.push('-');
        name.push_str(command.name);
    }
    // The title stands first, before the definitions that `clap_mangen`
    // begins with: what looks for a manual page looks there.
    writeln!(out, ".TH {name} 1 \"\" \"{}\" \"\"", model::VERSION)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let has_commands = path
        .last()
        .is_none_or(|command| !command.commands.is_empty());
    if has_commands {
        man.render_subcommands_section(out)?;
    }
    if path
        .last()
        .is_some_and(|command| !command.aliases.is_empty())
    {
        man.render_extra_section(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::help::find;

    #[test]
    fn a_page_for_each_command_begins_with_its_title() {
        let all = pages(&[]);
        assert!(all.starts_with(".TH nats 1 "), "{all}");
        assert!(all.contains("\n.TH nats-bench-js-pub-sync 1 "));
        assert!(
            !all.contains(".TH nats-traffic"),
            "hidden commands have none"
        );
        let words = ["stream", "ls"].map(str::to_owned);
        let one = pages(&find(&words));
        assert_eq!(one.matches(".TH ").count(), 1);
        assert!(one.contains("\\-\\-names"), "{one}");
        assert!(!one.contains("SUBCOMMANDS"), "{one}");
    }
}
