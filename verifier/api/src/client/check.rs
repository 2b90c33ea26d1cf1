//! What came back is about what was sent: checked on every answer, before anybody sees it.

use covenant_ledger::Entry;
use covenant_policy::refusal::Refusal;
use serde_json::Value;

use super::LogTrust;
use super::answers::{Filed, Proven};
use super::transport::malformed;
use crate::document::Document;
use crate::documents::{Bundle, Enrolment};
use crate::log::Record;
use crate::receipt::{self, Receipt};
use crate::refusals::{RECEIPT_MISMATCH, of_ledger};
use crate::sign::Signed;
use crate::types::Hex32;

fn mismatch(what: impl Into<String>) -> Refusal {
    Refusal::new(&RECEIPT_MISMATCH, what).at("the service's answer: receipt")
}

/// A document has the id by which it was asked for.
pub(super) fn is_named<T: Document>(path: &str, what: &str, document: &T, id: &Hex32) -> Result<(), Refusal> {
    let found = document.id()?;
    if found == *id {
        return Ok(());
    }
    Err(malformed(path, format!("{what} has the id {found}")).expected(id.to_string()))
}

/// The record in a receipt of this entry. Where the log is pinned, the receipt holds under its key.
fn record(trust: Option<&LogTrust>, receipt: &Receipt, index: u64) -> Result<Record, Refusal> {
    let (found, record) = match trust {
        Some(trust) => {
            let checked = receipt::check(receipt, &trust.log_key)?;
            (checked.index, checked.record)
        }
        None => {
            let claimed = receipt::claimed(receipt)?;
            (claimed.index, claimed.record)
        }
    };
    if found != index {
        return Err(mismatch(format!("of entry {found}")).expected(format!("of entry {index}")));
    }
    record.ok_or_else(|| mismatch("it does not hold the record"))
}

/// An entry, decoded.
pub(super) fn entry(bytes: &[u8]) -> Result<Entry, Refusal> {
    Entry::decode(bytes).map_err(|e| of_ledger(e.code(), e.to_string()).at("the service's answer: entry"))
}

/// A receipt that was asked for by its index.
pub(super) fn receipt(trust: Option<&LogTrust>, receipt: &Receipt, index: u64) -> Result<(), Refusal> {
    if let Some(trust) = trust {
        receipt::check(receipt, &trust.log_key)?;
    }
    let found = entry(&receipt.entry)?.index;
    if found == index {
        return Ok(());
    }
    Err(mismatch(format!("of entry {found}")).expected(format!("of entry {index}")))
}

/// The receipt is of this enrolment.
pub(super) fn enrolment(trust: Option<&LogTrust>, filed: &Filed, sent: &Enrolment) -> Result<(), Refusal> {
    match record(trust, &filed.receipt, filed.index)? {
        Record::Enrolment { document } if document == *sent && filed.id == sent.id()? => Ok(()),
        other => Err(mismatch(format!("of another {}", other.kind())).expected("of the enrolment that was sent")),
    }
}

/// The receipt is of this bundle and verdict, the verdict on this bundle, and by the pinned operator.
pub(super) fn proven(trust: Option<&LogTrust>, proven: &Proven, sent: &Signed<Bundle>) -> Result<(), Refusal> {
    let record = record(trust, &proven.receipt, proven.index)?;
    let Record::Verdict { bundle, verdict } = &record else {
        let what = format!("of a record of kind {}", record.kind());
        return Err(mismatch(what).expected("of a verdict"));
    };
    if bundle != sent {
        return Err(mismatch("of the verdict on another bundle").expected("on the bundle that was sent"));
    }
    if *verdict != proven.verdict {
        return Err(mismatch("of another verdict than the answer's"));
    }
    on_bundle(proven, sent)?;
    let signer = trust.map_or(verdict.claimed_signer(), |trust| trust.operator);
    verdict.clone().verify(&signer)?;
    Ok(())
}

/// The verdict is on this bundle: request, policy, key, tier and pseudonym are the bundle's.
fn on_bundle(proven: &Proven, sent: &Signed<Bundle>) -> Result<(), Refusal> {
    let (verdict, bundle) = (proven.verdict.unverified(), sent.unverified());
    let fields = [
        ("bundle", verdict.bundle == bundle.id()?),
        ("request", verdict.request == bundle.request),
        ("policy", verdict.policy == bundle.policy),
        ("verifying key", verdict.verifying_key == bundle.verifying_key),
        ("tier", verdict.tier == bundle.tier && proven.tier == bundle.tier),
        ("pseudonym", verdict.nym == bundle.nym),
    ];
    match fields.iter().find(|(_, same)| !same) {
        Some((field, _)) => Err(mismatch(format!("the verdict is on another {field} than the bundle's"))),
        None => Ok(()),
    }
}

/// The receipt is of this filing and document, as they were sent.
pub(super) fn filed(trust: Option<&LogTrust>, filed: &Filed, sent: &Value) -> Result<(), Refusal> {
    let record = record(trust, &filed.receipt, filed.index)?;
    let written = serde_json::to_value(&record).unwrap_or_default();
    let same = |field: &str| sent.get(field).is_some() && written.get(field) == sent.get(field);
    let id = written.pointer("/filing/document/document").and_then(Value::as_str);
    if same("filing") && same("document") && id == Some(filed.id.to_string().as_str()) {
        return Ok(());
    }
    Err(mismatch(format!("of another {}", record.kind())).expected("of the document that was sent"))
}
