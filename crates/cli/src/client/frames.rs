//! Frames of a WebSocket (RFC 6455, 5) between the stream of bytes that NATS
//! speaks and the one that the socket carries.

use std::io::{self, Cursor};

use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

/// Payload of a frame that is sent: what is longer goes in several, so that
/// masking needs little memory.
const FRAME: usize = 64 * 1024;
/// Bytes that are read at a time.
const READ: usize = 128 * 1024;
/// Payload of a control frame, as the RFC has it.
const CONTROL: u64 = 125;

/// What a decoder has.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded {
    /// So many bytes of data.
    Data(usize),
    /// A question for a sign of life, to be sent back as it is.
    Ping(Vec<u8>),
    /// The other side ends the connection.
    Closed,
    /// More input is needed.
    Missing,
}

/// Frames to data.
#[derive(Debug, Default)]
pub struct Decoder {
    /// What was read and is not used yet lies at `at..end`.
    input: Vec<u8>,
    at: usize,
    end: usize,
    /// Payload of the current data frame that is still to come.
    left: u64,
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("websocket: {why}"))
}

impl Decoder {
    /// With input that was read already.
    pub fn new(input: Vec<u8>) -> Self {
        Self {
            end: input.len(),
            input,
            ..Self::default()
        }
    }

    /// Adds what `read` gives; its count.
    pub fn fill(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        self.input.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.at = 0;
        if self.input.len() < self.end + READ {
            self.input.resize(self.end + READ, 0);
        }
        let count = read(self.input.get_mut(self.end..).unwrap_or_default())?;
        self.end = (self.end + count).min(self.input.len());
        Ok(count)
    }

    fn rest(&self) -> &[u8] {
        self.input.get(self.at..self.end).unwrap_or_default()
    }

    /// The next data into `buffer`, or what comes before it.
    pub fn take(&mut self, buffer: &mut [u8]) -> io::Result<Decoded> {
        loop {
            if self.left > 0 {
                let left = usize::try_from(self.left).unwrap_or(usize::MAX);
                let count = self.rest().len().min(buffer.len()).min(left);
                if count == 0 {
                    return Ok(Decoded::Missing);
                }
                let (Some(to), Some(from)) = (buffer.get_mut(..count), self.rest().get(..count))
                else {
                    return Ok(Decoded::Missing);
                };
                to.copy_from_slice(from);
                self.at += count;
                self.left -= count as u64;
                return Ok(Decoded::Data(count));
            }
            let mut cursor = Cursor::new(self.rest());
            let parsed = FrameHeader::parse(&mut cursor).map_err(|e| broken(&e.to_string()))?;
            let Some((header, length)) = parsed else {
                return Ok(Decoded::Missing);
            };
            let head = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
            if header.rsv1 || header.rsv2 || header.rsv3 || header.mask.is_some() {
                return Err(broken("a frame that no server may send"));
            }
            match header.opcode {
                OpCode::Data(Data::Continue | Data::Text | Data::Binary) => {
                    self.at += head;
                    self.left = length;
                }
                OpCode::Control(control) => {
                    if length > CONTROL || !header.is_final {
                        return Err(broken("a control frame that is too long"));
                    }
                    let end = head + usize::try_from(length).unwrap_or(usize::MAX);
                    let Some(payload) = self.rest().get(head..end).map(<[u8]>::to_vec) else {
                        return Ok(Decoded::Missing);
                    };
                    self.at += end;
                    match control {
                        Control::Ping => return Ok(Decoded::Ping(payload)),
                        Control::Close => return Ok(Decoded::Closed),
                        Control::Pong => {}
                        Control::Reserved(_) => return Err(broken("an unknown control frame")),
                    }
                }
                OpCode::Data(Data::Reserved(_)) => return Err(broken("an unknown frame")),
            }
        }
    }
}

/// Data as frames.
pub fn encode(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(data.len() + 16);
    for piece in data.chunks(FRAME) {
        masked(
            Frame::message(piece.to_vec(), OpCode::Data(Data::Binary), true),
            &mut out,
        )?;
    }
    Ok(out)
}

/// The answer to a ping.
pub fn pong(payload: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    masked(Frame::pong(payload), &mut out)?;
    Ok(out)
}

/// Clients mask what they send, each frame in another way.
fn masked(mut frame: Frame, out: &mut Vec<u8>) -> io::Result<()> {
    let mut mask = [0; 4];
    getrandom::fill(&mut mask).map_err(|_| broken("no randomness is to be had"))?;
    frame.header_mut().mask = Some(mask);
    frame
        .format(out)
        .map_err(|error| broken(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as servers send it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        match payload.len() {
            length @ ..=125 => out.push(length as u8),
            length => {
                out.push(126);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        out.extend_from_slice(payload);
        out
    }

    #[test]
    fn data_comes_through_however_it_is_cut() {
        let long = vec![b'x'; 300];
        let all = [
            frame(0x82, b"INFO {}\r\n"),
            frame(0x89, b"are you there"),
            // In two pieces, with something between.
            frame(0x02, b"MSG "),
            frame(0x8a, b""),
            frame(0x80, &long),
            frame(0x82, b""),
            frame(0x88, b""),
        ]
        .concat();
        for step in [1, 2, 7, 1000] {
            let mut decoder = Decoder::new(Vec::new());
            let (mut data, mut pings, mut closed) = (Vec::new(), Vec::new(), false);
            let mut pieces = all.chunks(step);
            let mut buffer = [0; 100];
            while !closed {
                match decoder.take(&mut buffer).unwrap() {
                    Decoded::Data(count) => data.extend_from_slice(&buffer[..count]),
                    Decoded::Ping(payload) => pings.push(payload),
                    Decoded::Closed => closed = true,
                    Decoded::Missing => {
                        let piece = pieces.next().unwrap();
                        let take = |room: &mut [u8]| {
                            room[..piece.len()].copy_from_slice(piece);
                            Ok(piece.len())
                        };
                        assert_eq!(decoder.fill(take).unwrap(), piece.len());
                    }
                }
            }
            assert_eq!(data, [b"INFO {}\r\nMSG ".to_vec(), long.clone()].concat());
            assert_eq!(pings, [b"are you there".to_vec()]);
        }
    }

    #[test]
    fn frames_of_no_server_are_refused() {
        for wrong in [
            // Masked, compressed, of unknown kinds.
            vec![0x82, 0x81, 1, 2, 3, 4, 5],
            frame(0xc2, b"x"),
            frame(0x83, b"x"),
            frame(0x8b, b"x"),
            // A control frame that is too long, or in pieces.
            frame(0x89, &[0; 126]),
            frame(0x09, b"x"),
        ] {
            let error = Decoder::new(wrong).take(&mut [0; 9]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn what_is_sent_is_masked_and_in_pieces() {
        let data: Vec<u8> = (0..FRAME + 10).map(|number| number as u8).collect();
        let out = encode(&data).unwrap();
        let mut found = Vec::new();
        let mut rest = out.as_slice();
        let mut masks = Vec::new();
        while !rest.is_empty() {
            let mut cursor = Cursor::new(rest);
            let (header, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            let head = cursor.position() as usize;
            let (payload, after) = rest[head..].split_at(length as usize);
            let mask = header.mask.unwrap();
            assert!(header.is_final && header.opcode == OpCode::Data(Data::Binary));
            found.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
            masks.push(mask);
            rest = after;
        }
        assert!(found == data);
        assert_eq!(masks.len(), 2);
        assert_ne!(masks[0], masks[1]);
        assert_eq!(pong(b"hi".to_vec()).unwrap()[..2], [0x8a, 0x82]);
    }
}
