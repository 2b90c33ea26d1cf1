//! The bytes of an XML file as UTF-8: its encoding is told by its first bytes, lines and bytes are counted as they are consumed, and
//! how much may be consumed at once is limited.

use std::io::{self, BufRead, Read};

use covenant_policy::refusal::Entry;

use crate::catalogue;
use crate::clip;
use crate::encoding::Encoding;

/// Bytes read at once.
const CHUNK: usize = 32 * 1024;
/// The encoding stands within so many bytes, if anywhere.
const DECLARATION_BYTES: usize = 400;

/// A reader's bytes as UTF-8.
pub(super) struct Source<R> {
    inner: R,
    encoding: Encoding,
    decoder: Option<encoding_rs::Decoder>,
    raw: Vec<u8>,
    text: Vec<u8>,
    at: usize,
    /// Line ends consumed, and whether anything was since the last of them.
    ends: u64,
    begun: bool,
    bytes: u64,
    allowed: usize,
    ended: bool,
    replaced: Option<u64>,
    fault: Option<(&'static Entry, String)>,
}

impl<R: BufRead> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            encoding: Encoding::Utf8,
            decoder: None,
            raw: vec![0; CHUNK],
            text: Vec::new(),
            at: 0,
            ends: 0,
            begun: false,
            bytes: 0,
            allowed: 0,
            ended: false,
            replaced: None,
            fault: None,
        }
    }

    /// How many bytes of text may be consumed until this is called again.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.allowed = bytes;
    }

    /// The number of the line that is being read; after the end, the number of lines.
    pub(super) fn lines(&self) -> u64 {
        self.ends + u64::from(self.begun || !self.ended)
    }

    /// Bytes read from the file.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn replaced(&self) -> Option<u64> {
        self.replaced
    }

    pub(super) fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    pub(super) fn fault(&self) -> Option<&(&'static Entry, String)> {
        self.fault.as_ref()
    }

    fn refuse(&mut self, entry: &'static Entry, what: String) -> io::Error {
        self.fault = Some((entry, what));
        io::Error::other("refused")
    }

    /// Reads the next chunk; the first one is long enough to hold the declaration.
    fn chunk(&mut self) -> io::Result<usize> {
        let first = self.decoder.is_none();
        let mut filled = 0;
        loop {
            let count = match self.inner.read(self.raw.get_mut(filled..).unwrap_or_default()) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            filled += count;
            if count == 0 || !first || filled >= DECLARATION_BYTES {
                self.bytes += filled as u64;
                return Ok(filled);
            }
        }
    }

    /// Decodes the next chunk.
    fn refill(&mut self) -> io::Result<()> {
        let filled = self.chunk()?;
        let mut skipped = 0;
        if self.decoder.is_none() {
            let head = self.raw.get(..filled).unwrap_or_default();
            skipped = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            let encoding = match of(head) {
                Ok(encoding) => encoding,
                Err(what) => return Err(self.refuse(&catalogue::WRONG_ENCODING, what)),
            };
            self.encoding = encoding;
            self.decoder = encoding.decoder();
        }
        self.ended = filled == 0;
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        let bytes = self.raw.get(skipped..filled).unwrap_or_default();
        // Every byte becomes at most three, and a character that was cut by the last chunk one more.
        self.text.resize(3 * (bytes.len() + 8), 0);
        let (_, _, written, replaced) = decoder.decode_to_utf8(bytes, &mut self.text, self.ended);
        self.text.truncate(written);
        self.at = 0;
        if replaced && self.replaced.is_none() {
            let before = find(&self.text, "\u{fffd}".as_bytes());
            let ends = count_line_ends(self.text.get(..before).unwrap_or_default());
            self.replaced = Some(self.ends + ends + 1);
        }
        Ok(())
    }
}

/// The encoding that the first bytes tell.
fn of(head: &[u8]) -> Result<Encoding, String> {
    if head.starts_with(b"\xef\xbb\xbf") {
        return Ok(Encoding::Utf8);
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") || head.iter().take(8).any(|b| *b == 0) {
        return Err("the file is UTF-16 or UTF-32".to_owned());
    }
    let head = String::from_utf8_lossy(head.get(..DECLARATION_BYTES.min(head.len())).unwrap_or_default());
    let Some(declared) = head
        .trim_start()
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
        .and_then(|(declaration, _)| declaration.split_once("encoding"))
        .and_then(|(_, rest)| rest.trim_start().strip_prefix('='))
    else {
        return Ok(Encoding::Utf8);
    };
    let name = declared.trim_start();
    let quoted = name.starts_with(['"', '\'']).then(|| name.get(1..)).flatten();
    let name = quoted.and_then(|n| n.split(['"', '\'']).next()).unwrap_or(name).trim();
    Encoding::declared(name).ok_or_else(|| format!("the file says that it is in the encoding {:?}", clip(name, 40)))
}

fn find(text: &[u8], wanted: &[u8]) -> usize {
    text.windows(wanted.len())
        .position(|w| w == wanted)
        .unwrap_or(text.len())
}

fn count_line_ends(text: &[u8]) -> u64 {
    text.iter().filter(|b| **b == b'\n').count() as u64
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let count = available.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // A chunk may end inside a character and decode to nothing.
        while self.at >= self.text.len() && !self.ended {
            self.refill()?;
        }
        let available = self.text.len().saturating_sub(self.at);
        if available > 0 && self.allowed == 0 {
            let what = format!("a piece without tags is longer than {} bytes", super::PIECE_BYTES_MAX);
            return Err(self.refuse(&catalogue::XML_LIMIT, what));
        }
        let end = self.at + available.min(self.allowed);
        Ok(self.text.get(self.at..end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        let end = (self.at + count).min(self.text.len());
        let consumed = self.text.get(self.at..end).unwrap_or_default();
        self.ends += count_line_ends(consumed);
        if let Some(last) = consumed.last() {
            self.begun = *last != b'\n';
        }
        self.at = end;
        self.allowed = self.allowed.saturating_sub(count);
    }
}
