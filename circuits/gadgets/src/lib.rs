//! Poseidon, Baby Jubjub EdDSA, ranges and packing, each as a native function and as its twin in a circuit, with the same name
//! and argument order. Compatible with circomlib.

pub mod baby_jubjub;
pub mod circuit;
pub mod eddsa;
pub mod field;
pub mod poseidon;
pub mod range;
pub mod rows;
pub mod testing;

#[cfg(test)]
mod test_data;
