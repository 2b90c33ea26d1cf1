//! What every parser keeps, whatever it is given: no panic, accepted books that balance, readings that repeat, encodings that
//! come back as they were; and what our arithmetic keeps: results that are arkworks'. The targets under `fuzz_targets/` run these
//! on bytes that libFuzzer invents; the crates' own tests run them on the inputs under `regressions/`.

mod arithmetic;
mod books;
mod formats;
mod lists;
mod policies;

pub use arithmetic::{lanes, products, proofs};
pub use books::{csv, fec, mapping, norway, portugal, sie, text};
pub use formats::{json, ptau, r1cs, wtns, zkey};
pub use lists::{invoices, receivables, sales, ubl};
pub use policies::{canonical, expression, lint, policy};
