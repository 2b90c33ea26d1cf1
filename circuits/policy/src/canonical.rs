//! The one encoding of a compiled policy: what is hashed, stored and sent, and what every reader renders its words from.
//!
//! Version 2; version 1 knew no further parts. Whole numbers are big-endian; `text` is a u32 length and that many bytes of UTF-8; `list` is a u32 count and the
//! items; `flag` is one byte, 0 or 1.
//!
//! ```text
//! magic            16 bytes, "covenant-policy\0"
//! version          u16, 2
//! currency         text (ISO 4217 code)
//! age_max_days     u32
//! relation         u8: 0 none, 1 prior, 2 companion
//! statement × 2    source u8 (0 attested, 1 self, 2 proven, 3 absent); schema text; basis u8 (0 none, 1 solo, 2 consolidated);
//!                  need u32; assurance_floor u8; restatement_cap u16; length_min_days u32; length_max_days u32
//! attestors        flag from_registry; list of 32-byte keys
//! slots × 4        u sparse, v sparse
//! rows             u8 count of rows up to the last one that is not blank; each: a sparse, slots sparse, passes sparse, bound i128
//! tiers            list of: name text; weights sparse; minimum u32
//! sparse           u8 count; each: index u8, value i64 — indices ascending, values not 0
//! compiler, name, title, purpose: texts
//! scope            text, empty for the bank alone
//! attestor names   list of texts, as many as keys
//! rules            list of: name text; why text; kind u8 (0 comparison, 1 combination, 2 factor step); tests list of u8;
//!                  guards list of u8; together: flag, and u8 where 1
//! tier kind        u8: 0 decision list, 1 scorecard, 2 pricing grid
//! margins          list of i32 (basis points)
//! worst            flag, and where 1: name text, margin i32
//! clauses          pricing grids only: not_delivered u8 (0 worst, 1 keep); found_wrong u8 (0 recompute, 1 from then on)
//! required weight  u32
//! further parts    list of: part program, attestor names, rules — each as above, "part program" being what stands from `currency`
//!                  to `tiers`
//! ```
//!
//! Decoding is strict: nothing may follow, the program must be valid, and encoding what was decoded must give the same bytes.

use crate::catalogue::POLICY_BYTES;
use crate::compiler::{Part, RuleKind, RuleMap, Texts, TierKind};
use crate::policy::{Clauses, FoundWrong, NotDelivered, RULES_MAX, Scope, TEXT_BYTES_MAX, TITLE_BYTES_MAX};
use crate::program::{
    ATTESTORS, FIGURES, NAME_BYTES_MAX, Program, ROWS, Relation, Row, SLOTS, Slot, Source, TIERS_MAX,
};
use crate::program::{StatementTerms, Tier};
use crate::refusal::Refusal;
use crate::schema::Schema;
use crate::statement::{Basis, Currency};

mod codec;

use codec::{Reader, Writer};

const MAGIC: &[u8; 16] = b"covenant-policy\0";
const VERSION: u16 = 2;

/// Programs of one policy: one for each statement beside the first.
const PARTS_MAX: usize = 2;

const SOURCES: [Source; 4] = [Source::Attested, Source::SelfDeclared, Source::Proven, Source::Absent];
const RELATIONS: [Relation; 3] = [Relation::None, Relation::Prior, Relation::Companion];
const BASES: [Basis; 3] = [Basis::None, Basis::Solo, Basis::Consolidated];
const RULE_KINDS: [RuleKind; 3] = [RuleKind::Comparison, RuleKind::Combination, RuleKind::FactorStep];
const NOT_DELIVERED: [NotDelivered; 2] = [NotDelivered::Worst, NotDelivered::Keep];
const FOUND_WRONG: [FoundWrong; 2] = [FoundWrong::Recompute, FoundWrong::FromThen];
const TIER_KINDS: [TierKind; 3] = [TierKind::DecisionList, TierKind::Scorecard, TierKind::PricingGrid];

/// Rules and factor steps that one policy can name.
const RULE_MAPS_MAX: usize = 4 * RULES_MAX;

/// The bytes of a compiled policy.
pub fn encode(program: &Program, texts: &Texts, further: &[Part]) -> Vec<u8> {
    let mut w = Writer::default();
    w.raw(MAGIC);
    w.raw(&VERSION.to_be_bytes());
    write_program(&mut w, program);
    write_texts(&mut w, texts);
    w.list(further, |w, part| {
        write_program(w, &part.program);
        write_rules(w, &part.texts);
    });
    w.bytes
}

fn write_program(w: &mut Writer, program: &Program) {
    w.text(program.currency.code);
    w.u32(program.age_max_days);
    w.choice(&RELATIONS, program.relation);
    for terms in &program.statements {
        w.choice(&SOURCES, terms.source);
        w.text(terms.schema);
        w.choice(&BASES, terms.basis);
        w.u32(terms.need);
        w.u8(terms.assurance_floor);
        w.raw(&terms.restatement_cap.to_be_bytes());
        w.u32(terms.length_min_days);
        w.u32(terms.length_max_days);
    }
    w.flag(program.attestors_from_registry);
    w.list(&program.attestors, |w, key| w.raw(key));
    for slot in &program.slots {
        w.sparse(&slot.u);
        w.sparse(&slot.v);
    }
    let rows = program
        .rows
        .iter()
        .rposition(|row| !row.is_blank())
        .map_or(0, |last| last + 1);
    w.u8(rows as u8);
    for row in program.rows.iter().take(rows) {
        w.sparse(&row.a);
        w.sparse(&row.slots);
        w.sparse(&row.passes);
        w.raw(&row.bound.to_be_bytes());
    }
    w.list(&program.tiers, |w, tier| {
        w.text(&tier.name);
        w.sparse(&tier.weights.map(i64::from));
        w.u32(tier.minimum);
    });
}

fn write_texts(w: &mut Writer, texts: &Texts) {
    for text in [&texts.compiler, &texts.name, &texts.title, &texts.purpose] {
        w.text(text);
    }
    w.text(match &texts.scope {
        Scope::Bank => "",
        Scope::Consortium(name) => name,
    });
    write_rules(w, texts);
    w.choice(&TIER_KINDS, texts.tier_kind);
    w.list(&texts.margins_bps, |w, margin| w.raw(&margin.to_be_bytes()));
    w.flag(texts.worst.is_some());
    if let Some((name, margin)) = &texts.worst {
        w.text(name);
        w.raw(&margin.to_be_bytes());
    }
    if let Some(clauses) = texts.clauses {
        w.choice(&NOT_DELIVERED, clauses.not_delivered);
        w.choice(&FOUND_WRONG, clauses.found_wrong);
    }
    w.u32(texts.required_weight);
}

fn write_rules(w: &mut Writer, texts: &Texts) {
    w.list(&texts.attestor_names, |w, name| w.text(name));
    w.list(&texts.rules, |w, rule| {
        w.text(&rule.name);
        w.text(&rule.why);
        w.choice(&RULE_KINDS, rule.kind);
        w.list(&rule.tests, |w, row| w.u8(*row as u8));
        w.list(&rule.guards, |w, row| w.u8(*row as u8));
        w.flag(rule.together.is_some());
        if let Some(row) = rule.together {
            w.u8(row as u8);
        }
    });
}

/// Reads a compiled policy back, and refuses whatever [`encode`] would not have written.
///
/// # Errors
/// `policy-bytes-invalid`, `program-invalid`, `schema-unknown`, `currency-unknown`.
pub fn decode(bytes: &[u8]) -> Result<(Program, Texts, Vec<Part>), Refusal> {
    let mut r = Reader { bytes, at: 0 };
    if r.take(MAGIC.len())? != MAGIC {
        return Err(r.wrong("these bytes are no compiled policy"));
    }
    let version = u16::from_be_bytes(r.array()?);
    if version != VERSION {
        return Err(r.wrong(&format!("version {version}")));
    }
    let program = read_program(&mut r)?;
    let texts = read_texts(&mut r)?;
    let further = r.list(PARTS_MAX - 1, |r| {
        let program = read_program(r)?;
        let (attestor_names, rules) = read_rules(r)?;
        Ok(Part {
            program,
            texts: texts.of_part(rules, attestor_names),
        })
    })?;
    if r.at != bytes.len() {
        return Err(r.wrong("bytes follow the end"));
    }
    program.validate()?;
    check_texts(&program, &texts)?;
    for part in &further {
        part.program.validate()?;
        check_texts(&part.program, &part.texts)?;
        check_part(&program, &part.program)?;
    }
    if encode(&program, &texts, &further) != bytes {
        return Err(Refusal::new(
            &POLICY_BYTES,
            "the bytes are not in their one canonical form",
        ));
    }
    Ok((program, texts, further))
}

fn read_program(r: &mut Reader<'_>) -> Result<Program, Refusal> {
    let currency = Currency::from_code(&r.text(NAME_BYTES_MAX)?)?;
    let age_max_days = r.u32()?;
    let relation = r.choice(&RELATIONS)?;
    let statements = [read_terms(r)?, read_terms(r)?];
    let attestors_from_registry = r.flag()?;
    let attestors = r.list(ATTESTORS, Reader::array::<32>)?;
    let mut slots: [Slot; SLOTS] = std::array::from_fn(|_| Slot::EMPTY);
    for slot in &mut slots {
        slot.u = r.sparse()?;
        slot.v = r.sparse()?;
    }
    let count = usize::from(r.u8()?);
    if count > ROWS {
        return Err(r.wrong(&format!("{count} rows")));
    }
    let mut rows = vec![Row::BLANK; ROWS];
    for row in rows.iter_mut().take(count) {
        row.a = r.sparse()?;
        row.slots = r.sparse()?;
        row.passes = r.sparse()?;
        row.bound = i128::from_be_bytes(r.array()?);
    }
    let tiers = r.list(TIERS_MAX, |r| {
        let name = r.text(NAME_BYTES_MAX)?;
        let signed: [i64; ROWS] = r.sparse()?;
        let mut weights = [0; ROWS];
        for (weight, value) in weights.iter_mut().zip(signed) {
            *weight = u32::try_from(value).map_err(|_| r.wrong(&format!("the weight {value}")))?;
        }
        Ok(Tier {
            name,
            weights,
            minimum: r.u32()?,
        })
    })?;
    Ok(Program {
        rows,
        slots,
        statements,
        relation,
        currency,
        age_max_days,
        attestors,
        attestors_from_registry,
        tiers,
    })
}

fn read_terms(r: &mut Reader<'_>) -> Result<StatementTerms, Refusal> {
    let source = r.choice(&SOURCES)?;
    let schema = r.text(NAME_BYTES_MAX)?;
    Ok(StatementTerms {
        source,
        schema: if schema.is_empty() {
            ""
        } else {
            Schema::named(&schema)?.name
        },
        basis: r.choice(&BASES)?,
        need: r.u32()?,
        assurance_floor: r.u8()?,
        restatement_cap: u16::from_be_bytes(r.array()?),
        length_min_days: r.u32()?,
        length_max_days: r.u32()?,
    })
}

fn read_texts(r: &mut Reader<'_>) -> Result<Texts, Refusal> {
    let compiler = r.text(NAME_BYTES_MAX)?;
    let name = r.text(NAME_BYTES_MAX)?;
    let title = r.text(TITLE_BYTES_MAX)?;
    let purpose = r.text(TEXT_BYTES_MAX)?;
    let scope = r.text(NAME_BYTES_MAX)?;
    let (attestor_names, rules) = read_rules(r)?;
    let tier_kind = r.choice(&TIER_KINDS)?;
    let margins_bps = r.list(TIERS_MAX, |r| Ok(i32::from_be_bytes(r.array()?)))?;
    let worst = if r.flag()? {
        Some((r.text(NAME_BYTES_MAX)?, i32::from_be_bytes(r.array()?)))
    } else {
        None
    };
    let clauses = if tier_kind == TierKind::PricingGrid {
        Some(Clauses {
            not_delivered: r.choice(&NOT_DELIVERED)?,
            found_wrong: r.choice(&FOUND_WRONG)?,
        })
    } else {
        None
    };
    let required_weight = r.u32()?;
    Ok(Texts {
        compiler,
        name,
        title,
        purpose,
        scope: if scope.is_empty() {
            Scope::Bank
        } else {
            Scope::Consortium(scope)
        },
        attestor_names,
        rules,
        tier_kind,
        margins_bps,
        worst,
        clauses,
        required_weight,
    })
}

/// Names of attestors, and rules.
fn read_rules(r: &mut Reader<'_>) -> Result<(Vec<String>, Vec<RuleMap>), Refusal> {
    let attestor_names = r.list(ATTESTORS, |r| r.text(TITLE_BYTES_MAX))?;
    let rules = r.list(RULE_MAPS_MAX, |r| {
        let row = |r: &mut Reader<'_>| r.u8().map(usize::from);
        Ok(RuleMap {
            name: r.text(4 * NAME_BYTES_MAX)?,
            why: r.text(TEXT_BYTES_MAX)?,
            kind: r.choice(&RULE_KINDS)?,
            tests: r.list(ROWS, row)?,
            guards: r.list(ROWS, row)?,
            together: if r.flag()? { Some(row(r)?) } else { None },
        })
    })?;
    Ok((attestor_names, rules))
}

/// A further part is about the same first statement and another further one, and its tiers are some of the policy's, in their order.
fn check_part(first: &Program, part: &Program) -> Result<(), Refusal> {
    let wrong = |what: &str| Err(Refusal::new(&POLICY_BYTES, what));
    let same_terms = StatementTerms {
        need: first.statements[0].need,
        ..part.statements[0].clone()
    } == first.statements[0];
    if !same_terms || (first.currency, first.age_max_days) != (part.currency, part.age_max_days) {
        return wrong("a further part asks for another first statement");
    }
    let accepted = |p: &Program| (p.attestors_from_registry, p.attestors.clone());
    let nobody = (false, Vec::new());
    let (mine, theirs) = (accepted(part), accepted(first));
    if mine != theirs && mine != nobody && theirs != nobody {
        return wrong("a further part accepts other attestors");
    }
    if [part.relation, first.relation].contains(&Relation::None) || part.relation == first.relation {
        return wrong("a further part looks at no further statement, or at the second one");
    }
    let mut names = first.tiers.iter().map(|tier| &tier.name);
    if !part.tiers.iter().all(|tier| names.any(|name| *name == tier.name)) {
        return wrong("a further part has tiers that the policy does not have, or another order");
    }
    Ok(())
}

/// What the texts say of rows must be what the rows are; otherwise the words would describe another policy.
fn check_texts(program: &Program, texts: &Texts) -> Result<(), Refusal> {
    let wrong = |what: String| Err(Refusal::new(&POLICY_BYTES, what));
    if texts.attestor_names.len() != program.attestors.len() {
        return wrong("as many attestors as names are expected".into());
    }
    let grid = texts.tier_kind == TierKind::PricingGrid;
    if texts.margins_bps.len() != if grid { program.tiers.len() } else { 0 } || (texts.worst.is_some() && !grid) {
        return wrong("margins belong to each level of a pricing grid, and to nothing else".into());
    }
    let mut names = std::collections::BTreeSet::new();
    for rule in &texts.rules {
        if rule.name.is_empty() || !names.insert(&rule.name) {
            return wrong(format!(
                "the rule name `{}` is empty or repeated",
                rule.name.escape_debug()
            ));
        }
        let ascending = |rows: &[usize]| rows.is_sorted_by(|a, b| a < b);
        let used = |row: &usize| program.rows.get(*row).is_some_and(|r| !r.is_blank());
        let all = rule.tests.iter().chain(&rule.guards).chain(&rule.together);
        if rule.tests.is_empty() || !ascending(&rule.tests) || !ascending(&rule.guards) || !all.clone().all(used) {
            return wrong(format!("the rows of rule `{}` are not rows of the program", rule.name));
        }
        if !rule.guards.iter().all(|row| is_guard(&program.rows[*row])) {
            return wrong(format!("a guard of rule `{}` is no guard", rule.name));
        }
        if rule.together.is_some_and(|row| !reads_all(&program.rows[row], rule)) {
            return wrong(format!("the joint row of rule `{}` reads other rows", rule.name));
        }
    }
    for tier in &program.tiers {
        let points: u64 = tier
            .weights
            .iter()
            .map(|w| u64::from(points_of(*w, texts.required_weight)))
            .sum();
        if texts.required_weight > 0 && points >= u64::from(texts.required_weight) {
            return wrong(format!("the points of `{}` outweigh its required rules", tier.name));
        }
    }
    let printable = |text: &str| !text.chars().any(|c| c.is_control() && c != '\n');
    let words = [&texts.compiler, &texts.name, &texts.title, &texts.purpose]
        .into_iter()
        .chain(&texts.attestor_names);
    let words = words.chain(texts.rules.iter().flat_map(|rule| [&rule.name, &rule.why]));
    let words = words
        .chain(program.tiers.iter().map(|tier| &tier.name))
        .chain(texts.worst.iter().map(|(name, _)| name));
    if !words.into_iter().all(|text| printable(text)) {
        return wrong("a text holds control characters".into());
    }
    Ok(())
}

/// A weight without what it carries for being required.
pub(crate) fn points_of(weight: u32, required_weight: u32) -> u32 {
    if required_weight > 0 && weight >= required_weight {
        weight - required_weight
    } else {
        weight
    }
}

/// A guard bounds a linear form from below and reads nothing else.
fn is_guard(row: &Row) -> bool {
    row.slots.iter().chain(&row.passes).all(|c| *c == 0)
}

/// A joint row reads each row of its rule once and asks for all of them.
fn reads_all(row: &Row, rule: &RuleMap) -> bool {
    let mut rows: Vec<usize> = rule.tests.iter().chain(&rule.guards).copied().collect();
    rows.sort_unstable();
    rows.dedup();
    let expected = |k: usize| i64::from(rows.contains(&k));
    row.a.iter().chain(&row.slots).all(|c| *c == 0)
        && row.passes.iter().enumerate().all(|(k, c)| *c == expected(k))
        && row.bound == rows.len() as i128
}

const _: () = assert!(FIGURES * 2 < 256 && ROWS < 256);

#[cfg(test)]
mod tests;
