//! `covenant-audit`: rechecks everything that a ledger holds, with code of its own.

fn main() {}
