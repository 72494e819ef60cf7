//! The file of an archive that is being written.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::rc::Rc;

/// Why a [`Sink`] could not be written, for whoever asks first.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Rc<RefCell<Option<io::Error>>>);

impl Trouble {
    /// An error if anything went wrong.
    pub fn check(&self) -> io::Result<()> {
        self.0.borrow_mut().take().map_or(Ok(()), Err)
    }
}

/// A file that takes all that is written, and keeps the error that it had:
/// the writer of ZIP files ends the file when it is dropped, and tells standard
/// error if that fails.
#[derive(Debug)]
pub struct Sink {
    /// Nothing after an error.
    file: Option<BufWriter<File>>,
    trouble: Trouble,
}

impl Sink {
    /// Writes to a file.
    pub fn new(file: File) -> Self {
        Self {
            file: Some(BufWriter::new(file)),
            trouble: Trouble::default(),
        }
    }

    /// Tells of its errors.
    pub fn trouble(&self) -> Trouble {
        self.trouble.clone()
    }

    /// Brings everything to the disk.
    pub fn sync(mut self) -> io::Result<()> {
        self.flush()?;
        self.trouble.check()?;
        self.file.map_or(Ok(()), |file| file.get_ref().sync_all())
    }

    fn attempt(&mut self, work: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        let Some(file) = self.file.as_mut() else {
            return;
        };
        if let Err(error) = work(file) {
            self.file = None;
            *self.trouble.0.borrow_mut() = Some(error);
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|file| file.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(BufWriter::flush);
        Ok(())
    }
}
