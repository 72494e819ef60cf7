#![allow(missing_docs)]
pub mod interest {
    use std::collections::HashMap;
    pub struct InterestTable<V>(HashMap<Vec<u8>, Vec<V>>, Vec<(Vec<u8>, V)>);
    impl<V> Default for InterestTable<V> { fn default() -> Self { Self(HashMap::new(), Vec::new()) } }
    impl<V: Copy + Eq> InterestTable<V> {
        pub fn insert(&mut self, s: &super::SubjectArc, v: V) {
            if midge_has_wild(s.as_bytes()) { self.1.push((s.as_bytes().to_vec(), v)); } else { self.0.entry(s.as_bytes().to_vec()).or_default().push(v); }
        }
        pub fn remove(&mut self, s: &[u8], v: V) -> bool {
            if let Some(l) = self.0.get_mut(s) { l.retain(|x| *x != v); if l.is_empty() { self.0.remove(s); } }
            self.1.retain(|(p, x)| !(p == s && *x == v)); true
        }
        pub fn for_each_match(&self, s: &[u8], mut f: impl FnMut(V)) {
            if let Some(l) = self.0.get(s) { l.iter().for_each(|v| f(*v)); }
            for (p, v) in &self.1 { if super::matches(s, p) { f(*v); } }
        }
        pub fn len(&self) -> usize { self.0.values().map(Vec::len).sum::<usize>() + self.1.len() }
    }
    fn midge_has_wild(s: &[u8]) -> bool { s.split(|b| *b == b'.').any(|t| t == b"*" || t == b">") }
    #[derive(Default)]
    pub struct Generations(std::sync::atomic::AtomicU64);
    impl Generations {
        pub fn stamp(&self, _: &[u8]) -> u64 { self.0.load(std::sync::atomic::Ordering::Acquire) }
        pub fn bump(&self, _: &[u8]) { self.0.fetch_add(1, std::sync::atomic::Ordering::AcqRel); }
    }
}
pub mod mapping {
    #[derive(Default)]
    pub struct Mappings;
    pub enum Outcome { Unmapped, Mapped, Lost }
    impl Mappings { pub fn is_empty(&self) -> bool { true } pub fn apply(&self, _: &[u8], _: &mut Vec<u8>, _: impl FnMut(u32) -> u32) -> Outcome { Outcome::Unmapped } }
}
#[derive(Clone, Debug)]
pub struct SubjectArc(std::sync::Arc<[u8]>);
impl SubjectArc { pub fn new(b: &[u8]) -> Self { Self(b.into()) } pub fn as_bytes(&self) -> &[u8] { &self.0 } }
pub fn matches(l: &[u8], p: &[u8]) -> bool { covers(p, l) }
pub fn covers(p: &[u8], l: &[u8]) -> bool {
    let (mut a, mut b) = (p.split(|c| *c == b'.'), l.split(|c| *c == b'.'));
    loop { match (a.next(), b.next()) { (None, None) => return true, (Some(b">"), Some(_)) => return true, (Some(x), Some(y)) if !y.is_empty() && (x == b"*" || x == y) => {}, _ => return false } }
}
