//! Comparing passwords and tokens (security.md 3.2).

use subtle::ConstantTimeEq;

/// Whether a configured secret is a bcrypt hash: `$2a$`, `$2b$`, `$2x$` or
/// `$2y$`, then two digits and `$`.
pub fn is_bcrypt(configured: &str) -> bool {
    let bytes = configured.as_bytes();
    matches!(
        bytes,
        [b'$', b'2', b'a' | b'b' | b'x' | b'y', b'$', tens, ones, b'$', ..]
            if tens.is_ascii_digit() && ones.is_ascii_digit()
    )
}

/// Compares two clear secrets; the time taken does not tell where they differ.
pub fn equal(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Compares a clear secret with a bcrypt hash. Takes as long as the hash's
/// cost asks for: not for threads that serve others.
pub fn matches_bcrypt(hash: &str, candidate: &str) -> bool {
    bcrypt::verify(candidate, hash).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_told_from_clear_text() {
        for hash in ["$2a$04$x", "$2b$11$x", "$2x$11$x", "$2y$10$"] {
            assert!(is_bcrypt(hash), "{hash}");
        }
        for clear in ["", "$2a$", "$2c$11$x", "$2a$1x$", "2a$11$x", "secret"] {
            assert!(!is_bcrypt(clear), "{clear}");
        }
    }

    #[test]
    fn all_versions_of_a_hash_match_the_password_and_nothing_else() {
        let hash = bcrypt::hash("secret", 4).expect("valid cost");
        for version in ["$2a$", "$2b$", "$2x$", "$2y$"] {
            let hash = format!("{version}{}", &hash[4..]);
            assert!(matches_bcrypt(&hash, "secret"), "{version}");
            assert!(!matches_bcrypt(&hash, "Secret"), "{version}");
            assert!(!matches_bcrypt(&hash, &hash), "{version}");
        }
        assert!(equal("a", "a") && !equal("a", "b") && !equal("a", "ab"));
    }
}
