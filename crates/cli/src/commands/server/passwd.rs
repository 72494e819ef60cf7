//! `nats server passwd` (cli.md 7.7).

use crate::bail;
use crate::fail;
use crate::failure::Result;
use crate::session::Session;

/// Characters of a generated password.
const GENERATED: usize = 22;
/// Bytes a password must have.
const SHORTEST: usize = 10;
/// Costs that bcrypt knows.
const COSTS: std::ops::RangeInclusive<u64> = 4..=31;
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@#_-%^&()";

/// Hashes a password for a server's configuration.
pub fn passwd(session: &mut Session) -> Result<()> {
    let matches = &session.matches;
    let cost = matches.uint("cost");
    if !COSTS.contains(&cost) {
        bail!("bcrypt cost should be between 4 and 31");
    }
    let generated = matches.on("generate");
    let password = match matches.filled("pass") {
        Some(password) => password.to_owned(),
        None if generated => {
            let password = generate()?;
            println!("Generated password: {password}");
            password
        }
        None => asked(session)?,
    };
    if password.len() < SHORTEST {
        bail!("password should be at least 10 characters long");
    }
    let hash = bcrypt::hash_with_result(&password, u32::try_from(cost).unwrap_or(11))
        .map_err(|error| fail!("error producing bcrypt hash: {error}"))?
        // As Go's library writes it, whose servers read it.
        .format_for_version(bcrypt::Version::TwoA);
    if generated {
        println!("       bcrypt hash: {hash}");
    } else {
        println!("{hash}");
    }
    Ok(())
}

/// A password that somebody types twice.
fn asked(session: &Session) -> Result<String> {
    let ask = |question: &str| -> Result<String> {
        let password = session
            .prompt()
            .long_password(question, SHORTEST)
            .map_err(|failure| failure.context("could not read password"))?;
        println!();
        Ok(password)
    };
    let first = ask("Enter password")?;
    if ask("Re-enter password")? != first {
        bail!("entered and re-entered passwords do not match");
    }
    Ok(first)
}

/// A password that nobody guesses.
pub fn generate() -> Result<String> {
    let mut out = String::new();
    // The largest multiple of the alphabet that fits a byte: what lies above
    // would make some characters more likely.
    let fair = 256 / ALPHABET.len() * ALPHABET.len();
    while out.len() < GENERATED {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(|_| fail!("no randomness is to be had"))?;
        for byte in bytes
            .into_iter()
            .map(usize::from)
            .filter(|&byte| byte < fair)
        {
            if let Some(&letter) = ALPHABET.get(byte % ALPHABET.len())
                && out.len() < GENERATED
            {
                out.push(char::from(letter));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_passwords_are_long_and_differ() {
        let (a, b) = (generate().unwrap(), generate().unwrap());
        assert_eq!(a.len(), GENERATED);
        assert_ne!(a, b);
    }
}
