//! Subjects in the order of their bytes: sorted chunks of numbers.

/// Numbers in one chunk at most. Inserting moves half of that on average.
const CHUNK: usize = 512;

/// Numbers, ordered by the keys they stand for. The keys come with each call.
#[derive(Default)]
pub(super) struct Order {
    /// No chunk is empty.
    chunks: Vec<Vec<u32>>,
}

/// Sorts numbers by their keys. Texts lie all over the memory: the bytes that
/// follow what all have in common are compared first, from one place.
fn sorted<'k>(ids: &[u32], key_of: &dyn Fn(u32) -> &'k [u8]) -> Vec<u32> {
    let mut common = ids.first().map_or(&[][..], |&id| key_of(id));
    for &id in ids {
        let same = common
            .iter()
            .zip(key_of(id))
            .take_while(|(a, b)| a == b)
            .count();
        common = common.get(..same).unwrap_or_default();
    }
    let mut keyed: Vec<(u128, u32)> = ids
        .iter()
        .map(|&id| {
            let rest = key_of(id).get(common.len()..).unwrap_or_default();
            let mut head = [0; 16];
            let length = rest.len().min(head.len());
            head[..length].copy_from_slice(&rest[..length]);
            (u128::from_be_bytes(head), id)
        })
        .collect();
    keyed.sort_unstable_by(|(a, a_id), (b, b_id)| {
        a.cmp(b).then_with(|| key_of(*a_id).cmp(key_of(*b_id)))
    });
    keyed.into_iter().map(|(_, id)| id).collect()
}

impl Order {
    /// The chunk where `key` is or belongs.
    fn chunk_of<'k>(&self, key: &[u8], key_of: &dyn Fn(u32) -> &'k [u8]) -> usize {
        let after = self
            .chunks
            .partition_point(|chunk| chunk.first().is_some_and(|&id| key_of(id) <= key));
        after.saturating_sub(1)
    }

    /// Adds numbers that are not there.
    pub(super) fn extend<'k>(&mut self, mut new: Vec<u32>, key_of: &dyn Fn(u32) -> &'k [u8]) {
        let present: usize = self.chunks.iter().map(Vec::len).sum();
        if new.len() > present / 16 {
            // Most of what the index file lists is sorted already.
            if !new.is_sorted_by_key(|&id| key_of(id)) {
                new = sorted(&new, key_of);
            }
            let old = std::mem::take(&mut self.chunks);
            let mut old = old.into_iter().flatten().peekable();
            let mut new = new.into_iter().peekable();
            let merged = std::iter::from_fn(|| match (old.peek(), new.peek()) {
                (Some(&a), Some(&b)) if key_of(b) < key_of(a) => new.next(),
                (Some(_), _) => old.next(),
                (None, _) => new.next(),
            });
            let mut chunk = Vec::with_capacity(CHUNK / 2);
            for id in merged {
                chunk.push(id);
                // Three quarters leave room for what comes.
                if chunk.len() == CHUNK / 4 * 3 {
                    self.chunks.push(std::mem::take(&mut chunk));
                    chunk.reserve_exact(CHUNK / 4 * 3);
                }
            }
            if !chunk.is_empty() {
                self.chunks.push(chunk);
            }
            return;
        }
        for id in new {
            self.insert(id, key_of);
        }
    }

    fn insert<'k>(&mut self, id: u32, key_of: &dyn Fn(u32) -> &'k [u8]) {
        let key = key_of(id);
        let at = self.chunk_of(key, key_of);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![id]);
            return;
        };
        let place = chunk.partition_point(|&other| key_of(other) < key);
        chunk.insert(place, id);
        if chunk.len() > CHUNK {
            let upper = chunk.split_off(CHUNK / 2);
            self.chunks.insert(at + 1, upper);
        }
    }

    /// Takes a number out.
    pub(super) fn remove<'k>(&mut self, id: u32, key_of: &dyn Fn(u32) -> &'k [u8]) {
        let at = self.chunk_of(key_of(id), key_of);
        let Some(chunk) = self.chunks.get_mut(at) else {
            return;
        };
        let place = chunk.partition_point(|&other| key_of(other) < key_of(id));
        if chunk.get(place) == Some(&id) {
            chunk.remove(place);
        }
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
    }

    /// All numbers whose keys are not below `key`, in order.
    pub(super) fn from<'k>(
        &self,
        key: &[u8],
        key_of: &dyn Fn(u32) -> &'k [u8],
    ) -> impl Iterator<Item = u32> {
        let at = self.chunk_of(key, key_of);
        let chunks = self.chunks.get(at..).unwrap_or_default();
        let skip = chunks
            .first()
            .map_or(0, |chunk| chunk.partition_point(|&id| key_of(id) < key));
        chunks.iter().flatten().copied().skip(skip)
    }

    /// Bytes of memory in use.
    pub(super) fn memory(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(Vec::capacity).sum();
        chunks * 4 + self.chunks.capacity() * size_of::<Vec<u32>>()
    }
}
