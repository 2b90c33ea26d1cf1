//! Bearer tokens: who may call as a bank or an auditor. They are made and revoked by the operator at the command line, and lie in
//! `tokens.json` as hashes.
//!
//! A token is 32 random bytes, so one SHA-256 behind a domain is enough to keep it: there is nothing to guess, and slow hashing is for
//! passwords. The file is replaced atomically; a running server looks at its inode, size and time with every call that brings a
//! token, so that a revocation holds from the next call on.

mod live;

use std::path::{Path, PathBuf};

use covenant_api::types::{Hex32, Name, UtcTime};
use covenant_api::{files, host, ids};
use covenant_policy::refusal::Refusal;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::refusals::{TOKENS_DAMAGED, TOKENS_FULL, UNKNOWN_TOKEN_ID};

pub use live::LiveTokens;

/// The file's name in the directory.
pub const FILE: &str = "tokens.json";
/// Bytes of the file.
const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What every token begins with, so that scanners for leaked secrets know it.
pub const PREFIX: &str = "cvt_";
/// Letters of a token: the prefix and 32 bytes in base32.
const TOKEN_LETTERS: usize = PREFIX.len() + 52;
/// The domain of the hash that is kept.
const DOMAIN: &str = "covenant/service/token/v1";

/// What a token's holder may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Role {
    /// Acts for the bank of this first key.
    Bank {
        /// The bank's first key.
        bank: Hex32,
    },
    /// Reads everything.
    Auditor {},
}

impl Role {
    /// The role's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bank { .. } => "bank",
            Self::Auditor {} => "auditor",
        }
    }
}

/// A token as it is kept: not the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// By which it is listed and revoked.
    pub id: String,
    /// Whose it is, for the operator's own use.
    pub name: Name,
    /// What it allows.
    pub role: Role,
    /// When it was made.
    pub created: UtcTime,
    /// SHA-256 over domain, zero byte and token.
    pub hash: Hex32,
}

/// The file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    tokens: Vec<Token>,
}

/// The tokens of a directory, as they were when it was read.
#[derive(Debug, Clone)]
pub struct Tokens {
    path: PathBuf,
    max: usize,
    tokens: Vec<Token>,
}

impl Tokens {
    /// Reads the directory's tokens; without a file there are none.
    ///
    /// # Errors
    /// `tokens-damaged`, `file-unreadable`.
    pub fn open(directory: &Path, max: usize) -> Result<Self, Refusal> {
        let path = directory.join(FILE);
        let tokens = if path.exists() { read(&path)? } else { Vec::new() };
        Ok(Self { path, max, tokens })
    }

    /// Every token.
    pub fn list(&self) -> &[Token] {
        &self.tokens
    }

    /// Makes a token. What is returned is shown once and kept nowhere.
    ///
    /// # Errors
    /// `tokens-full`, `file-unwritable`, `host-fault`.
    pub fn create(&mut self, name: Name, role: Role) -> Result<(Token, Zeroizing<String>), Refusal> {
        if self.tokens.len() >= self.max {
            return Err(Refusal::new(&TOKENS_FULL, format!("{} tokens", self.tokens.len()))
                .expected(format!("at most {}", self.max)));
        }
        let mut rng = host::rng()?;
        let mut id = [0; 5];
        rng.fill_bytes(&mut id);
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(bytes.as_mut());
        let text = Zeroizing::new(format!("{PREFIX}{}", ids::base32().encode(bytes.as_ref())));
        let token = Token {
            id: format!("tok_{}", ids::base32().encode(&id)),
            name,
            role,
            created: host::now()?,
            hash: hash(&text),
        };
        self.tokens.push(token.clone());
        self.store()?;
        Ok((token, text))
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// `unknown-token-id`, `file-unwritable`.
    pub fn revoke(&mut self, id: &str) -> Result<Token, Refusal> {
        let Some(at) = self.tokens.iter().position(|token| token.id == id) else {
            return Err(Refusal::new(&UNKNOWN_TOKEN_ID, format!("{id:?}")));
        };
        let token = self.tokens.remove(at);
        self.store()?;
        Ok(token)
    }

    fn store(&self) -> Result<(), Refusal> {
        let file = File {
            version: 1,
            tokens: self.tokens.clone(),
        };
        let mut json = serde_json::to_vec_pretty(&file)
            .map_err(|error| Refusal::new(&TOKENS_DAMAGED, error.to_string()).at(self.path.display()))?;
        json.push(b'\n');
        files::replace(&self.path, &json)
    }
}

/// Reads the file.
fn read(path: &Path) -> Result<Vec<Token>, Refusal> {
    let bytes = files::read(path, FILE_BYTES_MAX)?;
    let damaged = |what: String| Refusal::new(&TOKENS_DAMAGED, what).at(path.display());
    let file: File = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if file.version != 1 {
        return Err(damaged(format!("version {}", file.version)).expected("version 1"));
    }
    Ok(file.tokens)
}

/// What is kept of a token.
fn hash(token: &str) -> Hex32 {
    ids::hash_bytes(DOMAIN, token.as_bytes())
}

/// Whether this has a token's form, so that what plainly is none is told apart early.
fn is_token(text: &str) -> bool {
    let letters = text.strip_prefix(PREFIX).unwrap_or_default();
    text.len() == TOKEN_LETTERS && letters.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_as_a_hash_and_revoked_by_its_id() {
        let directory = tempfile::tempdir().unwrap();
        let mut tokens = Tokens::open(directory.path(), 2).unwrap();
        let name = Name::parse("First Bank").unwrap();
        let bank = Role::Bank { bank: Hex32([7; 32]) };
        let (kept, text) = tokens.create(name.clone(), bank).unwrap();
        assert!(is_token(&text), "{}", *text);
        let (auditor, _) = tokens.create(name.clone(), Role::Auditor {}).unwrap();
        assert_eq!(tokens.create(name, bank).unwrap_err().code(), "tokens-full");

        let file = std::fs::read_to_string(directory.path().join(FILE)).unwrap();
        assert!(!file.contains(text.as_str()) && !file.contains(&text[PREFIX.len()..]));
        let mut again = Tokens::open(directory.path(), 2).unwrap();
        assert_eq!(again.list(), &[kept.clone(), auditor]);
        assert_eq!(again.revoke(&kept.id).unwrap(), kept);
        assert_eq!(again.revoke(&kept.id).unwrap_err().code(), "unknown-token-id");
        assert_eq!(Tokens::open(directory.path(), 2).unwrap().list().len(), 1);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        for text in [
            "",
            "{}",
            r#"{"version":2,"tokens":[]}"#,
            r#"{"version":1,"tokens":[],"more":1}"#,
            r#"{"version":1,"tokens":[{"id":"tok_a"}]}"#,
        ] {
            std::fs::write(directory.path().join(FILE), text).unwrap();
            assert_eq!(
                Tokens::open(directory.path(), 9).unwrap_err().code(),
                "tokens-damaged",
                "{text}"
            );
        }
    }
}
