//! A compiled policy in plain language, written from the bytes that are hashed and from nothing else.
//!
//! What a credit officer signs off and what a proof is checked against are then the same thing: the sentences are recognised
//! from the integer rows, the tiers from the weights. Names and the bank's own words are shown as such.

use std::collections::BTreeSet;
use std::fmt;

use crate::canonical;
use crate::compiler::{Part, RuleMap, Texts};
use crate::policy::{FoundWrong, NotDelivered, Scope};
use crate::program::{FIGURES, Program, Relation, STATEMENTS, Source, StatementTerms};
use crate::refusal::Refusal;
use crate::statement::Assurance;

pub(crate) mod monthly;
pub(crate) mod sentences;
pub(crate) mod shape;
mod tiers;
pub(crate) mod words;

use sentences::Scene;

/// A policy in plain language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// The policy's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The bank's own words.
    pub purpose: String,
    /// What is demanded of the statements, one sentence each.
    pub terms: Vec<String>,
    /// The rules.
    pub rules: Vec<RuleText>,
    /// The points of a scorecard, where all grades count the same ones.
    pub points: Vec<(String, u32)>,
    /// The tiers, best first.
    pub tiers: Vec<TierText>,
    /// What goes without saying in such policies, and is said.
    pub notes: Vec<String>,
}

/// One rule in plain language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText {
    /// The rule's name.
    pub name: String,
    /// What it demands, in a sentence.
    pub sentence: String,
    /// Why the bank asks for it; may be empty.
    pub why: String,
    /// The integer rows, as formulas.
    pub rows: Vec<String>,
    /// The figures that it reads: label and definition.
    pub definitions: Vec<(String, String)>,
}

/// One tier in plain language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierText {
    /// The tier's name.
    pub name: String,
    /// What it takes.
    pub takes: String,
    /// What it brings, where that is a margin.
    pub margin: Option<String>,
}

/// Renders a compiled policy from its canonical bytes.
///
/// # Errors
/// Those of [`canonical::decode`].
pub fn render(bytes: &[u8]) -> Result<Rendering, Refusal> {
    let (program, texts, further) = canonical::decode(bytes)?;
    Ok(render_decoded(&program, &texts, &further))
}

/// Renders what [`canonical::decode`] returned.
pub fn render_decoded(program: &Program, texts: &Texts, further: &[Part]) -> Rendering {
    let scene = Scene { program, texts };
    let (points, mut tiers) = tiers::tiers(&scene);
    let mut rules: Vec<RuleText> = texts.rules.iter().map(|rule| rule_text(&scene, rule)).collect();
    for (k, part) in further.iter().enumerate() {
        let (program, texts) = (&part.program, &part.texts);
        let scene = Scene { program, texts };
        let (_, demanded) = tiers::tiers(&scene);
        for tier in &mut tiers {
            if let Some(linked) = demanded.iter().find(|own| own.name == tier.name) {
                tier.takes += &format!(" In a linked proof, {}", linked.takes);
            }
        }
        for rule in &texts.rules {
            let mut text = rule_text(&scene, rule);
            // A rule on the first statement alone may stand in both.
            if rules
                .iter()
                .any(|r| (&r.name, &r.sentence) == (&text.name, &text.sentence))
            {
                continue;
            }
            for row in &mut text.rows {
                *row = format!("proof {}, {row}", k + 2);
            }
            rules.push(text);
        }
    }
    Rendering {
        name: texts.name.clone(),
        title: texts.title.clone(),
        purpose: texts.purpose.clone(),
        terms: terms(program, texts, further),
        rules,
        points,
        tiers,
        notes: notes(program, texts, further),
    }
}

pub(crate) fn rule_text(scene: &Scene<'_>, rule: &RuleMap) -> RuleText {
    let rows = rule
        .tests
        .iter()
        .chain(&rule.guards)
        .map(|row| scene.row_formula(*row))
        .collect();
    let definitions = scene
        .columns_of(rule)
        .into_iter()
        .filter_map(|column| scene.definition(column));
    let mut distinct: Vec<(String, String)> = Vec::new();
    for definition in definitions {
        if !distinct.contains(&definition) {
            distinct.push(definition);
        }
    }
    RuleText {
        name: rule.name.clone(),
        sentence: scene.rule_sentence(rule),
        why: rule.why.clone(),
        rows,
        definitions: distinct,
    }
}

fn terms(program: &Program, texts: &Texts, further: &[Part]) -> Vec<String> {
    let [first, second] = &program.statements;
    let mut lines = vec![
        statement(first, "The statement"),
        format!("All amounts are in {}.", program.currency),
    ];
    let related = std::iter::once((program, second));
    let related: Vec<_> = related
        .chain(further.iter().map(|part| (&part.program, &part.program.statements[1])))
        .collect();
    for (program, terms) in &related {
        match program.relation {
            Relation::None => {}
            Relation::Prior => lines.push(statement(
                terms,
                "The statement of the period directly before, of the same length and adjacent,",
            )),
            Relation::Companion => lines.push(statement(
                terms,
                "The companion statement, whose period ends on the same day,",
            )),
        }
    }
    lines.extend(assured(program, further));
    lines.push(format!(
        "The period ended at most {} days before the request's date.",
        program.age_max_days
    ));
    if program.attestors_from_registry {
        lines.push("Attestors: everyone whom the bank's registry grants the assurance asked for.".to_owned());
    } else if !program.attestors.is_empty() {
        let named = program.attestors.iter().zip(&texts.attestor_names).map(|(key, name)| {
            let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            if name.is_empty() {
                hex
            } else {
                format!("{name} ({hex})")
            }
        });
        lines.push(format!(
            "Attestors: {}.",
            words::listed(&named.collect::<Vec<_>>(), "and")
        ));
    }
    lines.push(match &texts.scope {
        Scope::Bank => "Restated figures are counted at this bank alone.".to_owned(),
        Scope::Consortium(name) => format!("Restated figures are counted across the consortium “{name}”."),
    });
    lines
}

/// What is read from each statement, and what stands behind it: one sentence for each source.
fn assured(program: &Program, further: &[Part]) -> Vec<String> {
    let parts: Vec<&Program> = std::iter::once(program)
        .chain(further.iter().map(|part| &part.program))
        .collect();
    let first: BTreeSet<usize> = parts
        .iter()
        .flat_map(|p| read(p))
        .filter(|column| *column < FIGURES)
        .collect();
    let mut groups = vec![(program, &program.statements[0], first)];
    for part in parts {
        let second = read(part).into_iter().filter(|column| *column >= FIGURES).collect();
        groups.push((part, &part.statements[1], second));
    }
    let sentence = |(program, terms, columns): &(&Program, &StatementTerms, BTreeSet<usize>)| {
        let labels: Vec<String> = columns
            .iter()
            .map(|column| words::Names::of(program).label(*column))
            .collect();
        let source = match terms.source {
            Source::Attested if terms.assurance_floor == 0 => "On an attestor's word".to_owned(),
            Source::Attested => format!("On an attestor's word, {} or better", Assurance(terms.assurance_floor)),
            Source::SelfDeclared => "On the enterprise's own word".to_owned(),
            Source::Proven => "By a linked proof over the books".to_owned(),
            Source::Absent => return None,
        };
        (!labels.is_empty()).then(|| format!("{source}: {}.", words::listed(&labels, "and")))
    };
    groups.iter().filter_map(sentence).collect()
}

/// The columns that rows and products read.
fn read(program: &Program) -> BTreeSet<usize> {
    let rows = program.rows.iter().map(|row| &row.a);
    let forms = rows.chain(program.slots.iter().flat_map(|slot| [&slot.u, &slot.v]));
    forms
        .flat_map(|a| a.iter().enumerate().filter(|(_, c)| **c != 0).map(|(column, _)| column))
        .collect()
}

fn statement(terms: &StatementTerms, subject: &str) -> String {
    let source = match terms.source {
        Source::Attested => format!("is attested, at least as {}", Assurance(terms.assurance_floor)),
        Source::SelfDeclared => "is the enterprise's own word".to_owned(),
        Source::Proven => "comes from a linked proof".to_owned(),
        Source::Absent => "is absent".to_owned(),
    };
    let restated = match terms.restatement_cap {
        0 => "never restated".to_owned(),
        1 => "restated at most once".to_owned(),
        n => format!("restated at most {n} times"),
    };
    format!(
        "{subject} ({}, {} figures) {source}, {restated}, over {} to {} days.",
        terms.schema, terms.basis, terms.length_min_days, terms.length_max_days
    )
}

fn notes(program: &Program, texts: &Texts, further: &[Part]) -> Vec<String> {
    let mut notes = vec!["A figure that the books do not give is never read as zero: the proof is refused.".to_owned()];
    if (0..STATEMENTS).any(|k| program.schema(k).is_some_and(|schema| !schema.identities.is_empty())) {
        notes.push("The sums of the balance sheet must agree in every statement.".to_owned());
    }
    let demanding: BTreeSet<&str> = further
        .iter()
        .flat_map(|part| &part.program.tiers)
        .map(|tier| tier.name.as_str())
        .collect();
    if !demanding.is_empty() {
        let names = demanding_in_order(program, &demanding);
        notes.push(format!(
            "A proof looks at two statements. {} two proofs about the same first statement, by the same enterprise, for the same \
             request; both must hold.",
            match names.as_slice() {
                [one] => format!("Tier {one} takes"),
                many => format!("Tiers {} take", words::listed(many, "and")),
            }
        ));
    }
    if let Some(clauses) = texts.clauses {
        let worst = match (&texts.worst, program.tiers.last()) {
            (Some((name, _)), _) => name.clone(),
            (None, Some(tier)) => tier.name.clone(),
            (None, None) => String::new(),
        };
        notes.push(match clauses.not_delivered {
            NotDelivered::Worst => {
                format!("Not delivered when due: the worst level, “{worst}”, applies until delivered.")
            }
            NotDelivered::Keep => "Not delivered when due: the level before stays until delivered.".to_owned(),
        });
        notes.push(match clauses.found_wrong {
            FoundWrong::Recompute => {
                "Later found wrong: the level is recomputed from the day on which it first applied.".to_owned()
            }
            FoundWrong::FromThen => {
                "Later found wrong: the new level applies from the day on which the right accounts are delivered."
                    .to_owned()
            }
        });
    }
    notes
}

/// The tiers among these, best first.
fn demanding_in_order(program: &Program, names: &BTreeSet<&str>) -> Vec<String> {
    let tiers = program.tiers.iter().filter(|tier| names.contains(tier.name.as_str()));
    tiers.map(|tier| tier.name.clone()).collect()
}

impl fmt::Display for Rendering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n({})", self.title, self.name)?;
        if !self.purpose.is_empty() {
            writeln!(f, "\n{}", self.purpose)?;
        }
        writeln!(f, "\nWhat must be shown")?;
        for term in &self.terms {
            writeln!(f, "  · {term}")?;
        }
        writeln!(f, "\nRules")?;
        for rule in &self.rules {
            writeln!(f, "  {}: {}", rule.name, rule.sentence)?;
            if !rule.why.is_empty() {
                writeln!(f, "      Why: {}", rule.why.replace('\n', " "))?;
            }
            for row in &rule.rows {
                writeln!(f, "      {row}")?;
            }
            for (label, definition) in &rule.definitions {
                writeln!(f, "      {label}: {definition}")?;
            }
        }
        if !self.points.is_empty() {
            writeln!(f, "\nPoints")?;
            for (name, points) in &self.points {
                writeln!(f, "  {points:>5}  {name}")?;
            }
        }
        writeln!(f, "\nTiers, best first")?;
        for tier in &self.tiers {
            let margin = tier.margin.as_ref().map(|m| format!(" [{m}]")).unwrap_or_default();
            writeln!(f, "  {}{margin}: {}", tier.name, tier.takes)?;
        }
        writeln!(f)?;
        for note in &self.notes {
            writeln!(f, "  · {note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
