//! The proof system over any [`Statement`](statement::Statement): Groth16 over BN254 in circom's convention.
//!
//! Keys come from [`keys`], proofs from [`prove`] and verdicts from [`verify`]; what comes from outside passes through
//! [`decode`]. The only crate that names ark-groth16 and merlin.

mod arithmetic;
pub mod batch;
mod batch_affine;
pub mod ceremony;
pub mod decode;
pub mod errors;
#[doc(hidden)] // open for benches
pub mod fft;
pub mod foreign;
pub mod formats;
pub mod keys;
#[cfg(target_arch = "x86_64")]
#[doc(hidden)] // open for benches
pub mod lanes;
pub mod matrices;
#[doc(hidden)] // open for benches
pub mod measure;
mod montgomery;
mod msm;
mod numbers;
#[cfg(target_arch = "x86_64")]
mod pairing;
pub mod prove;
pub mod qap;
pub mod shape;
pub mod statement;
pub mod transcript;
pub mod verify;
mod windows;

#[cfg(test)]
mod test_statement;
