//! The envelope that every document travels in: `type`, `version`, `document`, and for signed ones `signer` and `signature`.
//!
//! Reading goes from the outside in: size, then type and version, then every field, unknown ones refused.

use covenant_policy::refusal::Refusal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::ids;
use crate::limits;
use crate::refusals::{
    DOCUMENT_TOO_LARGE, MALFORMED_DOCUMENT, UNKNOWN_FIELD, UNSUPPORTED_VERSION, WRONG_DOCUMENT_TYPE,
};
use crate::types::Hex32;

/// A type of document.
pub trait Document: Serialize + DeserializeOwned {
    /// What stands in `type`.
    const TYPE: &'static str;
    /// What stands in `version`.
    const VERSION: u32 = 1;
    /// The largest file that is read.
    const BYTES_MAX: usize = limits::DOCUMENT_BYTES_MAX;
    /// The prefix of its displayed id.
    const PREFIX: &'static str = ids::prefix::DOCUMENT;

    /// What the fields' own types cannot say.
    ///
    /// # Errors
    /// `malformed-document`.
    fn validate(&self) -> Result<(), Refusal> {
        Ok(())
    }

    /// The key that the document itself says must have signed it. Whoever could sign an invitation in another bank's name would
    /// learn its applicants' pseudonyms there.
    fn must_be_signed_by(&self) -> Option<Hex32> {
        None
    }

    /// The document's id: SHA-256 over `covenant/id/TYPE/vVERSION`, a zero byte and the document's deterministic CBOR.
    ///
    /// # Errors
    /// `unencodable`.
    fn id(&self) -> Result<Hex32, Refusal> {
        Ok(Self::id_of(&canonical::to_vec(self)?))
    }

    /// The id of the document whose deterministic CBOR this is.
    fn id_of(encoded: &[u8]) -> Hex32 {
        ids::hash_bytes(&format!("covenant/id/{}/v{}", Self::TYPE, Self::VERSION), encoded)
    }
}

/// The first two fields of every envelope.
#[derive(Deserialize)]
struct Header {
    r#type: String,
    version: u32,
}

/// What was read of an envelope.
pub(crate) trait Envelope: DeserializeOwned {
    /// What stood in `type` and in `version`.
    fn header(&self) -> (&str, u32);
}

/// An unsigned document's envelope.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<T> {
    r#type: String,
    version: u32,
    document: T,
}

impl<T: DeserializeOwned> Envelope for Plain<T> {
    fn header(&self) -> (&str, u32) {
        (&self.r#type, self.version)
    }
}

/// Reads an unsigned document.
///
/// # Errors
/// `document-too-large`, `malformed-document`, `unknown-field`, `wrong-document-type`, `unsupported-version`.
pub fn from_json<T: Document>(bytes: &[u8]) -> Result<T, Refusal> {
    let plain: Plain<T> = read_envelope::<T, _>(bytes)?;
    plain.document.validate()?;
    Ok(plain.document)
}

/// Writes an unsigned document.
///
/// # Errors
/// `unencodable`.
pub fn to_json<T: Document>(document: &T) -> Result<Vec<u8>, Refusal> {
    write_json(&Plain {
        r#type: T::TYPE.into(),
        version: T::VERSION,
        document,
    })
}

/// Reads an envelope of documents of type `T`, once its size, type and version are right.
pub(crate) fn read_envelope<T: Document, E: Envelope>(bytes: &[u8]) -> Result<E, Refusal> {
    if bytes.len() > T::BYTES_MAX {
        return Err(Refusal::new(&DOCUMENT_TOO_LARGE, format!("{} bytes", bytes.len()))
            .at(T::TYPE)
            .expected(format!("at most {} bytes", T::BYTES_MAX)));
    }
    match parse::<E>(bytes, T::TYPE) {
        Ok(read) => {
            let (r#type, version) = read.header();
            expect_header::<T>(r#type, version)?;
            Ok(read)
        }
        // What is wrong with its first two fields is said first.
        Err(refusal) => {
            let header: Header = parse(bytes, T::TYPE)?;
            expect_header::<T>(&header.r#type, header.version)?;
            Err(refusal)
        }
    }
}

/// Type and version are those of `T`.
pub(crate) fn expect_header<T: Document>(r#type: &str, version: u32) -> Result<(), Refusal> {
    if r#type != T::TYPE {
        let found: String = r#type.chars().take(64).collect();
        return Err(
            Refusal::new(&WRONG_DOCUMENT_TYPE, format!("a document of type {found:?}"))
                .at("type")
                .expected(format!("{:?}", T::TYPE)),
        );
    }
    if version != T::VERSION {
        return Err(Refusal::new(&UNSUPPORTED_VERSION, format!("version {}", version))
            .at("version")
            .expected(format!("version {}", T::VERSION)));
    }
    Ok(())
}

/// JSON for people: indented, with a newline at its end.
pub(crate) fn write_json<T: Serialize>(value: &T) -> Result<Vec<u8>, Refusal> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|e| Refusal::new(&crate::refusals::UNENCODABLE, format!("no JSON form: {e}")))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn parse<E: DeserializeOwned>(bytes: &[u8], place: &str) -> Result<E, Refusal> {
    serde_json::from_slice(bytes).map_err(|e| {
        let text = e.to_string();
        // serde_json puts the position at the end of its message; it is said once, in its own place.
        let what = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(what, _)| what)
            .to_owned();
        let entry = if what.starts_with("unknown field") {
            &UNKNOWN_FIELD
        } else {
            &MALFORMED_DOCUMENT
        };
        Refusal::new(entry, what).at(format!("{place}, line {}, column {}", e.line(), e.column()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        subject: Hex32,
    }

    impl Document for Note {
        const TYPE: &'static str = "note";
        const BYTES_MAX: usize = 300;
    }

    fn code(text: &str) -> &'static str {
        from_json::<Note>(text.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn reads_from_the_outside_in() {
        let note = Note {
            subject: Hex32([1; 32]),
        };
        let json = String::from_utf8(to_json(&note).unwrap()).unwrap();
        assert_eq!(from_json::<Note>(json.as_bytes()).unwrap(), note);

        assert_eq!(code(&" ".repeat(301)), "document-too-large");
        assert_eq!(code(&json.replace("\"note\"", "\"memo\"")), "wrong-document-type");
        assert_eq!(
            code(&json.replace("\"version\": 1", "\"version\": 2")),
            "unsupported-version"
        );
        assert_eq!(code(&json.replace("\"subject\"", "\"object\"")), "unknown-field");
        assert_eq!(
            code(&json.replace("\"version\"", "\"note\": 1, \"version\"")),
            "unknown-field"
        );
        assert_eq!(code(&json.replace("0101", "0A01")), "malformed-document");
        assert_eq!(
            code(&json.replace("\"type\"", "\"version\": 1, \"type\"")),
            "malformed-document",
            "a field twice"
        );
        assert_eq!(code(&json[..json.len() - 3]), "malformed-document", "truncated");
        assert_eq!(code(&format!("{json}{{}}")), "malformed-document", "something after it");
        assert_eq!(code(""), "malformed-document");
        assert_eq!(code(&"[".repeat(300)), "malformed-document");
    }

    #[test]
    fn a_refusal_says_where() {
        let json = String::from_utf8(
            to_json(&Note {
                subject: Hex32([1; 32]),
            })
            .unwrap(),
        )
        .unwrap();
        let refusal = from_json::<Note>(json.replace("\"subject\"", "\"object\"").as_bytes()).unwrap_err();
        assert_eq!(refusal.place.as_deref(), Some("note, line 5, column 12"));
        assert!(!refusal.what.contains("line"), "{}", refusal.what);
    }
}
