//! Names of streams and consumers.

/// Longest name of a stream or durable, in bytes: a file system's limit.
pub const MAX_NAME: usize = 255;
/// Longest description, in bytes.
pub const MAX_DESCRIPTION: usize = 4096;
/// Bytes of all keys and values of metadata together.
pub const MAX_METADATA: usize = 128 * 1024;

/// Whether a name has none of the characters that would make it several
/// tokens, a pattern or a path.
pub fn is_valid_name(name: &str) -> bool {
    !name.bytes().any(|byte| {
        matches!(
            byte,
            b' ' | b'\t' | b'\r' | b'\n' | 0x0c | b'.' | b'*' | b'>' | b'\\' | b'/'
        )
    })
}

/// Whether a name has a character that separates folders.
pub fn has_path_separator(name: &str) -> bool {
    name.bytes().any(|byte| matches!(byte, b'/' | b'\\'))
}
