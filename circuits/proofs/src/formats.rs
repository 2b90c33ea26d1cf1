//! The files of circom, snarkjs and rapidsnark, read strictly and written to the byte: constraint systems (`.r1cs`), witnesses
//! (`.wtns`), proving keys with their ceremony's transcript (`.zkey`), powers of tau (`.ptau`), and the JSON forms of verifying
//! keys, proofs and public inputs. With them anyone can check our ceremonies, verify our proofs, and even make them, with
//! software that we did not write.
//!
//! All binary files are one [`container`]: a magic, a version and sections. Numbers are little-endian. Points are x ‖ y in
//! Montgomery form, the identity all zeros. What is read is checked: lengths, ranges, and, where a function says so, every
//! point's place on the curve and in the subgroup.
//!
//! Sources: iden3's `r1csfile`, `binfileutils` and snarkjs 0.7.6 (`zkey_utils.js`, `powersoftau_new.js`, `wtns_utils.js`).

pub mod container;
mod error;
pub mod json;
pub mod parameters;
pub mod ptau;
pub mod r1cs;
pub mod wtns;
pub mod zkey;

pub use error::FormatError;
