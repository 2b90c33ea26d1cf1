//! Compiled rows against the exact value of the source expression, computed another way: by plain rational arithmetic on a
//! tree of this module, for random expressions and figures, extremes included.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, Zero as _};
use proptest::prelude::*;

use crate::compiler::compile;
use crate::evaluate::evaluate_columns;
use crate::program::{COLUMNS, FIGURES};
use crate::schema::{ENTERPRISE_FINANCIALS, SIGNED_FROM};
use crate::testing::{PRIOR, SAMPLES, source};

/// A value by plain arithmetic.
type ByHand = Box<dyn Fn(&[i64; COLUMNS]) -> Option<BigRational>>;

/// Money columns that expressions are made of: some non-negative, some signed, some of the prior period.
const POOL: [(&str, usize); 8] = [
    ("current_assets", 0),
    ("current_liabilities", 6),
    ("revenue", 13),
    ("equity", 20),
    ("ebitda", 22),
    ("net_income", 25),
    ("prior.revenue", FIGURES + 13),
    ("prior.equity", FIGURES + 20),
];

/// A linear form: whole coefficient per pool entry, and a constant in cents.
#[derive(Debug, Clone)]
struct Form {
    terms: Vec<(usize, i64)>,
    cents: i64,
}

impl Form {
    fn text(&self) -> String {
        let mut text = format!("{}.{:02} EUR", self.cents / 100, self.cents % 100);
        for (k, c) in &self.terms {
            text += &format!(
                " {} {} * {}",
                if *c < 0 { '-' } else { '+' },
                c.unsigned_abs(),
                POOL[*k].0
            );
        }
        if self.cents == 0 && !self.terms.is_empty() {
            text.replacen("0.00 EUR +", "", 1).replacen("0.00 EUR -", "-", 1)
        } else {
            text
        }
    }

    fn value(&self, x: &[i64; COLUMNS]) -> BigRational {
        let sum: BigInt = self.terms.iter().map(|(k, c)| BigInt::from(*c) * x[POOL[*k].1]).sum();
        BigRational::from(sum + self.cents)
    }
}

/// The expressions that rules are made of; each side has the unit that the other needs.
#[derive(Debug, Clone)]
enum Side {
    /// Money against money.
    Money(Form),
    /// A ratio.
    Ratio(Form, Form),
    /// The sum or difference of two ratios.
    Ratios(Form, Form, bool, Form, Form),
    /// Money times money.
    Product(Form, Form),
}

impl Side {
    fn text(&self) -> String {
        match self {
            Self::Money(a) => a.text(),
            Self::Ratio(a, b) => format!("({}) / ({})", a.text(), b.text()),
            Self::Ratios(a, b, plus, c, d) => {
                format!(
                    "({}) / ({}) {} ({}) / ({})",
                    a.text(),
                    b.text(),
                    if *plus { '+' } else { '-' },
                    c.text(),
                    d.text()
                )
            }
            Self::Product(a, b) => format!("({}) * ({})", a.text(), b.text()),
        }
    }

    /// The value; `None` where something is divided by what is not above zero.
    fn value(&self, x: &[i64; COLUMNS]) -> Option<BigRational> {
        let over = |a: &Form, b: &Form| {
            let below = b.value(x);
            below.is_positive().then(|| a.value(x) / below)
        };
        match self {
            Self::Money(a) => Some(a.value(x)),
            Self::Ratio(a, b) => over(a, b),
            Self::Ratios(a, b, plus, c, d) => {
                let (left, right) = (over(a, b)?, over(c, d)?);
                Some(if *plus { left + right } else { left - right })
            }
            Self::Product(a, b) => Some(a.value(x) * b.value(x)),
        }
    }
}

fn form() -> impl Strategy<Value = Form> {
    let term = (0..POOL.len(), prop_oneof![Just(1i64), Just(-1), 2..20i64, -20..-1i64]);
    (
        prop::collection::vec(term, 1..4),
        prop_oneof![4 => Just(0i64), 1 => 1..100_000i64],
    )
        .prop_map(|(mut terms, cents)| {
            terms.sort_unstable();
            terms.dedup_by_key(|t| t.0);
            Form { terms, cents }
        })
}

fn threshold() -> impl Strategy<Value = (i64, u32)> {
    (-300..2_000i64, 0..3u32)
}

fn decimal((digits, decimals): (i64, u32)) -> (String, BigRational) {
    let power = 10i64.pow(decimals);
    let value = BigRational::new(digits.into(), power.into());
    let sign = if digits < 0 { "-" } else { "" };
    let (whole, rest) = (digits.abs() / power, digits.abs() % power);
    let width = decimals as usize;
    let text = if decimals == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{rest:0width$}")
    };
    (text, value)
}

/// Both sides of a comparison, the right one possibly a plain threshold.
fn comparison() -> impl Strategy<Value = (Side, Result<Side, (i64, u32)>)> {
    let ratio = || (form(), form()).prop_map(|(a, b)| Side::Ratio(a, b));
    prop_oneof![
        (form(), form()).prop_map(|(a, b)| (Side::Money(a), Ok(Side::Money(b)))),
        (ratio(), threshold()).prop_map(|(a, t)| (a, Err(t))),
        (ratio(), ratio()).prop_map(|(a, b)| (a, Ok(b))),
        ((form(), form(), any::<bool>(), form(), form()), threshold())
            .prop_map(|((a, b, plus, c, d), t)| (Side::Ratios(a, b, plus, c, d), Err(t))),
        (form(), form(), form(), form()).prop_map(|(a, b, c, d)| (Side::Product(a, b), Ok(Side::Product(c, d)))),
    ]
}

fn figure(signed: bool) -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => Just(0i64),
        6 => 0..200i64,
        2 => 0..i64::MAX,
        1 => Just(i64::MAX),
        1 => Just(1i64),
    ]
    .prop_flat_map(move |v| {
        if signed {
            prop_oneof![Just(v), Just(-v)].boxed()
        } else {
            Just(v).boxed()
        }
    })
}

fn columns() -> impl Strategy<Value = [i64; COLUMNS]> {
    let values: Vec<_> = POOL
        .iter()
        .map(|(_, column)| figure(column % FIGURES >= SIGNED_FROM))
        .collect();
    values.prop_map(|values| {
        let mut columns = [0; COLUMNS];
        for ((_, column), value) in POOL.iter().zip(values) {
            columns[*column] = value;
        }
        columns
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_agree_with_exact_arithmetic(
        (left, right) in comparison(),
        operator in prop::sample::select(vec![">=", "<=", ">", "<"]),
        samples in prop::collection::vec(columns(), 24),
    ) {
        let (right_text, right_value): (String, ByHand) = match right {
            Ok(side) => (side.text(), Box::new(move |x| side.value(x))),
            Err(t) => { let (text, value) = decimal(t); (text, Box::new(move |_| Some(value.clone()))) }
        };
        let require = format!("{} {operator} {right_text}", left.text());
        let compiled = match compile(&source(PRIOR, &[("a", &require)])) {
            Ok(compiled) => compiled,
            // What is refused is refused for a reason that random forms run into; nothing is compiled wrongly.
            Err(refusal) => {
                let known = ["policy-rule-never-passes", "policy-division", "policy-too-large", "policy-over-budget", "policy-expression"];
                prop_assert!(known.contains(&refusal.code()), "{require}: {refusal}");
                if matches!(refusal.code(), "policy-rule-never-passes" | "policy-division") {
                    for x in &samples {
                        let truth = left.value(x).zip(right_value(x)).is_some_and(|(l, r)| compare(&l, operator, &r));
                        prop_assert!(!truth, "{require} is refused as impossible, and holds");
                    }
                }
                return Ok(());
            }
        };
        for x in &samples {
            let expected = left.value(x).zip(right_value(x)).is_some_and(|(l, r)| compare(&l, operator, &r));
            let result = evaluate_columns(&compiled.program, *x);
            prop_assert_eq!(result.tiers[0].achieved, expected, "{} at {:?}", require, x);
            for (row, d) in compiled.program.rows.iter().zip(&result.differences) {
                let bits = if row.slots.iter().any(|c| *c != 0) { crate::program::RICH_DIFFERENCE_BITS } else { crate::program::PLAIN_DIFFERENCE_BITS };
                prop_assert!(d.bits() < u64::from(bits));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Damaged sources are refused or compile to something canonical; nothing panics.
    #[test]
    fn damaged_sources_are_handled(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..6usize, "[-a-z0-9_.,<>=+*/()%\"\\[\\]# é\n]{0,6}"), 1..4),
    ) {
        let mut text: Vec<char> = SAMPLES[which].chars().collect();
        for (at, cut, insert) in edits {
            let start = at.index(text.len());
            let end = (start + cut).min(text.len());
            text.splice(start..end, insert.chars());
        }
        if let Ok(compiled) = compile(&text.into_iter().collect::<String>()) {
            prop_assert_eq!(crate::canonical::decode(&compiled.canonical_bytes).map(|(p, _, _)| p), Ok(compiled.program));
        }
    }
}

fn compare(left: &BigRational, operator: &str, right: &BigRational) -> bool {
    let difference = left - right;
    match operator {
        ">=" => !difference.is_negative(),
        "<=" => !difference.is_positive(),
        ">" => difference.is_positive(),
        _ => difference.is_negative() && !difference.is_zero(),
    }
}

#[test]
fn the_pool_names_the_columns_that_it_says() {
    for (name, column) in POOL {
        let plain = name.trim_start_matches("prior.");
        assert_eq!(ENTERPRISE_FINANCIALS.index_of(plain), Some(column % FIGURES));
        assert_eq!(name.starts_with("prior."), column >= FIGURES);
    }
}
