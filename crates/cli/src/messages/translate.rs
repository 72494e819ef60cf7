//! Bodies piped through a command (`--translate`).

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::failure::{Failure, Result};
use crate::template::{Scope, Value, execute, parse};
use crate::{bail, fail, words};

struct Where<'a> {
    subject: &'a str,
    stream: &'a str,
}

impl Scope for Where<'_> {
    fn knows(&self, name: &str) -> bool {
        matches!(name, "Subject" | "Stream")
    }

    fn call(&self, name: &str, _: &[Value]) -> std::result::Result<Value, String> {
        self.field(name)
            .ok_or_else(|| format!("function {name:?} not defined"))
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Subject" => Some(Value::Text(self.subject.to_owned())),
            "Stream" => Some(Value::Text(self.stream.to_owned())),
            _ => None,
        }
    }
}

/// What a command makes of a body.
pub fn translate(command: &str, body: &[u8], subject: &str, stream: &str) -> Result<Vec<u8>> {
    let scope = Where { subject, stream };
    let template =
        parse("translate", command, &|name| scope.knows(name)).map_err(|why| fail!("{why}"))?;
    let line = execute(&template, &scope).map_err(|why| fail!("{why}"))?;
    run(&line, &[], body).map_err(|(_, failure)| failure)
}

/// Output and errors of a command line that gets `input`; also those of one
/// that fails.
pub fn run(
    line: &str,
    env: &[(&str, &str)],
    input: &[u8],
) -> std::result::Result<Vec<u8>, (Vec<u8>, Failure)> {
    let output = start(line, env, input).map_err(|failure| (Vec::new(), failure))?;
    let mut out = output.stdout;
    out.extend_from_slice(&output.stderr);
    if output.status.success() {
        return Ok(out);
    }
    let code = output
        .status
        .code()
        .map_or("signal".to_owned(), |code| code.to_string());
    Err((out, fail!("exit status {code}")))
}

fn start(line: &str, env: &[(&str, &str)], input: &[u8]) -> Result<Output> {
    let words = words::split(line)?;
    let Some((program, args)) = words.split_first() else {
        bail!("no command given");
    };
    let mut child = Command::new(program)
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| fail!("{}", crate::format::io_error_at("exec", program, &error)))?;
    let output = std::thread::scope(|scope| {
        if let Some(mut pipe) = child.stdin.take() {
            scope.spawn(move || {
                // A command need not read all of it.
                let _ = pipe.write_all(input);
            });
        }
        child.wait_with_output()
    })?;
    Ok(output)
}
