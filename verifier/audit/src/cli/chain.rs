//! Checking one stream's own chain.

use std::fs::File;
use std::io::BufReader;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::refusals::FILE_UNREADABLE;
use covenant_audit::chain;
use covenant_policy::refusal::Refusal;

use super::args;
use super::output::{self, Fail, Said};

/// Checks a chain against what is trusted.
pub fn check(asked: &args::Chain) -> Result<Said, Fail> {
    let anchor = super::anchor(&asked.trust).map_err(Fail::Fault)?;
    let file = File::open(&asked.file)
        .map_err(|error| Fail::Fault(Refusal::new(&FILE_UNREADABLE, error.to_string()).at(asked.file.display())))?;
    let mut kinds: Vec<(String, u64)> = Vec::new();
    let chain = chain::read(BufReader::new(file), &anchor.key, |entry, _| {
        match kinds.iter_mut().find(|(kind, _)| kind == entry.kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((entry.kind.to_owned(), 1)),
        }
    })
    .map_err(Fail::Refused)?;
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let mut facts = vec![
        ("log", anchor.key.origin().to_owned()),
        ("stream", chain.stream.to_string()),
        ("entries", format!("{}: {}", chain.entries, kinds.join(", "))),
        ("bodies", format!("{}, each as its entry commits to it", chain.bodies)),
        (
            "checkpoint",
            format!(
                "size {}, root {}",
                chain.checkpoint.size,
                STANDARD.encode(chain.checkpoint.root.0)
            ),
        ),
    ];
    facts.extend(super::cosigned(asked.witness_policy.as_deref(), &chain.note, &anchor)?);
    Ok(output::facts("The chain holds from its first entry on.", facts))
}
