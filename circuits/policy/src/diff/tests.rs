use super::*;
use crate::compiler::compile;
use crate::testing::{HEAD, PRIOR, SAMPLES, compiled, source};

fn effects(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<(Part, String, Effect)> {
    let changes = diff(&compiled("", old), &compiled("", new));
    changes.into_iter().map(|c| (c.part, c.name, c.effect)).collect()
}

/// The effect on the only rule, whose tier changes with it.
fn effect(old: &str, new: &str) -> Option<Effect> {
    let found = effects(&[("a", old)], &[("a", new)]);
    let of = |part: Part| found.iter().find(|(p, ..)| *p == part).map(|(.., effect)| *effect);
    let (rule, tier) = (of(Part::Rule), of(Part::Tier));
    if rule != Some(Effect::Reworded) {
        assert_eq!(rule, tier, "{found:?}");
    }
    rule
}

#[test]
fn a_policy_does_not_differ_from_itself() {
    for text in SAMPLES {
        let policy = compile(text).unwrap();
        assert_eq!(diff(&policy, &policy), []);
    }
}

#[test]
fn directions_are_decided_by_what_the_rows_say() {
    let ratio = "current_assets / current_liabilities >= ";
    assert_eq!(
        effect(&format!("{ratio}1.2"), &format!("{ratio}1.5")),
        Some(Effect::Tightened)
    );
    assert_eq!(
        effect(&format!("{ratio}1.2"), &format!("{ratio}1.0")),
        Some(Effect::Loosened)
    );
    assert_eq!(effect(&format!("{ratio}1.2"), &format!("{ratio}1.20")), None);
    // Multiplied out, a company without current liabilities passes too.
    assert_eq!(
        effect(&format!("{ratio}1.2"), "current_assets >= 1.2 * current_liabilities"),
        Some(Effect::Loosened)
    );
    assert_eq!(effect("cash >= 5 EUR", "inventory >= 5 EUR"), Some(Effect::Both));
    assert_eq!(effect("cash >= 0.05 EUR", "cash > 0.04 EUR"), None);
    // By TA = CA + NCA.
    assert_eq!(
        effect("total_assets >= 5 EUR", "current_assets >= 5 EUR"),
        Some(Effect::Tightened)
    );
    assert_eq!(
        effect("revenue * cash >= debt * cash", "revenue * cash >= 2 * debt * cash"),
        Some(Effect::Changed)
    );
}

#[test]
fn an_identity_makes_two_ways_of_saying_it_the_same() {
    let found = effects(
        &[("a", "total_assets >= 5 EUR")],
        &[("a", "current_assets + non_current_assets >= 5 EUR")],
    );
    let rules: Vec<_> = found.iter().filter(|(part, ..)| *part == Part::Rule).collect();
    assert_eq!(rules, [&(Part::Rule, "a".to_owned(), Effect::Reworded)]);
    assert!(!found.iter().any(|(part, ..)| *part == Part::Tier), "{found:?}");
}

#[test]
fn rules_come_go_and_change_their_names() {
    let found = effects(
        &[("a", "cash >= 5 EUR"), ("b", "debt <= 5 EUR")],
        &[("z", "cash >= 5 EUR"), ("c", "inventory <= 5 EUR")],
    );
    let rules: Vec<_> = found.iter().filter(|(part, ..)| *part == Part::Rule).collect();
    assert_eq!(
        rules,
        [
            &(Part::Rule, "z".to_owned(), Effect::Renamed),
            &(Part::Rule, "c".to_owned(), Effect::Added),
            &(Part::Rule, "b".to_owned(), Effect::Removed)
        ]
    );
}

#[test]
fn terms_say_whether_they_ask_for_more() {
    let base = source("", &[("a", "cash >= 5 EUR")]);
    let changed = |from: &str, to: &str| {
        let changes = diff(&compile(&base).unwrap(), &compile(&base.replace(from, to)).unwrap());
        changes.into_iter().map(|c| (c.name, c.effect)).collect::<Vec<_>>()
    };
    assert_eq!(
        changed("age_max_days = 300", "age_max_days = 200"),
        [("age_max_days".into(), Effect::Tightened)]
    );
    let statement = "attestors = \"registry\"\n[statement]\nassurance_floor = \"audited\"\nlength_max_days = 400\n";
    assert_eq!(
        changed("attestors = \"registry\"\n", statement),
        [
            ("statement.assurance_floor".into(), Effect::Tightened),
            ("statement.length_days".into(), Effect::Loosened)
        ]
    );
    let key = format!("[{{ key = \"{}\", name = \"Somebody\" }}]", "01".repeat(32));
    assert_eq!(changed("\"registry\"", &key), [("attestors".into(), Effect::Changed)]);
}

#[test]
fn another_second_statement_is_not_compared() {
    let rules = [("a", "cash >= prior.cash")];
    let old = compile(&source(PRIOR, &rules)).unwrap();
    let companion = source(
        "[second]\nrelation = \"companion\"\n",
        &[("a", "cash >= companion.cash")],
    );
    let changes = diff(&old, &compile(&companion).unwrap());
    let rule = changes.iter().find(|change| change.part == Part::Rule).unwrap();
    assert_eq!(rule.effect, Effect::Changed);
}

/// A policy of three statements with these rules, and tiers by what they require.
fn of_three(rules: &[(&str, &str)], tiers: &[(&str, &str)]) -> Compiled {
    let mut text = format!("{HEAD}[second]\nrelation = \"prior\"\n[third]\nrelation = \"companion\"\n");
    for (name, require) in rules {
        text += &format!("[[rule]]\nname = \"{name}\"\nrequire = \"{require}\"\n");
    }
    text += "[tiers]\nkind = \"decision-list\"\n";
    for (name, requires) in tiers {
        text += &format!("[[tiers.tier]]\nname = \"{name}\"\nrequires = [{requires}]\n");
    }
    compile(&text).unwrap_or_else(|r| panic!("{r}"))
}

#[test]
fn linked_proofs_are_compared_rule_by_rule() {
    let growth = ("growth", "revenue >= prior.revenue");
    let solid = ("solid", "equity > 0");
    let attested = |share: &str| format!("companion.revenue >= {share} * revenue");
    let both = [("AA", "\"growth\", \"solid\", \"attested\""), ("B", "\"growth\"")];
    let of = |growth: (&str, &str), share: &str, tiers: &[(&str, &str)]| {
        of_three(&[growth, solid, ("attested", attested(share).as_str())], tiers)
    };
    let old = of(growth, "90%", &both);
    let changed = |new: &Compiled| -> Vec<(Part, String, Effect)> {
        let changes = diff(&old, new).into_iter();
        changes.map(|c| (c.part, c.name, c.effect)).collect()
    };
    let rule = |name: &str, effect| (Part::Rule, name.to_owned(), effect);
    let tier = |name: &str, effect| (Part::Tier, name.to_owned(), effect);
    assert_eq!(changed(&old), []);
    for (share, effect) in [("95%", Effect::Tightened), ("80%", Effect::Loosened)] {
        let new = of(growth, share, &both);
        assert_eq!(changed(&new), [rule("attested", effect), tier("AA", effect)]);
    }
    // More in one proof, less in the other.
    let more = ("growth", "revenue >= 1.1 * prior.revenue");
    assert_eq!(
        changed(&of(more, "80%", &both)),
        [
            rule("growth", Effect::Tightened),
            rule("attested", Effect::Loosened),
            tier("AA", Effect::Changed),
            tier("B", Effect::Tightened),
        ]
    );
    // The lower tier takes the linked proof as well.
    let all = [both[0], ("B", "\"growth\", \"attested\"")];
    assert_eq!(changed(&of(growth, "90%", &all)), [tier("B", Effect::Tightened)]);
    // No third statement any more.
    let two = source(PRIOR, &[growth, solid]);
    let two = compile(&two).unwrap();
    let found = changed(&two);
    assert!(
        found.contains(&(Part::Terms, "third".to_owned(), Effect::Changed)),
        "{found:?}"
    );
    assert!(found.contains(&rule("attested", Effect::Removed)), "{found:?}");
    assert!(
        !found
            .iter()
            .any(|(part, name, _)| *part == Part::Rule && name != "attested"),
        "{found:?}"
    );
}
