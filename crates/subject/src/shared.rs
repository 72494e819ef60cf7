//! A subject that is shared, in one allocation and behind one thin pointer.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};

use triomphe::ThinArc;

/// Atomically reference-counted subject bytes.
///
/// The handle is 8 bytes, also inside an `Option`; the allocation has 16 bytes
/// of count and length before the text. A subscription's record and the
/// interest table hold the same one.
#[derive(Clone)]
pub struct SubjectArc(ThinArc<(), u8>);

impl SubjectArc {
    /// Copies `subject`, which is not checked, into a new allocation.
    pub fn new(subject: &[u8]) -> Self {
        Self(ThinArc::from_header_and_slice((), subject))
    }

    /// The text.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.slice
    }

    /// Whether both are the same allocation.
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.ptr() == other.0.ptr()
    }
}

impl PartialEq for SubjectArc {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.as_bytes() == other.as_bytes()
    }
}

impl Eq for SubjectArc {}

impl Hash for SubjectArc {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl AsRef<[u8]> for SubjectArc {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<[u8]> for SubjectArc {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<&[u8]> for SubjectArc {
    fn from(subject: &[u8]) -> Self {
        Self::new(subject)
    }
}

impl fmt::Debug for SubjectArc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::quote(self.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handle_is_thin() {
        assert_eq!(size_of::<SubjectArc>(), 8);
        assert_eq!(size_of::<Option<SubjectArc>>(), 8);
    }

    #[test]
    fn copies_share_their_text() {
        let subject = SubjectArc::new(b"foo.\xff");
        let copy = subject.clone();
        assert!(copy.is_same(&subject));
        drop(subject);
        assert_eq!(copy.as_bytes(), b"foo.\xff");
        assert_eq!(copy, SubjectArc::new(b"foo.\xff"));
        assert_eq!(format!("{copy:?}"), r#""foo.\xff""#);
        assert_eq!(SubjectArc::new(b"").as_bytes(), b"");
    }
}
