//! Where an export lies: in a file, or put together from the parts of a mirror.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

/// What can be read from any place.
trait Anywhere: Read + Seek + Send {}

impl<T: Read + Seek + Send> Anywhere for T {}

/// An export, opened.
pub struct Input {
    inner: Box<dyn Anywhere>,
    length: u64,
}

impl Input {
    /// What is read from here, and how many bytes it has.
    pub fn new(inner: impl Read + Seek + Send + 'static, length: u64) -> Self {
        Self {
            inner: Box::new(inner),
            length,
        }
    }

    /// How many bytes it has.
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl Read for Input {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.inner.read(bytes)
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// An export that can be opened again and again.
pub trait Source {
    /// Opens it at its beginning.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn open(&self) -> io::Result<Input>;

    /// What it is called.
    fn shown(&self) -> String;
}

impl Source for PathBuf {
    fn open(&self) -> io::Result<Input> {
        let file = File::open(self)?;
        let bytes = file.metadata()?.len();
        Ok(Input::new(file, bytes))
    }

    fn shown(&self) -> String {
        self.display().to_string()
    }
}
