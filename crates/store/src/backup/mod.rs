//! Backups of a stream, as the snapshot and restore requests carry them
//! (storage-format.md 12).
//!
//! There are two forms, both in one S2 stream: [`archive`], message by
//! message, and [`tar`], the stream's files. [`Unpacker`] takes the S2 stream
//! in pieces and tells which form it holds.

pub mod archive;
pub mod tar;

use crate::s2;

/// Plain bytes that a backup may run ahead of its reader: one chunk of the
/// stream.
const PLAIN_BYTES_MAX: usize = 8 << 20;

/// Why a backup cannot be read; the texts are the Go server's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BackupError {
    /// The compressed data is damaged.
    #[error("s2: corrupt input")]
    Compressed,
    /// The data ended within an entry.
    #[error("unexpected EOF")]
    Cut,
    /// The data ended without the mark of its end.
    #[error("EOF")]
    Unfinished,
    /// The first entry is another one.
    #[error("expected state.json first")]
    NoState,
    /// Something that is no message where a message should be.
    #[error("expected message sequence")]
    NoSequence,
    /// Sequences do not rise.
    #[error("message sequence {0} out of order")]
    Order(u64),
    /// An entry that cannot be.
    #[error("unexpected content")]
    Content,
}

/// Which form a backup has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A tar of the stream's files: servers up to 2.14.
    Tar,
    /// Message by message: servers from 2.15 on.
    Archive,
}

/// Decompresses a backup that comes in pieces.
#[derive(Debug, Default)]
pub struct Unpacker {
    packed: Vec<u8>,
    plain: Vec<u8>,
    /// Bytes of `plain` that were read.
    read: usize,
    form: Option<Form>,
}

impl Unpacker {
    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// If it is damaged.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), BackupError> {
        self.packed.extend_from_slice(piece);
        if self.read > PLAIN_BYTES_MAX {
            self.plain.drain(..self.read);
            self.read = 0;
        }
        let whole = s2::whole_chunks(&self.packed);
        let chunks = self.packed.get(..whole).unwrap_or_default();
        s2::decompress(chunks, &mut self.plain).ok_or(BackupError::Compressed)?;
        self.packed.drain(..whole);
        Ok(())
    }

    /// Tells that all pieces were taken.
    ///
    /// # Errors
    ///
    /// If the last one was cut.
    pub fn finish(&self) -> Result<(), BackupError> {
        if self.packed.is_empty() {
            Ok(())
        } else {
            Err(BackupError::Compressed)
        }
    }

    /// The form, once the first bytes are here.
    pub fn form(&mut self) -> Option<Form> {
        if self.form.is_none() {
            let first = self.plain.get(..archive::MAGIC.len())?;
            if first == archive::MAGIC {
                self.form = Some(Form::Archive);
                self.read = archive::MAGIC.len();
            } else {
                self.form = Some(Form::Tar);
            }
        }
        self.form
    }

    /// What was decompressed and not read yet.
    pub fn unread(&self) -> &[u8] {
        self.plain.get(self.read..).unwrap_or_default()
    }

    /// Tells that so many bytes of [`unread`](Self::unread) were read.
    pub fn advance(&mut self, bytes: usize) {
        self.read = (self.read + bytes).min(self.plain.len());
    }
}

/// Compresses a backup in pieces.
#[derive(Debug, Default)]
pub struct Packer {
    plain: Vec<u8>,
    packed: Vec<u8>,
    started: bool,
}

impl Packer {
    /// Takes plain bytes.
    pub fn push(&mut self, plain: &[u8]) {
        self.plain.extend_from_slice(plain);
        while self.plain.len() >= s2::CHUNK_BYTES {
            self.pack(s2::CHUNK_BYTES);
        }
    }

    fn pack(&mut self, bytes: usize) {
        if !std::mem::replace(&mut self.started, true) {
            s2::start(&mut self.packed);
        }
        s2::put_chunk(
            self.plain.get(..bytes).unwrap_or_default(),
            &mut self.packed,
        );
        self.plain.drain(..bytes);
    }

    /// Compresses what is left.
    pub fn finish(&mut self) {
        if !self.plain.is_empty() {
            self.pack(self.plain.len());
        }
    }

    /// What is compressed and was not taken yet.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.packed)
    }
}
