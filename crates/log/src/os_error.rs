//! Texts of system errors in the form NATS tools and users know.

use std::io;

/// The system's text of an error: no code, first letter small, such as
/// `no such file or directory`. Errors that do not come from the system keep
/// the text they have.
pub fn text(error: &io::Error) -> String {
    let full = error.to_string();
    let Some(code) = error.raw_os_error() else {
        return full;
    };
    let bare = full
        .strip_suffix(&format!(" (os error {code})"))
        .unwrap_or(&full);
    // Words that are names keep their capitals ("RFS specific error").
    let mut chars = bare.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            first.to_lowercase().chain(bare.chars().skip(1)).collect()
        }
        _ => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_read_as_in_the_reference() {
        let missing = std::fs::File::open("/nonexistent-folder/x").unwrap_err();
        assert_eq!(text(&missing), "no such file or directory");
    }

    #[test]
    fn other_errors_keep_their_text() {
        assert_eq!(text(&io::Error::other("Strange")), "Strange");
    }
}
