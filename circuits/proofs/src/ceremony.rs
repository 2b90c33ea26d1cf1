//! The second phase of a ceremony, for one circuit: from powers of tau to a key under which nobody can forge, unless all of
//! those who contributed kept their secrets and put them together.
//!
//! - [`known_powers`]: powers of tau whose secrets are known, for development and rehearsals only.
//! - [`setup`]: the first key, δ = 1, computed from the circuit and the powers of tau by anybody, the same for all.
//! - [`contribute`], [`beacon`]: multiply δ by a secret, divide L and H by it, and prove in the transcript that whoever did so
//!   knew the secret.
//! - [`verify`]: the whole transcript, from the circuit and the powers of tau.
//! - [`finish`]: verify, and make the key that provers and verifiers open.
//!
//! Keys and transcripts are those of snarkjs 0.7.6, to the byte, so that its `zkey contribute`, `zkey beacon` and `zkey verify`
//! work on ours and the other way round. Protocol: Bowe, Gabizon, Miers (BGM17, eprint 2017/1050).

mod contribute;
mod error;
mod finish;
mod hashing;
mod powers;
mod setup;
mod verify;

pub use contribute::{beacon, contribute};
pub use error::CeremonyError;
pub use finish::{Finished, circuit, finish};
pub use powers::{known_powers, known_powers_bytes};
pub(crate) use setup::entries;
pub use setup::setup;
pub use verify::{Contributed, verify};

#[cfg(test)]
mod tests;
