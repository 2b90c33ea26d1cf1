//! Typed cases: the relation names the rule, and the circuit breaks that rule as well.

use covenant_gadgets::circuit::Field;
use covenant_policy::{
    program::{Relation, Source},
    schema::ENTERPRISE_FINANCIALS,
    statement::{Assurance, Day, Statement},
};

use super::{
    broken_rules,
    fixture::{
        CASH, CURRENT_ASSETS, EQUITY, INVENTORY, NET_INCOME, REVENUE, ROUNDING, ROW_LIQUID, TOTAL_ASSETS, World,
        unlisted_attestor,
    },
};
use crate::compliance::{Assignment, Rule, check::check};

pub(super) fn assert_honest(world: &World) {
    assert_eq!(check(&world.public, &world.witness), Ok(()));
    let inputs = world.public.inputs();
    let assignment = Assignment::honest(&inputs, &world.witness);
    assert_eq!(broken_rules(&inputs, &assignment), Vec::<&str>::new());
}

fn assert_breaks(world: &World, rule: Rule) {
    let violation = check(&world.public, &world.witness).expect_err("the relation must refuse");
    assert_eq!(violation.rule, rule, "{violation}");
    let inputs = world.public.inputs();
    let broken = broken_rules(&inputs, &Assignment::honest(&inputs, &world.witness));
    assert!(
        broken.contains(&rule.name()),
        "the circuit breaks {broken:?}, not {}",
        rule.name()
    );
}

#[test]
fn honest_worlds_satisfy_relation_and_circuit() {
    use Source::{Absent, Attested, Proven, SelfDeclared};
    assert_honest(&World::attested());
    assert_honest(&World::new([Attested, Absent], Relation::None));
    assert_honest(&World::new([SelfDeclared, Absent], Relation::None));
    assert_honest(&World::new([SelfDeclared, Attested], Relation::Companion));
    assert_honest(&World::new([Proven, SelfDeclared], Relation::Prior));
}

#[test]
fn extreme_figures_satisfy_relation_and_circuit() {
    let extreme = World::attested().edit(0, |s| {
        let x = &mut s.figures.0;
        x[REVENUE] = i64::MAX;
        x[INVENTORY] = i64::MAX;
        x[NET_INCOME] = -i64::MAX;
        x[EQUITY] += x[ROUNDING] + (1 << 20) - 1;
        x[ROUNDING] = 1 - (1 << 20);
    });
    assert_honest(&extreme);
    assert_honest(&World::attested().edit(0, |s| s.figures.0[NET_INCOME] = i64::MAX));
}

#[test]
fn figures_out_of_range_break_their_rule() {
    assert_breaks(
        &World::attested().edit(0, |s| s.figures.0[INVENTORY] = -1),
        Rule::FigureRange,
    );
    assert_breaks(
        &World::attested().edit(1, |s| s.figures.0[INVENTORY] = i64::MIN),
        Rule::FigureRange,
    );
    assert_breaks(
        &World::attested().edit(0, |s| s.figures.0[NET_INCOME] = i64::MIN),
        Rule::FigureRange,
    );
    let rounding = World::attested().edit(0, |s| {
        s.figures.0[EQUITY] += s.figures.0[ROUNDING] - (1 << 20);
        s.figures.0[ROUNDING] = 1 << 20;
    });
    assert_breaks(&rounding, Rule::RoundingBound);
}

/// A schema whose identities leave figure 26 out has an ordinary figure there, at either end of its range; and a statement of
/// one schema is none of another.
#[test]
fn a_monthly_series_has_twelve_unbounded_months() {
    assert_honest(&World::monthly());
    assert_honest(&World::monthly().edit(1, |s| s.figures.0[ROUNDING] = -i64::MAX));
    assert_breaks(
        &World::monthly().edit(0, |s| s.figures.0[ROUNDING] = i64::MIN),
        Rule::FigureRange,
    );
    assert_breaks(&World::monthly().edit(0, |s| s.figures.0[31] = 0), Rule::TierReached);
    let another = |s: &mut Statement| s.schema = ENTERPRISE_FINANCIALS.name;
    assert_breaks_relation_only(&World::monthly().edit(0, another), Rule::StatementHash);
}

#[test]
fn identities_break_when_one_figure_moves() {
    assert_breaks(
        &World::attested().edit(0, |s| s.figures.0[EQUITY] += 1),
        Rule::SchemaIdentity,
    );
    assert_breaks(
        &World::attested().edit(1, |s| s.figures.0[CURRENT_ASSETS] += 1),
        Rule::SchemaIdentity,
    );
    // Total assets move with equity: the balance holds, the sub-total does not.
    let moved = World::attested().edit(0, |s| {
        s.figures.0[TOTAL_ASSETS] += 5;
        s.figures.0[EQUITY] += 5;
    });
    assert_breaks(&moved, Rule::SchemaIdentity);
}

#[test]
fn attestations_that_do_not_hold_break_their_rules() {
    let mut unsigned = World::attested();
    unsigned.witness.statements[0].as_mut().unwrap().attestation = None;
    assert_breaks(&unsigned, Rule::AttestationSignature);

    let mut altered = World::attested();
    altered.witness.statements[0].as_mut().unwrap().statement.figures.0[REVENUE] += 1;
    altered.publish();
    assert_breaks(&altered, Rule::AttestationSignature);

    let mut stranger = World::attested();
    stranger.attest(&unlisted_attestor());
    assert_breaks(&stranger, Rule::AttestorListed);

    let mut inflated_grant = World::attested();
    inflated_grant.witness.statements[0]
        .as_mut()
        .unwrap()
        .attestation
        .as_mut()
        .unwrap()
        .grant = 4;
    assert_breaks(&inflated_grant, Rule::AttestorListed);

    assert_breaks(
        &World::attested().edit(0, |s| s.assurance = Assurance::AUTHORITY),
        Rule::AssuranceGrant,
    );
    assert_breaks(
        &World::attested().edit(1, |s| s.assurance = Assurance::COMPILED),
        Rule::AssuranceFloor,
    );

    let claimed =
        World::new([Source::SelfDeclared, Source::Absent], Relation::None).edit(0, |s| s.assurance = Assurance(2));
    assert_breaks(&claimed, Rule::SelfAssurance);
}

#[test]
fn terms_that_do_not_hold_break_their_rules() {
    assert_breaks(&World::attested().edit(0, |s| s.restatement = 3), Rule::RestatementCap);
    assert_breaks(
        &World::attested().edit(0, |s| s.period.start.0 += 20),
        Rule::PeriodLength,
    );
    assert_breaks(
        &World::attested().edit(0, |s| s.coverage.0 &= !(1 << CASH)),
        Rule::FigureCovered,
    );
    assert_breaks(
        &World::attested().edit(1, |s| s.coverage.0 &= !(1 << EQUITY)),
        Rule::FigureCovered,
    );

    let mut stale = World::attested();
    stale.public.proof.end_min = Day(stale.public.proof.end_min.0 + 101);
    assert_breaks(&stale, Rule::PeriodWindow);
    let mut future = World::attested();
    future.public.proof.end_max = Day(future.public.proof.end_max.0 - 101);
    assert_breaks(&future, Rule::PeriodWindow);

    let gap = World::attested().edit(1, |s| {
        s.period.start.0 -= 1;
        s.period.end.0 -= 1;
    });
    assert_breaks(&gap, Rule::PriorPeriod);
    let longer = World::attested().edit(1, |s| s.period.start.0 -= 10);
    assert_breaks(&longer, Rule::PriorPeriod);
    // 366 days before 365: from eight days longer to eight days shorter, and not a day more.
    assert_honest(&World::attested().edit(1, |s| s.period.start.0 -= 7));
    assert_honest(&World::attested().edit(1, |s| s.period.start.0 += 9));
    assert_breaks(&World::attested().edit(1, |s| s.period.start.0 -= 8), Rule::PriorPeriod);
    assert_breaks(
        &World::attested().edit(1, |s| s.period.start.0 += 10),
        Rule::PriorPeriod,
    );

    let companion = World::new([Source::SelfDeclared, Source::Attested], Relation::Companion);
    assert_breaks(&companion.edit(1, |s| s.period.end.0 -= 1), Rule::CompanionPeriod);
}

#[test]
fn another_identity_breaks_its_rules() {
    let other = Field::from(1u64);
    let mut world = World::attested();
    world.public.proof.nym = other;
    assert_breaks(&world, Rule::Nym);
    let mut world = World::attested();
    world.public.proof.subject = other;
    assert_breaks(&world, Rule::Subject);
    for k in 0..2 {
        let mut world = World::attested();
        world.public.proof.period_tags[k] = other;
        assert_breaks(&world, Rule::PeriodTag);
        let mut world = World::attested();
        world.public.proof.statement_links[k] = other;
        assert_breaks(&world, Rule::StatementLink);
        let mut world = World::attested();
        world.public.proof.proven_links[k] = other;
        assert_breaks(&world, Rule::ProvenLink);
    }
    let mut world = World::new([Source::Proven, Source::Absent], Relation::None);
    world.witness.statements[0].as_mut().unwrap().link_blinding += other;
    assert_breaks(&world, Rule::ProvenLink);
}

#[test]
fn a_tier_that_is_not_reached_breaks_its_rule() {
    let stricter = World::attested().repolicy(|p| {
        p.tiers[0].weights[ROW_LIQUID] = 1;
        p.tiers[0].minimum += 1;
    });
    assert_breaks(&stricter, Rule::TierReached);
    let poorer = World::attested().edit(0, |s| {
        s.figures.0[CURRENT_ASSETS] -= 10_000_000;
        s.figures.0[TOTAL_ASSETS] -= 10_000_000;
        s.figures.0[EQUITY] -= 10_000_000;
    });
    assert_breaks(&poorer, Rule::TierReached);
}

#[test]
fn a_statement_more_or_less_breaks_its_rule() {
    let mut world = World::attested();
    let second = world.witness.statements[1].take();
    assert_breaks_relation_only(&world, Rule::AbsentStatement);
    let mut world = World::new([Source::Attested, Source::Absent], Relation::None);
    world.witness.statements[1] = second;
    assert_breaks(&world, Rule::AbsentStatement);
}

/// A missing statement has no wires of its own to break: the circuit refuses it by other rules.
fn assert_breaks_relation_only(world: &World, rule: Rule) {
    let violation = check(&world.public, &world.witness).expect_err("the relation must refuse");
    assert_eq!(violation.rule, rule);
    let inputs = world.public.inputs();
    assert!(!broken_rules(&inputs, &Assignment::honest(&inputs, &world.witness)).is_empty());
}
