//! Ceremonies: from nothing to a key under which nobody can forge, unless all of those who contributed kept their secrets and put
//! them together. The first phase makes powers of tau, which serve every circuit; the second a key, for one circuit.
//!
//! - [`new_powers`], [`contribute_powers`], [`beacon_powers`], [`verify_powers`]: powers of tau.
//! - [`known_powers`]: powers of tau whose secrets are known, for development and rehearsals only.
//! - [`setup`]: the first key, δ = 1, computed from the circuit and the powers of tau by anybody, the same for all.
//! - [`contribute`], [`beacon`]: multiply δ by a secret, divide L and H by it, and prove in the transcript that whoever did so
//!   knew the secret.
//! - [`verify`]: the whole transcript, from the circuit and the powers of tau, with those who contributed to these.
//! - [`finish`]: verify, and make the key that provers and verifiers open.
//!
//! Files and hashes are those of snarkjs 0.7.6, to the byte, so that its `powersoftau contribute`, `beacon` and `verify`, and its
//! `zkey contribute`, `beacon` and `verify` work on ours and the other way round. Protocol: Bowe, Gabizon, Miers (BGM17, eprint
//! 2017/1050).

mod blake2b;
mod contribute;
mod error;
mod finish;
mod hashing;
mod powers;
mod rehearsal;
mod setup;
mod verify;

pub use contribute::{beacon, contribute};
pub use error::CeremonyError;
pub use finish::{Finished, circuit, finish};
pub use powers::{beacon_powers, contribute_powers, new_powers, points_of_powers, verify_powers};
pub use rehearsal::{known_powers, known_powers_bytes};
pub(crate) use setup::entries;
pub use setup::setup;
pub use verify::{Checked, Contributed, verify};

#[cfg(test)]
mod tests;
