//! Checking one receipt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_api::files;
use covenant_api::log::Record;
use covenant_api::types::UtcTime;
use covenant_audit::audit::Anchor;
use covenant_audit::receipt::{RECEIPT_BYTES_MAX, Receipt, Shown};
use covenant_policy::refusal::Refusal;

use super::args;
use super::output::{Fail, Said};

/// Checks a receipt against what is trusted.
pub fn check(asked: &args::Receipt) -> Result<Said, Fail> {
    let anchor = super::anchor(&asked.trust).map_err(Fail::Fault)?;
    let bytes = files::read(&asked.file, RECEIPT_BYTES_MAX).map_err(Fail::Fault)?;
    let receipt = Receipt::read(&bytes).map_err(Fail::Refused)?;
    let shown = receipt.verify(&anchor.key).map_err(Fail::Refused)?;
    let mut facts = facts(&shown, &anchor).map_err(Fail::Refused)?;
    facts.extend(super::cosigned(
        asked.witness_policy.as_deref(),
        receipt.note(),
        &anchor,
    )?);
    Ok(super::output::facts("The receipt holds.", facts))
}

/// What the receipt shows.
fn facts(shown: &Shown<'_>, anchor: &Anchor) -> Result<Vec<(&'static str, String)>, Refusal> {
    let entry = &shown.entry;
    let time = UtcTime::from_unix_seconds(entry.time / 1000);
    let mut facts = vec![
        ("log", anchor.key.origin().to_owned()),
        ("entry", entry.index.to_string()),
        ("kind", entry.kind.to_owned()),
        (
            "sequenced",
            time.map_or_else(|| format!("{} ms", entry.time), |time| time.to_string()),
        ),
        ("stream", entry.stream.to_string()),
        ("hash", shown.hash.to_string()),
        (
            "checkpoint",
            format!(
                "size {}, root {}",
                shown.checkpoint.size,
                STANDARD.encode(shown.checkpoint.root.0)
            ),
        ),
    ];
    match shown.body {
        None => facts.push(("body", "not in the receipt".to_owned())),
        Some(body) => {
            facts.push(("body", format!("{} bytes, as the entry commits to them", body.len())));
            facts.extend(record(body, anchor)?);
        }
    }
    Ok(facts)
}

/// What the body says, where it is a record: whose word it is, and the verdict.
fn record(body: &[u8], anchor: &Anchor) -> Result<Vec<(&'static str, String)>, Refusal> {
    let record = Record::from_bytes(body)?;
    let filing = match (&record, record.filing()) {
        (Record::Verdict { verdict, .. }, _) => {
            let verdict = verdict.clone().verify(&anchor.trust.operator)?;
            return Ok(vec![
                ("signed by", format!("the operator, {}", verdict.signer())),
                ("request", verdict.request.to_string()),
                ("policy", verdict.policy.to_string()),
                ("verifying key", verdict.verifying_key.to_string()),
                ("tier", verdict.tier.to_string()),
                ("verdict", verdict.id().to_string()),
            ]);
        }
        (Record::LogOpened { document }, _) => {
            let opened = document.clone().verify(&anchor.trust.operator)?;
            return Ok(vec![("signed by", format!("the operator, {}", opened.signer()))]);
        }
        (Record::KeyRegistration(_) | Record::KeyRetirement(_), Some(filing)) => {
            let filing = filing.clone().verify(&anchor.trust.operator)?;
            return Ok(vec![
                ("filed by", format!("the operator, {}", filing.signer())),
                ("as its act", filing.number.to_string()),
                ("document", filing.document.to_string()),
            ]);
        }
        (_, Some(filing)) => filing.clone(),
        (_, None) => return Ok(Vec::new()),
    };
    let bank = filing.claimed_signer();
    let filing = filing.verify(&bank)?;
    let trusted = anchor.trust.participants.binary_search(&bank).is_ok();
    let who = if trusted {
        "a participant in the trust file"
    } else {
        "not in the trust file"
    };
    Ok(vec![
        ("filed by", format!("{bank}, {who}")),
        ("as its act", filing.number.to_string()),
        ("document", filing.document.to_string()),
    ])
}
