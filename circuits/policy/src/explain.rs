//! A policy rule by rule: the words as typed, the rows that they became, the guards and why they are there, what reads what, and how much
//! of a proof's budget is used.

use std::collections::BTreeSet;
use std::fmt;

use num_bigint::BigInt;

use crate::compiler::{Compiled, RuleKind, RuleMap};
use crate::policy::Tiers;
use crate::program::{
    BOUND_BITS, COEFFICIENT_BITS, FIRST_RICH_ROW, PASS_FACTOR_BITS, Program, RICH_ROWS, ROWS, Row,
    SLOT_COEFFICIENT_BITS, SLOT_FACTOR_BITS, SLOTS, WEIGHT_BITS,
};
use crate::render::sentences::Scene;
use crate::render::words::{self, Names};
use crate::render::{RuleText, rule_text};

/// A rule, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its name.
    pub name: String,
    /// Which proof shows it, counted from 1; a policy of three statements takes two.
    pub proof: usize,
    /// What kind of rule it is.
    pub kind: RuleKind,
    /// What the bank typed; of a factor's break point, the factor's expression and the break point.
    pub typed: String,
    /// What the compiled rows say.
    pub sentence: String,
    /// Why the bank asks for it; may be empty.
    pub why: String,
    /// The rows of its comparisons or combination: number and formula.
    pub rows: Vec<(usize, String)>,
    /// The rows that keep denominators above zero.
    pub guards: Vec<(usize, String)>,
    /// The row that passes exactly when all of them do, where points or a combination needed one.
    pub together: Option<usize>,
    /// The product slots that its rows read, with what they multiply.
    pub slots: Vec<(usize, String)>,
    /// The figures that it reads: label and definition.
    pub figures: Vec<(String, String)>,
    /// The tiers that count one of its rows.
    pub tiers: Vec<String>,
    /// Bits of its greatest coefficient.
    pub coefficient_bits: u64,
}

/// How much of something is used, and how much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// What.
    pub name: &'static str,
    /// So much is used.
    pub used: u64,
    /// Of so much.
    pub of: u64,
}

/// A policy, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The rules, in order.
    pub rules: Vec<Explained>,
    /// What of the budget of each proof is used.
    pub budgets: Vec<Vec<Use>>,
}

/// Why a guard is there.
pub const GUARD: &str =
    "keeps what is divided by above zero; without it, N/D >= t multiplied out would pass where D is negative";

/// Explains a policy: the rules of its first proof, then those of a linked one, without what was said of the first.
pub fn explain(compiled: &Compiled) -> Explanation {
    let mut rules: Vec<Explained> = Vec::new();
    for (number, (program, texts)) in compiled.parts().enumerate() {
        let scene = Scene { program, texts };
        let typed = typed(compiled, &texts.rules);
        for (map, typed) in texts.rules.iter().zip(typed) {
            let text = rule_text(&scene, map);
            // A rule on the first statement alone may stand in both.
            if !rules
                .iter()
                .any(|r| (&r.name, &r.sentence) == (&text.name, &text.sentence))
            {
                rules.push(explained(&scene, map, (number + 1, typed, text)));
            }
        }
    }
    let budgets = compiled.parts().map(|(program, _)| budget(program));
    Explanation {
        rules,
        budgets: budgets.collect(),
    }
}

fn explained(scene: &Scene<'_>, map: &RuleMap, said: (usize, String, RuleText)) -> Explained {
    let (proof, typed, text) = said;
    let widths = rows(map).into_iter().map(|row| widest(&scene.program.rows[row].a));
    Explained {
        name: map.name.clone(),
        proof,
        kind: map.kind,
        typed,
        sentence: text.sentence,
        why: text.why,
        rows: formulas(scene, &map.tests),
        guards: formulas(scene, &map.guards),
        together: map.together,
        slots: slots(scene.program, map),
        figures: text.definitions,
        tiers: tiers(scene.program, map),
        coefficient_bits: widths.max().unwrap_or(0),
    }
}

fn rows(map: &RuleMap) -> BTreeSet<usize> {
    map.tests
        .iter()
        .chain(&map.guards)
        .chain(&map.together)
        .copied()
        .collect()
}

fn formulas(scene: &Scene<'_>, rows: &[usize]) -> Vec<(usize, String)> {
    rows.iter().map(|row| (*row + 1, scene.row_formula(*row))).collect()
}

/// What was typed for each of these rules, factor steps included, which stand in the order of the factors.
fn typed(compiled: &Compiled, maps: &[RuleMap]) -> Vec<String> {
    let factors = match &compiled.policy.tiers {
        Tiers::Scorecard { factors, .. } => factors.as_slice(),
        _ => &[],
    };
    let mut steps = factors.iter().flat_map(|factor| {
        let sign = if factor.at_most { "<=" } else { ">=" };
        let steps = factor.points.iter();
        steps.map(move |step| format!("{} {sign} {}", factor.expression.value, words::decimal(&step.value.0)))
    });
    let written = |name: &str| {
        let rule = compiled.policy.rules.iter().find(|rule| rule.name.value == name)?;
        Some(rule.require.value.clone())
    };
    let text = |map: &RuleMap| match map.kind {
        RuleKind::FactorStep => steps.next(),
        RuleKind::Comparison | RuleKind::Combination => written(&map.name),
    };
    maps.iter().map(text).map(Option::unwrap_or_default).collect()
}

fn slots(program: &Program, map: &RuleMap) -> Vec<(usize, String)> {
    let read: BTreeSet<usize> = rows(map)
        .iter()
        .flat_map(|row| program.rows[*row].slots.iter().enumerate())
        .filter(|(_, factor)| **factor != 0)
        .map(|(q, _)| q)
        .collect();
    let factor = |a: &[i64]| Names::of(program).formula(&words::form(a));
    let text = |q: usize| format!("({}) × ({})", factor(&program.slots[q].u), factor(&program.slots[q].v));
    read.into_iter().map(|q| (q + 1, text(q))).collect()
}

fn tiers(program: &Program, map: &RuleMap) -> Vec<String> {
    // Rows that read the rule's rows count for it.
    let mut reads = rows(map);
    for (i, row) in program.rows.iter().enumerate() {
        if row
            .passes
            .iter()
            .enumerate()
            .any(|(k, c)| *c != 0 && reads.contains(&k))
        {
            reads.insert(i);
        }
    }
    let uses = program
        .tiers
        .iter()
        .filter(|tier| reads.iter().any(|row| tier.weights[*row] != 0));
    uses.map(|tier| tier.name.clone()).collect()
}

fn widest(values: &[i64]) -> u64 {
    let bits = values.iter().map(|c| 64 - u64::from(c.unsigned_abs().leading_zeros()));
    bits.max().unwrap_or(0)
}

fn budget(program: &Program) -> Vec<Use> {
    let used: Vec<(usize, &Row)> = program
        .rows
        .iter()
        .enumerate()
        .filter(|(_, row)| !row.is_blank())
        .collect();
    let reads_more = |row: &Row| row.slots.iter().chain(&row.passes).any(|c| *c != 0);
    let rich = used.iter().filter(|(_, row)| reads_more(row)).count();
    let crowded = used
        .iter()
        .filter(|(i, row)| *i >= FIRST_RICH_ROW && !reads_more(row))
        .count();
    let row_bits = |read: fn(&Row) -> &[i64]| used.iter().map(|(_, row)| widest(read(row))).max().unwrap_or(0);
    let factor_bits = program
        .slots
        .iter()
        .map(|slot| widest(&slot.u).max(widest(&slot.v)))
        .max();
    let weights = program
        .tiers
        .iter()
        .flat_map(|tier| &tier.weights)
        .map(|w| i64::from(*w));
    let bounds = used.iter().map(|(_, row)| BigInt::from(row.bound).bits()).max();
    let of = |name, used: u64, of: u64| Use { name, used, of };
    vec![
        of("rows", used.len() as u64, ROWS as u64),
        of(
            "rows that may read products and results",
            (rich + crowded) as u64,
            RICH_ROWS as u64,
        ),
        of(
            "product slots",
            program.slots.iter().filter(|slot| !slot.is_empty()).count() as u64,
            SLOTS as u64,
        ),
        of(
            "bits of the greatest coefficient",
            row_bits(|row| &row.a),
            COEFFICIENT_BITS.into(),
        ),
        of(
            "bits of the greatest coefficient in a product",
            factor_bits.unwrap_or(0),
            SLOT_COEFFICIENT_BITS.into(),
        ),
        of(
            "bits of the greatest factor of a product",
            row_bits(|row| &row.slots),
            SLOT_FACTOR_BITS.into(),
        ),
        of(
            "bits of the greatest factor of a result",
            row_bits(|row| &row.passes),
            PASS_FACTOR_BITS.into(),
        ),
        of("bits of the greatest bound", bounds.unwrap_or(0), BOUND_BITS.into()),
        of(
            "bits of the greatest weight",
            widest(&weights.collect::<Vec<_>>()),
            WEIGHT_BITS.into(),
        ),
    ]
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}\n  typed   {}\n  means   {}",
            self.name,
            self.typed.replace('\n', " "),
            self.sentence
        )?;
        if self.proof > 1 {
            writeln!(f, "  shown   in proof {}, linked to the first", self.proof)?;
        }
        if !self.why.is_empty() {
            writeln!(f, "  why     {}", self.why.replace('\n', " "))?;
        }
        for (_, formula) in &self.rows {
            writeln!(f, "  test    {formula}")?;
        }
        for (_, formula) in &self.guards {
            writeln!(f, "  guard   {formula}\n          {GUARD}")?;
        }
        if let Some(row) = self.together {
            writeln!(f, "  joined  row {} passes where all of these do", row + 1)?;
        }
        for (slot, product) in &self.slots {
            writeln!(f, "  slot {slot}  {product}")?;
        }
        for (label, definition) in &self.figures {
            writeln!(f, "  reads   {label}: {definition}")?;
        }
        let tiers = if self.tiers.is_empty() {
            "no tier".to_owned()
        } else {
            self.tiers.join(", ")
        };
        writeln!(f, "  used by {tiers}")?;
        writeln!(f, "  width   {} of {COEFFICIENT_BITS} bits", self.coefficient_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::compile;
    use crate::testing::{SAMPLES, SCORECARD, compiled};

    #[test]
    fn a_ratio_is_explained_with_its_guard() {
        let policy = compiled("", &[("a", "current_assets / current_liabilities >= 1.2")]);
        let explanation = explain(&policy);
        let rule = &explanation.rules[0];
        assert_eq!(rule.typed, "current_assets / current_liabilities >= 1.2");
        assert_eq!(
            rule.rows,
            [(1, "row 1: 5 × current assets − 6 × current liabilities ≥ 0".to_owned())]
        );
        assert_eq!(rule.guards.len(), 1);
        assert_eq!(rule.tiers, ["a"]);
        assert_eq!((rule.coefficient_bits, rule.figures.len()), (3, 2));
        let text = rule.to_string();
        assert!(text.contains(GUARD) && text.contains("used by a\n"), "{text}");
        assert_eq!(
            explanation.budgets[0][0],
            Use {
                name: "rows",
                used: 2,
                of: 32
            }
        );
    }

    #[test]
    fn products_and_results_take_slots_and_later_rows() {
        let policy = compiled(
            "",
            &[
                ("a", "revenue * cash >= debt * cash"),
                ("b", "cash > 0"),
                ("c", "a or b"),
            ],
        );
        let explanation = explain(&policy);
        assert_eq!(explanation.rules[0].slots.len(), 1);
        assert_eq!(explanation.rules[1].tiers, ["b", "c"], "what `c` reads counts for it");
        let used: Vec<u64> = explanation.budgets[0].iter().take(3).map(|part| part.used).collect();
        assert_eq!(used, [3, 2, 1]);
    }

    /// The rule of the linked proof stands first in the source, and takes nobody else's words.
    #[test]
    fn the_rules_of_a_linked_proof_are_explained() {
        let three = include_str!("../../../policies/three-statements.toml");
        let rules = three.find("[[rule]]").unwrap();
        let linked = three.find("[[rule]]\nname = \"authority-knows-revenue\"").unwrap();
        let tiers = three.find("[tiers]").unwrap();
        let swapped = [
            &three[..rules],
            &three[linked..tiers],
            &three[rules..linked],
            &three[tiers..],
        ]
        .concat();
        for text in [three, &swapped] {
            let explanation = explain(&compile(text).unwrap());
            let of = |name: &str| explanation.rules.iter().find(|rule| rule.name == name).unwrap();
            assert_eq!(of("equity-positive").typed, "equity > 0");
            let authority = of("authority-knows-revenue");
            assert!(authority.typed.starts_with("companion.invoiced_1 + "));
            assert_eq!(
                (authority.proof, authority.tiers.as_slice()),
                (2, ["AA".to_owned(), "A".to_owned()].as_slice())
            );
            assert_eq!((explanation.rules.len(), explanation.budgets.len()), (4, 2));
        }
    }

    #[test]
    fn every_rule_of_every_sample_is_explained() {
        for text in SAMPLES {
            let policy = compile(text).unwrap();
            let explanation = explain(&policy);
            assert_eq!(explanation.rules.len(), policy.rules().len());
            for rule in &explanation.rules {
                assert!(!rule.typed.is_empty() && !rule.rows.is_empty(), "{}", rule.name);
            }
            for part in explanation.budgets.iter().flatten() {
                assert!(part.used <= part.of, "{part:?}");
            }
        }
        let scorecard = explain(&compile(SCORECARD).unwrap());
        assert!(
            scorecard
                .rules
                .iter()
                .any(|rule| rule.kind == RuleKind::FactorStep && rule.typed.contains(">="))
        );
    }
}
