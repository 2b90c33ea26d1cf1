//! The tokens as a running server sees them: read again whenever the file is another.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use covenant_policy::refusal::Refusal;
use subtle::ConstantTimeEq as _;

use super::{FILE, Role, Token, hash, is_token, read};

/// By what a file is known to be another: device, inode, size, and time to the nanosecond.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// The tokens that count at this moment.
#[derive(Debug)]
pub struct LiveTokens {
    path: PathBuf,
    seen: RwLock<Seen>,
}

#[derive(Debug, Clone)]
struct Seen {
    stamp: Stamp,
    tokens: Arc<Vec<Token>>,
}

impl LiveTokens {
    /// The tokens of this directory.
    ///
    /// # Errors
    /// `tokens-damaged`, `file-unreadable`.
    pub fn open(directory: &Path) -> Result<Self, Refusal> {
        let path = directory.join(FILE);
        let stamp = stamp(&path);
        let tokens = if stamp.is_some() { read(&path)? } else { Vec::new() };
        Ok(Self {
            path,
            seen: RwLock::new(Seen {
                stamp,
                tokens: Arc::new(tokens),
            }),
        })
    }

    /// Whose token this is; `None` where it is nobody's. Every kept hash is compared, in time that does not depend on the outcome.
    pub fn role_of(&self, text: &str) -> Option<Role> {
        if !is_token(text) {
            return None;
        }
        let given = hash(text);
        let mut found = None;
        for token in self.current().iter() {
            if bool::from(token.hash.0.ct_eq(&given.0)) {
                found = Some(token.role);
            }
        }
        found
    }

    fn current(&self) -> Arc<Vec<Token>> {
        let now = stamp(&self.path);
        {
            let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
            if seen.stamp == now {
                return Arc::clone(&seen.tokens);
            }
        }
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        let tokens = if now.is_none() {
            Vec::new()
        } else {
            // A file that cannot be read admits nobody: an old list might admit whom it was to shut out.
            read(&self.path).unwrap_or_else(|refusal| {
                tracing::error!(%refusal, "no token is accepted until the file is whole");
                Vec::new()
            })
        };
        *seen = Seen {
            stamp: now,
            tokens: Arc::new(tokens),
        };
        Arc::clone(&seen.tokens)
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::Tokens;
    use super::*;
    use covenant_api::types::Name;

    #[test]
    fn changes_are_seen_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let live = LiveTokens::open(directory.path()).unwrap();
        let mut tokens = Tokens::open(directory.path(), 9).unwrap();
        let name = Name::parse("Auditors").unwrap();
        let (token, text) = tokens.create(name.clone(), Role::Auditor {}).unwrap();
        assert_eq!(live.role_of(&text), Some(Role::Auditor {}));
        let mut other = text.to_string();
        other.pop();
        other.push(if text.ends_with('a') { 'b' } else { 'a' });
        assert_eq!(live.role_of(&other), None);
        assert_eq!(live.role_of("cvt_"), None);

        tokens.revoke(&token.id).unwrap();
        assert_eq!(live.role_of(&text), None);
        let (_, text) = tokens.create(name, Role::Auditor {}).unwrap();
        assert_eq!(live.role_of(&text), Some(Role::Auditor {}));
        fs::write(directory.path().join(FILE), "{").unwrap();
        assert_eq!(live.role_of(&text), None, "a damaged file admits nobody");
        fs::remove_file(directory.path().join(FILE)).unwrap();
        assert_eq!(live.role_of(&text), None);
    }
}
