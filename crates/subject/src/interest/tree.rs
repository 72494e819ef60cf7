//! Wildcard subscriptions as a tree over tokens.
//!
//! A pattern that shares its first tokens with no other one is a single entry
//! where it parted from the others; inner nodes appear only where patterns
//! really have a beginning in common. `a.1.*`, `a.2.*`, ... are thus one entry
//! each below `a`, and a look-up ends with one comparison of the remaining
//! tokens.

use std::hash::Hash;

use smallvec::SmallVec;

use super::children::Children;
use super::entry::{Content, Entry};
use super::values::Removed;
use crate::SubjectArc;
use crate::matching::matches;
use crate::rules::{ANY_TOKEN, REST, has_empty_token, split_first};

/// Branches of a walk that are kept without an allocation.
const INLINE_BRANCHES: usize = 8;

/// A place in the tree: patterns that have all tokens up to here in common.
#[derive(Debug)]
pub(super) struct Node<V> {
    /// Byte of the patterns where their next token begins.
    offset: usize,
    /// By next token, if that is no wildcard.
    children: Children<V>,
    /// Patterns whose next token is `*`.
    any: Option<Entry<V>>,
    /// The pattern whose next and last token is `>`.
    rest: Option<Box<Entry<V>>>,
    /// The pattern that ends here.
    here: Option<Box<Entry<V>>>,
}

/// What the next part of a pattern or subject is.
enum Next<'a> {
    /// There are no more tokens.
    End,
    /// `>` as the last token.
    Rest,
    Any,
    Token(&'a [u8]),
}

/// The token of a pattern that begins at byte `offset`, and where the one
/// after it begins.
fn next(pattern: &[u8], offset: usize) -> (Next<'_>, usize) {
    let Some(from) = pattern.get(offset..) else {
        return (Next::End, offset);
    };
    let (token, after) = split_first(from);
    let next = match token {
        REST if after.is_none() => Next::Rest,
        ANY_TOKEN => Next::Any,
        _ => Next::Token(token),
    };
    (next, offset + token.len() + 1)
}

impl<V> Node<V> {
    pub(super) fn new(offset: usize) -> Self {
        Self {
            offset,
            children: Children::default(),
            any: None,
            rest: None,
            here: None,
        }
    }

    /// Number of branches and ends.
    fn size(&self) -> usize {
        self.children.len()
            + usize::from(self.any.is_some())
            + usize::from(self.rest.is_some())
            + usize::from(self.here.is_some())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.size() == 0
    }

    fn child_mut(&mut self, next: &Next<'_>) -> Option<&mut Entry<V>> {
        match next {
            Next::End => self.here.as_deref_mut(),
            Next::Rest => self.rest.as_deref_mut(),
            Next::Any => self.any.as_mut(),
            Next::Token(token) => self.children.get_mut(self.offset, token),
        }
    }

    fn child(&self, next: &Next<'_>) -> Option<&Entry<V>> {
        match next {
            Next::End => self.here.as_deref(),
            Next::Rest => self.rest.as_deref(),
            Next::Any => self.any.as_ref(),
            Next::Token(token) => self.children.get(self.offset, token),
        }
    }

    /// Puts an entry where there is none.
    fn place(&mut self, next: &Next<'_>, entry: Entry<V>) {
        match next {
            Next::End => self.here = Some(Box::new(entry)),
            Next::Rest => self.rest = Some(Box::new(entry)),
            Next::Any => self.any = Some(entry),
            Next::Token(_) => self.children.insert(self.offset, entry),
        }
    }

    fn take(&mut self, next: &Next<'_>) {
        match next {
            Next::End => self.here = None,
            Next::Rest => self.rest = None,
            Next::Any => self.any = None,
            Next::Token(token) => {
                self.children.remove(self.offset, token);
            }
        }
    }

    /// The entries directly in this node.
    fn entries(&self) -> impl Iterator<Item = &Entry<V>> {
        let ends = [
            self.here.as_deref(),
            self.rest.as_deref(),
            self.any.as_ref(),
        ];
        ends.into_iter().flatten().chain(self.children.iter())
    }

    fn take_nodes(&mut self, into: &mut Vec<Box<Node<V>>>) {
        for entry in self.any.take().into_iter().chain(self.children.take()) {
            if let Content::Node(node) = entry.content {
                into.push(node);
            }
        }
    }
}

/// Without recursion: how deep a tree is, clients decide.
impl<V> Drop for Node<V> {
    fn drop(&mut self) {
        let mut nodes = Vec::new();
        self.take_nodes(&mut nodes);
        while let Some(mut node) = nodes.pop() {
            node.take_nodes(&mut nodes);
        }
    }
}

impl<V: Copy + Eq + Hash> Node<V> {
    /// Adds `value` under the pattern `subject`; to be called on the root.
    pub(super) fn insert(&mut self, subject: &SubjectArc, value: V) {
        let pattern = subject.as_bytes();
        let mut node = self;
        loop {
            let (part, after) = next(pattern, node.offset);
            if node.child(&part).is_none() {
                node.place(&part, Entry::new(subject, value));
                return;
            }
            let Some(entry) = node.child_mut(&part) else {
                return;
            };
            if matches!(entry.content, Content::Values(_)) {
                if entry.subject.as_bytes() == pattern {
                    entry.push(value);
                    return;
                }
                entry.split(after);
            }
            let Content::Node(below) = &mut entry.content else {
                return;
            };
            node = below;
        }
    }

    /// Takes `value` away from `pattern`; to be called on the root.
    pub(super) fn remove(&mut self, pattern: &[u8], value: V) -> bool {
        // The last node on the way that holds something else too: everything
        // below it goes with the pattern's last value.
        let mut keep = self.offset;
        let mut node = &*self;
        loop {
            let (part, _) = next(pattern, node.offset);
            if node.size() > 1 {
                keep = node.offset;
            }
            let Some(entry) = node.child(&part) else {
                return false;
            };
            match &entry.content {
                Content::Node(below) => node = below,
                Content::Values(_) if entry.subject.as_bytes() == pattern => break,
                Content::Values(_) => return false,
            }
        }
        match self.entry_mut(pattern).map(|entry| entry.remove(value)) {
            None | Some(Removed::Nothing) => return false,
            Some(Removed::Some) => return true,
            Some(Removed::Last) => {}
        }
        let mut node = self;
        while node.offset != keep {
            let (part, _) = next(pattern, node.offset);
            let Some(entry) = node.child_mut(&part) else {
                return true;
            };
            let Content::Node(below) = &mut entry.content else {
                return true;
            };
            node = below;
        }
        let (part, _) = next(pattern, node.offset);
        node.take(&part);
        true
    }

    /// The entry with the values of a pattern that is known to be there.
    fn entry_mut(&mut self, pattern: &[u8]) -> Option<&mut Entry<V>> {
        let mut node = self;
        loop {
            let (part, _) = next(pattern, node.offset);
            let entry = node.child_mut(&part)?;
            if matches!(entry.content, Content::Values(_)) {
                return Some(entry);
            }
            let Content::Node(below) = &mut entry.content else {
                return None;
            };
            node = below;
        }
    }

    /// Visits the values of all patterns that match `subject`, as
    /// [`matches`] has it, until `visit` answers `true`; whether it did. To be
    /// called on the root.
    #[inline]
    pub(super) fn visit_matches(
        &self,
        subject: &[u8],
        mut visit: impl FnMut(&[V]) -> bool,
    ) -> bool {
        if self.is_empty() {
            return false;
        }
        let (token, after) = split_first(subject);
        let child = self.children.get(self.offset, token);
        if child.is_none() && self.any.is_none() && self.rest.is_none() {
            return false;
        }
        if has_empty_token(subject) {
            return false;
        }
        let mut walk = Walk {
            visit: &mut visit,
            branches: SmallVec::new(),
        };
        if walk.step(self, child, after) {
            return true;
        }
        while let Some((node, rest)) = walk.branches.pop() {
            let stop = match rest {
                None => walk.end(node.here.as_deref()),
                Some(rest) => {
                    let (token, after) = split_first(rest);
                    walk.step(node, node.children.get(node.offset, token), after)
                }
            };
            if stop {
                return true;
            }
        }
        false
    }

    /// Visits every pattern with its values.
    pub(super) fn for_each(&self, mut visit: impl FnMut(&SubjectArc, &[V])) {
        let mut nodes = vec![self];
        while let Some(node) = nodes.pop() {
            for entry in node.entries() {
                match &entry.content {
                    Content::Values(values) => visit(&entry.subject, values.as_slice()),
                    Content::Node(below) => nodes.push(below),
                }
            }
        }
    }
}

impl<V: Copy + Eq + Hash> Entry<V> {
    /// Puts the entry's own pattern into a new node, where others can join it.
    fn split(&mut self, offset: usize) {
        let node = Content::Node(Box::new(Node::new(offset)));
        let content = std::mem::replace(&mut self.content, node);
        let old = Entry {
            subject: self.subject.clone(),
            content,
        };
        let (part, _) = next(self.subject.as_bytes(), offset);
        if let Content::Node(node) = &mut self.content {
            node.place(&part, old);
        }
    }
}

/// A node and what is left of the subject there.
type Branch<'a, V> = (&'a Node<V>, Option<&'a [u8]>);

/// A walk along all patterns that match a subject.
struct Walk<'a, 'f, V, F> {
    /// Stops the walk by answering `true`.
    visit: &'f mut F,
    /// Where the walk still has to go.
    branches: SmallVec<[Branch<'a, V>; INLINE_BRANCHES]>,
}

impl<'a, V: Copy + Eq + Hash, F: FnMut(&[V]) -> bool> Walk<'a, '_, V, F> {
    /// Visits what one token more matches: `child` is the node's child for
    /// that token, `after` what follows the token.
    #[inline]
    fn step(
        &mut self,
        node: &'a Node<V>,
        child: Option<&'a Entry<V>>,
        after: Option<&'a [u8]>,
    ) -> bool {
        self.end(node.rest.as_deref())
            || child.is_some_and(|entry| self.branch(node.offset, entry, after))
            || node
                .any
                .as_ref()
                .is_some_and(|entry| self.branch(node.offset, entry, after))
    }

    #[inline]
    fn branch(&mut self, offset: usize, entry: &'a Entry<V>, after: Option<&'a [u8]>) -> bool {
        match &entry.content {
            Content::Node(below) => {
                self.branches.push((below, after));
                false
            }
            Content::Values(values) => {
                let pattern = &entry.subject.as_bytes()[offset..];
                let matched = match (split_first(pattern).1, after) {
                    (None, None) => true,
                    (Some(pattern), Some(after)) => matches(after, pattern),
                    (None, Some(_)) | (Some(_), None) => false,
                };
                matched && (self.visit)(values.as_slice())
            }
        }
    }

    #[inline]
    fn end(&mut self, entry: Option<&Entry<V>>) -> bool {
        entry.is_some_and(|entry| (self.visit)(entry.values()))
    }
}
