//! Which elements of a list came, went, or changed.

/// Most pairs of elements that are compared; of longer lists what is the same
/// at their begin and end is found, and all between changed.
const MAX_PAIRS: usize = 1_000_000;

/// What happened to an element; with its places before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It is the same.
    Same(usize, usize),
    /// It is gone.
    Removed(usize),
    /// It is new.
    Inserted(usize),
    /// Another one, or another value, is in its place.
    Modified(usize, usize),
}

/// The edits that make one list the other: as many elements as can be stay.
/// Between those that stay, elements are paired where they are `similar`.
pub fn edits<T>(
    old: &[T],
    new: &[T],
    same: impl Fn(&T, &T) -> bool,
    similar: impl Fn(&T, &T) -> bool,
) -> Vec<Edit> {
    let mut out = Vec::new();
    let (mut before, mut after) = (0, 0);
    let end = (old.len(), new.len());
    for (x, y) in kept(old, new, same).into_iter().chain([end]) {
        while before < x || after < y {
            match (old.get(before), new.get(after)) {
                (Some(a), Some(b)) if before < x && after < y && similar(a, b) => {
                    out.push(Edit::Modified(before, after));
                    before += 1;
                    after += 1;
                }
                _ if before < x => {
                    out.push(Edit::Removed(before));
                    before += 1;
                }
                _ => {
                    out.push(Edit::Inserted(after));
                    after += 1;
                }
            }
        }
        if (x, y) != end {
            out.push(Edit::Same(x, y));
            before += 1;
            after += 1;
        }
    }
    out
}

/// Pairs of elements that stay: a longest common subsequence.
fn kept<T>(old: &[T], new: &[T], same: impl Fn(&T, &T) -> bool) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = (0..old.len())
        .zip(0..new.len())
        .take_while(|(x, y)| matches!((old.get(*x), new.get(*y)), (Some(a), Some(b)) if same(a, b)))
        .collect();
    let begin = out.len();
    let (old_rest, new_rest) = (
        old.get(begin..).unwrap_or_default(),
        new.get(begin..).unwrap_or_default(),
    );
    let (width, height) = (new_rest.len() + 1, old_rest.len() + 1);
    if width.saturating_mul(height) > MAX_PAIRS {
        return out;
    }
    // Length of the longest one from each pair of places on.
    let mut longest = vec![0usize; width * height];
    let at = |x: usize, y: usize| x * width + y;
    let length =
        |longest: &[usize], x: usize, y: usize| longest.get(at(x, y)).copied().unwrap_or(0);
    for (x, a) in old_rest.iter().enumerate().rev() {
        for (y, b) in new_rest.iter().enumerate().rev() {
            let best = if same(a, b) {
                length(&longest, x + 1, y + 1) + 1
            } else {
                length(&longest, x + 1, y).max(length(&longest, x, y + 1))
            };
            if let Some(place) = longest.get_mut(at(x, y)) {
                *place = best;
            }
        }
    }
    let (mut x, mut y) = (0, 0);
    while let (Some(a), Some(b)) = (old_rest.get(x), new_rest.get(y)) {
        if same(a, b) {
            out.push((begin + x, begin + y));
            x += 1;
            y += 1;
        } else if length(&longest, x + 1, y) >= length(&longest, x, y + 1) {
            x += 1;
        } else {
            y += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(old: &str, new: &str) -> Vec<Edit> {
        let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
        edits(&old, &new, |a, b| a == b, |_, _| true)
    }

    #[test]
    fn as_many_as_can_be_stay() {
        use Edit::{Inserted, Modified, Removed, Same};
        assert_eq!(
            between("ab", "bcd"),
            [Removed(0), Same(1, 0), Inserted(1), Inserted(2)]
        );
        assert_eq!(between("ab", "x"), [Modified(0, 0), Removed(1)]);
        assert_eq!(
            between("st", "bsxy"),
            [Inserted(0), Same(0, 1), Modified(1, 2), Inserted(3)]
        );
        assert_eq!(between("", ""), []);
    }
}
