//! Unique names.

/// Letters of a unique name.
const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Length of a unique name: 62^22 is more than 2^130.
const LENGTH: usize = 22;

/// A unique name of 22 letters and digits.
pub fn unique_id() -> String {
    let mut bytes = [0u8; LENGTH];
    // Without randomness of the system the generator's own is left.
    if getrandom::fill(&mut bytes).is_err() {
        fastrand::fill(&mut bytes);
    }
    bytes
        .iter()
        .map(|byte| {
            char::from(
                LETTERS
                    .get(usize::from(*byte) % LETTERS.len())
                    .copied()
                    .unwrap_or(b'0'),
            )
        })
        .collect()
}
