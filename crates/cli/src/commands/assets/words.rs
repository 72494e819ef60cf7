//! Lists in one text.

/// The words of a list separated by commas or blanks.
pub fn split_words(text: &str) -> Vec<String> {
    text.split([',', ' ', '\t', '\n'])
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}
