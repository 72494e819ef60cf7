//! S2 streams: the framing around compressed chunks (storage-format.md 5.1).

use crate::varint::Reader;

const IDENTIFIER: &[u8] = b"\xff\x06\x00\x00S2sTwO";
const COMPRESSED: u8 = 0;
const RAW: u8 = 1;
/// First of the chunk types that a reader may pass over.
const SKIPPABLE: u8 = 0x80;
/// Plain bytes in one chunk, as written.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;
/// Plain bytes in one chunk, at most.
const CHUNK_BYTES_MAX: usize = 4 << 20;
/// Bytes of a chunk's checksum.
const SUM_BYTES: usize = 4;

/// Appends the compressed form of `plain` to `out`.
pub fn compress(plain: &[u8], out: &mut Vec<u8>) {
    start(out);
    for chunk in plain.chunks(CHUNK_BYTES) {
        put_chunk(chunk, out);
    }
}

/// Appends what a stream begins with.
pub(crate) fn start(out: &mut Vec<u8>) {
    out.extend_from_slice(IDENTIFIER);
}

/// Appends a chunk with these plain bytes, [`CHUNK_BYTES`] at most.
pub(crate) fn put_chunk(plain: &[u8], out: &mut Vec<u8>) {
    let packed = minlz::encode(plain);
    let (kind, body) = if packed.len() < plain.len() {
        (COMPRESSED, &packed[..])
    } else {
        (RAW, plain)
    };
    let length = ((body.len() + SUM_BYTES) as u32).to_le_bytes();
    out.extend([kind, length[0], length[1], length[2]]);
    out.extend(minlz::crc::crc(plain).to_le_bytes());
    out.extend_from_slice(body);
}

/// Bytes of the whole chunks at the start of a stream that may be cut.
pub(crate) fn whole_chunks(stream: &[u8]) -> usize {
    let mut whole = 0;
    while let Some([_, length @ ..]) = stream.get(whole..).and_then(<[u8]>::first_chunk::<4>) {
        let length = u32::from_le_bytes([length[0], length[1], length[2], 0]) as usize;
        let end = whole + 4 + length;
        if end > stream.len() {
            break;
        }
        whole = end;
    }
    whole
}

/// Appends the plain form of a stream to `out`. `None` if the stream is
/// damaged; what came before the damage has been appended.
pub fn decompress(stream: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut reader = Reader::new(stream);
    while !reader.rest().is_empty() {
        let [kind, length @ ..] = reader.array::<4>()?;
        let length = u32::from_le_bytes([length[0], length[1], length[2], 0]) as usize;
        let body = reader.bytes(length)?;
        match kind {
            COMPRESSED | RAW => {
                let (sum, data) = body.split_first_chunk::<SUM_BYTES>()?;
                let sum = u32::from_le_bytes(*sum);
                if kind == RAW {
                    append_checked(data, sum, out)?;
                } else {
                    // The size that a chunk claims is not allocated unseen.
                    let (plain_length, _) = minlz::decode_len(data).ok()?;
                    if plain_length > CHUNK_BYTES_MAX {
                        return None;
                    }
                    append_checked(&minlz::decode(data).ok()?, sum, out)?;
                }
            }
            SKIPPABLE.. => {}
            _ => return None,
        }
    }
    Some(())
}

fn append_checked(plain: &[u8], sum: u32, out: &mut Vec<u8>) -> Option<()> {
    if plain.len() > CHUNK_BYTES_MAX || minlz::crc::crc(plain) != sum {
        return None;
    }
    out.extend_from_slice(plain);
    Some(())
}
