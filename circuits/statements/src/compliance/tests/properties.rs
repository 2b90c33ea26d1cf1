//! Random programs, figures and headers: exact whole-number arithmetic, the relation and the constraints must agree on each of
//! them, at the edges of every range above all.

use std::sync::OnceLock;

use covenant_gadgets::circuit::{Circuit, Field, Var};
use covenant_policy::{
    program::{
        BOUND_BITS, COEFFICIENT_BITS, COLUMNS, FIGURES, FIRST_RICH_ROW, PASS_FACTOR_BITS, PLAIN_DIFFERENCE_BITS,
        Program, RICH_DIFFERENCE_BITS, ROWS, Relation, Row, SLOT_COEFFICIENT_BITS, SLOT_FACTOR_BITS, SLOTS, Slot,
        Source, Tier, WEIGHT_BITS,
    },
    schema::SIGNED_FROM,
    statement::{Coverage, Day, Figures, Statement},
};
use covenant_proofs::{
    matrices::Matrices,
    shape::{Rules, matrices_of, rule_of},
};
use num_bigint::BigInt;
use proptest::{collection::vec, prelude::*};

use super::fixture::{self, CURRENT_ASSETS, EQUITY, NON_CURRENT_ASSETS, ROUNDING, TOTAL_ASSETS, World};
use super::fixture::{CURRENT_LIABILITIES, NON_CURRENT_LIABILITIES, TOTAL_LIABILITIES};
use crate::compliance::{Assignment, Compliance, Inputs, Rule, check::check, enforce};

/// The rule of the first broken row. The matrices are built once; per case only the wires are computed.
pub(super) fn first_broken(inputs: &Inputs<Field>, assignment: &Assignment) -> Option<&'static str> {
    static MATRICES: OnceLock<(Matrices, Rules)> = OnceLock::new();
    let (matrices, rules) = MATRICES.get_or_init(|| matrices_of::<Compliance>().unwrap());
    let mut circuit = Circuit::for_witness(false);
    let wires: Vec<Var> = inputs
        .to_vec()
        .iter()
        .map(|value| circuit.input(Some(*value)).unwrap())
        .collect();
    let places = Inputs::from_slice(&wires, covenant_gadgets::circuit::zero());
    enforce::enforce(&mut circuit, &places, Some(assignment)).unwrap();
    let finished = circuit.finish();
    let values = [
        finished.cs.instance_assignment().unwrap(),
        finished.cs.witness_assignment().unwrap(),
    ]
    .concat();
    let row = matrices.first_broken_row(&values)?;
    Some(rule_of(rules, row).unwrap_or("none"))
}

pub(super) fn honest(world: &World) -> (Inputs<Field>, Assignment) {
    let inputs = world.public.inputs();
    let assignment = Assignment::honest(&inputs, &world.witness);
    (inputs, assignment)
}

/// Numbers of so many bits, often the greatest and the least.
fn number(bits: u32) -> impl Strategy<Value = i64> {
    let most = i64::MAX >> (63 - bits);
    prop_oneof![Just(0), Just(most), Just(-most), -3i64..=3, -most..=most]
}

/// Coefficients at a few places, or the greatest everywhere.
fn coefficients(places: usize, bits: u32) -> impl Strategy<Value = Vec<i64>> {
    let sparse = vec((0..places, number(bits)), 0..6).prop_map(move |terms| {
        let mut all = vec![0; places];
        terms.into_iter().for_each(|(place, value)| all[place] = value);
        all
    });
    let dense = vec(prop_oneof![Just(1i64), Just(-1)], places)
        .prop_map(move |signs| signs.iter().map(|sign| sign * (i64::MAX >> (63 - bits))).collect());
    prop_oneof![8 => sparse, 1 => dense]
}

/// Where a threshold lies: somewhere, or so many units above what the books give.
#[derive(Debug, Clone)]
enum Threshold {
    At(i128),
    Above(i128),
}

fn threshold(bits: u32) -> impl Strategy<Value = Threshold> {
    let most = (1i128 << bits) - 1;
    prop_oneof![
        (-2i128..=2).prop_map(Threshold::Above),
        prop_oneof![Just(most), Just(-most), -most..=most, -1000i128..=1000].prop_map(Threshold::At),
    ]
}

#[derive(Debug, Clone)]
struct RowPlan {
    a: Vec<i64>,
    slots: Vec<i64>,
    passes: Vec<i64>,
    bound: Threshold,
    weight: u32,
}

fn row_plan() -> impl Strategy<Value = RowPlan> {
    (
        coefficients(COLUMNS, COEFFICIENT_BITS),
        vec(number(SLOT_FACTOR_BITS), SLOTS),
        coefficients(ROWS, PASS_FACTOR_BITS),
        threshold(BOUND_BITS),
        prop_oneof![Just(0u32), Just((1 << WEIGHT_BITS) - 1), 1u32..100],
    )
        .prop_map(|(a, slots, passes, bound, weight)| RowPlan {
            a,
            slots,
            passes,
            bound,
            weight,
        })
}

/// Figures that keep ranges and identities, often at the ends of their ranges.
fn figures() -> impl Strategy<Value = Figures> {
    vec(number(63), FIGURES).prop_map(|values| {
        let mut x: [i64; FIGURES] = values.try_into().unwrap();
        x[..SIGNED_FROM].iter_mut().for_each(|figure| *figure = figure.abs());
        let half = (1 << 62) - (1 << 20);
        for j in [
            CURRENT_ASSETS,
            NON_CURRENT_ASSETS,
            CURRENT_LIABILITIES,
            NON_CURRENT_LIABILITIES,
        ] {
            x[j] = x[j].min(half);
        }
        x[ROUNDING] = x[ROUNDING].clamp(1 - (1 << 20), (1 << 20) - 1);
        x[TOTAL_ASSETS] = x[CURRENT_ASSETS] + x[NON_CURRENT_ASSETS];
        x[TOTAL_LIABILITIES] = x[CURRENT_LIABILITIES] + x[NON_CURRENT_LIABILITIES];
        x[EQUITY] = x[TOTAL_ASSETS] - x[TOTAL_LIABILITIES] - x[ROUNDING];
        Figures(x)
    })
}

/// A company, and what exact arithmetic says about it.
#[derive(Debug, Clone)]
struct Plan {
    rows: Vec<Option<RowPlan>>,
    slots: Vec<(Vec<i64>, Vec<i64>)>,
    figures: [Figures; 2],
    minimum: Threshold,
}

fn plan() -> impl Strategy<Value = Plan> {
    let factor = || coefficients(COLUMNS, SLOT_COEFFICIENT_BITS);
    (
        vec(prop::option::of(row_plan()), ROWS),
        vec((factor(), factor()), SLOTS),
        [figures(), figures()],
        threshold(WEIGHT_BITS + 4),
    )
        .prop_map(|(rows, slots, figures, minimum)| Plan {
            rows,
            slots,
            figures,
            minimum,
        })
}

struct Expected {
    world: World,
    passes: Vec<bool>,
    reached: bool,
}

fn dot(a: &[i64], x: &[i64]) -> BigInt {
    a.iter().zip(x).map(|(a, x)| BigInt::from(*a) * BigInt::from(*x)).sum()
}

/// The row of a plan at place `i`, and what it computes before its bound; `None` where it reads nothing.
fn row(
    plan: &RowPlan,
    i: usize,
    earlier: &[Option<bool>],
    x: &[i64],
    slots: &[(bool, BigInt)],
) -> Option<(Row, BigInt)> {
    let mut row = Row::BLANK;
    row.a.copy_from_slice(&plan.a);
    let mut value = dot(&plan.a, x);
    if i >= FIRST_RICH_ROW {
        for (q, (usable, slot)) in slots.iter().enumerate() {
            // An empty slot must not be read.
            row.slots[q] = if *usable { plan.slots[q] } else { 0 };
            value += slot * row.slots[q];
        }
        for (k, pass) in earlier.iter().enumerate() {
            if let Some(pass) = pass {
                row.passes[k] = plan.passes[k];
                value += plan.passes[k] * i64::from(*pass);
            }
        }
    }
    (!row.is_blank()).then_some((row, value))
}

impl Plan {
    fn build(&self) -> Expected {
        let x: Vec<i64> = self.figures.iter().flat_map(|f| f.0).collect();
        let mut program = fixture::program([Source::SelfDeclared, Source::SelfDeclared], Relation::Prior);
        program.statements.iter_mut().for_each(|terms| terms.need = u32::MAX);
        program.slots = std::array::from_fn(|q| Slot {
            u: self.slots[q].0.clone().try_into().unwrap(),
            v: self.slots[q].1.clone().try_into().unwrap(),
        });
        let values = self.slots.iter().map(|(u, v)| dot(u, &x) * dot(v, &x));
        let slots: Vec<(bool, BigInt)> = program.slots.iter().map(|slot| !slot.is_empty()).zip(values).collect();
        program.rows = vec![Row::BLANK; ROWS];
        let (mut passes, mut weights) = (Vec::new(), [0; ROWS]);
        for (i, planned) in self.rows.iter().enumerate() {
            let planned = planned.as_ref();
            let built = planned.and_then(|plan| Some((plan, row(plan, i, &passes, &x, &slots)?)));
            let Some((plan, (mut row, value))) = built else {
                passes.push(None);
                continue;
            };
            row.bound = plan.bound.resolve(&value, BOUND_BITS);
            let difference = value - row.bound;
            let bits = if i < FIRST_RICH_ROW {
                PLAIN_DIFFERENCE_BITS
            } else {
                RICH_DIFFERENCE_BITS
            };
            assert!(
                difference.bits() <= u64::from(bits),
                "the overflow budget does not hold"
            );
            passes.push(Some(difference >= BigInt::ZERO));
            weights[i] = plan.weight;
            program.rows[i] = row;
        }
        let score = (0..ROWS)
            .filter(|&i| passes[i] == Some(true))
            .map(|i| weights[i])
            .sum::<u32>();
        self.finish(program, weights, score, passes)
    }

    fn finish(
        &self,
        mut program: Program,
        mut weights: [u32; ROWS],
        mut score: u32,
        mut passes: Vec<Option<bool>>,
    ) -> Expected {
        if weights.iter().all(|w| *w == 0) {
            // Some row must weigh; one over nothing but a figure that is never negative passes.
            program.rows[0] = Row::BLANK;
            program.rows[0].a[TOTAL_ASSETS] = 1;
            (weights[0], score, passes[0]) = (1, 1, Some(true));
            program.rows[FIRST_RICH_ROW..].fill(Row::BLANK);
            passes[FIRST_RICH_ROW..].fill(None);
        }
        let total: u32 = weights.iter().sum();
        let wanted = self.minimum.resolve(&BigInt::from(score), WEIGHT_BITS + 5);
        let minimum = wanted.clamp(1, i128::from(total)) as u32;
        program.tiers = vec![Tier {
            name: "A".into(),
            weights,
            minimum,
        }];
        let statement = |number: u32, k: usize| {
            let mut statement = fixture::statement(number, 1);
            statement.figures = self.figures[k];
            statement.coverage = Coverage(u32::MAX);
            Some(statement)
        };
        Expected {
            world: World::with(program, [statement(2025, 0), statement(2024, 1)]),
            // A blank row passes: 0 >= 0.
            passes: passes.into_iter().map(|pass| pass.unwrap_or(true)).collect(),
            reached: score >= minimum,
        }
    }
}

impl Threshold {
    /// The number, kept within so many bits.
    fn resolve(&self, value: &BigInt, bits: u32) -> i128 {
        let most = (1i128 << bits) - 1;
        match self {
            Self::At(at) => *at,
            Self::Above(by) => i128::try_from(value + by).unwrap_or(most),
        }
        .clamp(-most, most)
    }
}

/// What a prover computes who insists that bit `at` is the other one, and does everything else right.
fn insist(inputs: &Inputs<Field>, honest: &Assignment, at: usize) -> Assignment {
    let mut wires = honest.clone();
    let one = Field::from(1u64);
    wires.pass[at] = one - wires.pass[at];
    for i in FIRST_RICH_ROW.max(at + 1)..ROWS {
        // Only the pass bits before it change a later row's difference; it decides honestly.
        let factors = &inputs.pass_factors[i - FIRST_RICH_ROW];
        let moved: Field = factors
            .iter()
            .zip(wires.pass.iter().zip(&honest.pass))
            .map(|(c, (new, old))| *c * (*new - *old))
            .sum();
        wires.difference[i] = honest.difference[i] + moved;
        let passes = !crate::compliance::assignment::is_negative(wires.difference[i]);
        wires.pass[i] = Field::from(u64::from(passes));
    }
    wires.score = inputs.weight.iter().zip(&wires.pass).map(|(w, pass)| *w * pass).sum();
    wires
}

/// One change of a header; most lie at the edges of what the fixture's policy accepts.
#[derive(Debug, Clone)]
enum Edit {
    Start(i32),
    End(i32),
    Restatement(u16),
    Assurance(u8),
    Uncover(usize),
}

impl Edit {
    fn apply(&self, statement: &mut Statement) {
        let moved = |day: Day, by: i32| Day(day.0.saturating_add_signed(by));
        match *self {
            Self::Start(by) => statement.period.start = moved(statement.period.start, by),
            Self::End(by) => statement.period.end = moved(statement.period.end, by),
            Self::Restatement(number) => statement.restatement = number,
            Self::Assurance(level) => statement.assurance.0 = level,
            Self::Uncover(figure) => statement.coverage.0 &= !(1 << figure),
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let days = || prop_oneof![6 => -17i32..=17, 2 => -120i32..=120, 1 => Just(1 << 21), 1 => Just(-(1 << 21))];
    prop_oneof![
        4 => days().prop_map(Edit::Start),
        2 => days().prop_map(Edit::End),
        1 => (0u16..4).prop_map(Edit::Restatement),
        1 => (0u8..5).prop_map(Edit::Assurance),
        1 => (0..FIGURES).prop_map(Edit::Uncover),
    ]
}

/// Which statement is changed, and how: one change mostly, so that no other rule hides the one at whose edge it lies.
fn edits() -> impl Strategy<Value = Vec<(usize, Edit)>> {
    prop_oneof![3 => vec((0..2usize, edit()), 1), 1 => vec((0..2usize, edit()), 0..4)]
}

fn combinations() -> impl Strategy<Value = ([Source; 2], Relation)> {
    use Source::{Absent, Attested, Proven, SelfDeclared};
    prop::sample::select(vec![
        ([Attested, Absent], Relation::None),
        ([SelfDeclared, Absent], Relation::None),
        ([Proven, Absent], Relation::None),
        ([Attested, Attested], Relation::Prior),
        ([Attested, SelfDeclared], Relation::Prior),
        ([SelfDeclared, Proven], Relation::Companion),
        ([Proven, Attested], Relation::Companion),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arithmetic_relation_and_circuit_agree_on_random_programs(plan in plan(), at in 0..ROWS) {
        let Expected { world, passes, reached } = plan.build();
        let refused = check(&world.public, &world.witness).err().map(|violation| violation.rule);
        prop_assert_eq!(refused, (!reached).then_some(Rule::TierReached));
        let (inputs, assignment) = honest(&world);
        let bits: Vec<Field> = passes.iter().map(|pass| Field::from(u64::from(*pass))).collect();
        prop_assert_eq!(&assignment.pass[..], &bits[..]);
        prop_assert_eq!(first_broken(&inputs, &assignment), (!reached).then_some(Rule::TierReached.name()));
        let forged = insist(&inputs, &assignment, at);
        prop_assert_eq!(first_broken(&inputs, &forged), Some(Rule::RowDecision.name()), "row {}", at);
    }

    #[test]
    fn relation_and_circuit_agree_on_random_headers(
        (sources, relation) in combinations(), edits in edits(), late in any::<bool>(),
    ) {
        let mut world = World::new(sources, relation);
        if late {
            // A window that ends with the honest period's last day.
            world.public.proof.end_max = Day(20_453);
        }
        for (k, edit) in edits {
            if let Some(own) = &mut world.witness.statements[k] {
                edit.apply(&mut own.statement);
            }
        }
        world.attest(&fixture::attestor());
        world.publish();
        let refused = check(&world.public, &world.witness).err();
        let (inputs, assignment) = honest(&world);
        let broken = first_broken(&inputs, &assignment);
        prop_assert_eq!(refused.is_some(), broken.is_some(), "relation {:?}, circuit {:?}", refused, broken);
    }
}

/// Every coefficient, factor and bound as great as the budget allows, each with the sign of its figure or against it.
#[test]
fn the_widest_differences_are_decided_rightly() {
    for (sign, widest_negative) in [(1i64, false), (-1, true)] {
        let mut figures = Figures([i64::MAX; FIGURES]);
        let x = &mut figures.0;
        x[SIGNED_FROM..].fill(-i64::MAX);
        (x[CURRENT_ASSETS], x[NON_CURRENT_ASSETS]) = (1 << 62, (1 << 62) - 1);
        (x[CURRENT_LIABILITIES], x[NON_CURRENT_LIABILITIES]) = (1 << 62, (1 << 62) - 1);
        (x[ROUNDING], x[EQUITY]) = (1 - (1 << 20), (1 << 20) - 1);
        let columns: Vec<i64> = figures.0.iter().chain(&figures.0).copied().collect();
        let along =
            |bits: u32| -> Vec<i64> { columns.iter().map(|x| x.signum() * (i64::MAX >> (63 - bits))).collect() };
        let row = RowPlan {
            a: along(COEFFICIENT_BITS).iter().map(|c| c * sign).collect(),
            slots: vec![sign * (i64::MAX >> (63 - SLOT_FACTOR_BITS)); SLOTS],
            passes: vec![sign * (i64::MAX >> (63 - PASS_FACTOR_BITS)); ROWS],
            bound: Threshold::At(i128::from(-sign) * ((1 << BOUND_BITS) - 1)),
            weight: (1 << WEIGHT_BITS) - 1,
        };
        let factor = along(SLOT_COEFFICIENT_BITS);
        let plan = Plan {
            rows: vec![Some(row); ROWS],
            slots: vec![(factor.clone(), factor); SLOTS],
            figures: [figures; 2],
            minimum: Threshold::Above(0),
        };
        let Expected { world, passes, reached } = plan.build();
        assert!(passes.iter().all(|pass| *pass != widest_negative));
        let (inputs, assignment) = honest(&world);
        for (i, bits) in [(0, PLAIN_DIFFERENCE_BITS), (ROWS - 1, RICH_DIFFERENCE_BITS)] {
            let magnitude = if widest_negative {
                -assignment.difference[i]
            } else {
                assignment.difference[i]
            };
            // Within four times of the width that the circuit checks, so the case is as wide as it claims to be.
            let length = covenant_gadgets::field::field_to_integer(&magnitude).bits();
            assert!(
                (u64::from(bits) - 2..=u64::from(bits)).contains(&length),
                "row {i}: {length} bits"
            );
        }
        assert_eq!(
            first_broken(&inputs, &assignment),
            (!reached).then_some(Rule::TierReached.name())
        );
        for at in [0, FIRST_RICH_ROW, ROWS - 1] {
            let forged = insist(&inputs, &assignment, at);
            assert_eq!(
                first_broken(&inputs, &forged),
                Some(Rule::RowDecision.name()),
                "row {at}"
            );
        }
    }
}
