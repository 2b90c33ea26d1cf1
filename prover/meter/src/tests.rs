//! The promise of the meter, and its limits, on companies and policies of every kind.

use covenant_policy::compile;
use covenant_policy::evaluate::evaluate_columns;
use covenant_policy::program::{COLUMNS, FIGURES, Program};
use covenant_policy::schema::{ENTERPRISE_FINANCIALS, Schema};
use num_bigint::BigInt;

use crate::{Answer, Outcome};

mod budgets;
mod linked;
mod promise;
mod unranged;

const SAMPLES: [&str; 5] = [
    include_str!("../../../policies/growth-with-prior.toml"),
    include_str!("../../../policies/leverage-pricing-grid.toml"),
    include_str!("../../../policies/small-enterprise-scorecard.toml"),
    include_str!("../../../policies/supplier-screen.toml"),
    include_str!("../../../policies/working-capital-decision-list.toml"),
];

fn index(name: &str) -> usize {
    ENTERPRISE_FINANCIALS.index_of(name).expect("a figure")
}

/// The program of a policy with these rules, and these tiers by the rules that they demand.
fn program(rules: &[(&str, &str)], tiers: &[(&str, &[&str])]) -> Program {
    let mut text = String::from(
        "type = \"policy\"\nversion = 1\nname = \"test\"\ntitle = \"A test\"\nschema = \"enterprise-financials/v1\"\n\
         currency = \"EUR\"\nbasis = \"solo\"\nage_max_days = 300\nattestors = \"registry\"\n",
    );
    for (name, require) in rules {
        text += &format!("[[rule]]\nname = \"{name}\"\nrequire = \"{require}\"\n");
    }
    text += "[tiers]\nkind = \"decision-list\"\n";
    for (name, requires) in tiers {
        text += &format!("[[tiers.tier]]\nname = \"{name}\"\nrequires = {requires:?}\n");
    }
    compile(&text)
        .unwrap_or_else(|refusal| panic!("{refusal}\n{text}"))
        .program
}

/// One rule, one tier.
fn screen(require: &str) -> Program {
    program(&[("one", require)], &[("yes", &["one"])])
}

/// A statement's figures: those named, in cents, with the balance sheet made to agree.
fn books(named: &[(&str, i64)]) -> [i64; FIGURES] {
    let mut figures = [0; FIGURES];
    for (name, value) in named {
        figures[index(name)] = *value;
    }
    agree(&mut figures);
    figures
}

fn agree(figures: &mut [i64; FIGURES]) {
    figures[5] = figures[0] + figures[1];
    figures[8] = figures[6] + figures[7];
    figures[20] = figures[5] - figures[8] - figures[26];
}

/// The columns that a program reads, of these statements.
fn columns_of(books: &[[i64; FIGURES]], statements: [Option<usize>; 2]) -> [i64; COLUMNS] {
    let mut columns = [0; COLUMNS];
    for (slot, statement) in statements.iter().enumerate() {
        if let Some(statement) = statement {
            columns[slot * FIGURES..][..FIGURES].copy_from_slice(&books[*statement]);
        }
    }
    columns
}

/// What the enterprise answers: the best tier, or nothing.
fn answered<'p>(
    bank: usize,
    program: &'p Program,
    books: &[[i64; FIGURES]],
    statements: [Option<usize>; 2],
) -> Answer<'p> {
    let best = evaluate_columns(program, columns_of(books, statements)).best;
    let outcome = best.map_or(Outcome::Silence, |tier| Outcome::Tier { tier, best: true });
    Answer::of_one(bank, program, statements, outcome)
}

fn schemas(count: usize) -> Vec<&'static Schema> {
    vec![&ENTERPRISE_FINANCIALS; count]
}

fn big(value: i64) -> BigInt {
    BigInt::from(value)
}
