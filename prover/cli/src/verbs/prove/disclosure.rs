//! What a proof tells, held against the budget before it is made, and kept before it leaves.

use covenant_api::documents::Bundle;
use covenant_api::host;
use covenant_api::sign::Verified;
use covenant_api::types::FieldElement;
use covenant_meter::silence_tells;
use covenant_policy::refusal::Refusal;

use super::{Asking, Chosen};
use crate::context::Context;
use crate::metered::{Metered, sentence};
use crate::vault::{Disclosure, Unanswered, Writer};

/// What a proof tells.
pub(super) struct Told {
    /// In a sentence.
    pub sentence: String,
    /// The refusal that was overridden, where one was.
    pub beyond: Option<Refusal>,
}

/// Holds what the proof would tell against the budget. A refusal is kept: a bank hears the same silence as where no tier is reached.
///
/// # Errors
/// `disclosure-budget` unless told to go beyond it; `disclosures-contradict`.
pub(super) fn weigh(
    writer: &mut Writer,
    context: &Context,
    asking: &Asking,
    chosen: &Chosen,
    beyond: bool,
) -> Result<Told, Refusal> {
    let mut metered = Metered::of(&writer.vault.contents)?;
    let bank = metered.bank(asking.invitation.bank, &asking.invitation.bank_name);
    let claim = Some((chosen.tier.as_str(), chosen.best));
    let added = metered.addition(bank, asking.policy.compiled(), &chosen.held_against, claim)?;
    let refusal = added.exceeded.as_ref().map(|exceeded| metered.refusal(bank, exceeded));
    match refusal {
        Some(refusal) if !beyond => {
            keep_silence(writer, context, asking, chosen.held_against.clone(), true)?;
            Err(refusal)
        }
        beyond => Ok(Told {
            sentence: format!("It {}.", sentence(&added)),
            beyond,
        }),
    }
}

/// Keeps what is disclosed, before it is.
pub(super) fn keep(
    writer: &mut Writer,
    context: &Context,
    asking: &Asking,
    chosen: &Chosen,
    bundle: &Verified<Bundle>,
    beyond_budget: bool,
) -> Result<(), Refusal> {
    let disclosure = Disclosure {
        bank: asking.invitation.bank,
        bank_name: asking.invitation.bank_name.clone(),
        policy: asking.policy.id(),
        policy_source: asking.policy.document().source.clone(),
        tier: bundle.tier.clone(),
        request: asking.request.id(),
        statements: chosen.held_against.clone(),
        as_of: asking.request.as_of,
        bundle: bundle.id(),
        proven: context.now(),
        best: chosen.best,
        beyond_budget,
    };
    writer.vault.contents.disclosures.push(disclosure);
    writer.save(&mut host::rng()?)
}

/// Keeps that a request got no proof because no tier is reached, or because the one that is was withheld, once for each request, unless
/// silence tells nothing: a bank that has used up its budget gets no answer whatever the figures are. Both are judged from the same past.
pub(super) fn keep_silence(
    writer: &mut Writer,
    context: &Context,
    asking: &Asking,
    statements: Vec<FieldElement>,
    withheld: bool,
) -> Result<(), Refusal> {
    let compiled = asking.policy.compiled();
    let contents = &mut writer.vault.contents;
    let (request, bank) = (asking.request.id(), asking.invitation.bank);
    let known = |other: &Unanswered| other.request == request && other.statements == statements;
    if contents.unanswered.iter().any(known) {
        return Ok(());
    }
    let mut metered = Metered::of(contents)?;
    let number = metered.bank(bank, &asking.invitation.bank_name);
    let asked = metered.next(number, compiled, &statements, None)?;
    if !silence_tells(
        &metered.schemas(),
        &metered.answers(None),
        &asked,
        &contents.budget.into(),
    ) {
        return Ok(());
    }
    contents.unanswered.push(Unanswered {
        bank,
        bank_name: asking.invitation.bank_name.clone(),
        policy: asking.policy.id(),
        policy_source: asking.policy.document().source.clone(),
        request,
        statements,
        tried: context.now(),
        withheld,
    });
    writer.save(&mut host::rng()?)
}
