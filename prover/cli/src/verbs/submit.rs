//! `covenant submit`: sends a bundle or an enrolment to the bank's service, and keeps the receipt.
//!
//! In this order: room for the receipt; the log's key against what is known; its checkpoint against the last one seen; the request's log
//! against the service's; only then the document is sent. The receipt is kept as soon as it holds, before anything else can fail.

mod log;

use std::path::{Path, PathBuf};

use covenant_api::client::answers::{Filed, Proven};
use covenant_api::client::{Client, Options, ProofRefused};
use covenant_api::document::{self, Document as _};
use covenant_api::documents::{Bundle, Enrolment};
use covenant_api::files::{self, Room};
use covenant_api::receipt::{self, Receipt};
use covenant_api::refusals::{UNENCODABLE, WRONG_DOCUMENT_TYPE};
use covenant_api::sign::Signed;
use covenant_api::{ids, limits};
use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

use crate::args::Submit;
use crate::context::Context;
use crate::logs::LogFile;
use crate::output::Report;
use crate::progress::Progress;
use crate::refusals::OTHER_LOG;
use log::{Met, Seen};

/// Bytes set aside for a receipt: a verdict with its bundle in base64 has a tenth of this.
const RECEIPT_ROOM_BYTES: usize = 256 * 1024;

/// What is sent.
enum Sent {
    Bundle(Box<Signed<Bundle>>),
    Enrolment(Enrolment),
}

pub(super) fn run(context: &Context, args: &Submit) -> Result<Report, Refusal> {
    let bytes = files::read(&args.file, limits::DOCUMENT_BYTES_MAX)?;
    let sent = read(&bytes).map_err(|r| at_file(r, &args.file))?;
    let options = Options {
        allow_insecure: args.allow_insecure_url,
        ..Options::default()
    };
    let mut client = Client::new(&args.service, options)?;
    let path = args
        .receipt
        .clone()
        .unwrap_or_else(|| beside(&args.file, "receipt.json"));
    let room = Room::for_new(&path, RECEIPT_ROOM_BYTES)?;
    let logs = LogFile::of(context.home()?);
    let known = logs.read()?;

    let progress = Progress::spinner("asking the service for its log");
    let policy = args
        .witness_policy
        .as_deref()
        .map(receipt::witness_policy)
        .transpose()?;
    let met = log::meet(&mut client, &known, args.log_key.as_ref())?;
    progress.say("sending");
    let kept = match &sent {
        Sent::Bundle(bundle) => {
            expect_log(&client, bundle, &met)?;
            let proven = client.post_proof(&bytes).map_err(|no| keep_refusal(no, &args.file))?;
            keep(room, &proven.receipt, &path)?;
            Kept::Verdict(Box::new(proven))
        }
        Sent::Enrolment(enrolment) => {
            // Whoever knows the invitation is the bank's service, and not somebody else's.
            client.invitation(&enrolment.invitation)?;
            let filed = client.post_enrolment(enrolment)?;
            keep(room, &filed.receipt, &path)?;
            Kept::Enrolment(filed)
        }
    };
    progress.say("checking that the log goes on");
    if let Some(policy) = &policy {
        log::witnessed(&met, &kept.receipt().checkpoint, policy, &path)?;
    }
    let later = log::follow(&client, &met, &kept.receipt().checkpoint, &path)?;
    logs.remember(met.known(&client, &later, context.now())?)?;
    drop(progress);
    Ok(report(&kept, &met, &later, &path))
}

/// The document, by its type. A bundle's signature is checked before it goes anywhere.
fn read(bytes: &[u8]) -> Result<Sent, Refusal> {
    let envelope: Option<Value> = serde_json::from_slice(bytes).ok();
    let name = envelope.as_ref().and_then(|e| e.get("type")).and_then(Value::as_str);
    match name {
        Some(Enrolment::TYPE) => Ok(Sent::Enrolment(document::from_json(bytes)?)),
        None | Some(Bundle::TYPE) => {
            let signed: Signed<Bundle> = Signed::from_json(bytes)?;
            let signer = signed.claimed_signer();
            signed.clone().verify(&signer)?;
            Ok(Sent::Bundle(Box::new(signed)))
        }
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            Err(
                Refusal::new(&WRONG_DOCUMENT_TYPE, format!("a document of type {other:?}"))
                    .expected("a bundle or an enrolment"),
            )
        }
    }
}

fn at_file(refusal: Refusal, file: &Path) -> Refusal {
    let place = match &refusal.place {
        Some(place) => format!("{}: {place}", file.display()),
        None => file.display().to_string(),
    };
    refusal.at(place)
}

/// `bundle.json` and `receipt.json` give `bundle.receipt.json`.
fn beside(file: &Path, extension: &str) -> PathBuf {
    file.with_extension(extension)
}

/// The service knows the request, and the request names the service's log. The proof is bound to that log: in another one it
/// would be worth nothing, and its keeper would learn the tier.
fn expect_log(client: &Client, bundle: &Signed<Bundle>, met: &Met) -> Result<(), Refusal> {
    let asked = client.request(&bundle.unverified().request)?;
    let named = &asked.request.unverified().log_origin;
    if *named == met.info.origin {
        return Ok(());
    }
    Err(
        Refusal::new(&OTHER_LOG, format!("the service keeps the log {}", met.info.origin))
            .at("request: log_origin")
            .expected(named.to_string()),
    )
}

/// The refusal; what the service signed of it is kept beside the bundle, because it can be shown.
fn keep_refusal(no: ProofRefused, file: &Path) -> Refusal {
    let path = beside(file, "refused.json");
    let written = no.answer.and_then(|answer| serde_json::to_vec_pretty(&answer).ok());
    let kept = written.is_some_and(|bytes| files::replace(&path, &bytes).is_ok());
    if !kept {
        return no.refusal;
    }
    let advice = format!(
        "{} The service's signed refusal is in {}.",
        no.refusal.advice_text(),
        path.display()
    );
    no.refusal.advice(advice)
}

fn keep(room: Room<'_>, receipt: &Receipt, path: &Path) -> Result<(), Refusal> {
    let unencodable = |e: serde_json::Error| Refusal::new(&UNENCODABLE, e.to_string()).at(path.display());
    let mut bytes = serde_json::to_vec_pretty(receipt).map_err(unencodable)?;
    bytes.push(b'\n');
    room.fill(&bytes)
}

/// What the service did.
enum Kept {
    Verdict(Box<Proven>),
    Enrolment(Filed),
}

impl Kept {
    fn receipt(&self) -> &Receipt {
        match self {
            Self::Verdict(proven) => &proven.receipt,
            Self::Enrolment(filed) => &filed.receipt,
        }
    }
}

fn report(kept: &Kept, met: &Met, later: &Seen, path: &Path) -> Report {
    let log = json!({
        "service": later.service, "origin": met.info.origin, "log_key": met.info.log_key.to_string(),
        "operator": met.info.operator, "size": later.checkpoint.size(), "trusted_by": met.trusted.name(),
    });
    let mut report = Report::new(Value::Null);
    let json = match kept {
        Kept::Verdict(proven) => verdict(&mut report, proven, met, later, path),
        Kept::Enrolment(filed) => {
            report.good("The enrolment has arrived: the bank can now recognise you, and send a request.");
            entry(&mut report, filed.index, met, later, path);
            report.line("The receipt is your evidence that you answered the invitation, and when.");
            json!({ "sent": Enrolment::TYPE, "index": filed.index, "id": filed.id })
        }
    };
    if let Some(sentence) = met.trusted.sentence() {
        report.warning(sentence);
    }
    report.set_json(match json {
        Value::Object(mut fields) => {
            fields.insert("log".into(), log);
            fields.insert("receipt".into(), json!(path));
            Value::Object(fields)
        }
        other => other,
    });
    report
}

fn verdict(report: &mut Report, proven: &Proven, met: &Met, later: &Seen, path: &Path) -> Value {
    let verdict = proven.verdict.unverified();
    report.good(format!(
        "The proof holds: {} reaches tier {}. The bank sees this verdict now.",
        verdict.registry_id, verdict.tier
    ));
    report.fields([
        ("tier", verdict.tier.to_string()),
        ("policy", ids::display(ids::prefix::POLICY, &verdict.policy)),
        ("request", ids::display(ids::prefix::REQUEST, &verdict.request)),
        ("judged", verdict.decided.to_string()),
        ("other versions seen", verdict.restated_or_shopped.to_string()),
    ]);
    entry(report, proven.index, met, later, path);
    report.line(
        "The receipt is your evidence: it shows, to whoever knows the log's key, that the bank was given this proof, when, and \
         with what verdict. It names your company and the tier, and holds no figure. Keep it.",
    );
    if verdict.development_key {
        report.warning("Proven under a development key: anybody could have made this proof. It proves nothing.");
    }
    json!({
        "sent": Bundle::TYPE, "index": proven.index, "tier": verdict.tier, "verdict": verdict,
        "bundle": verdict.bundle,
    })
}

fn entry(report: &mut Report, index: u64, met: &Met, later: &Seen, path: &Path) {
    let before = met.before();
    let size = later.checkpoint.size();
    let seen = match &before {
        Some((size_then, seen)) => format!("{size} entries; it continues the {size_then} that it showed on {seen}"),
        None => format!("{size} entries"),
    };
    report.fields([
        ("log", met.info.origin.to_string()),
        ("entry", index.to_string()),
        ("log holds", seen),
        ("receipt", path.display().to_string()),
    ]);
}
