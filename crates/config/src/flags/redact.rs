//! The command line without its secrets, for monitoring.

use super::set::{FLAGS, Kind};
use crate::url::Url;

/// What secrets are replaced by.
const REDACTED: &str = "[REDACTED]";

/// Arguments as monitoring shows them: values of `--user`, `--pass`, `--auth`
/// and the user part of route and cluster URLs are replaced.
pub fn redacted<A: AsRef<str>>(args: &[A]) -> Vec<String> {
    let mut out = Vec::with_capacity(args.len());
    let mut pending = None;
    for arg in args {
        let arg = arg.as_ref();
        if let Some(flag) = pending.take() {
            out.push(value(flag, arg));
            continue;
        }
        let name = arg.trim_start_matches('-');
        if name.len() == arg.len() {
            out.push(arg.to_owned());
            continue;
        }
        let dashes = &arg[..arg.len() - name.len()];
        match name.split_once('=') {
            Some((name, text)) => out.push(format!("{dashes}{name}={}", value(name, text))),
            None => {
                let takes_value = FLAGS
                    .iter()
                    .any(|(known, kind)| *known == name && !matches!(kind, Kind::Switch(_)));
                if takes_value {
                    pending = Some(name);
                }
                out.push(arg.to_owned());
            }
        }
    }
    out
}

fn value(flag: &str, text: &str) -> String {
    match flag {
        "user" | "pass" | "auth" => REDACTED.to_owned(),
        "routes" | "cluster" | "cluster_listen" => {
            let urls: Vec<String> = text.split(',').map(url).collect();
            urls.join(",")
        }
        _ => text.to_owned(),
    }
}

fn url(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(url) if url.username.is_some() => {
            let plain = url.without_user().to_string();
            plain.replacen("://", &format!("://{REDACTED}@"), 1)
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let args = [
            "--user",
            "me",
            "-pass=x",
            "--auth",
            "t",
            "--routes",
            "nats://u:p@a:1,nats://b:2",
            "-p",
            "1",
        ];
        assert_eq!(
            redacted(&args),
            [
                "--user",
                "[REDACTED]",
                "-pass=[REDACTED]",
                "--auth",
                "[REDACTED]",
                "--routes",
                "nats://[REDACTED]@a:1,nats://b:2",
                "-p",
                "1",
            ]
        );
    }
}
