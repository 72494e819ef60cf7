//! The functions of transforms, on bytes (client-protocol.md 14.6).

use super::parse::Cut;
use crate::rules::SEPARATOR;

/// 32-bit FNV-1a.
const FNV_OFFSET: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// Bucket of the concatenation of `pieces`; 0 when there are no buckets.
pub(super) fn partition<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, buckets: u32) -> u32 {
    let mut hash = FNV_OFFSET;
    for &byte in pieces.into_iter().flatten() {
        hash = (hash ^ u32::from(byte)).wrapping_mul(FNV_PRIME);
    }
    hash.checked_rem(buckets).unwrap_or(0)
}

/// Appends a number in decimal.
pub(super) fn push_decimal(out: &mut Vec<u8>, number: u32) {
    let mut digits = [0; 10];
    let mut rest = number;
    let mut at = digits.len();
    while at > 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends the non-empty pieces of `token` between delimiters, joined by dots.
/// An empty delimiter is between all characters.
pub(super) fn push_split(out: &mut Vec<u8>, token: &[u8], delimiter: &[u8]) {
    let mut first = true;
    let mut push = |piece: &[u8]| {
        if piece.is_empty() {
            return;
        }
        if !std::mem::take(&mut first) {
            out.push(SEPARATOR);
        }
        out.extend_from_slice(piece);
    };
    if delimiter.is_empty() {
        let mut buffer = [0; 4];
        for chunk in token.utf8_chunks() {
            for character in chunk.valid().chars() {
                push(character.encode_utf8(&mut buffer).as_bytes());
            }
            for byte in chunk.invalid() {
                push(&[*byte]);
            }
        }
        return;
    }
    let mut start = 0;
    for at in memchr::memmem::find_iter(token, delimiter) {
        push(&token[start..at]);
        start = at + delimiter.len();
    }
    push(&token[start..]);
}

/// Appends the pieces of `token`, cut at `at` bytes; a cut at 0 or behind the
/// last byte leaves the token as it is.
pub(super) fn push_cut(out: &mut Vec<u8>, token: &[u8], cut: Cut, at: usize) {
    if at == 0 || at >= token.len() {
        out.extend_from_slice(token);
        return;
    }
    match cut {
        Cut::SplitFromLeft => push_two(out, token.split_at(at)),
        Cut::SplitFromRight => push_two(out, token.split_at(token.len() - at)),
        Cut::SliceFromLeft => push_slices(out, token, at, at),
        Cut::SliceFromRight => {
            let shorter = token.len() % at;
            push_slices(out, token, if shorter == 0 { at } else { shorter }, at);
        }
        Cut::Left => out.extend_from_slice(&token[..at]),
        Cut::Right => out.extend_from_slice(&token[token.len() - at..]),
    }
}

fn push_two(out: &mut Vec<u8>, (left, right): (&[u8], &[u8])) {
    out.extend_from_slice(left);
    out.push(SEPARATOR);
    out.extend_from_slice(right);
}

/// One piece of `first` bytes, then pieces of `each` bytes.
fn push_slices(out: &mut Vec<u8>, token: &[u8], first: usize, each: usize) {
    let (head, rest) = token.split_at(first);
    out.extend_from_slice(head);
    for piece in rest.chunks(each) {
        out.push(SEPARATOR);
        out.extend_from_slice(piece);
    }
}
