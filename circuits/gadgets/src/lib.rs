//! Poseidon, Baby Jubjub EdDSA, ranges and packing, each as a native function and as its twin in a circuit, with the same name
//! and argument order. Compatible with circomlib.

pub mod circuit;
