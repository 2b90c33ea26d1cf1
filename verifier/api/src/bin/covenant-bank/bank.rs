//! What a bank does with its registry.

use std::path::Path;

use covenant_api::document::Document;
use covenant_api::documents::{Enrolment, Role};
use covenant_api::files::Room;
use covenant_api::ids::{self, prefix};
use covenant_api::refusals::UNKNOWN_REFERENCE;
use covenant_api::registry::{Registry, RequestTerms};
use covenant_api::sign::{Signed, Verified};
use covenant_api::types::{Hex32, IsoDate, Name};
use covenant_api::{document, files, host, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;
use serde_json::json;

use crate::args::{Attestor, Enrol, Invite, Office, Request};
use crate::keys::shown;
use crate::output::{Report, fields};
use crate::plan::Context;

/// A one-time code in its groups, and a line end.
const CODE_FILE_BYTES: usize = 64;

/// `registry new`.
pub fn registry_new(context: &Context, name: Name, out: Option<&Path>, office: &Office) -> Result<Report, Refusal> {
    let signer = context.secret_key(&office.key)?.signer()?;
    let out = room(out)?;
    let registry = Registry::create(&office.registry, name, &signer, context.now)?;
    let bank = registry.bank();
    fill(out, bank)?;
    let lines = [
        ("registry", office.registry.display().to_string()),
        ("bank", bank.name.to_string()),
        ("first key", bank.key.to_string()),
        ("shown as", shown(Role::Bank, &bank.key)),
    ];
    Ok(Report::new(fields(&lines), json!({ "bank": bank.document() })))
}

/// `registry pin`.
pub fn pin(
    context: &Context,
    file: &Path,
    vouched: Option<(&Path, Option<Hex32>)>,
    allow_development: bool,
    out: Option<&Path>,
    office: &Office,
) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(office)?;
    let bytes = files::read(file, limits::VERIFYING_KEY_BYTES_MAX)?;
    let out = room(out)?;
    let policy = KeyPolicy { allow_development };
    let pinned = match vouched {
        None => registry.pin_key(&signer, &bytes, policy, context.now)?,
        Some((path, also)) => {
            let manifest = Signed::from_json(&files::read(path, limits::DOCUMENT_BYTES_MAX)?)?;
            let manifest = registry.vouched(&manifest, also.as_ref())?;
            registry.pin_vouched(&signer, &bytes, manifest, policy, context.now)?
        }
    };
    fill(out, &pinned)?;
    let mut text = fields(&[
        ("pinned", ids::display(prefix::KEY, &pinned.verifying_key)),
        ("key id", pinned.verifying_key.to_string()),
        ("statement", pinned.statement.to_string()),
        ("by", by(&registry, &pinned.verifying_key)),
    ]);
    if pinned.development {
        text.push_str("  WARNING: a development key. Anybody can forge proofs under it: demonstrations only.\n");
    }
    Ok(Report::new(text, json!({ "pinned": pinned.document() })))
}

/// By whose word a key is pinned.
fn by(registry: &Registry, key: &Hex32) -> String {
    match registry.manifest_of(key) {
        None => "no manifest".to_owned(),
        Some(manifest) => {
            let makers = manifest.contributions().len();
            format!(
                "a manifest of {}, signed by {}; contributions: {makers}",
                manifest.setup(),
                manifest.signer()
            )
        }
    }
}

/// `attestor grant` and `attestor revoke`.
pub fn attestor(context: &Context, verb: Attestor) -> Result<Report, Refusal> {
    match verb {
        Attestor::Grant {
            attestor,
            name,
            assurance_max,
            out,
            office,
        } => {
            let (mut registry, signer) = context.office(&office)?;
            let out = room(out.as_deref())?;
            let grant = registry.grant(&signer, attestor, name, assurance_max, context.now)?;
            fill(out, &grant)?;
            let lines = [
                ("granted", shown(Role::Attestor, &attestor)),
                ("name", grant.name.to_string()),
                ("assurance", format!("at most {assurance_max}")),
            ];
            Ok(Report::new(fields(&lines), json!({ "granted": grant.document() })))
        }
        Attestor::Revoke {
            attestor,
            reason,
            out,
            office,
        } => {
            let (mut registry, signer) = context.office(&office)?;
            let out = room(out.as_deref())?;
            let revocation = registry.revoke(&signer, attestor, reason, context.now)?;
            fill(out, &revocation)?;
            let lines = [
                ("struck", shown(Role::Attestor, &attestor)),
                ("reason", revocation.reason.to_string()),
            ];
            Ok(Report::new(fields(&lines), json!({ "struck": revocation.document() })))
        }
    }
}

/// `invite`.
pub fn invite(context: &Context, args: Invite) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(&args.office)?;
    let out = Room::for_new(&args.out, limits::DOCUMENT_BYTES_MAX)?;
    let code_path = args.code_out.as_deref();
    let code_out = code_path.map(|path| Room::for_new(path, CODE_FILE_BYTES)).transpose()?;
    let mut rng = host::rng()?;
    let (invitation, code) = registry.invite(&signer, args.registry_id, args.valid_days, context.now, &mut rng)?;
    out.fill(&invitation.to_json()?)?;
    let code = code.reveal();
    let mut lines = vec![
        ("invited", invitation.registry_id.to_string()),
        ("invitation", invitation.display_id()),
        ("redeem by", invitation.expires.to_string()),
        ("written to", args.out.display().to_string()),
    ];
    let mut answer =
        json!({ "invitation": invitation.id(), "shown": invitation.display_id(), "document": invitation.document() });
    match code_out.zip(code_path) {
        Some((room, path)) => {
            room.fill(format!("{}\n", code.as_str()).as_bytes())?;
            lines.push(("one-time code", format!("in {}", path.display())));
        }
        None => {
            lines.push(("one-time code", code.to_string()));
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("one_time_code".into(), json!(code.as_str()));
            }
        }
    }
    let advice = "\nDeliver the code by another way than the invitation: by post, by telephone, in the branch.";
    Ok(Report::new(fields(&lines) + advice, answer))
}

/// `enrol`.
pub fn enrol(context: &Context, args: &Enrol) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(&args.office)?;
    let enrolment: Enrolment = document::from_json(&files::read(&args.enrolment, limits::DOCUMENT_BYTES_MAX)?)?;
    let out = room(args.out.as_deref())?;
    let enrolled = registry.enrol(&signer, &enrolment, context.now)?;
    fill(out, &enrolled)?;
    let lines = [
        ("enrolled", enrolled.registry_id.to_string()),
        ("invitation", ids::display(prefix::INVITATION, &enrolled.invitation)),
        ("per-bank key", enrolled.key.to_string()),
    ];
    Ok(Report::new(fields(&lines), json!({ "enrolled": enrolled.document() })))
}

/// `request`.
pub fn request(context: &Context, args: Request) -> Result<Report, Refusal> {
    let (mut registry, signer) = context.office(&args.office)?;
    let today = || IsoDate::new(context.now.day());
    let as_of = args
        .as_of
        .or_else(today)
        .ok_or_else(|| Refusal::new(&UNKNOWN_REFERENCE, "today is beyond the calendar"))?;
    let terms = RequestTerms {
        policy: pick(
            "--policy",
            prefix::POLICY,
            args.policy.as_deref(),
            registry.policies().map(|p| p.id()),
        )?,
        invitation: pick(
            "--invitation",
            prefix::INVITATION,
            args.invitation.as_deref(),
            registry.enrolments().map(|e| e.invitation),
        )?,
        verifying_key: pick(
            "--verifying-key",
            prefix::KEY,
            args.verifying_key.as_deref(),
            registry.keys_in_use().map(|k| k.verifying_key),
        )?,
        log_origin: args.log_origin,
        as_of,
        valid_days: args.valid_days,
    };
    let out = Room::for_new(&args.out, limits::DOCUMENT_BYTES_MAX)?;
    let request = registry.ask(&signer, &terms, context.now, &mut host::rng()?)?;
    out.fill(&request.to_json()?)?;
    let lines = [
        ("request", request.display_id()),
        ("policy", ids::display(prefix::POLICY, &request.policy)),
        ("to", registry.enrolled(&request.invitation)?.registry_id.to_string()),
        ("as of", request.as_of.to_string()),
        ("answer by", request.expires.to_string()),
        ("attestors", request.attestors.len().to_string()),
        ("written to", args.out.display().to_string()),
    ];
    let json = json!({ "request": request.id(), "shown": request.display_id(), "document": request.document() });
    Ok(Report::new(fields(&lines), json))
}

/// Sets room aside for a document that may be written besides the registry.
pub fn room(out: Option<&Path>) -> Result<Option<Room<'_>>, Refusal> {
    out.map(|path| Room::to_replace(path, limits::DOCUMENT_BYTES_MAX))
        .transpose()
}

/// Writes a document where room was set aside for it.
pub fn fill<T: Document>(room: Option<Room<'_>>, document: &Verified<T>) -> Result<(), Refusal> {
    match room {
        Some(room) => room.fill(&document.to_json()?),
        None => Ok(()),
    }
}

/// The one that was named, by its 64 digits or as it is shown; or the only one there is.
pub fn pick(
    option: &str,
    prefix: &str,
    named: Option<&str>,
    known: impl Iterator<Item = Hex32>,
) -> Result<Hex32, Refusal> {
    let mut fitting: Vec<Hex32> = known
        .filter(|id| named.is_none_or(|name| id.to_string() == name || ids::display(prefix, id) == name))
        .collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(id), true) => Ok(id),
        (Some(_), false) => Err(Refusal::new(&UNKNOWN_REFERENCE, "the registry has several")
            .at(option)
            .expected("the id of one")),
        (None, _) => Err(Refusal::new(
            &UNKNOWN_REFERENCE,
            format!("the registry has no {}", named.unwrap_or("such record")),
        )
        .at(option)
        .expected(format!(
            "an id that `covenant-bank registry show` lists, such as {prefix}…"
        ))),
    }
}
