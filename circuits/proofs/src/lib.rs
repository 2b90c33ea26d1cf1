//! The proof system over any [`Statement`](statement::Statement): Groth16 over BN254 in circom's convention.

pub mod statement;
