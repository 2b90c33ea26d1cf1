//! A reader of XML exports: one element at a time, in bounded memory, with a line for every refusal.
//!
//! What makes XML dangerous is refused before it is looked at: document types, and with them every entity that a file could define
//! (no outside files, no expansions). Nesting, the number of namespaces and the length of tags and texts have limits. Elements of
//! other namespaces are passed over, because a format says that others may stand between its own.

use std::io::BufRead;

use covenant_policy::refusal::{Entry, Refusal};
use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use crate::{Progress, catalogue, clip};

mod source;

use source::Source;

/// Elements that may be open at once. The formats here nest below a dozen.
pub const DEPTH_MAX: usize = 64;
/// The longest text of an element that is asked for. Names, texts and amounts are all shorter.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// The longest tag with its attributes.
pub const TAG_BYTES_MAX: usize = 16 * 1024;
/// The longest piece between two tags, of elements that are passed over: invoices may carry documents in them.
pub const PIECE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Pieces between two calls of the progress function.
const PROGRESS_PIECES: u64 = 16_384;

/// Reads an XML document element by element.
///
/// ```text
/// while xml.child()? {
///     match xml.name() {
///         "Name" => name = xml.text()?.to_owned(),
///         "Line" => line(&mut xml)?,       // a loop like this one
///         _ => xml.skip()?,
///     }
/// }
/// ```
pub struct Xml<'a, R> {
    reader: NsReader<Source<R>>,
    file: &'a str,
    progress: &'a mut Progress<'a>,
    buffer: Vec<u8>,
    /// The namespaces that count; none means that the root has not been read.
    namespaces: &'a [&'a str],
    depth: usize,
    tag: Tag,
    text: String,
    pieces: u64,
}

/// The element that was entered last.
#[derive(Default)]
struct Tag {
    /// Its tag as written.
    raw: String,
    /// Where its name begins and ends, without prefix.
    name: (usize, usize),
    namespace: Option<usize>,
    line: u64,
}

/// What was read.
enum Piece {
    Start,
    Text,
    End,
    Eof,
}

impl<'a, R: BufRead> Xml<'a, R> {
    /// Starts before the root.
    pub fn new(reader: R, file: &'a str, progress: &'a mut Progress<'a>) -> Self {
        let mut reader = NsReader::from_reader(Source::new(reader));
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            file,
            progress,
            buffer: Vec::with_capacity(512),
            namespaces: &[],
            depth: 0,
            tag: Tag::default(),
            text: String::new(),
            pieces: 0,
        }
    }

    /// Enters the root, which must be in one of these namespaces; elements of others are passed over from here on.
    ///
    /// # Errors
    /// `xml-namespace`, `empty-books`, and whatever is wrong before the root.
    pub fn root(&mut self, namespaces: &'a [&'a str]) -> Result<(), Refusal> {
        self.namespaces = namespaces;
        loop {
            match self.next(false)? {
                Piece::Start => break,
                Piece::Eof => return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file is empty").at(self.file)),
                Piece::Text | Piece::End => {}
            }
        }
        if self.tag.namespace.is_none() {
            let what = format!("the document is a {:?} of another namespace", clip(self.name(), 40));
            return Err(self
                .refuse(&catalogue::XML_NAMESPACE, what)
                .expected(namespaces.join(" or ")));
        }
        Ok(())
    }

    /// Enters the next element inside the one that is open; `false` where that one ends instead.
    ///
    /// # Errors
    /// `xml-malformed`, `xml-forbidden`, `xml-limit`, `truncated-file`, `unreadable-file`, `wrong-encoding`.
    pub fn child(&mut self) -> Result<bool, Refusal> {
        loop {
            match self.next(false)? {
                Piece::Start if self.tag.namespace.is_some() => return Ok(true),
                Piece::Start => self.skip()?,
                Piece::End => return Ok(false),
                Piece::Text => {}
                Piece::Eof => return Err(self.truncated()),
            }
        }
    }

    /// The text of the element that was just entered, and moves behind its end. Spaces around it are no part of it.
    ///
    /// # Errors
    /// Those of [`Self::child`]; `xml-malformed` where it contains elements.
    pub fn text(&mut self) -> Result<&str, Refusal> {
        self.text.clear();
        loop {
            match self.next(true)? {
                Piece::Text if self.text.len() <= TEXT_BYTES_MAX => {}
                Piece::Text => {
                    let what = format!("a text is longer than {TEXT_BYTES_MAX} bytes");
                    return Err(self.refuse(&catalogue::XML_LIMIT, what));
                }
                Piece::End => return Ok(self.text.trim_matches([' ', '\t', '\r', '\n'])),
                Piece::Start => {
                    let what = format!("{:?} stands inside a value", clip(self.name(), 40));
                    return Err(self
                        .refuse(&catalogue::XML_MALFORMED, what)
                        .expected("a text without elements"));
                }
                Piece::Eof => return Err(self.truncated()),
            }
        }
    }

    /// Moves behind the end of the element that was just entered.
    ///
    /// # Errors
    /// Those of [`Self::child`].
    pub fn skip(&mut self) -> Result<(), Refusal> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if matches!(self.next(false)?, Piece::Eof) {
                return Err(self.truncated());
            }
        }
        Ok(())
    }

    /// Reads to the end of the file, where nothing but comments may follow the root, and gives the number of lines.
    ///
    /// # Errors
    /// Those of [`Self::child`]; `xml-malformed` where something follows.
    pub fn finish(&mut self) -> Result<u64, Refusal> {
        loop {
            self.text.clear();
            match self.next(true)? {
                Piece::Eof => break,
                Piece::Text if self.text.trim().is_empty() => {}
                _ => {
                    return Err(self
                        .refuse_here(&catalogue::XML_MALFORMED, "something follows the document's end")
                        .expected("one document"));
                }
            }
        }
        (self.progress)(self.reader.get_ref().bytes());
        Ok(self.reader.get_ref().lines())
    }

    /// The name of the element that was entered last, without its prefix.
    pub fn name(&self) -> &str {
        self.tag.raw.get(self.tag.name.0..self.tag.name.1).unwrap_or_default()
    }

    /// The index of its namespace among those that were given for the root.
    pub fn namespace(&self) -> Option<usize> {
        self.tag.namespace
    }

    /// An attribute of the element that was entered last, while nothing inside it was entered.
    ///
    /// # Errors
    /// `xml-malformed`.
    pub fn attribute(&self, name: &str) -> Result<Option<String>, Refusal> {
        let start = BytesStart::from_content(self.tag.raw.as_str(), self.tag.name.1);
        let bad = |e: String| self.refuse(&catalogue::XML_MALFORMED, format!("attributes: {}", clip(&e, 120)));
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|e| bad(e.to_string()))?;
            if attribute.key.as_ref() == name {
                let value = attribute
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .map_err(|e| bad(e.to_string()))?;
                return Ok(Some(value.into_owned()));
            }
        }
        Ok(None)
    }

    /// The line on which the element that was entered last begins.
    pub fn line(&self) -> u64 {
        self.tag.line
    }

    /// The file's name, as messages show it.
    pub fn file(&self) -> &'a str {
        self.file
    }

    /// Some line, as messages show it.
    pub fn place_of(&self, line: u64) -> String {
        format!("{}:{line}", self.file)
    }

    /// A refusal at the line of the element that was entered last.
    pub fn refuse(&self, entry: &'static Entry, what: impl Into<String>) -> Refusal {
        Refusal::new(entry, what).at(self.place_of(self.tag.line))
    }

    /// The line of the first character that the encoding does not have, if there was one.
    pub fn replaced(&self) -> Option<u64> {
        self.reader.get_ref().replaced()
    }

    /// The name of the encoding that was read.
    pub fn encoding(&self) -> &'static str {
        self.reader.get_ref().encoding()
    }

    fn refuse_here(&self, entry: &'static Entry, what: impl Into<String>) -> Refusal {
        Refusal::new(entry, what).at(self.place_of(self.reader.get_ref().lines()))
    }

    fn truncated(&self) -> Refusal {
        let what = format!("the file ends while {} elements are open", self.depth);
        self.refuse_here(&catalogue::TRUNCATED, what)
            .expected("the end of every element")
    }

    /// The next piece; comments and instructions are passed over. Text is kept where that is asked.
    fn next(&mut self, keep: bool) -> Result<Piece, Refusal> {
        loop {
            self.pieces += 1;
            if self.pieces.is_multiple_of(PROGRESS_PIECES) {
                (self.progress)(self.reader.get_ref().bytes());
            }
            self.buffer.clear();
            self.reader.get_mut().allow(PIECE_BYTES_MAX);
            let line = self.reader.get_ref().lines();
            let (resolved, event) = match self.reader.read_resolved_event_into(&mut self.buffer) {
                Ok(read) => read,
                Err(e) => return Err(self.fault(&e)),
            };
            match event {
                Event::Start(start) => {
                    let namespace = match resolved {
                        ResolveResult::Bound(Namespace(uri)) => self.namespaces.iter().position(|n| *n == uri),
                        _ => None,
                    };
                    let long = start.len() > TAG_BYTES_MAX;
                    self.tag.enter(&start, namespace, line);
                    self.depth += 1;
                    self.refuse_limits(long)?;
                    return Ok(Piece::Start);
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Piece::End);
                }
                Event::Text(text) => return Ok(Self::kept(&text, &mut self.text, keep)),
                Event::CData(text) => return Ok(Self::kept(&text, &mut self.text, keep)),
                Event::GeneralRef(name) => {
                    let name = (*name).to_owned();
                    let character = self.character(&name)?;
                    if keep {
                        self.text.push(character);
                    }
                    return Ok(Piece::Text);
                }
                Event::DocType(_) => {
                    return Err(self
                        .refuse_here(&catalogue::XML_FORBIDDEN, "the file has a document type (<!DOCTYPE …>)")
                        .expected("elements alone"));
                }
                Event::Eof => return Ok(Piece::Eof),
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_) => {}
            }
        }
    }

    fn kept(text: &str, kept: &mut String, keep: bool) -> Piece {
        if keep {
            kept.push_str(text);
        }
        Piece::Text
    }

    fn refuse_limits(&self, long: bool) -> Result<(), Refusal> {
        let what = if long {
            format!("a tag is longer than {TAG_BYTES_MAX} bytes")
        } else if self.depth > DEPTH_MAX {
            format!("more than {DEPTH_MAX} elements are open")
        } else {
            return Ok(());
        };
        Err(self.refuse(&catalogue::XML_LIMIT, what))
    }

    /// The character that a reference stands for: the five of XML, or a number.
    fn character(&self, name: &str) -> Result<char, Refusal> {
        let known = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => quick_xml::events::BytesRef::new(name).resolve_char_ref().ok().flatten(),
        };
        known.ok_or_else(|| {
            let what = format!("the reference &{}; stands for nothing", clip(name, 40));
            self.refuse_here(&catalogue::XML_FORBIDDEN, what)
                .expected("&lt; &gt; &amp; &apos; &quot; or a character's number")
        })
    }

    /// What the XML reader complains about.
    fn fault(&self, error: &quick_xml::Error) -> Refusal {
        use quick_xml::Error as E;
        use quick_xml::errors::SyntaxError;
        if let Some(refusal) = self.reader.get_ref().fault() {
            return self.refuse_here(refusal.0, refusal.1.clone());
        }
        match error {
            E::Io(e) => self.refuse_here(&catalogue::UNREADABLE, e.to_string()),
            E::Syntax(e) if *e != SyntaxError::InvalidBangMarkup => {
                self.refuse_here(&catalogue::TRUNCATED, e.to_string())
            }
            E::Namespace(e) => self.refuse_here(&catalogue::XML_LIMIT, clip(&e.to_string(), 200)),
            e => self.refuse_here(&catalogue::XML_MALFORMED, clip(&e.to_string(), 200)),
        }
    }
}

impl Tag {
    fn enter(&mut self, start: &BytesStart<'_>, namespace: Option<usize>, line: u64) {
        self.raw.clear();
        self.raw.push_str(start);
        let (whole, local) = (start.name().as_ref().len(), start.local_name().as_ref().len());
        self.name = (whole.saturating_sub(local), whole);
        self.namespace = namespace;
        self.line = line;
    }
}

#[cfg(test)]
mod tests;
