//! What changes in the terms of statements, in the currency and the age, and in who may attest.

use std::collections::BTreeSet;

use super::{Change, Effect, Part};
use crate::compiler::Compiled;
use crate::program::{FIGURES, StatementTerms};
use crate::statement::Assurance;

/// Where a number asks for more when it grows, or when it falls.
pub(super) fn by_size<T: PartialOrd>(old: &T, new: &T, more_is_stricter: bool) -> Effect {
    if (new > old) == more_is_stricter {
        Effect::Tightened
    } else {
        Effect::Loosened
    }
}

pub(super) fn terms(old: &Compiled, new: &Compiled) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut changed = |name: &str, was: String, is: String, effect: Effect| {
        if was != is {
            changes.push(Change::new(Part::Terms, name, effect, format!("{was} → {is}")));
        }
    };
    let (p, q) = (&old.program, &new.program);
    changed(
        "schema",
        old.policy.first.schema.name.into(),
        new.policy.first.schema.name.into(),
        Effect::Changed,
    );
    changed(
        "currency",
        p.currency.code.into(),
        q.currency.code.into(),
        Effect::Changed,
    );
    let days = |n: u32| format!("{n} days");
    let effect = by_size(&p.age_max_days, &q.age_max_days, false);
    changed("age_max_days", days(p.age_max_days), days(q.age_max_days), effect);
    changed(
        "relation",
        p.relation.name().into(),
        q.relation.name().into(),
        Effect::Changed,
    );
    let scope = |c: &Compiled| match &c.texts.scope {
        crate::policy::Scope::Bank => "this bank".to_owned(),
        crate::policy::Scope::Consortium(name) => format!("consortium {name}"),
    };
    changed("scope", scope(old), scope(new), Effect::Changed);
    for (name, a, b) in [
        ("statement", &p.statements[0], &q.statements[0]),
        ("second", &p.statements[1], &q.statements[1]),
    ] {
        statement(name, a, b, &mut changed);
    }
    let third = |c: &Compiled| match c.further.first() {
        Some(part) => format!("the {} one", part.program.relation.name()),
        None => "none".to_owned(),
    };
    changed("third", third(old), third(new), Effect::Changed);
    if let (Some(a), Some(b)) = (old.further.first(), new.further.first()) {
        statement(
            "third",
            &a.program.statements[1],
            &b.program.statements[1],
            &mut changed,
        );
    }
    changes
}

fn statement(
    name: &str,
    old: &StatementTerms,
    new: &StatementTerms,
    changed: &mut impl FnMut(&str, String, String, Effect),
) {
    let field = |field: &str| format!("{name}.{field}");
    changed(
        &field("source"),
        old.source.name().into(),
        new.source.name().into(),
        Effect::Changed,
    );
    if old.schema.is_empty() || new.schema.is_empty() {
        return;
    }
    changed(
        &field("basis"),
        old.basis.to_string(),
        new.basis.to_string(),
        Effect::Changed,
    );
    let floor = |terms: &StatementTerms| Assurance(terms.assurance_floor).to_string();
    let effect = by_size(&old.assurance_floor, &new.assurance_floor, true);
    changed(&field("assurance_floor"), floor(old), floor(new), effect);
    let effect = by_size(&old.restatement_cap, &new.restatement_cap, false);
    let cap = |terms: &StatementTerms| terms.restatement_cap.to_string();
    changed(&field("restatement_max"), cap(old), cap(new), effect);
    let lengths = |terms: &StatementTerms| format!("{} to {} days", terms.length_min_days, terms.length_max_days);
    let (shorter, longer) = (
        new.length_min_days.cmp(&old.length_min_days),
        new.length_max_days.cmp(&old.length_max_days),
    );
    let effect = if shorter.is_ge() && longer.is_le() {
        Effect::Tightened
    } else if shorter.is_le() && longer.is_ge() {
        Effect::Loosened
    } else {
        Effect::Both
    };
    changed(&field("length_days"), lengths(old), lengths(new), effect);
    let needed = new.need & !old.need;
    let names = |mask: u32| {
        let schema = crate::schema::Schema::named(new.schema).ok();
        let figures = (0..FIGURES).filter(|j| mask >> j & 1 == 1);
        let named = figures.filter_map(|j| schema.map(|s| s.figures[j].name));
        named.collect::<Vec<_>>().join(", ")
    };
    if needed != 0 {
        changed(
            &field("figures"),
            "not needed".into(),
            format!("needed: {}", names(needed)),
            Effect::Tightened,
        );
    }
    let spared = old.need & !new.need;
    if spared != 0 {
        changed(
            &field("figures"),
            format!("needed: {}", names(spared)),
            "not needed".into(),
            Effect::Loosened,
        );
    }
}

pub(super) fn attestors(old: &Compiled, new: &Compiled, changes: &mut Vec<Change>) {
    let listed = |c: &Compiled| -> BTreeSet<[u8; 32]> { c.program.attestors.iter().copied().collect() };
    let (was, is) = (listed(old), listed(new));
    let word = |c: &Compiled| match (c.program.attestors_from_registry, c.program.attestors.len()) {
        (true, _) => "everyone in the registry".to_owned(),
        (false, 0) => "nobody".to_owned(),
        (false, n) => format!("{n} listed"),
    };
    if word(old) != word(new) && (was.is_empty() || is.is_empty()) {
        let text = format!("{} → {}", word(old), word(new));
        changes.push(Change::new(Part::Attestors, "attestors", Effect::Changed, text));
        return;
    }
    let name = |c: &Compiled, key: &[u8; 32]| {
        let place = c.program.attestors.iter().position(|other| other == key);
        let name = place
            .and_then(|i| c.texts.attestor_names.get(i))
            .cloned()
            .unwrap_or_default();
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        if name.is_empty() {
            hex
        } else {
            format!("{name} ({hex})")
        }
    };
    for key in is.difference(&was) {
        changes.push(Change::new(
            Part::Attestors,
            name(new, key),
            Effect::Added,
            "may attest now",
        ));
    }
    for key in was.difference(&is) {
        changes.push(Change::new(
            Part::Attestors,
            name(old, key),
            Effect::Removed,
            "may no longer attest",
        ));
    }
}
