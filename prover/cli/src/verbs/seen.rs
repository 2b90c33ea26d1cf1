//! What a bank sees of a proof under its policy, and what it does not, in sentences.

use covenant_policy::Compiled;
use covenant_policy::program::{Program, Relation, Source, StatementTerms};
use covenant_policy::statement::Assurance;

/// One sentence each; with the tier that is proven, or with all that could be.
pub(super) fn lines(compiled: &Compiled, bank: &str, tier: Option<&str>) -> Vec<String> {
    let program = &compiled.program;
    let names: Vec<&str> = program.tiers.iter().map(|t| t.name.as_str()).collect();
    let mut out = vec![match tier {
        Some(tier) => format!("The tier {tier}, of the tiers {}.", names.join(", ")),
        None => format!("One tier of {}; or, if you prove nothing, nothing.", names.join(", ")),
    }];
    out.push(format!(
        "That you are the company that {bank} invited, under a pseudonym that no other bank sees."
    ));
    let [first, second] = &program.statements;
    out.push(statement("Your figures", first, program));
    out.push(format!(
        "That their period ended at most {} days before the day the request counts from; not when.",
        program.age_max_days
    ));
    out.extend(related(program, second));
    for part in &compiled.further {
        let demanded = |tier: &str| part.program.tiers.iter().any(|own| own.name == tier);
        if tier.is_none_or(demanded) {
            let [_, third] = &part.program.statements;
            out.extend(related(&part.program, third));
            out.push("That both proofs are about the same figures of yours: what the tier asks of each statement holds together.".into());
        }
    }
    out.push("A tag for each period, by which it can count versions of the same period's figures.".into());
    out.push("Not: any figure, ratio or margin; which rules passed, beyond what the tier says; who attested.".into());
    out
}

fn related(program: &Program, terms: &StatementTerms) -> Option<String> {
    match program.relation {
        Relation::None => None,
        Relation::Prior => Some(statement("The year before", terms, program)),
        Relation::Companion => Some(statement("The companion statement", terms, program)),
    }
}

fn statement(whose: &str, terms: &StatementTerms, program: &Program) -> String {
    let source = match terms.source {
        Source::Attested => {
            format!(
                "attested by somebody the bank accepts, {} or better",
                Assurance(terms.assurance_floor)
            )
        }
        Source::SelfDeclared => "your own word".to_owned(),
        Source::Proven => "proven from the books".to_owned(),
        Source::Absent => "absent".to_owned(),
    };
    let restated = match terms.restatement_cap {
        0 => "never restated".to_owned(),
        1 => "restated at most once".to_owned(),
        cap => format!("restated at most {cap} times"),
    };
    format!(
        "{whose}: {}, in {}, over {} to {} days, {restated}, {source}.",
        terms.basis, program.currency, terms.length_min_days, terms.length_max_days
    )
}
