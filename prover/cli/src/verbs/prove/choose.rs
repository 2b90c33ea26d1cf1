//! Which statements, which attestation, which tier.

use covenant_api::asked::Asked;
use covenant_api::attest::check_attestation;
use covenant_api::documents::StatedFigures;
use covenant_api::types::{FieldElement, RegistryId};
use covenant_policy::program::{Source, StatementTerms};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::Schema;
use covenant_policy::statement::{Assurance, Statement, check_age, check_assurance, check_terms};
use covenant_statements::compliance::Attestation;

use crate::args::Prove;
use crate::refusals::{
    ATTESTOR_NOT_ACCEPTED, BEYOND_GRANT, NO_STATEMENT, NOT_ATTESTED, PROVEN_UNSUPPORTED, TIER_NOT_REACHED,
    WRONG_ADDRESSEE,
};
use crate::vault::{Contents, HeldStatement};
use crate::verbs::{pick, tiers};

/// A statement as it enters the proof.
pub(super) struct Used {
    pub id: FieldElement,
    pub registry_id: RegistryId,
    pub stated: StatedFigures,
    /// With the assurance of the attestation.
    pub statement: Statement,
    pub attestation: Option<Attestation>,
}

/// What is proven.
pub(super) struct Chosen {
    pub statements: [Option<Used>; 2],
    pub tier: String,
}

/// Chooses the latest statement that fits the request, an attestation that counts, and the tier: the one asked for, or the
/// best that is reached. Where nothing fits, the refusal is about the latest statement.
pub(super) fn choose(contents: &Contents, asked: &Asked<'_>, args: &Prove) -> Result<Chosen, Refusal> {
    let company = &asked.invitation().registry_id;
    let mut refused = None;
    for first in pick::candidates(contents, Some(company), args.statement.as_deref())? {
        if first.registry_id != *company {
            return Err(Refusal::new(
                &WRONG_ADDRESSEE,
                format!("{} is of {}", first.display_id(), first.registry_id),
            )
            .at("request: invitation")
            .expected(format!("a statement of {company}, whom the bank invited")));
        }
        match attempt(contents, asked, args, first) {
            Ok(chosen) => return Ok(chosen),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    Err(refused.unwrap_or_else(|| Refusal::new(&NO_STATEMENT, "the vault holds no statement")))
}

fn attempt(contents: &Contents, asked: &Asked<'_>, args: &Prove, first: &HeldStatement) -> Result<Chosen, Refusal> {
    let program = asked.policy().program();
    let second = pick::partner(contents, program, first, args.second.as_deref())?;
    // What no attestation could mend is said first.
    let bare = |held: &HeldStatement| held.statement(Assurance::SELF_DECLARED);
    let (bare_first, bare_second) = (bare(first)?, second.map(bare).transpose()?);
    check_terms(program, &bare_first, bare_second.as_ref())?;
    check_age(program, &bare_first, asked.request().as_of.day())?;
    for (statement, terms) in [Some(&bare_first), bare_second.as_ref()]
        .into_iter()
        .zip(&program.statements)
    {
        let Some(statement) = statement else { continue };
        statement
            .coverage
            .demand(terms.need, Schema::named(statement.schema)?)?;
    }
    let [first_terms, second_terms] = &program.statements;
    let first = used(asked, first, first_terms)?;
    let second = second.map(|held| used(asked, held, second_terms)).transpose()?;
    check_assurance(program, &first.statement, second.as_ref().map(|used| &used.statement))?;
    let tier = tier(
        asked,
        args,
        &first.statement,
        second.as_ref().map(|used| &used.statement),
    )?;
    Ok(Chosen {
        statements: [Some(first), second],
        tier,
    })
}

/// A statement with the attestation that its terms ask for.
fn used(asked: &Asked<'_>, held: &HeldStatement, terms: &StatementTerms) -> Result<Used, Refusal> {
    let attestation = match terms.source {
        Source::Attested => Some(attestation(asked, held, terms)?),
        Source::SelfDeclared | Source::Absent => None,
        Source::Proven => {
            return Err(Refusal::new(
                &PROVEN_UNSUPPORTED,
                "figures from a book proof are asked for",
            ));
        }
    };
    let assurance = attestation
        .as_ref()
        .map_or(Assurance::SELF_DECLARED, |(_, assurance)| *assurance);
    Ok(Used {
        id: held.id,
        registry_id: held.registry_id.clone(),
        stated: held.stated.clone(),
        statement: held.statement(assurance)?,
        attestation: attestation.map(|(attestation, _)| attestation),
    })
}

/// The best attestation that counts: of an attestor whom the request lists, within its grant, at the floor or above.
fn attestation(
    asked: &Asked<'_>,
    held: &HeldStatement,
    terms: &StatementTerms,
) -> Result<(Attestation, Assurance), Refusal> {
    let accepted = &asked.request().attestors;
    let floor = Assurance(terms.assurance_floor);
    let mut refused = None;
    let mut by_assurance: Vec<_> = held.attestations.iter().collect();
    by_assurance.sort_by_key(|a| std::cmp::Reverse(a.assurance));
    for given in by_assurance {
        let attestor = crate::verbs::shared::attestor_id(&given.attestor);
        let Some(grant) = accepted.iter().find(|a| a.attestor == given.attestor) else {
            let what = format!("the bank does not accept attestor {attestor} for this request");
            refused = refused.or(Some(Refusal::new(&ATTESTOR_NOT_ACCEPTED, what)));
            continue;
        };
        let level = Assurance(given.assurance);
        if given.assurance > grant.assurance_max {
            let what = format!("attestor {attestor} gave {level}");
            let refusal =
                Refusal::new(&BEYOND_GRANT, what).expected(format!("at most {}", Assurance(grant.assurance_max)));
            refused = refused.or(Some(refusal));
            continue;
        }
        if level >= floor {
            let (key, signature) = check_attestation(given)?;
            return Ok((
                Attestation {
                    key,
                    grant: grant.assurance_max,
                    signature,
                },
                level,
            ));
        }
    }
    Err(refused.unwrap_or_else(|| {
        Refusal::new(
            &NOT_ATTESTED,
            format!("{} is {}", held.display_id(), held.best_assurance()),
        )
        .expected(format!(
            "{floor} or better, by one of the {} attestors that the bank accepts",
            accepted.len()
        ))
    }))
}

/// The tier asked for, where it is reached, or the best one that is.
fn tier(asked: &Asked<'_>, args: &Prove, first: &Statement, second: Option<&Statement>) -> Result<String, Refusal> {
    let reached = tiers::reached(asked.policy().compiled(), first, second)?;
    match &args.tier {
        Some(tier) => {
            // An unknown tier is refused as such.
            asked.policy_inputs(tier)?;
            if reached.iter().any(|name| name == tier.as_str()) {
                return Ok(tier.as_str().to_owned());
            }
            let best = reached
                .first()
                .map_or("no tier".to_owned(), |best| format!("tier {best}"));
            Err(Refusal::new(&TIER_NOT_REACHED, format!("the books reach {best}")).expected(format!("tier {tier}")))
        }
        None => reached
            .into_iter()
            .next()
            .ok_or_else(|| Refusal::new(&TIER_NOT_REACHED, "the books reach no tier")),
    }
}
