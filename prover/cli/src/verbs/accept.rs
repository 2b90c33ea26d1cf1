//! `covenant accept`: redeems a bank's invitation with the one-time code.

use std::path::Path;

use covenant_api::documents::{Code, Enrolment, Invitation};
use covenant_api::files::{self, Room};
use covenant_api::refusals::INVITATION_EXPIRED;
use covenant_api::sign::Signed;
use covenant_api::{document, host, ids, limits};
use covenant_policy::refusal::Refusal;
use serde_json::json;
use zeroize::Zeroizing;

use super::shared;
use crate::args::Accept;
use crate::context::{Context, typed};
use crate::output::Report;
use crate::refusals::WRONG_BANK_KEY;
use crate::vault::HeldInvitation;

pub(super) fn run(context: &Context, args: &Accept) -> Result<Report, Refusal> {
    let signed = read(args)?;
    let invitation = signed.clone().verify(&signed.unverified().bank)?;
    if context.now() > invitation.expires {
        return Err(
            Refusal::new(&INVITATION_EXPIRED, format!("it expired {}", invitation.expires))
                .at(args.invitation.display()),
        );
    }
    let code = code(args.code_file.as_deref())?;
    let mut writer = shared::open_to_write(context)?;
    let contents = &mut writer.vault.contents;
    let nym = shared::nym(&contents.secrets, &invitation.bank)?;
    let key = contents.secrets.bank_signer(&invitation.bank).public();
    let enrolment = Enrolment::redeem(invitation.id(), nym, key, &code)?;
    let enrolment = document::to_json(&enrolment)?;
    let room = Room::for_new(&args.out, enrolment.len())?;
    if !contents.invitations.iter().any(|held| held.id == invitation.id()) {
        contents.invitations.push(HeldInvitation {
            id: invitation.id(),
            signed,
            accepted: context.now(),
        });
    }
    // The vault first: who holds the enrolment can be sent requests, and only the vault can answer them. If the program ends in
    // between, accepting once more writes the same enrolment.
    writer.save(&mut host::rng()?)?;
    room.fill(&enrolment)?;
    let mut report = Report::new(json!({
        "invitation": invitation.id(), "bank": invitation.bank, "bank_name": invitation.bank_name,
        "registry_id": invitation.registry_id, "nym": nym, "key": key, "out": args.out,
    }));
    report.good(format!(
        "The invitation of {} is accepted; send {} back.",
        invitation.bank_name,
        args.out.display()
    ));
    report.fields([
        ("company", invitation.registry_id.to_string()),
        ("bank's first key", invitation.bank.to_string()),
        ("bank", ids::display(ids::prefix::BANK, &invitation.bank)),
        ("your pseudonym there", nym.to_string()),
    ]);
    if args.bank_key.is_none() {
        report.warning("Compare the bank's first key with what the bank says elsewhere (its website, a letter).");
    }
    Ok(report)
}

/// The invitation, which must name the bank's key that its reader knows.
fn read(args: &Accept) -> Result<Signed<Invitation>, Refusal> {
    let signed: Signed<Invitation> = Signed::from_json(&files::read(&args.invitation, limits::DOCUMENT_BYTES_MAX)?)?;
    let named = signed.unverified().bank;
    match args.bank_key.filter(|known| *known != named) {
        Some(known) => Err(Refusal::new(&WRONG_BANK_KEY, format!("the invitation names {named}"))
            .at(args.invitation.display())
            .expected(known.to_string())),
        None => Ok(signed),
    }
}

fn code(file: Option<&Path>) -> Result<Code, Refusal> {
    let text = match file {
        None => typed("One-time code: ")?,
        Some(path) => {
            let bytes = Zeroizing::new(files::read(path, limits::PASSPHRASE_BYTES_MAX)?);
            Zeroizing::new(shared::text(path, &bytes)?.to_owned())
        }
    };
    Code::parse(&text)
}
