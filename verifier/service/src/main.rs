//! `covenant-verifier`: see the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    covenant_verifier::cli::main()
}
