//! Makes fixtures ahead of the tests and benches that need them: `covenant-fixtures BUNDLES APPLICANTS`.

use std::io::Write as _;
use std::process::ExitCode;

use covenant_tests::fixture::Fixture;

fn main() -> ExitCode {
    let numbers: Vec<usize> = std::env::args().skip(1).map_while(|word| word.parse().ok()).collect();
    let made = match numbers[..] {
        [bundles, applicants] => Fixture::try_load(bundles, applicants),
        _ => Err("two numbers are needed: BUNDLES APPLICANTS".into()),
    };
    match made {
        Ok(_) => ExitCode::SUCCESS,
        Err(fault) => {
            drop(writeln!(std::io::stderr(), "covenant-fixtures: {fault}"));
            ExitCode::FAILURE
        }
    }
}
