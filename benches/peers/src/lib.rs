//! What the comparison of provers consists of; the program is `main.rs`, the stages of our own prover are a bench.

pub mod cases;
pub mod chain;
pub mod equality;
pub mod inside;
pub mod measure;
pub mod whole;

/// Whatever went wrong.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
