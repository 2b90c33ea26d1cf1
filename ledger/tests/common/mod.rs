//! What the tests on disk share.

use std::path::Path;

use covenant_ledger::{Config, Draft, Kind, Ledger, LedgerError, Limits, StreamId};
use ed25519_dalek::SigningKey;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// The ledger of the crash writer's key in this directory.
pub fn open(directory: &Path) -> Result<Ledger, LedgerError> {
    open_crash(directory, true)
}

/// The same; whether it may be a new one is said.
pub fn open_crash(directory: &Path, create: bool) -> Result<Ledger, LedgerError> {
    open_as(directory, "example.com/crash", [42; 32], create)
}

/// The ledger of the crash writer's key, which writes look-ups of every eighth entry on into the table. A ledger that has written any moves all
/// that it has into table files when it is closed.
pub fn open_in_runs(directory: &Path) -> Result<Ledger, LedgerError> {
    open_with(directory, "example.com/crash", [42; 32], true, 8)
}

/// The ledger of another origin or key.
pub fn open_as(directory: &Path, origin: &str, key: [u8; 32], create: bool) -> Result<Ledger, LedgerError> {
    open_with(directory, origin, key, create, Limits::default().lookups_entries)
}

fn open_with(
    directory: &Path,
    origin: &str,
    key: [u8; 32],
    create: bool,
    lookups_entries: u64,
) -> Result<Ledger, LedgerError> {
    let config = Config {
        origin: origin.to_owned(),
        signing_key: SigningKey::from_bytes(&key),
        limits: Limits {
            lookups_entries,
            ..Limits::default()
        },
        create,
        witnessing: None,
    };
    Ledger::open(directory, config, || 1_700_000_000_000, ChaCha20Rng::seed_from_u64(7))
}

/// A submission with one unique key.
pub fn draft(stream: u8, body: &str, key: &str) -> Draft {
    let mut draft = Draft::new(Kind::new("test").expect("a kind"), StreamId([stream; 32]), body);
    draft.unique = vec![key.as_bytes().to_vec()];
    draft
}
