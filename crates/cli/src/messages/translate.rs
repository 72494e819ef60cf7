//! Bodies piped through a command (`--translate`).

use std::io::{ErrorKind, Read, Write};
use std::process::{Command, ExitStatus, Stdio};

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

/// Output of a command together with why it failed.
pub type Failed = (Vec<u8>, Failure);

/// What a command makes of a body.
pub fn translate(
    command: &str,
    body: &[u8],
    subject: &str,
    stream: &str,
) -> std::result::Result<Vec<u8>, Failed> {
    let scope = Where { subject, stream };
    let line = parse("translate", command, &|name| scope.knows(name))
        .and_then(|template| execute(&template, &scope))
        .map_err(|why| (Vec::new(), fail!("{why}")))?;
    run(&line, &[], body)
}

/// Output and errors of a command line that gets `input`, in the order they
/// were written; also those of one that fails.
pub fn run(line: &str, env: &[(&str, &str)], input: &[u8]) -> std::result::Result<Vec<u8>, Failed> {
    let (out, status) = start(line, env, input).map_err(|failure| (Vec::new(), failure))?;
    if status.success() {
        return Ok(out);
    }
    let why = match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "signal: killed".to_owned(),
    };
    Err((out, fail!("{why}")))
}

fn start(line: &str, env: &[(&str, &str)], input: &[u8]) -> Result<(Vec<u8>, ExitStatus)> {
    let words = words::split(line)
        .map_err(|why| fail!("the filter command line could not be parsed: {why}"))?;
    let Some((program, args)) = words.split_first() else {
        bail!("no command given");
    };
    let (mut output, both) = std::io::pipe()?;
    let mut command = Command::new(program);
    command
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(both.try_clone()?)
        .stderr(both);
    let mut child = command.spawn().map_err(|error| {
        if error.kind() == ErrorKind::NotFound && !program.contains('/') {
            return fail!("exec: {program:?}: executable file not found in $PATH");
        }
        fail!(
            "{}",
            crate::format::io_error_at("fork/exec", program, &error)
        )
    })?;
    // Its ends of the pipe here would keep that open.
    drop(command);
    let mut out = Vec::new();
    std::thread::scope(|scope| {
        if let Some(mut pipe) = child.stdin.take() {
            scope.spawn(move || {
                // A command need not read all of it.
                let _ = pipe.write_all(input);
            });
        }
        output.read_to_end(&mut out)
    })?;
    Ok((out, child.wait()?))
}
