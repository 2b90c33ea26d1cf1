//! What a policy demands of statements before it looks at their figures: the relation's rules in plain Rust, with the names
//! that the compliance statement uses.

use super::{Assurance, Day, Statement};
use crate::catalogue as codes;
use crate::program::{Program, Relation, Source, StatementTerms};
use crate::refusal::Refusal;

/// How much the lengths of two adjacent periods may differ, in days (leap days, 52- and 53-week years).
pub const LENGTH_SLACK_DAYS: u32 = 8;

const SLOTS: [&str; 2] = ["first statement", "second statement"];

/// Checks what a policy's terms say of each statement, leaving out assurance and age: schema, currency, basis, period
/// length, restatement number, presence, and the relation between the two.
///
/// # Errors
/// `schema-mismatch`, `currency-mismatch`, `basis-mismatch`, `period-length`, `restatement-limit`,
/// `second-statement-missing`, `second-statement-unexpected`, and those of [`check_relation`].
pub fn check_terms(program: &Program, first: &Statement, second: Option<&Statement>) -> Result<(), Refusal> {
    check_one(program, &program.statements[0], first, SLOTS[0])?;
    match (program.relation, second) {
        (Relation::None, None) => Ok(()),
        (Relation::None, Some(_)) => Err(Refusal::new(&codes::SECOND_UNEXPECTED, "a second statement was given")
            .expected("one statement: this policy reads no other")),
        (relation, None) => Err(Refusal::new(&codes::SECOND_MISSING, "no second statement was given")
            .expected(format!("the {} statement", relation.name()))),
        (relation, Some(second)) => {
            check_one(program, &program.statements[1], second, SLOTS[1])?;
            check_relation(relation, first, second)
        }
    }
}

fn check_one(program: &Program, terms: &StatementTerms, s: &Statement, slot: &str) -> Result<(), Refusal> {
    if s.schema != terms.schema {
        return Err(Refusal::new(&codes::SCHEMA_MISMATCH, format!("schema {}", s.schema))
            .at(slot)
            .expected(terms.schema));
    }
    if s.currency != program.currency {
        return Err(
            Refusal::new(&codes::CURRENCY_MISMATCH, format!("figures in {}", s.currency))
                .at(slot)
                .expected(program.currency.code),
        );
    }
    if s.basis != terms.basis {
        return Err(Refusal::new(&codes::BASIS_MISMATCH, format!("{} figures", s.basis))
            .at(slot)
            .expected(terms.basis.to_string()));
    }
    let bounds = format!("{} to {} days", terms.length_min_days, terms.length_max_days);
    match s.period.days() {
        Some(days) if (terms.length_min_days..=terms.length_max_days).contains(&days) => {}
        Some(days) => {
            let what = format!("{} is a period of {days} days", s.period);
            return Err(Refusal::new(&codes::PERIOD_LENGTH, what).at(slot).expected(bounds));
        }
        None => return Err(Refusal::new(&codes::PERIOD_INVALID, "the period ends before it starts").at(slot)),
    }
    if s.restatement > terms.restatement_cap {
        return Err(Refusal::new(
            &codes::RESTATEMENT_LIMIT,
            format!("restatement number {}", s.restatement),
        )
        .at(slot)
        .expected(format!("at most {}", terms.restatement_cap)));
    }
    Ok(())
}

/// Checks how the second statement relates to the first.
///
/// # Errors
/// `not-the-prior-period`, `not-a-companion`, `schema-mismatch`, `currency-mismatch`, `basis-mismatch`.
pub fn check_relation(relation: Relation, first: &Statement, second: &Statement) -> Result<(), Refusal> {
    let slot = SLOTS[1];
    if relation != Relation::None && second.currency != first.currency {
        return Err(
            Refusal::new(&codes::CURRENCY_MISMATCH, format!("figures in {}", second.currency))
                .at(slot)
                .expected(first.currency.code),
        );
    }
    match relation {
        Relation::None => Ok(()),
        Relation::Companion if second.period.end == first.period.end => Ok(()),
        Relation::Companion => Err(Refusal::new(
            &codes::NOT_A_COMPANION,
            format!("its period ends {}", second.period.end),
        )
        .at(slot)
        .expected(format!("a period that ends {}", first.period.end))),
        Relation::Prior => {
            if second.schema != first.schema {
                return Err(
                    Refusal::new(&codes::SCHEMA_MISMATCH, format!("schema {}", second.schema))
                        .at(slot)
                        .expected(first.schema),
                );
            }
            if second.basis != first.basis {
                return Err(
                    Refusal::new(&codes::BASIS_MISMATCH, format!("{} figures", second.basis))
                        .at(slot)
                        .expected(first.basis.to_string()),
                );
            }
            prior_period(first, second)
        }
    }
}

fn prior_period(first: &Statement, second: &Statement) -> Result<(), Refusal> {
    let wrong = |what: String| Err(Refusal::new(&codes::NOT_THE_PRIOR_PERIOD, what).at(SLOTS[1]));
    if second.period.end.plus(1) != Some(first.period.start) {
        return wrong(format!(
            "it ends {}, and the first statement starts {}",
            second.period.end, first.period.start
        ));
    }
    match (first.period.days(), second.period.days()) {
        (Some(a), Some(b)) if a.abs_diff(b) <= LENGTH_SLACK_DAYS => Ok(()),
        (a, b) => wrong(format!(
            "its {} days are compared with {} days",
            b.unwrap_or(0),
            a.unwrap_or(0)
        )),
    }
}

/// Checks the assurance floors. `self`-sourced statements count as assurance 0, whatever they say.
///
/// # Errors
/// `assurance-too-low`.
pub fn check_assurance(program: &Program, first: &Statement, second: Option<&Statement>) -> Result<(), Refusal> {
    for ((terms, statement), slot) in program.statements.iter().zip([Some(first), second]).zip(SLOTS) {
        let Some(statement) = statement else { continue };
        let assurance = match terms.source {
            Source::SelfDeclared => Assurance::SELF_DECLARED,
            _ => statement.assurance,
        };
        if assurance.0 < terms.assurance_floor {
            return Err(
                Refusal::new(&codes::ASSURANCE_TOO_LOW, format!("the figures are {assurance}"))
                    .at(slot)
                    .expected(format!("at least {}", Assurance(terms.assurance_floor))),
            );
        }
    }
    Ok(())
}

/// Checks the first statement's age at `as_of`.
///
/// # Errors
/// `period-stale`, `period-in-future`.
pub fn check_age(program: &Program, first: &Statement, as_of: Day) -> Result<(), Refusal> {
    let end = first.period.end;
    match as_of.0.checked_sub(end.0) {
        None => Err(Refusal::new(&codes::PERIOD_IN_FUTURE, format!("the period ends {end}"))
            .expected(format!("an end on or before {as_of}"))),
        Some(age) if age > program.age_max_days => Err(Refusal::new(
            &codes::PERIOD_STALE,
            format!("the period ended {end}, {age} days before {as_of}"),
        )
        .expected(format!("at most {} days", program.age_max_days))),
        Some(_) => Ok(()),
    }
}
