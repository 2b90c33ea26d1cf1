//! The relation in plain Rust: the rules of [`super::enforce`], in the same order, over typed values.
//!
//! Whatever the types already exclude (a 64-bit figure out of 64 bits) has no line here; the circuit's rows for it are exercised
//! by the forgeries. Rows and tiers come from the policy crate's evaluation, which `covenant check` shows to the user as well.

use covenant_gadgets::{circuit::Field, eddsa};
use covenant_policy::{
    evaluate::evaluate_columns,
    program::{FIGURES, Relation, STATEMENTS, Source, StatementTerms},
    schema::{Schema, column_range},
    statement::{Assurance, Day, LENGTH_SLACK_DAYS, Statement},
};

use super::{
    public::Public,
    rules::{Rule, Violation},
    witness::{StatementWitness, Witness},
};
use crate::commitments;

type Check = Result<(), Violation>;

fn demand(holds: bool, rule: Rule, detail: impl FnOnce() -> String) -> Check {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(rule, detail()))
    }
}

/// Checks every rule.
pub fn check(public: &Public, witness: &Witness) -> Check {
    let program = public.policy.program();
    let statements: Vec<(usize, &StatementTerms, Option<&StatementWitness>)> = program
        .statements
        .iter()
        .zip(&witness.statements)
        .enumerate()
        .map(|(k, (terms, statement))| (k, terms, statement.as_ref()))
        .collect();
    for &(k, terms, statement) in &statements {
        let present = terms.source != Source::Absent;
        demand(present == statement.is_some(), Rule::AbsentStatement, || {
            format!(
                "statement {k} is {}, the policy wants it {}",
                given(statement.is_some()),
                given(present)
            )
        })?;
    }
    let there: Vec<(usize, &StatementTerms, &StatementWitness)> = statements
        .iter()
        .filter_map(|&(k, terms, statement)| statement.map(|s| (k, terms, s)))
        .collect();
    for &(k, _, statement) in &there {
        let schema = public.policy.schemas()[k];
        schema.map_or(Ok(()), |schema| ranges_and_identities(schema, &statement.statement))?;
    }
    for &(k, terms, statement) in &there {
        committed_fields(public, k, terms, &statement.statement)?;
        attestation(public, witness, k, terms, statement)?;
        bounds(terms, &statement.statement)?;
    }
    periods(public, witness)?;
    for k in 0..STATEMENTS {
        tags(public, witness, k)?;
    }
    let nym = commitments::nym(witness.sk, public.proof.bank);
    demand(nym == public.proof.nym, Rule::Nym, || {
        "the pseudonym is another enterprise's".into()
    })?;
    let subject = commitments::subject(witness.entity, witness.subject_blinding);
    demand(subject == public.proof.subject, Rule::Subject, || {
        "the legal person is not the one invited".into()
    })?;
    tier(public, witness)
}

fn given(there: bool) -> &'static str {
    if there { "given" } else { "absent" }
}

fn ranges_and_identities(schema: &Schema, statement: &Statement) -> Check {
    for (j, (figure, &value)) in schema.figures.iter().zip(&statement.figures.0).enumerate() {
        let (least, greatest) = column_range(j);
        demand((least..=greatest).contains(&value), Rule::FigureRange, || {
            format!("{} is out of range", figure.name)
        })?;
    }
    let days = [statement.period.start, statement.period.end];
    demand(days.iter().all(|day| *day <= Day::MAX), Rule::HeaderRange, || {
        "a date beyond the calendar".into()
    })?;
    if let Some(j) = schema.rounding_figure() {
        let (least, greatest) = schema.range(j);
        demand(
            (least..=greatest).contains(&statement.figures.0[j]),
            Rule::RoundingBound,
            || format!("{} is more than rounding", schema.figures[j].name),
        )?;
    }
    for identity in schema.identities {
        let sum: i128 = identity
            .terms
            .iter()
            .map(|&(j, c)| i128::from(c) * i128::from(statement.figures.0[j]))
            .sum();
        demand(sum == 0, Rule::SchemaIdentity, || {
            format!("{} does not hold", identity.text)
        })?;
    }
    Ok(())
}

/// Schema, currency and basis are the policy's: in the circuit they enter the statement's hash as public inputs.
fn committed_fields(public: &Public, k: usize, terms: &StatementTerms, statement: &Statement) -> Check {
    let currency = public.policy.program().currency;
    let same = statement.schema == terms.schema && statement.currency == currency && statement.basis == terms.basis;
    demand(same, Rule::StatementHash, || {
        format!("statement {k} has another schema, currency or basis than the policy asks for")
    })
}

fn attestation(public: &Public, witness: &Witness, k: usize, terms: &StatementTerms, own: &StatementWitness) -> Check {
    let assurance = own.statement.assurance;
    match terms.source {
        Source::Attested => {
            let Some(attestation) = &own.attestation else {
                return Err(Violation::new(
                    Rule::AttestationSignature,
                    format!("statement {k} is not attested"),
                ));
            };
            let hash = witness
                .opening(k)
                .zip(public.policy.schemas()[k])
                .map(|(opening, schema)| opening.hash(schema))
                .unwrap_or_default();
            let signed = eddsa::verify(&attestation.key, hash, &attestation.signature);
            demand(signed.is_ok(), Rule::AttestationSignature, || {
                format!("the attestor did not sign statement {k} as it stands")
            })?;
            let listed = public
                .policy
                .attestors()
                .contains(&(attestation.key, attestation.grant));
            demand(listed, Rule::AttestorListed, || {
                "the attestor is not on the policy's list".into()
            })?;
            demand(assurance.0 <= attestation.grant, Rule::AssuranceGrant, || {
                format!(
                    "assurance {} is beyond the attestor's grant of {}",
                    assurance.0, attestation.grant
                )
            })?;
        }
        Source::SelfDeclared => {
            demand(assurance == Assurance::SELF_DECLARED, Rule::SelfAssurance, || {
                format!("statement {k} claims assurance {} without an attestor", assurance.0)
            })?;
        }
        Source::Proven | Source::Absent => {}
    }
    demand(assurance.0 >= terms.assurance_floor, Rule::AssuranceFloor, || {
        format!(
            "assurance {} is below the policy's floor of {}",
            assurance.0, terms.assurance_floor
        )
    })
}

fn bounds(terms: &StatementTerms, statement: &Statement) -> Check {
    demand(
        statement.restatement <= terms.restatement_cap,
        Rule::RestatementCap,
        || {
            format!(
                "restated {} times, {} allowed",
                statement.restatement, terms.restatement_cap
            )
        },
    )?;
    let days = statement.period.days().unwrap_or(0);
    demand(
        (terms.length_min_days..=terms.length_max_days).contains(&days),
        Rule::PeriodLength,
        || {
            format!(
                "a period of {days} days, {} to {} allowed",
                terms.length_min_days, terms.length_max_days
            )
        },
    )?;
    let missing = terms.need & !statement.coverage.0;
    demand(missing == 0, Rule::FigureCovered, || {
        let first = missing.trailing_zeros() as usize;
        format!("figure {first} is needed and not covered by the books")
    })
}

fn periods(public: &Public, witness: &Witness) -> Check {
    let period = |k: usize| witness.statements[k].as_ref().map(|s| s.statement.period);
    let Some(first) = period(0) else {
        return Err(Violation::new(Rule::AbsentStatement, "there is no first statement"));
    };
    demand(
        (public.proof.end_min..=public.proof.end_max).contains(&first.end),
        Rule::PeriodWindow,
        || "the period ends outside the request's window".into(),
    )?;
    let relation = public.policy.program().relation;
    let Some(second) = period(1) else { return Ok(()) };
    let lengths = first.days().zip(second.days());
    let similar = lengths.is_some_and(|(a, b)| a.abs_diff(b) <= LENGTH_SLACK_DAYS);
    demand(
        relation != Relation::Prior || (second.end.0 + 1 == first.start.0 && similar),
        Rule::PriorPeriod,
        || "the second statement is not the period before".into(),
    )?;
    demand(
        relation != Relation::Companion || second.end == first.end,
        Rule::CompanionPeriod,
        || "the second statement ends on another day".into(),
    )
}

fn tags(public: &Public, witness: &Witness, k: usize) -> Check {
    let zero = Field::from(0u64);
    let (mut tag, mut link, mut proven) = (zero, zero, zero);
    if let (Some(own), Some(opening), Some(schema)) =
        (&witness.statements[k], witness.opening(k), public.policy.schemas()[k])
    {
        let period = own.statement.period;
        let family = commitments::schema_family_field(schema);
        tag = commitments::period_tag(witness.sk, public.proof.scope, family, period);
        let root = commitments::figures_root(&own.statement.figures);
        link = commitments::statement_link(witness.sk, public.proof.scope, root, period);
        if public.policy.program().statements[k].source == Source::Proven {
            proven = commitments::proven_link(opening.hash(schema), own.link_blinding);
        }
    }
    demand(tag == public.proof.period_tags[k], Rule::PeriodTag, || {
        format!("period tag {k} is another one")
    })?;
    demand(link == public.proof.statement_links[k], Rule::StatementLink, || {
        format!("statement link {k} is another one")
    })?;
    demand(proven == public.proof.proven_links[k], Rule::ProvenLink, || {
        format!("proven link {k} is another one")
    })
}

fn tier(public: &Public, witness: &Witness) -> Check {
    let program = public.policy.program();
    let figure = |column: usize| {
        let statement = witness.statements.get(column / FIGURES).and_then(Option::as_ref);
        statement
            .and_then(|s| s.statement.figure(column % FIGURES))
            .unwrap_or(0)
    };
    let evaluation = evaluate_columns(program, std::array::from_fn(figure));
    let outcome = evaluation.tiers.get(public.policy.tier());
    demand(outcome.is_some_and(|tier| tier.achieved), Rule::TierReached, || {
        outcome.map_or_else(
            || "the policy has no such tier".into(),
            |tier| {
                format!(
                    "the books score {} of the {} that tier {:?} takes",
                    tier.score, tier.minimum, tier.name
                )
            },
        )
    })
}
