//! `covenant inspect`: says what a file is, whether it holds together, and what it contains, without showing a secret.
//!
//! A signature is checked against the key that the file itself names: that shows that the file is whole, not who wrote it.

mod receipt;

use covenant_api::attest::{CheckedStatement, check_attestation};
use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::document::{self, Document};
use covenant_api::documents::{
    Attestation, AttestationRequest, AttestorGrant, AttestorLedger, AttestorRevocation, Bank, Bundle, Decision,
    Enrolled, Enrolment, Filing, Invitation, KeyManifest, KeyRetirement, LogOpened, PinnedKey, Policy, Refused,
    Request, SecretKeyFile, Trust, TrustedLog, Verdict,
};
use covenant_api::receipt::LogKey;
use covenant_api::sign::Signed;
use covenant_api::{files, limits};
use covenant_import::invoices::{self, InvoiceList};
use covenant_import::{CsvFormat, Mapping, ReceivablesFormat};
use covenant_policy::refusal::Refusal;
use serde_json::{Map, Value, json};

use super::policy;
use crate::args::Inspect;
use crate::logs::KnownLogs;
use crate::output::Report;
use crate::refusals::UNKNOWN_FILE;

pub(super) fn run(args: &Inspect) -> Result<Report, Refusal> {
    let bytes = files::read(&args.file, limits::LEDGER_BYTES_MAX)?;
    inspect(&bytes, args.log_key.as_ref()).map_err(|r| match &r.place {
        Some(place) => {
            let place = format!("{}: {place}", args.file.display());
            r.at(place)
        }
        None => r.at(args.file.display()),
    })
}

fn inspect(bytes: &[u8], log_key: Option<&LogKey>) -> Result<Report, Refusal> {
    if bytes.starts_with(b"CVNTSEAL") {
        return Ok(short(
            "sealed",
            "A secret, sealed under a passphrase. Nothing of it can be seen without that.",
        ));
    }
    if bytes.starts_with(b"CVNTVAULT") {
        return Ok(short(
            "vault",
            "The contents of a vault, sealed. `covenant figures` shows what it holds.",
        ));
    }
    if bytes.starts_with(b"cvnt-vk1") {
        return Ok(short(
            "verifying-key",
            "A verifying key. `covenant-bank registry pin` takes it; its manifest describes it.",
        ));
    }
    if bytes.starts_with(b"cvnt-pk1") {
        return Ok(short(
            "proving-key",
            "A proving key. `covenant keys list` describes it.",
        ));
    }
    let unknown = |what: &str| Refusal::new(&UNKNOWN_FILE, what);
    let text = std::str::from_utf8(bytes).map_err(|_| unknown("neither text nor a file with a known beginning"))?;
    let Ok(Value::Object(envelope)) = serde_json::from_str::<Value>(text) else {
        return toml(text).unwrap_or_else(|| Err(unknown("neither a JSON document nor a TOML file of a known type")));
    };
    if receipt::is_one(&envelope) {
        return receipt::inspect(bytes, log_key);
    }
    let Some(Value::String(name)) = envelope.get("type") else {
        return Err(unknown("JSON without a type"));
    };
    by_type(name, bytes).unwrap_or_else(|| Err(unknown(&format!("JSON of type {:?}", clip(name)))))
}

/// The files that people write: their first key is their type.
fn toml(text: &str) -> Option<Result<Report, Refusal>> {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let (name, value) = line.split_once('=')?;
    if name.trim() != "type" {
        return None;
    }
    match value.trim().trim_matches('"') {
        "policy" => Some(policy::show_source(text)),
        Mapping::TYPE => Some(Ok(short(
            Mapping::TYPE,
            "An account mapping. `covenant import --map` takes it.",
        ))),
        CsvFormat::TYPE => Some(Ok(short(
            CsvFormat::TYPE,
            "The declaration of a CSV. `covenant import --csv-format` takes it.",
        ))),
        ReceivablesFormat::TYPE => Some(Ok(short(
            ReceivablesFormat::TYPE,
            "The declaration of a list of receivables. `covenant invoices --csv-format` takes it.",
        ))),
        _ => None,
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

fn by_type(name: &str, bytes: &[u8]) -> Option<Result<Report, Refusal>> {
    Some(match name {
        Invitation::TYPE => signed::<Invitation>(bytes, "an invitation"),
        Request::TYPE => signed::<Request>(bytes, "a request"),
        Bundle::TYPE => signed::<Bundle>(bytes, "a bundle: a proof and what it claims"),
        Verdict::TYPE => signed::<Verdict>(bytes, "a verdict"),
        Refused::TYPE => signed::<Refused>(bytes, "a service's signed refusal of a proof"),
        Decision::TYPE => signed::<Decision>(bytes, "a bank's decision"),
        Filing::TYPE => signed::<Filing>(bytes, "a filing with a log"),
        LogOpened::TYPE => signed::<LogOpened>(bytes, "the opening of a log"),
        TrustedLog::TYPE => signed::<TrustedLog>(bytes, "a log that a bank relies on"),
        Trust::TYPE => plain::<Trust>(bytes, "an auditor's root of trust", |_| Ok(None)),
        KnownLogs::TYPE => plain::<KnownLogs>(bytes, "what this machine remembers of logs", |_| {
            Ok(Some(
                "Each log signed the checkpoint that stands beside its key.".into(),
            ))
        }),
        Bank::TYPE => signed::<Bank>(bytes, "a bank's card"),
        AttestorGrant::TYPE => signed::<AttestorGrant>(bytes, "a grant to an attestor"),
        AttestorRevocation::TYPE => signed::<AttestorRevocation>(bytes, "the striking of an attestor's key"),
        KeyManifest::TYPE => signed::<KeyManifest>(bytes, "what somebody vouches for about a verifying key"),
        KeyRetirement::TYPE => signed::<KeyRetirement>(bytes, "the retirement of a verifying key"),
        PinnedKey::TYPE => signed::<PinnedKey>(bytes, "a pinned verifying key"),
        Enrolled::TYPE => signed::<Enrolled>(bytes, "the record of an enrolment"),
        Enrolment::TYPE => plain::<Enrolment>(bytes, "an enrolment", |_| Ok(None)),
        AttestorLedger::TYPE => plain::<AttestorLedger>(bytes, "an attestor's ledger", |_| Ok(None)),
        Policy::TYPE => signed_policy(bytes),
        Attestation::TYPE => plain::<Attestation>(bytes, "an attestation", |a| {
            check_attestation(a).map(|_| Some("The attestor's signature holds.".into()))
        }),
        AttestationRequest::TYPE => plain::<AttestationRequest>(bytes, "a request for an attestation", |r| {
            CheckedStatement::new(r)
                .map(|_| Some("The figures keep their schema's rules, and hash to what it says.".into()))
        }),
        invoices::TYPE => invoice_list(bytes),
        SecretKeyFile::TYPE => document::from_json::<SecretKeyFile>(bytes).map(|key| {
            // Only what is public of it.
            let mut report = Report::new(json!({ "type": name, "role": key.role, "public": key.public }));
            report.heading(format!("A secret key of a {}", key.role.name()));
            report.fields([("public key", key.public.to_string())]);
            report.warning("The secret is not shown. Keep this file to yourself.");
            report
        }),
        _ => return None,
    })
}

fn short(kind: &str, sentence: &str) -> Report {
    let mut report = Report::new(json!({ "type": kind }));
    report.line(sentence);
    report
}

/// The list says what it is; its totals are checked on reading.
fn invoice_list(bytes: &[u8]) -> Result<Report, Refusal> {
    let list = InvoiceList::read(bytes, "list")?;
    let mut report = Report::new(json!({
        "type": invoices::TYPE, "seller": list.seller.name, "currency": list.currency.code, "documents": list.items.len(),
        "debtors": list.debtors.len(), "excluded": list.excluded.len(), "sources": list.sources,
    }));
    report.heading("This is a list of invoices");
    report.fields([
        ("seller", list.seller.name.clone()),
        ("currency", list.currency.code.to_owned()),
        ("documents", list.items.len().to_string()),
        ("debtors", list.debtors.len().to_string()),
        ("left out", list.excluded.len().to_string()),
        ("made from", list.sources.join(", ")),
    ]);
    report.good("It is spelled as lists are written, and its totals are those of its documents.");
    report.line("`covenant invoices` shows how old its claims are and who owes most.");
    Ok(report)
}

fn signed<T: Document + Clone>(bytes: &[u8], what: &str) -> Result<Report, Refusal> {
    let signed: Signed<T> = Signed::from_json(bytes)?;
    let signer = signed.claimed_signer();
    let verified = signed.verify(&signer)?;
    let value = serde_json::to_value(verified.document()).unwrap_or_default();
    let mut report = Report::new(json!({
        "type": T::TYPE, "id": verified.id(), "signer": signer, "signature": "holds", "document": value,
    }));
    report.heading(format!("This is {what}"));
    report.fields([("id", verified.display_id()), ("signed by", signer.to_string())]);
    report.good("The signature holds: nothing was changed since. Whether the key is whose you think is yours to know.");
    report.heading("Contents");
    report.fields(rows(&value));
    Ok(report)
}

fn signed_policy(bytes: &[u8]) -> Result<Report, Refusal> {
    let signed: Signed<Policy> = Signed::from_json(bytes)?;
    let signer = signed.claimed_signer();
    let checked = CheckedPolicy::check(signed.verify(&signer)?)?;
    let mut report = Report::new(json!({
        "type": Policy::TYPE, "id": checked.id(), "signer": signer, "signature": "holds",
        "compiler": checked.document().compiler, "source": checked.document().source,
    }));
    report.heading("This is a signed policy");
    report.fields([
        ("id", checked.document().display_id()),
        ("signed by", signer.to_string()),
    ]);
    report.good("The signature holds, and the source text compiles to the program that was signed.");
    report.append(policy::rendered(checked.compiled())?);
    Ok(report)
}

fn plain<T: Document>(
    bytes: &[u8],
    what: &str,
    check: impl Fn(&T) -> Result<Option<String>, Refusal>,
) -> Result<Report, Refusal> {
    let document: T = document::from_json(bytes)?;
    let checked = check(&document)?;
    let value = serde_json::to_value(&document).unwrap_or_default();
    let mut report = Report::new(json!({
        "type": T::TYPE, "id": document.id()?, "checked": checked.is_some(), "document": value,
    }));
    report.heading(format!("This is {what}"));
    if let Some(sentence) = checked {
        report.good(sentence);
    }
    report.fields(rows(&value));
    Ok(report)
}

/// A document's fields as names and values, nested ones by their path.
fn rows(value: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    walk("", value, &mut out);
    out
}

fn walk(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    let join = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match value {
        Value::Object(map) => walk_map(map, &join, out),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, item)| walk(&join(&i.to_string()), item, out)),
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        other => out.push((path.to_owned(), other.to_string())),
    }
}

fn walk_map(map: &Map<String, Value>, join: &dyn Fn(&str) -> String, out: &mut Vec<(String, String)>) {
    for (name, item) in map {
        walk(&join(name), item, out);
    }
}
