//! The framing of compressed answers: Snappy's, and S2's, which extends it.

use crate::client::Message;

/// Plain bytes of an answer at most: far above what servers put into one
/// message, and an end for what is damaged or hostile.
const MAX_PLAIN: usize = 256 << 20;
/// Plain bytes of a chunk at most, as S2 allows.
const MAX_CHUNK: usize = 4 << 20;
const COMPRESSED: u8 = 0;
const RAW: u8 = 1;
/// First of the chunk types that a reader may pass over; the identifier of
/// the stream is one of them.
const SKIPPABLE: u8 = 0x80;

/// The payload of an answer, plain; `None` if it is damaged.
pub fn unpacked(message: &Message) -> Option<Vec<u8>> {
    if is_packed(message) {
        unpack(&message.payload)
    } else {
        Some(message.payload.clone())
    }
}

/// Whether an answer is compressed.
pub fn is_packed(message: &Message) -> bool {
    message
        .header("Content-Encoding")
        .is_some_and(|encoding| encoding.eq_ignore_ascii_case("snappy"))
}

/// The plain form of a stream of chunks; `None` if it is damaged or too long.
pub fn unpack(mut stream: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while let Some((head, rest)) = stream.split_first_chunk::<4>() {
        let [kind, a, b, c] = *head;
        let length = u32::from_le_bytes([a, b, c, 0]) as usize;
        let body = rest.get(..length)?;
        stream = rest.get(length..)?;
        match kind {
            COMPRESSED | RAW => {
                let (sum, data) = body.split_first_chunk::<4>()?;
                let plain = if kind == RAW {
                    data.to_vec()
                } else {
                    // The size that a chunk claims is not allocated unseen.
                    let (claimed, _) = minlz::decode_len(data).ok()?;
                    if claimed > MAX_CHUNK {
                        return None;
                    }
                    minlz::decode(data).ok()?
                };
                if minlz::crc::crc(&plain) != u32::from_le_bytes(*sum)
                    || out.len() + plain.len() > MAX_PLAIN
                {
                    return None;
                }
                out.extend_from_slice(&plain);
            }
            SKIPPABLE.. => {}
            _ => return None,
        }
    }
    stream.is_empty().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: u8, plain: &[u8], data: &[u8]) -> Vec<u8> {
        let length = (data.len() + 4) as u32;
        let mut out = vec![kind];
        out.extend_from_slice(&length.to_le_bytes()[..3]);
        out.extend_from_slice(&minlz::crc::crc(plain).to_le_bytes());
        out.extend_from_slice(data);
        out
    }

    #[test]
    fn chunks_of_all_kinds_are_read() {
        let text = b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let mut stream = b"\xff\x06\x00\x00sNaPpY".to_vec();
        stream.extend(chunk(COMPRESSED, text, &minlz::encode(text)));
        stream.extend(chunk(RAW, b"tail", b"tail"));
        assert_eq!(unpack(&stream).unwrap(), [&text[..], b"tail"].concat(),);
        assert_eq!(unpack(&stream[..stream.len() - 1]), None);
        let last = stream.len() - 1;
        stream[last] ^= 1;
        assert_eq!(unpack(&stream), None);
    }
}
