//! Every code of the catalogue is reached, and no other.

use std::collections::BTreeSet;

use crate::catalogue::CATALOGUE;
use crate::compiler::compile;
use crate::evaluate::evaluate;
use crate::policy::{RULES_MAX, SOURCE_BYTES_MAX};
use crate::program::{Program, Relation, Source, StatementTerms};
use crate::refusal::Refusal;
use crate::schema::Schema;
use crate::statement::{
    Assurance, Basis, Coverage, Currency, Day, Period, Statement, check_age, check_assurance, check_relation,
    check_terms, parse_amount,
};
use crate::testing::{HEAD, PRIOR, balanced, compiled, index, prior, source, statement};

const DECISION: &str = "[tiers]\nkind = \"decision-list\"\n[[tiers.tier]]\nname = \"A\"\nrequires = [\"a\"]\n";
const RULE: &str = "[[rule]]\nname = \"a\"\nrequire = \"cash > 0\"\n";

fn text_with(from: &str, to: &str) -> String {
    let text = format!("{HEAD}{RULE}{DECISION}");
    assert!(text.contains(from), "{from}");
    text.replace(from, to)
}

fn code<T>(result: Result<T, Refusal>) -> &'static str {
    result.map_or_else(|r| r.code(), |_| "accepted")
}

fn program() -> Program {
    compiled("", &[("a", "cash / revenue >= 1")]).program
}

fn with_prior() -> Program {
    compiled(PRIOR, &[("a", "cash >= prior.cash")]).program
}

fn changed(change: impl FnOnce(&mut Statement)) -> Statement {
    let mut statement = balanced(&[]);
    change(&mut statement);
    statement
}

/// Refusals of policies: the source, and the code.
fn policies() -> Vec<(String, &'static str)> {
    let rule = |require: &str| source("", &[("a", require)]);
    let scorecard = |minimum: u32, points: u32| {
        format!(
            "{HEAD}{RULE}[tiers]\nkind = \"scorecard\"\n[[tiers.points]]\nrule = \"a\"\npoints = {points}\n\
             [[tiers.grade]]\nname = \"A\"\nminimum = {minimum}\n"
        )
    };
    let many: String = (0..=RULES_MAX)
        .map(|i| RULE.replace("\"a\"", &format!("\"r{i}\"")))
        .collect();
    let key = format!("\"{}\"", "00".repeat(32));
    vec![
        (text_with("version = 1", "version = "), "policy-syntax"),
        (" ".repeat(SOURCE_BYTES_MAX + 1), "policy-too-long"),
        (text_with("A test", &"x".repeat(201)), "policy-too-long"),
        (
            text_with("version = 1", "version = 1\nflavour = 1"),
            "policy-unknown-field",
        ),
        (
            text_with("require = \"cash > 0\"", "require = \"cash > 0\"\nweight = 5"),
            "policy-unknown-field",
        ),
        (
            text_with("requires = [\"a\"]", "requires = [\"a\"]\nminimum = 1"),
            "policy-unknown-field",
        ),
        (text_with("currency = \"EUR\"\n", ""), "policy-missing-field"),
        (
            text_with(
                "attestors = \"registry\"\n",
                "attestors = \"registry\"\n[statement]\nsource = \"somebody\"\n",
            ),
            "policy-bad-value",
        ),
        (
            source(
                "[second]\nrelation = \"companion\"\nsource = \"proven\"\nassurance_floor = \"audited\"\n",
                &[("a", "cash > 0")],
            ),
            "policy-bad-value",
        ),
        (text_with("version = 1", "version = 2"), "policy-bad-value"),
        (text_with("version = 1", "version = 1.0"), "policy-bad-value"),
        (text_with("type = \"policy\"", "type = \"request\""), "policy-bad-value"),
        (text_with("age_max_days = 300", "age_max_days = -1"), "policy-bad-value"),
        (
            text_with("age_max_days = 300", "age_max_days = 99999999999999999999"),
            "policy-bad-value",
        ),
        (text_with("name = \"a\"", "name = \"A Rule\""), "policy-bad-value"),
        (text_with("A test", "A\\u0007test"), "policy-bad-value"),
        (text_with("decision-list", "lottery"), "policy-bad-value"),
        (text_with("[\"a\"]", "\"a\""), "policy-bad-value"),
        (rule("cash > "), "policy-expression"),
        (rule("cash > banana"), "policy-unknown-figure"),
        (rule("b or c"), "policy-unknown-rule"),
        (text_with("[\"a\"]", "[\"b\"]"), "policy-unknown-rule"),
        (format!("{HEAD}{RULE}{RULE}{DECISION}"), "policy-duplicate"),
        (text_with("[\"a\"]", "[\"a\", \"a\"]"), "policy-duplicate"),
        (
            format!(
                "{HEAD}{RULE}{DECISION}{}",
                DECISION
                    .split_once('\n')
                    .map_or("", |(_, r)| r.split_once('\n').map_or("", |(_, r)| r))
            ),
            "policy-duplicate",
        ),
        (
            text_with("\"registry\"", &format!("[{key}, {key}]")),
            "policy-duplicate",
        ),
        (rule("current_assets >= 1.2 * headcount"), "policy-units"),
        (rule("cash / (0 * revenue) >= 1"), "policy-division"),
        (rule("cash / revenue == 1"), "policy-equality"),
        (
            source("", &[("a", "cash / revenue >= 1"), ("b", "not a")]),
            "policy-negated-ratio",
        ),
        (rule("cash >= prior.cash"), "policy-no-second-statement"),
        (
            source(
                "[second]\nrelation = \"prior\"\n[third]\nrelation = \"companion\"\n",
                &[("a", "companion.cash >= prior.cash")],
            ),
            "policy-spans-proofs",
        ),
        (rule("cash * revenue * equity >= 0"), "policy-too-large"),
        (format!("{HEAD}{many}{DECISION}"), "policy-too-large"),
        (rule("cash >= 0.000000000001 * revenue"), "policy-over-budget"),
        (
            scorecard(1, 16_777_215).replace("kind", "required = [\"a\"]\nkind"),
            "policy-over-budget",
        ),
        (rule("cash < 0"), "policy-rule-never-passes"),
        (
            source("", &[("a", "cash > 5"), ("b", "cash < 5")]).replace("[\"a\"]", "[\"a\", \"b\"]"),
            "policy-contradictory",
        ),
        (text_with("requires = [\"a\"]", ""), "policy-tier-unconditional"),
        (scorecard(0, 5), "policy-tier-unconditional"),
        (scorecard(6, 5), "policy-tier-unattainable"),
        (text_with("attestors = \"registry\"\n", ""), "policy-attestors"),
        (text_with("\"registry\"", "\"everyone\""), "policy-attestors"),
        (text_with("\"registry\"", "[]"), "policy-attestors"),
        (
            text_with(
                "attestors = \"registry\"\n",
                "attestors = \"registry\"\n[statement]\nsource = \"self\"\n",
            ),
            "policy-attestors",
        ),
        (
            text_with("enterprise-financials/v1", "enterprise-financials/v2"),
            "schema-unknown",
        ),
        (text_with("\"EUR\"", "\"DEM\""), "currency-unknown"),
        (text_with("\"solo\"", "\"duo\""), "basis-unknown"),
        (
            text_with(
                "attestors = \"registry\"\n",
                "attestors = \"registry\"\n[statement]\nassurance_floor = \"sworn\"\n",
            ),
            "assurance-unknown",
        ),
        (rule("cash >= 0.001 EUR"), "amount-invalid"),
    ]
}

/// Refusals of statements, programs and bytes.
fn others() -> Vec<(&'static str, &'static str)> {
    let eur = balanced(&[]).currency;
    let (one, two) = (program(), with_prior());
    let prior_of = |change: fn(&mut Statement)| {
        let mut second = prior(&[]);
        change(&mut second);
        code(check_terms(&two, &balanced(&[]), Some(&second)))
    };
    let first_of = |change: fn(&mut Statement)| code(check_terms(&one, &changed(change), None));
    let broken = |change: fn(&mut Program)| {
        let mut program = program();
        change(&mut program);
        code(program.validate())
    };
    let floor = {
        let mut program = program();
        program.statements[0].assurance_floor = 3;
        code(check_assurance(&program, &balanced(&[]), None))
    };
    let end = balanced(&[]).period.end;
    vec![
        (code(crate::policy::source::text(b"\xff")), "policy-not-text"),
        (code(Schema::named("x")), "schema-unknown"),
        (code(Currency::from_code("ZZZ")), "currency-unknown"),
        (code("2023-02-29".parse::<Day>()), "date-invalid"),
        (code(Period::new(Day(5), Day(4))), "period-invalid"),
        (code("good".parse::<Assurance>()), "assurance-unknown"),
        (code("both".parse::<Basis>()), "basis-unknown"),
        (code(changed(|s| s.basis = Basis::None).validate()), "basis-unknown"),
        (code(parse_amount("1.234", eur)), "amount-invalid"),
        (code(parse_amount("92233720368547758.08", eur)), "figure-out-of-range"),
        (code(balanced(&[("cash", -1)]).validate()), "figure-out-of-range"),
        (code(balanced(&[("ebit", i64::MIN)]).validate()), "figure-out-of-range"),
        (
            code(balanced(&[("rounding_difference", 1 << 20), ("equity", 50_000 - (1 << 20))]).validate()),
            "figure-out-of-range",
        ),
        (
            code(balanced(&[("rounding_difference", 1), ("equity", 49_999)]).validate()),
            "accepted",
        ),
        (
            code(changed(|s| (s.figures.0[3], s.coverage) = (5, Coverage(0))).validate()),
            "figure-uncovered",
        ),
        (
            code(changed(|s| s.coverage = Coverage(0)).validate()),
            "figure-uncovered",
        ),
        (code(balanced(&[("equity", 50_001)]).validate()), "identity-broken"),
        (
            code(balanced(&[("current_assets", 60_001)]).validate()),
            "identity-broken",
        ),
        (
            code(statement(&[("current_liabilities", 1)]).validate()),
            "identity-broken",
        ),
        (
            code(evaluate(
                &one,
                &changed(|s| s.coverage = Coverage(!(1 << index("revenue")))),
                None,
            )),
            "figure-not-covered",
        ),
        (first_of(|s| s.schema = ""), "schema-mismatch"),
        (
            first_of(|s| s.currency = Currency::from_code("USD").unwrap()),
            "currency-mismatch",
        ),
        (first_of(|s| s.basis = Basis::Consolidated), "basis-mismatch"),
        (
            first_of(|s| s.period.start = Day(s.period.start.0 + 30)),
            "period-length",
        ),
        (first_of(|s| s.period.start = Day(s.period.end.0 + 1)), "period-invalid"),
        (first_of(|s| s.restatement = 1), "restatement-limit"),
        (first_of(|_| ()), "accepted"),
        (
            code(check_terms(&one, &balanced(&[]), Some(&prior(&[])))),
            "second-statement-unexpected",
        ),
        (
            code(check_terms(&two, &balanced(&[]), None)),
            "second-statement-missing",
        ),
        (prior_of(|_| ()), "accepted"),
        (
            prior_of(|s| s.period.end = Day(s.period.end.0 - 1)),
            "not-the-prior-period",
        ),
        (
            prior_of(|s| s.period.end = Day(s.period.end.0 + 1)),
            "not-the-prior-period",
        ),
        (prior_of(|s| s.period.start = Day(s.period.start.0 - 7)), "accepted"),
        (
            prior_of(|s| s.period.start = Day(s.period.start.0 - 8)),
            "not-the-prior-period",
        ),
        (
            code(check_relation(Relation::Companion, &balanced(&[]), &prior(&[]))),
            "not-a-companion",
        ),
        (
            code(check_relation(Relation::Companion, &balanced(&[]), &balanced(&[]))),
            "accepted",
        ),
        (
            code(check_relation(
                Relation::Prior,
                &balanced(&[]),
                &changed(|s| s.schema = ""),
            )),
            "schema-mismatch",
        ),
        (
            code(check_relation(
                Relation::Prior,
                &balanced(&[]),
                &changed(|s| s.basis = Basis::Consolidated),
            )),
            "basis-mismatch",
        ),
        (code(check_age(&one, &balanced(&[]), Day(end.0 + 300))), "accepted"),
        (code(check_age(&one, &balanced(&[]), Day(end.0 + 301))), "period-stale"),
        (
            code(check_age(&one, &balanced(&[]), Day(end.0 - 1))),
            "period-in-future",
        ),
        (floor, "assurance-too-low"),
        (code(crate::canonical::decode(b"covenant")), "policy-bytes-invalid"),
        (broken(|_| ()), "accepted"),
        (broken(|p| p.rows[0].a[0] = 1 << 36), "program-invalid"),
        (broken(|p| p.rows[0].a[0] = i64::MIN), "program-invalid"),
        (broken(|p| p.rows[0].bound = 1 << 100), "program-invalid"),
        (broken(|p| p.rows[0].bound = i128::MIN), "program-invalid"),
        (broken(|p| p.rows[0].slots[0] = 1), "program-invalid"),
        (broken(|p| p.rows[23].passes[0] = 1), "program-invalid"),
        (broken(|p| p.rows[31].slots[0] = 1 << 24), "program-invalid"),
        (broken(|p| p.rows[31].passes[0] = -(1 << 36)), "program-invalid"),
        (broken(|p| p.rows[31].passes[0] = 1), "accepted"),
        (broken(|p| p.rows[31].passes[31] = 1), "program-invalid"),
        (broken(|p| p.rows[30].passes[31] = 1), "program-invalid"),
        (broken(|p| p.rows[31].passes[7] = 1), "program-invalid"),
        (broken(|p| p.rows[9].bound = -1), "program-invalid"),
        (broken(|p| p.rows.truncate(31)), "program-invalid"),
        (broken(|p| p.slots[0].u[0] = 1 << 24), "program-invalid"),
        (broken(|p| p.slots[3].v[0] = -(1 << 24)), "program-invalid"),
        (broken(|p| p.tiers[0].minimum = 0), "program-invalid"),
        (broken(|p| p.tiers[0].minimum = 3), "program-invalid"),
        (broken(|p| p.tiers[0].weights[9] = 1), "program-invalid"),
        (broken(|p| p.tiers[0].weights[0] = 1 << 24), "program-invalid"),
        (broken(|p| p.tiers[0].name.clear()), "program-invalid"),
        (broken(|p| p.tiers.push(p.tiers[0].clone())), "program-invalid"),
        (broken(|p| p.tiers.clear()), "program-invalid"),
        (broken(|p| p.rows[0].a[40] = 1), "program-invalid"),
        (broken(|p| p.slots[0].v[40] = 1), "program-invalid"),
        (broken(|p| p.statements[0].need &= !(1 << 3)), "program-invalid"),
        (broken(|p| p.statements[0].need &= !(1 << 20)), "program-invalid"),
        (
            broken(|p| {
                (p.statements[0].source, p.statements[0].assurance_floor) = (Source::Proven, 1);
                p.attestors_from_registry = false;
            }),
            "program-invalid",
        ),
        (
            broken(|p| {
                (p.statements[0].source, p.statements[0].need) = (Source::Proven, 1 << 3 | 1 << 13);
                p.attestors_from_registry = false;
            }),
            "accepted",
        ),
        (broken(|p| p.statements[0].source = Source::Absent), "program-invalid"),
        (broken(|p| p.statements[0].basis = Basis::None), "program-invalid"),
        (broken(|p| p.statements[0].length_min_days = 0), "program-invalid"),
        (broken(|p| p.statements[0].length_min_days = 381), "program-invalid"),
        (broken(|p| p.statements[0].length_max_days = 1 << 20), "program-invalid"),
        (broken(|p| p.statements[0].schema = "x"), "program-invalid"),
        (broken(|p| p.statements[1].need = 1), "program-invalid"),
        (broken(|p| p.statements[1] = p.statements[0].clone()), "program-invalid"),
        (broken(|p| p.relation = Relation::Prior), "program-invalid"),
        (broken(|p| p.age_max_days = 1 << 20), "program-invalid"),
        (broken(|p| p.attestors_from_registry = false), "program-invalid"),
        (broken(|p| p.attestors = vec![[0; 32]]), "program-invalid"),
        (
            broken(|p| (p.attestors_from_registry, p.attestors) = (false, vec![[0; 32]; 2])),
            "program-invalid",
        ),
        (
            broken(|p| (p.attestors_from_registry, p.attestors) = (false, (0..33).map(|i| [i; 32]).collect())),
            "program-invalid",
        ),
        (
            broken(|p| (p.attestors_from_registry, p.attestors) = (false, (0..32).map(|i| [i; 32]).collect())),
            "accepted",
        ),
        (
            broken(|p| {
                (
                    p.statements[0].source,
                    p.statements[0].assurance_floor,
                    p.attestors_from_registry,
                ) = (Source::SelfDeclared, 1, false)
            }),
            "program-invalid",
        ),
        (
            broken(|p| {
                let other = StatementTerms {
                    basis: Basis::Consolidated,
                    ..p.statements[0].clone()
                };
                (p.relation, p.statements[1]) = (Relation::Prior, other);
            }),
            "program-invalid",
        ),
    ]
}

#[test]
fn every_code_is_reached() {
    let mut reached = BTreeSet::new();
    for (text, expected) in policies() {
        let result = compile(&text);
        let shown: String = text.chars().take(2_000).collect();
        match result {
            Ok(_) => panic!("expected {expected}, and this compiles:\n{shown}"),
            Err(refusal) => {
                assert_eq!(refusal.code(), expected, "{refusal}\n{shown}");
                assert!(
                    refusal
                        .place
                        .as_ref()
                        .is_some_and(|p| p.contains("line ") && p.contains('^')),
                    "{refusal}"
                );
                reached.insert(refusal.code());
            }
        }
    }
    for (i, (found, expected)) in others().into_iter().enumerate() {
        assert_eq!(found, expected, "case {i}");
        reached.insert(found);
    }
    reached.remove("accepted");
    let listed: BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.code).collect();
    assert_eq!(listed.len(), CATALOGUE.len(), "a code is listed twice");
    assert_eq!(reached, listed);
}

#[test]
fn meanings_and_advice_are_sentences() {
    for entry in CATALOGUE {
        assert!(
            entry.meaning.ends_with('.') && entry.advice.ends_with('.'),
            "{}",
            entry.code
        );
        assert!(
            entry.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{}",
            entry.code
        );
    }
}
