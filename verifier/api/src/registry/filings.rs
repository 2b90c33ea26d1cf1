//! Filing: the bank's documents, each with its number and stream, log by log.
//!
//! `filings/LOG/000000.json` and so on are the bodies that were, or are to be, sent to the log's service. A number is taken when its
//! file appears, whole, where none may exist: so after a crash the number is taken and the body is there, or neither.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use covenant_policy::refusal::Refusal;
use data_encoding::BASE64;
use rand::{CryptoRng, RngCore};

use super::load::{damaged, place};
use super::paper::{self, Paper, Stands};
use super::{FILINGS, KEYS, Registry};
use crate::document::Document as _;
use crate::documents::{Bank, Filing, Invitation, PinnedKey};
use crate::refusals::{FILE_EXISTS, FILE_UNREADABLE, NOT_FILED, NOT_IN_REGISTRY, WRONG_LOG, WRONG_NUMBER};
use crate::sign::{Signer, Verified};
use crate::types::{Hex32, LogOrigin};
use crate::{files, ids, limits};

/// How often a number is tried again that another process took meanwhile.
const TRIES: usize = 16;

/// One act of the bank: a filing, and the type of its document.
#[derive(Debug, Clone)]
pub struct Act {
    /// The filing.
    pub filing: Verified<Filing>,
    /// The document's type.
    pub kind: &'static str,
}

/// The bank's acts in one log, by number.
pub(super) type Book = Vec<Act>;

/// The name of a log's folder and file.
pub(super) fn log_id(log: &LogOrigin) -> Hex32 {
    ids::hash_bytes("covenant/log-origin/v1", log.as_str().as_bytes())
}

fn file_name(number: usize) -> String {
    format!("{number:06}.json")
}

impl Registry {
    /// What was filed with this log, by number.
    pub fn filings(&self, log: &LogOrigin) -> &[Act] {
        self.books.get(&log_id(log)).map_or(&[], Vec::as_slice)
    }

    /// Every log that something was filed with, and what.
    pub fn books(&self) -> impl Iterator<Item = (&LogOrigin, &[Act])> {
        self.books
            .values()
            .filter_map(|book| Some((&book.first()?.filing.log, book.as_slice())))
    }

    /// Files one of the bank's signed documents with a log: the act, and the body to be sent to the log's service. A document
    /// that was filed before is not filed again; the same filing is given.
    ///
    /// With a number, the filing of this number is made anew, whatever stood there: for a document that the service refused.
    ///
    /// # Errors
    /// `wrong-signer`, `wrong-document-type` and whatever else is wrong with the document; `not-in-registry`; `not-filed` where
    /// the bank, or the invitation that the document belongs to, was not filed before; `wrong-number`; `file-unwritable`.
    pub fn file<R: RngCore + CryptoRng>(
        &mut self,
        signer: &Signer,
        log: &LogOrigin,
        document: &[u8],
        number: Option<u64>,
        rng: &mut R,
    ) -> Result<(Act, Vec<u8>), Refusal> {
        self.expect_bank(signer)?;
        let paper = Paper::from_json(document, &self.bank.key)?;
        let folder = self.directory.join(FILINGS).join(log_id(log).to_string());
        files::create_directory(&folder)?;
        for _ in 0..TRIES {
            let (book, place) = (self.filings(log), self.place_of(log, &paper, number)?);
            if let (Some(act), None) = (book.get(place), number) {
                let act = act.clone();
                return Ok((
                    act,
                    files::read(&folder.join(file_name(place)), limits::FILING_BYTES_MAX)?,
                ));
            }
            self.holds(&paper)?;
            let filing = signer.sign(Filing {
                log: log.clone(),
                stream: self.stream_of(log, &paper, place, rng)?,
                number: place as u64,
                document: paper.id(),
            })?;
            let body = paper.submission(&filing, self.key_of(&paper)?.as_deref())?;
            let kind = paper.kind();
            match self.enter(&folder, Act { filing, kind }, place, &body) {
                // Another process took the number since the filings were read.
                Err(refusal) if refusal.entry == &FILE_EXISTS => self.reload(&folder)?,
                Err(refusal) => return Err(refusal),
                Ok(act) => return Ok((act, body)),
            }
        }
        Err(Refusal::new(&WRONG_NUMBER, "other processes file with this log at the same time").at(folder.display()))
    }

    /// Under which number a document is, or would be, filed.
    fn place_of(&self, log: &LogOrigin, paper: &Paper, number: Option<u64>) -> Result<usize, Refusal> {
        let (book, id) = (self.filings(log), paper.id());
        let found = book.iter().position(|act| act.filing.document == id);
        let wrong =
            |what: String, expected: String| Err(Refusal::new(&WRONG_NUMBER, what).at("--number").expected(expected));
        match (number, found) {
            (None, found) => Ok(found.unwrap_or(book.len())),
            (Some(number), Some(place)) if number != place as u64 => wrong(
                format!("the document was filed as number {place}"),
                format!("number {place}"),
            ),
            (Some(number), _) => match usize::try_from(number) {
                Ok(place) if place <= book.len() => Ok(place),
                _ => wrong(
                    format!("number {number}"),
                    format!("at most {}, the next number in this log", book.len()),
                ),
            },
        }
    }

    /// The stream in which a document stands.
    fn stream_of<R: RngCore + CryptoRng>(
        &self,
        log: &LogOrigin,
        paper: &Paper,
        place: usize,
        rng: &mut R,
    ) -> Result<Hex32, Refusal> {
        let mut random = || {
            let mut stream = [0; 32];
            rng.fill_bytes(&mut stream);
            Ok(Hex32(stream))
        };
        let missing = |what: String| Refusal::new(&NOT_FILED, what).at(format!("log {log}"));
        if let Paper::Request(request) = paper
            && request.log_origin != *log
        {
            return Err(Refusal::new(&WRONG_LOG, format!("log {log}"))
                .at("request: log_origin")
                .expected(request.log_origin.to_string()));
        }
        let book = self.filings(log);
        // The bank's own document comes first, and nowhere else.
        if (place == 0) != (paper.stands() == Stands::BeginsBank) {
            return Err(missing("the bank was not filed with this log".into()).expected("bank.json, as number 0"));
        }
        let applicant = |invitation: &Hex32| {
            let begins = |act: &&Act| act.kind == Invitation::TYPE && act.filing.document == *invitation;
            let act = book.iter().find(begins);
            act.map(|act| act.filing.stream)
                .ok_or_else(|| missing(format!("invitation {invitation} was not filed with this log")))
        };
        match paper.stands() {
            Stands::BeginsBank | Stands::BeginsApplicant => random(),
            Stands::InBank => book
                .first()
                .filter(|act| act.kind == Bank::TYPE)
                .map(|act| act.filing.stream)
                .ok_or_else(|| missing("the bank was not filed with this log".into())),
            Stands::InApplicant(invitation) => applicant(&invitation),
            Stands::InRequest(request) => applicant(&self.request(&request)?.invitation),
        }
    }

    /// Writes a filing down: over the one of its number, or as the next.
    fn enter(&mut self, folder: &Path, act: Act, place: usize, body: &[u8]) -> Result<Act, Refusal> {
        let path = folder.join(file_name(place));
        let book = self.books.entry(log_id(&act.filing.log)).or_default();
        match book.get_mut(place) {
            Some(old) => {
                files::replace(&path, body)?;
                *old = act.clone();
            }
            None => {
                files::create_new(&path, body)?;
                book.push(act.clone());
            }
        }
        Ok(act)
    }

    /// The registry holds this very document; one that was replaced it holds no longer.
    fn holds(&self, paper: &Paper) -> Result<(), Refusal> {
        let held = match paper {
            Paper::Bank(d) => Some(self.bank.id()).filter(|id| *id == d.id()),
            Paper::AttestorGrant(d) => self.grants.get(&d.attestor).map(Verified::id),
            Paper::AttestorRevocation(d) => self.revocations.get(&d.attestor).map(Verified::id),
            Paper::Policy(d) => self.policies.get(&d.id()).map(|policy| policy.id()),
            Paper::PinnedKey(d) => self.keys.get(&d.verifying_key).map(Verified::id),
            Paper::Invitation(d) => self.invitations.get(&d.id()).map(Verified::id),
            Paper::Enrolled(d) => self.enrolments.get(&d.invitation).map(Verified::id),
            Paper::Request(d) => self.requests.get(&d.id()).map(Verified::id),
            Paper::Decision(d) => self.decisions.get(&d.request).map(Verified::id),
        };
        if held == Some(paper.id()) {
            return Ok(());
        }
        Err(Refusal::new(&NOT_IN_REGISTRY, format!("{} {}", paper.kind(), paper.id())).at(self.directory.display()))
    }

    /// A pinned key's bytes in base64, which travel with its document.
    fn key_of(&self, paper: &Paper) -> Result<Option<String>, Refusal> {
        let Paper::PinnedKey(pinned) = paper else {
            return Ok(None);
        };
        let bytes = files::read(&key_path(&self.directory, pinned), limits::VERIFYING_KEY_BYTES_MAX)?;
        Ok(Some(BASE64.encode(&bytes)))
    }

    fn reload(&mut self, folder: &Path) -> Result<(), Refusal> {
        if let Some((id, book)) = load_book(&self.directory, folder, &self.bank.key)? {
            self.books.insert(id, book);
        }
        Ok(())
    }
}

fn key_path(registry: &Path, pinned: &PinnedKey) -> PathBuf {
    registry.join(KEYS).join(format!("{}.bin", pinned.verifying_key))
}

/// Reads and checks every filing.
pub(super) fn load(registry: &Path, bank: &Hex32) -> Result<BTreeMap<Hex32, Book>, Refusal> {
    let mut books = BTreeMap::new();
    for folder in list(&registry.join(FILINGS))? {
        if folder.is_dir() {
            books.extend(load_book(registry, &folder, bank)?);
        }
    }
    Ok(books)
}

/// Reads one log's filings. A folder without any says nothing: it was made, and nothing was filed yet.
fn load_book(registry: &Path, folder: &Path, bank: &Hex32) -> Result<Option<(Hex32, Book)>, Refusal> {
    let ours = |path: &PathBuf| {
        let hidden = path.file_name().is_none_or(|n| n.as_encoded_bytes().starts_with(b"."));
        !hidden && path.extension().is_some_and(|e| e == "json")
    };
    let count = list(folder)?.iter().filter(|path| ours(path)).count();
    let mut book = Book::new();
    for number in 0..count {
        let path = folder.join(file_name(number));
        if !path.is_file() {
            let expected = format!("numbers 0 to {} without gaps", count - 1);
            return Err(damaged(
                &path,
                format!("there is no filing of number {number}"),
                expected,
            ));
        }
        let bytes = files::read(&path, limits::FILING_BYTES_MAX)?;
        let read = paper::read(&bytes, bank).map_err(|r| place(r, &path))?;
        let filing = &read.filing;
        let here = folder
            .file_name()
            .is_some_and(|name| name == log_id(&filing.log).to_string().as_str());
        if !here || filing.number != number as u64 {
            let found = format!("the file holds number {} of log {}", filing.number, filing.log);
            return Err(damaged(&path, found, "the one that its name says"));
        }
        let key = match &read.paper {
            Paper::PinnedKey(pinned) => Some(BASE64.encode(&files::read(
                &key_path(registry, pinned),
                limits::VERIFYING_KEY_BYTES_MAX,
            )?)),
            _ => None,
        };
        if read.key != key {
            return Err(damaged(
                &path,
                "the key in the filing is another",
                "the key that was pinned",
            ));
        }
        let kind = read.paper.kind();
        book.push(Act {
            filing: read.filing,
            kind,
        });
    }
    Ok(book.first().map(|act| log_id(&act.filing.log)).map(|id| (id, book)))
}

fn list(directory: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let unreadable = |e: std::io::Error| Refusal::new(&FILE_UNREADABLE, e.to_string()).at(directory.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        if paths.len() == limits::REGISTRY_FILES_MAX {
            let expected = format!("at most {}", limits::REGISTRY_FILES_MAX);
            return Err(damaged(directory, "too many files", expected));
        }
        paths.push(entry.map_err(unreadable)?.path());
    }
    Ok(paths)
}
