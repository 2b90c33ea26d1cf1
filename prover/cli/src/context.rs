//! What a verb is given besides its arguments: where the vault lies, what time it is, who types the passphrase.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use covenant_api::refusals::{PASSPHRASE_MISSING, PASSPHRASE_UNUSABLE};
use covenant_api::seal::Passphrase;
use covenant_api::types::UtcTime;
use covenant_api::{files, host, limits};
use covenant_policy::refusal::Refusal;

use crate::args::Options;
use crate::refusals::NO_HOME;

/// The surroundings of one command.
pub struct Context {
    home: Option<PathBuf>,
    data: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    now: UtcTime,
}

impl Context {
    /// Reads the surroundings: the clock, unless the options set the time, and the XDG data directory.
    ///
    /// # Errors
    /// `host-fault`.
    pub fn new(options: &Options) -> Result<Self, Refusal> {
        let now = match options.now {
            Some(now) => now,
            None => host::now()?,
        };
        Ok(Self {
            home: options.home.clone(),
            data: xdg_data(std::env::var_os("XDG_DATA_HOME"), std::env::var_os("HOME")),
            passphrase_file: options.passphrase_file.clone(),
            now,
        })
    }

    /// The present instant.
    pub fn now(&self) -> UtcTime {
        self.now
    }

    /// The vault's directory.
    ///
    /// # Errors
    /// `no-home`.
    pub fn home(&self) -> Result<&Path, Refusal> {
        self.home.as_deref().or(self.data.as_deref()).ok_or_else(|| {
            Refusal::new(
                &NO_HOME,
                "neither --home, nor XDG_DATA_HOME, nor HOME says where the vault lies",
            )
        })
    }

    /// Where the proving keys lie: where it was said; else beside the vault, where there are any; else in the XDG data
    /// directory, which several vaults can share; else beside the vault.
    ///
    /// # Errors
    /// `no-home`.
    pub fn keys(&self, said: Option<&Path>) -> Result<PathBuf, Refusal> {
        if let Some(said) = said {
            return Ok(said.to_owned());
        }
        let beside = self.home().map(|home| home.join("keys"));
        let shared = self.data.as_ref().map(|data| data.join("keys"));
        match (beside, shared) {
            (Ok(beside), _) if beside.is_dir() => Ok(beside),
            (_, Some(shared)) if self.home.is_none() || shared.is_dir() => Ok(shared),
            (beside, _) => beside,
        }
    }

    /// The passphrase: from the file, or typed.
    ///
    /// # Errors
    /// `passphrase-missing`, `passphrase-unusable`, `file-unreadable`.
    pub fn passphrase(&self) -> Result<Passphrase, Refusal> {
        self.read_passphrase("Passphrase of the vault: ")
    }

    /// The passphrase of a vault that is being made: from the file, or typed twice.
    ///
    /// # Errors
    /// `passphrase-missing`, `passphrase-unusable`, `file-unreadable`.
    pub fn new_passphrase(&self) -> Result<Passphrase, Refusal> {
        if self.passphrase_file.is_some() {
            return self.passphrase();
        }
        let first = typed("Passphrase for the new vault: ")?;
        let second = typed("The same once more: ")?;
        if first != second {
            return Err(Refusal::new(
                &PASSPHRASE_UNUSABLE,
                "the two passphrases are not the same",
            ));
        }
        Passphrase::new(second.to_string())
    }

    fn read_passphrase(&self, prompt: &str) -> Result<Passphrase, Refusal> {
        match &self.passphrase_file {
            Some(path) => Passphrase::from_file_bytes(files::read(path, limits::PASSPHRASE_BYTES_MAX + 2)?),
            None => Passphrase::new(typed(prompt)?.to_string()),
        }
    }
}

/// What somebody types without seeing it.
///
/// # Errors
/// `passphrase-missing` where there is no terminal.
pub fn typed(prompt: &str) -> Result<zeroize::Zeroizing<String>, Refusal> {
    if !std::io::stdin().is_terminal() {
        return Err(Refusal::new(&PASSPHRASE_MISSING, "there is no terminal to ask at"));
    }
    rpassword::prompt_password(prompt)
        .map(zeroize::Zeroizing::new)
        .map_err(|e| {
            Refusal::new(
                &PASSPHRASE_MISSING,
                format!("nothing could be read from the terminal: {e}"),
            )
        })
}

/// `covenant` in the XDG data directory; relative paths in the variable are to be ignored (XDG base directory 0.8).
fn xdg_data(data_home: Option<std::ffi::OsString>, home: Option<std::ffi::OsString>) -> Option<PathBuf> {
    let absolute = |value: Option<std::ffi::OsString>| value.map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(data_home)
        .or_else(|| absolute(home).map(|home| home.join(".local/share")))
        .map(|d| d.join("covenant"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_follows_the_standard() {
        let some = |text: &str| Some(text.into());
        assert_eq!(xdg_data(some("/data"), some("/user")), Some("/data/covenant".into()));
        assert_eq!(
            xdg_data(some("relative"), some("/user")),
            Some("/user/.local/share/covenant".into())
        );
        assert_eq!(xdg_data(None, some("")), None);
    }

    #[test]
    fn keys_are_found_beside_the_vault_first() {
        let directory = tempfile::tempdir().unwrap();
        let (home, data) = (directory.path().join("home"), directory.path().join("data"));
        let now = UtcTime::from_unix_seconds(0).unwrap();
        let context = Context {
            home: Some(home.clone()),
            data: Some(data.clone()),
            passphrase_file: None,
            now,
        };
        assert_eq!(context.keys(Some(Path::new("said"))).unwrap(), Path::new("said"));
        assert_eq!(context.keys(None).unwrap(), home.join("keys"));
        std::fs::create_dir_all(data.join("keys")).unwrap();
        assert_eq!(context.keys(None).unwrap(), data.join("keys"));
        std::fs::create_dir_all(home.join("keys")).unwrap();
        assert_eq!(context.keys(None).unwrap(), home.join("keys"));
        let nowhere = Context {
            home: None,
            data: None,
            passphrase_file: None,
            now,
        };
        assert_eq!(nowhere.keys(None).unwrap_err().code(), "no-home");
    }
}
