//! The vault: one seed, the statements and what was proven with them, sealed under a passphrase.
//!
//! ```text
//! vault.key    32 random bytes, sealed under the passphrase (Argon2id, ChaCha20-Poly1305; `covenant_api::seal`)
//! vault.data   the contents, under that key (XChaCha20-Poly1305, a fresh 24-byte nonce for each writing)
//! vault.lock   held while a command writes
//! ```
//!
//! Two files, so that Argon2id is paid once a command, and saving costs nothing more. The data file is replaced whole: after
//! a crash the old contents or the new are there. One recovery phrase (BIP39, 24 words) restores every secret, because all of
//! them are derived from its seed ([`secrets`]); the statements come back by importing the same books again.

pub mod contents;
pub mod secrets;
mod store;

pub use contents::{Budget, Contents, Disclosure, HeldInvitation, HeldStatement, Unanswered};
pub use secrets::{Phrase, Secrets};
pub(crate) use store::make_directory;
pub use store::{Vault, Writer};

#[cfg(test)]
mod tests;
