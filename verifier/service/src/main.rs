//! `covenant-verifier`: the service that checks proofs and records verdicts.

fn main() {}
