//! `nats auth nkey` (cli.md 8.2).

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::context::write_whole;
use crate::fail;
use crate::failure::Result;
use crate::nkey::{Key, Kind, decode_base64};
use crate::session::Session;

/// Makes a key pair.
pub fn generate(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let kind = Kind::named(matches.required_arg("type"))?;
    let key = match matches.filled("entropy") {
        None => Key::generate(kind)?,
        Some(path) => {
            let mut seed = [0; 32];
            let word = match kind {
                Kind::Curve => "x25519",
                _ => matches.required_arg("type"),
            };
            fs::File::open(path)
                .and_then(|mut file| file.read_exact(&mut seed))
                .map_err(|error| match error.kind() {
                    ErrorKind::UnexpectedEof => fail!("could not create {word:?}: unexpected EOF"),
                    _ => fail!("could not use custom entropy source: {error}"),
                })?;
            Key::from_bytes(kind, seed)?
        }
    };
    let mut text = format!("{}\n", key.seed()?);
    if matches.on("public") {
        text.push_str(&format!("{}\n", key.public()));
    }
    put(matches.filled("output"), text.as_bytes())
}

/// Shows the public key of a seed.
pub fn show(session: &mut Session) -> Result<()> {
    let key = Key::pair_in_file(session.matches.required_arg("key"))?;
    println!("{}", key.public());
    Ok(())
}

/// Signs a file.
pub fn sign(session: &mut Session) -> Result<()> {
    let key = Key::pair_in_file(session.matches.required_arg("key"))?;
    let signature = key.sign(&read(session.matches.required_arg("file"))?)?;
    println!("{}", URL_SAFE_NO_PAD.encode(signature));
    Ok(())
}

/// Verifies the signature of a file.
pub fn verify(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let key = Key::in_file(matches.required_arg("key"))?;
    let signature = read(matches.required_arg("signature"))?;
    let signature = decode_base64(&String::from_utf8_lossy(&signature))?;
    key.verify(&read(matches.required_arg("file"))?, &signature)?;
    println!("Verified OK");
    Ok(())
}

/// Encrypts a file for a recipient.
pub fn seal(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let key = Key::in_file(matches.required_arg("key"))?;
    let content = read(matches.required_arg("file"))?;
    let recipient = Key::public_curve(matches.required_arg("recipient"))?;
    let mut sealed = key.seal(&content, &recipient)?;
    if matches.on("b64") {
        sealed = STANDARD.encode(sealed).into_bytes();
    }
    put_line(matches.filled("output"), sealed)
}

/// Decrypts a file.
pub fn unseal(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let key = Key::in_file(matches.required_arg("key"))?;
    let mut sealed = read(matches.required_arg("file"))?;
    if matches.on("b64") {
        sealed = decode_base64(&String::from_utf8_lossy(&sealed))?;
    }
    let sender = Key::public_curve(matches.required_arg("sender"))?;
    put_line(matches.filled("output"), key.open(&sealed, &sender)?)
}

fn read(path: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| fail!("{}", crate::format::io_error_at("open", path, &error)))
}

/// To a file as it is, to standard output as a line.
fn put_line(path: Option<&str>, mut bytes: Vec<u8>) -> Result<()> {
    if path.is_none() {
        bytes.push(b'\n');
    }
    put(path, &bytes)
}

/// To a file that only its owner may read, or to standard output.
fn put(path: Option<&str>, bytes: &[u8]) -> Result<()> {
    match path {
        Some(path) => write_whole(Path::new(path), bytes, 0o600),
        None => Ok(std::io::stdout().write_all(bytes)?),
    }
}
