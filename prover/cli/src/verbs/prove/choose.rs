//! Which statements, which attestation, which tier.

use covenant_api::asked::Asked;
use covenant_api::attest::check_attestation;
use covenant_api::documents::StatedFigures;
use covenant_api::types::{FieldElement, RegistryId};
use covenant_policy::program::{Program, Source, StatementTerms};
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
    /// The statements of the first proof.
    pub statements: [Option<Used>; 2],
    /// The one of the linked proof, where the tier takes one.
    pub third: Option<Used>,
    /// All statements that the policy was held against, by id: those that are used, and a third one that the tier does not ask for.
    pub held_against: Vec<FieldElement>,
    pub tier: String,
    /// Whether no better tier is reached.
    pub best: bool,
    /// Newer figures of the same period or a later one that were not used, the latest first.
    pub passed_over: Vec<PassedOver>,
}

impl Chosen {
    /// The statements that are used.
    pub fn used(&self) -> impl Iterator<Item = &Used> {
        self.statements.iter().flatten().chain(&self.third)
    }
}

/// What comes of a request.
pub(super) enum Choice {
    /// A tier can be proven.
    Tier(Box<Chosen>),
    /// The figures fit the request, and do not reach a tier that is wanted: the refusal.
    Short(Refusal, Shortfall),
}

/// Figures that do not reach a tier that is wanted.
pub(super) struct Shortfall {
    /// All statements that the policy was held against, by id.
    pub held_against: Vec<FieldElement>,
    /// Whether another tier is reached than the one that was asked for.
    pub reached: bool,
}

/// A tier that is reached, and whether no better one is.
struct Claim {
    tier: String,
    best: bool,
}

/// A statement that is not used, and why.
pub(super) struct PassedOver {
    pub held: HeldStatement,
    pub refusal: Refusal,
    /// Where only an attestation is missing: whether there would be a tier with one.
    tier: Option<Result<(), (Refusal, Shortfall)>>,
}

/// A statement that fits what the request asks, attestations and tier apart.
struct Fitting {
    attested: Result<([Option<Used>; 2], Option<Used>), Refusal>,
    tier: Result<Claim, Refusal>,
    /// Whether any tier is reached, whatever was claimed.
    reached: bool,
    /// All statements that the policy was held against, by id.
    held_against: Vec<FieldElement>,
}

/// Chooses the latest statement that fits the request, with an attestation that counts, and the tier: the one asked for, or the
/// best that is reached. Figures that fit and do not reach the tier end the search, since older ones are no substitute for them.
///
/// Where nothing can be proven, the refusal is about the latest statement that lacks nothing but an attestation; where there is
/// none, about the tier of the one that fits, or about the latest.
pub(super) fn choose(contents: &Contents, asked: &Asked<'_>, args: &Prove) -> Result<Choice, Refusal> {
    let company = &asked.invitation().registry_id;
    if let Some(tier) = &args.tier {
        // An unknown tier is refused as such.
        asked.policy_inputs(tier)?;
    }
    let mut passed: Vec<PassedOver> = Vec::new();
    for held in pick::candidates(
        contents,
        asked.policy().program(),
        Some(company),
        args.statement.as_deref(),
    )? {
        if held.registry_id != *company {
            return Err(Refusal::new(
                &WRONG_ADDRESSEE,
                format!("{} is of {}", held.display_id(), held.registry_id),
            )
            .at("request: invitation")
            .expected(format!("a statement of {company}, whom the bank invited")));
        }
        let (refusal, tier) = match fitting(contents, asked, args, held) {
            Ok(Fitting {
                attested: Ok((statements, third)),
                tier: Ok(Claim { tier, best }),
                held_against,
                ..
            }) => {
                // Of other periods' figures that do not fit the request, such as those of a year too many, there is nothing to say.
                passed.retain(|p| p.tier.is_some() || p.held.same_period(&held.registry_id, &held.stated));
                return Ok(Choice::Tier(Box::new(Chosen {
                    statements,
                    third,
                    held_against,
                    tier,
                    best,
                    passed_over: passed,
                })));
            }
            Ok(Fitting {
                attested: Ok(_),
                tier: Err(short),
                reached,
                held_against,
            }) => {
                let mut mended = passed.into_iter().filter(|p| matches!(p.tier, Some(Ok(()))));
                return match mended.next() {
                    Some(mended) => Err(mended.refusal),
                    None => Ok(Choice::Short(short, Shortfall { held_against, reached })),
                };
            }
            Ok(Fitting {
                attested: Err(refusal),
                tier,
                reached,
                held_against,
            }) => {
                let short = |refusal| (refusal, Shortfall { held_against, reached });
                (refusal, Some(tier.map(|_| ()).map_err(short)))
            }
            Err(refusal) => (refusal, None),
        };
        passed.push(PassedOver {
            held: held.clone(),
            refusal,
            tier,
        });
    }
    let at = passed.iter().position(|p| p.tier.is_some()).unwrap_or(0);
    // What no attestation could mend comes first.
    match passed.into_iter().nth(at) {
        Some(PassedOver {
            tier: Some(Err((short, shortfall))),
            ..
        }) => Ok(Choice::Short(short, shortfall)),
        Some(passed) => Err(passed.refusal),
        None => Err(Refusal::new(&NO_STATEMENT, "the vault holds no statement")),
    }
}

/// Holds a statement, and the one that stands second beside it, against what no attestation could mend.
fn fitting(contents: &Contents, asked: &Asked<'_>, args: &Prove, first: &HeldStatement) -> Result<Fitting, Refusal> {
    let program = asked.policy().program();
    let second = pick::partner(contents, program, first, args.second.as_deref())?;
    let bare = |held: &HeldStatement| held.statement(Assurance::SELF_DECLARED);
    let (bare_first, bare_second) = (bare(first)?, second.map(bare).transpose()?);
    demand(program, &bare_first, bare_second.as_ref())?;
    check_age(program, &bare_first, asked.request().as_of.day())?;
    // A third statement that is missing or does not fit leaves the tiers that do not ask for it.
    let third = third(contents, asked, args, first, &bare_first);
    let bare_third = third
        .as_ref()
        .and_then(|third| third.as_ref().ok())
        .map(|held| bare(held))
        .transpose()?;
    let bare = [Some(&bare_first), bare_second.as_ref(), bare_third.as_ref()];
    let (reached, third_counts) = tiers::reached(asked.policy().compiled(), bare)?;
    let beside = third.as_ref().and_then(|third| third.as_ref().ok()).copied();
    let held_against = [Some(first), second, beside.filter(|_| third_counts)];
    let held_against = held_against.into_iter().flatten().map(|held| held.id).collect();
    let any = !reached.is_empty();
    let tier = match (claim(args, reached), &third) {
        (Ok(tier), _) => Ok(tier),
        // Whoever asks for a tier hears why its third statement cannot be used.
        (Err(_), Some(Err(missing)))
            if args
                .tier
                .as_ref()
                .is_some_and(|t| asked.policy().demanded(t.as_str()).len() > 1) =>
        {
            Err(missing.clone())
        }
        (Err(short), _) => Err(short.at(first.display_id())),
    };
    let linked = tier
        .as_ref()
        .is_ok_and(|claim| asked.policy().demanded(&claim.tier).len() > 1);
    let third = third.and_then(Result::ok).filter(|_| linked);
    Ok(Fitting {
        attested: attested(asked, first, second, third),
        tier,
        reached: any,
        held_against,
    })
}

/// What no attestation could mend: terms, relation, coverage.
fn demand(program: &Program, first: &Statement, second: Option<&Statement>) -> Result<(), Refusal> {
    check_terms(program, first, second)?;
    for (statement, terms) in [Some(first), second].into_iter().zip(&program.statements) {
        if terms.source == Source::Proven {
            let what = "figures from a book proof are asked for";
            return Err(Refusal::new(&PROVEN_UNSUPPORTED, what));
        }
        let Some(statement) = statement else { continue };
        statement
            .coverage
            .demand(terms.need, Schema::named(statement.schema)?)?;
    }
    Ok(())
}

/// The statement that stands third beside this one, where the policy asks for three.
fn third<'a>(
    contents: &'a Contents,
    asked: &Asked<'_>,
    args: &Prove,
    first: &HeldStatement,
    bare_first: &Statement,
) -> Option<Result<&'a HeldStatement, Refusal>> {
    let part = asked.policy().compiled().further.first()?;
    let found = || {
        let third = pick::partner(contents, &part.program, first, args.third.as_deref())?
            .ok_or_else(|| Refusal::new(&NO_STATEMENT, "there is no third statement"))?;
        let bare_third = third.statement(Assurance::SELF_DECLARED)?;
        demand(&part.program, bare_first, Some(&bare_third))?;
        Ok(third)
    };
    Some(found())
}

/// All statements with the attestations that the policy asks for.
fn attested(
    asked: &Asked<'_>,
    first: &HeldStatement,
    second: Option<&HeldStatement>,
    third: Option<&HeldStatement>,
) -> Result<([Option<Used>; 2], Option<Used>), Refusal> {
    let program = asked.policy().program();
    let [first_terms, second_terms] = &program.statements;
    let first = used(asked, first, first_terms)?;
    let second = second.map(|held| used(asked, held, second_terms)).transpose()?;
    check_assurance(program, &first.statement, second.as_ref().map(|used| &used.statement))?;
    let linked = third.zip(asked.policy().compiled().further.first());
    let third = linked.map(|(held, part)| -> Result<Used, Refusal> {
        let third = used(asked, held, &part.program.statements[1])?;
        check_assurance(&part.program, &first.statement, Some(&third.statement))?;
        Ok(third)
    });
    let third = third.transpose()?;
    Ok(([Some(first), second], third))
}

/// A statement with the attestation that its terms ask for.
fn used(asked: &Asked<'_>, held: &HeldStatement, terms: &StatementTerms) -> Result<Used, Refusal> {
    let attestation = match terms.source {
        Source::Attested => Some(attestation(asked, held, terms)?),
        // A book proof is refused before anybody's attestation is looked for.
        Source::SelfDeclared | Source::Absent | Source::Proven => None,
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
fn claim(args: &Prove, reached: Vec<String>) -> Result<Claim, Refusal> {
    let best = reached.first().cloned();
    let Some(asked) = &args.tier else {
        return match best {
            Some(tier) => Ok(Claim { tier, best: true }),
            None => Err(Refusal::new(&TIER_NOT_REACHED, "the books reach no tier")),
        };
    };
    match reached.into_iter().find(|name| name == asked.as_str()) {
        Some(tier) => Ok(Claim {
            best: best.as_ref() == Some(&tier),
            tier,
        }),
        None => {
            let best = best.map_or("no tier".to_owned(), |best| format!("tier {best}"));
            Err(Refusal::new(&TIER_NOT_REACHED, format!("the books reach {best}")).expected(format!("tier {asked}")))
        }
    }
}
