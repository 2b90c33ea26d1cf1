//! A log's receipt in plain words; under the log's key, where that is given.

use covenant_api::document::Document;
use covenant_api::log::Record;
use covenant_api::receipt::{self, LogKey};
use covenant_api::sign::Signed;
use covenant_api::types::UtcTime;
use covenant_policy::refusal::Refusal;
use serde_json::{Map, Value, json};

use super::rows;
use crate::output::Report;

/// The `type` of a receipt.
const TYPE: &str = "covenant-receipt/v1";

/// Whether this is a receipt, or an answer of a service that holds one.
pub(super) fn is_one(envelope: &Map<String, Value>) -> bool {
    match envelope.get("type") {
        Some(name) => name == TYPE,
        None => envelope.contains_key("receipt"),
    }
}

pub(super) fn inspect(bytes: &[u8], log_key: Option<&LogKey>) -> Result<Report, Refusal> {
    let receipt = receipt::from_json(bytes)?;
    let claimed = receipt::claimed(&receipt)?;
    let checked = log_key.map(|key| receipt::check(&receipt, key)).transpose()?;
    let written = UtcTime::from_unix_seconds(claimed.time_ms / 1000);
    let record = claimed.record.as_ref().map(serde_json::to_value).transpose();
    let record = record.unwrap_or_default();
    let mut report = Report::new(json!({
        "type": TYPE, "checked": checked.is_some(), "index": claimed.index, "time": written, "kind": claimed.kind,
        "size": checked.as_ref().map(|checked| checked.size), "record": record,
    }));
    report.heading(format!("This is a log's receipt for a record of kind {}", claimed.kind));
    report.fields([
        ("entry", claimed.index.to_string()),
        (
            "written down",
            written.map_or_else(|| "never".into(), |time| time.to_string()),
        ),
    ]);
    match (log_key, &checked) {
        (Some(key), Some(checked)) => report.good(format!(
            "The receipt holds: the log {} signed a tree of {} entries that has this one in its place.",
            key.name(),
            checked.size
        )),
        _ => report.warning("Not checked under the log's key: --log-key KEY does that."),
    }
    match claimed.record {
        Some(record) => {
            vouched(&mut report, &record)?;
            report.heading("The record");
            report.fields(rows(&serde_json::to_value(&record).unwrap_or_default()));
        }
        None => report.line("It does not hold the record itself: it was made for somebody who may not read that."),
    }
    Ok(report)
}

/// Who signed what a verdict's record holds, and that the one is about the other.
fn vouched(report: &mut Report, record: &Record) -> Result<(), Refusal> {
    let Record::Verdict { bundle, verdict } = record else {
        return Ok(());
    };
    let (applicant, operator) = (checked(bundle)?, checked(verdict)?);
    let verdict = verdict.unverified();
    report.good(format!(
        "It says: {} reached tier {}; judged {}.",
        verdict.registry_id, verdict.tier, verdict.decided
    ));
    report.fields([("verdict signed by", operator), ("bundle signed by", applicant)]);
    if verdict.development_key {
        report.warning("Proven under a development key: anybody could have made this proof. It proves nothing.");
    }
    Ok(())
}

/// The signer that a document names, whose signature holds.
fn checked<T: Document + Clone>(signed: &Signed<T>) -> Result<String, Refusal> {
    let signer = signed.claimed_signer();
    signed.clone().verify(&signer)?;
    Ok(signer.to_string())
}
