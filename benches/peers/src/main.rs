//! Provers side by side: ours, ark-groth16 and taceo-groth16 inside one process on the same key, witness and constraint system, in
//! turns; and ours, rapidsnark and snarkjs as whole processes on the same files. `make bench-peers` runs it.
//!
//! `covenant-peers [CASE…]`, a case being `compliance` or the logarithm of a domain (`14`, `16`, `18`, `20`). Variables: `RUNS`
//! (rounds, 9), `RAPIDSNARK` and `SNARKJS` (paths of their programs; left out where not given), `FILES` (where keys and witnesses
//! are kept, so that they are made once; a scratch folder otherwise), `JSON` (where the summary goes), `SCALAR` (ours without vectors,
//! in one process with the others only), `COMMAND` (a `covenant prove …` to run as a whole beside the others' processes, by the shell, for
//! `compliance`). `covenant-peers equality N` proves N random circuits with random witnesses and compares each proof with ark-groth16's byte by byte.
//!
//! Keys come from a development setup, whose trapdoor is known: a ceremony's key is no faster and no slower.

use std::path::PathBuf;
use std::process::ExitCode;

use covenant_peers::{Error, cases, equality, inside, whole};
use covenant_proofs::measure::force_scalar;
use serde_json::json;

/// What is proven where no case is named.
const CASES: [&str; 4] = ["compliance", "14", "16", "18"];

#[expect(clippy::print_stderr, reason = "a program that reports")]
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("covenant-peers: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a bench reports")]
fn run() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["equality", count] => {
            let count = count.parse()?;
            equality::check(count, 1);
            println!("{count} proofs are ark-groth16's to the byte, alone and made at the same time");
            return Ok(());
        }
        [whole::CHILD, case, folder] => return whole::child(case, folder.as_ref()),
        _ => {}
    }
    let names = if args.is_empty() {
        CASES.map(str::to_owned).to_vec()
    } else {
        args
    };
    let rounds = match std::env::var("RUNS") {
        Ok(text) => text.parse()?,
        Err(_) => 9,
    };
    let scratch = tempfile::tempdir()?;
    let files = std::env::var_os("FILES").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let scalar = std::env::var_os("SCALAR").is_some();
    force_scalar(scalar);
    println!(
        "{}{}",
        covenant_benches::machine(),
        if scalar { "; ours without vectors" } else { "" }
    );
    let mut summary = Vec::new();
    for name in &names {
        let case = cases::prepare(name, &files.join(name))?;
        println!(
            "\n{name}: {} constraints, {} public inputs, domain {}, key {} bytes",
            case.constraints, case.public, case.domain, case.key_bytes
        );
        let inside = inside::compare(&case, rounds)?;
        let whole = if scalar {
            Vec::new()
        } else {
            whole::compare(&case, rounds)?
        };
        summary.push(json!({
            "case": name, "constraints": case.constraints, "public_inputs": case.public, "domain": case.domain,
            "key_bytes": case.key_bytes, "inside": inside, "whole_process": whole,
        }));
    }
    if let Some(path) = std::env::var_os("JSON") {
        let text =
            json!({ "machine": covenant_benches::machine(), "vectors": !scalar, "rounds": rounds, "cases": summary });
        std::fs::write(path, serde_json::to_vec_pretty(&text)?)?;
    }
    Ok(())
}
