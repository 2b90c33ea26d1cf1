//! What every parser keeps, whatever it is given: no panic, accepted books that balance, readings that repeat, encodings that
//! come back as they were. The targets under `fuzz_targets/` run these on bytes that libFuzzer invents; the crates' own tests run
//! them on the inputs under `regressions/`.

mod books;
mod formats;
mod lists;
mod policies;

pub use books::{csv, fec, mapping, norway, portugal, sie, text};
pub use formats::{json, ptau, r1cs, wtns, zkey};
pub use lists::{invoices, receivables, sales, ubl};
pub use policies::{canonical, expression, lint, policy};
