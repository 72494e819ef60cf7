//! Examples of a problem that a check found.

use std::fmt;

/// Examples, some of which are kept; all are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examples {
    /// Those that are kept.
    pub kept: Vec<String>,
    /// How many more there are.
    pub more: usize,
    /// Most that are kept; 0 for no limit.
    pub most: usize,
}

impl Examples {
    /// None yet, of which so many will be kept; 0 for all.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Adds one.
    pub fn add(&mut self, example: impl Into<String>) {
        if self.most > 0 && self.kept.len() >= self.most {
            self.more += 1;
        } else {
            self.kept.push(example.into());
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.more == 0
    }
}

impl fmt::Display for Examples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for example in &self.kept {
            writeln!(f, " - {example}")?;
        }
        if self.more > 0 {
            writeln!(f, " - ... and {} more ...", self.more)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_above_the_limit_are_counted() {
        let mut examples = Examples::new(2);
        assert!(examples.is_empty());
        for number in 1..=5 {
            examples.add(format!("example {number}"));
        }
        assert_eq!(
            examples.to_string(),
            " - example 1\n - example 2\n - ... and 3 more ...\n"
        );
        let mut all = Examples::new(0);
        for number in 1..=5 {
            all.add(number.to_string());
        }
        assert_eq!((all.kept.len(), all.more), (5, 0));
    }
}
