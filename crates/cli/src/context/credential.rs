//! References to secrets: files, the environment, password managers
//! (cli.md 2.4).

use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bail;
use crate::client::Secret;
use crate::fail;
use crate::failure::Result;
use crate::output::Json;

/// Start of what is stored in the context itself.
const INLINE: &str = "data:;base64,";

/// Whether a value is what is stored in the context itself.
pub fn is_inline(value: &str) -> bool {
    value.starts_with(INLINE)
}

/// Whether a value is a reference and not the thing itself.
pub fn is_reference(value: &str) -> bool {
    value.starts_with("data:") || value.contains("://")
}

/// Replaces `$NAME` and `${NAME}` by the environment, and a leading `~` by the
/// home directory.
pub fn expand_path(path: &str) -> PathBuf {
    let mut out = String::new();
    let mut rest = path;
    if let Some(tail) = rest
        .strip_prefix('~')
        .filter(|tail| tail.is_empty() || tail.starts_with('/'))
        && let Some(home) = super::store::home()
    {
        out.push_str(&home.to_string_lossy());
        rest = tail;
    }
    while let Some(at) = rest.find('$') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let (name, tail) = match rest.strip_prefix('{') {
            Some(inner) => inner.split_once('}').unwrap_or((inner, "")),
            None => {
                let end = rest
                    .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
                    .unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        out.push_str(&std::env::var(name).unwrap_or_default());
        rest = tail;
    }
    out.push_str(rest);
    PathBuf::from(out)
}

/// Path of a field that only takes files: `cert`, `key`, `ca`.
pub fn plain_path(field: &str, value: &str) -> Result<Option<PathBuf>> {
    if value.is_empty() {
        return Ok(None);
    }
    if let Some(path) = value.strip_prefix("file://") {
        return Ok(Some(expand_path(path)));
    }
    match value.split_once("://") {
        Some((scheme, _)) => {
            bail!("{field}: scheme \"{scheme}\" not supported (file/bare only)")
        }
        None => Ok(Some(expand_path(value))),
    }
}

/// File that a reference of `creds` or `nkey` names, if it names one.
pub fn file_path(value: &str) -> Option<PathBuf> {
    if let Some(path) = value.strip_prefix("file://") {
        return Some(expand_path(path));
    }
    (!value.is_empty() && !is_reference(value)).then(|| expand_path(value))
}

/// The secret of a `creds` or `nkey` field.
pub fn resolve(field: &str, value: &str) -> Result<Option<Secret>> {
    if value.is_empty() {
        return Ok(None);
    }
    if let Some(path) = file_path(value) {
        return Ok(Some(Secret::File(path)));
    }
    resolve_text(field, value).map(|text| Some(Secret::Text(text)))
}

/// The text that a reference leads to; a value that is none is the text.
pub fn resolve_text(field: &str, value: &str) -> Result<String> {
    let wrong = |why: String| fail!("{field}: {why}");
    if let Some(data) = value.strip_prefix(INLINE) {
        let bytes = STANDARD
            .decode(data)
            .map_err(|error| wrong(format!("data: base64 decode failed: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| wrong(format!("data: {error}")))?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    let Some((scheme, rest)) = value.split_once("://") else {
        return Ok(value.to_owned());
    };
    let text = match scheme {
        "file" => {
            let path = expand_path(rest);
            std::fs::read_to_string(&path).map_err(|error| {
                wrong(crate::format::io_error_at("open", path.display(), &error))
            })?
        }
        "env" => match std::env::var(rest) {
            Ok(text) if text.is_empty() => {
                return Err(wrong(format!("env: variable \"{rest}\" is empty")));
            }
            Ok(text) => text,
            Err(_) => return Err(wrong(format!("env: variable \"{rest}\" is not set"))),
        },
        "op" => run("op", &["read", value])
            .map_err(|failure| wrong(format!("op read failed: {failure}")))?,
        "nsc" => nsc_credentials(value).map_err(|failure| wrong(failure.to_string()))?,
        // A value that happens to have such a thing in it, such as a password.
        _ => return Ok(value.to_owned()),
    };
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn run(program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(args)
        .output()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                fail!("exec: {program:?}: executable file not found in $PATH")
            }
            _ => fail!("{}", crate::format::io_error(&error)),
        })?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).map_err(|_| fail!("{program} did not print text"))
}

/// The credentials that nsc keeps for a user.
fn nsc_credentials(reference: &str) -> Result<String> {
    let output = Command::new("nsc")
        .args(["generate", "profile", reference])
        .output();
    let output = output.map_err(|_| fail!("cannot find 'nsc' in user path"))?;
    if !output.status.success() {
        bail!(
            "nsc invoke failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let profile = Json::parse(&output.stdout)
        .map_err(|error| fail!("could not parse nsc output: {error}"))?;
    let path = profile.text("user_creds");
    if path.is_empty() {
        bail!("nsc output did not include user_creds");
    }
    Ok(std::fs::read_to_string(path)?)
}

/// What a file holds, in the form that is stored in a context itself.
pub fn embed(path: &std::path::Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| {
        fail!(
            "{}",
            crate::format::io_error_at("open", path.display(), &error)
        )
    })?;
    Ok(format!("{INLINE}{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_data_and_literals_are_resolved() {
        assert_eq!(resolve_text("token", "data:;base64,aGkK").unwrap(), "hi");
        assert_eq!(resolve_text("token", "plain").unwrap(), "plain");
        assert_eq!(
            resolve_text("token", "env://MIDGE_NO_SUCH_VARIABLE")
                .unwrap_err()
                .to_string(),
            "token: env: variable \"MIDGE_NO_SUCH_VARIABLE\" is not set"
        );
    }

    #[test]
    fn only_files_are_taken_for_certificates() {
        assert_eq!(
            plain_path("cert", "op://v/i/f").unwrap_err().to_string(),
            "cert: scheme \"op\" not supported (file/bare only)"
        );
        assert_eq!(
            plain_path("ca", "file:///x").unwrap(),
            Some(PathBuf::from("/x"))
        );
    }

    #[test]
    fn paths_take_variables() {
        let path = std::env::var("PATH").unwrap();
        assert_eq!(expand_path("${PATH}/x"), PathBuf::from(format!("{path}/x")));
        assert_eq!(
            expand_path("a$MIDGE_NO_SUCH_VARIABLE/b"),
            PathBuf::from("a/b")
        );
    }
}
