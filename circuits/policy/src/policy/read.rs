//! From TOML to the typed document.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::fields::{Fields, bad, decimal, integer, items, text};
use super::{
    Attestor, Attestors, Clauses, Factor, FoundWrong, Located, NotDelivered, PolicyDocument, RULES_MAX, Rule, Rung,
    SOURCE_BYTES_MAX, Scope, TEXT_BYTES_MAX, TITLE_BYTES_MAX, Terms, Tiers,
};
use crate::catalogue as codes;
use crate::expression::{EXPRESSION_BYTES_MAX, Fault};
use crate::program::{ATTESTORS, NAME_BYTES_MAX, Relation, Source, TIERS_MAX, WEIGHT_BITS};
use crate::refusal::Refusal;
use crate::schema::Schema;
use crate::statement::{Assurance, Basis, Currency, Day};

/// The default bounds of a period's length: a financial year, leap years and 52- and 53-week years included.
const LENGTH_DAYS: (u32, u32) = (350, 380);

type Read<T> = Result<T, Fault>;

pub(super) fn document(source: &str) -> Read<PolicyDocument> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(
            Fault::new(&codes::POLICY_TOO_LONG, format!("{} bytes", source.len()), 0..0)
                .expected(format!("at most {SOURCE_BYTES_MAX} bytes")),
        );
    }
    let table = DeTable::parse(source).map_err(|e| {
        Fault::new(
            &codes::POLICY_SYNTAX,
            e.message().trim().to_owned(),
            e.span().unwrap_or(0..0),
        )
    })?;
    let mut fields = Fields::new("", table.get_ref(), 0..0);
    fixed_text(&mut fields, "type", "policy")?;
    fields.integer("version", (1, 1))?;
    let name = kebab(fields.text("name", NAME_BYTES_MAX)?)?.value;
    let title = one_line(fields.text("title", TITLE_BYTES_MAX)?)?;
    let purpose = fields.prose("purpose")?;
    let schema = parsed(fields.text("schema", NAME_BYTES_MAX)?, Schema::named)?;
    let currency = parsed(fields.text("currency", NAME_BYTES_MAX)?, Currency::from_code)?;
    let basis = parsed(fields.text("basis", NAME_BYTES_MAX)?, str::parse::<Basis>)?;
    let scope = scope(&mut fields)?;
    let age_max_days = fields.integer("age_max_days", (0, i64::from(Day::MAX.0)))? as u32;
    let first = match fields.get("statement") {
        Some(value) => {
            let mut table = Fields::of("statement", value)?;
            let terms = terms(&mut table, schema, basis)?;
            table.finish()?;
            terms
        }
        None => terms(&mut Fields::new("statement", &DeTable::new(), 0..0), schema, basis)?,
    };
    let second = fields
        .get("second")
        .map(|value| second(value, schema, basis))
        .transpose()?;
    let attestors = attestors(&mut fields, [Some(&first), second.as_ref().map(|(_, t)| t)])?;
    let rules = rules(&mut fields)?;
    let tiers = tiers(fields.require("tiers")?)?;
    fields.finish()?;
    let second = second.filter(|(relation, _)| *relation != Relation::None);
    Ok(PolicyDocument {
        name,
        title,
        purpose,
        currency,
        scope,
        age_max_days,
        attestors,
        first,
        second,
        rules,
        tiers,
    })
}

fn fixed_text(fields: &mut Fields<'_, '_>, key: &'static str, expected: &str) -> Read<()> {
    let found = fields.text(key, NAME_BYTES_MAX)?;
    if found.value == expected {
        return Ok(());
    }
    Err(bad(format!("`{key}` is \"{}\"", found.value), found.span).expected(format!("\"{expected}\"")))
}

/// A value read from a string by a function that refuses.
fn parsed<T>(text: Located<String>, read: impl Fn(&str) -> Result<T, Refusal>) -> Read<T> {
    read(&text.value).map_err(|refusal| Fault {
        refusal,
        span: text.span,
    })
}

/// A name of lower-case letters, digits and single hyphens.
fn kebab(name: Located<String>) -> Read<Located<String>> {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let reserved = ["and", "or", "not", "at", "least", "of", "between"];
    if name.value.split('-').all(word)
        && !reserved.contains(&name.value.as_str())
        && name.value.bytes().any(|b| b.is_ascii_lowercase())
    {
        return Ok(name);
    }
    Err(bad(format!("`{}` is no name", name.value.escape_debug()), name.span)
        .expected("lower-case letters, digits and hyphens, such as current-ratio"))
}

fn one_line(text: Located<String>) -> Read<String> {
    if text.value.trim().is_empty() || text.value.contains('\n') {
        return Err(bad("the text is empty or has several lines", text.span).expected("one line"));
    }
    Ok(text.value)
}

fn scope(fields: &mut Fields<'_, '_>) -> Read<Scope> {
    match fields.optional_text("scope", NAME_BYTES_MAX)? {
        None => Ok(Scope::Bank),
        Some(text) if text.value == "bank" => Ok(Scope::Bank),
        Some(text) => kebab(text).map(|name| Scope::Consortium(name.value)),
    }
}

fn source_of(text: &str) -> Result<Source, Refusal> {
    [Source::Attested, Source::SelfDeclared, Source::Proven]
        .into_iter()
        .find(|s| s.name() == text)
        .ok_or_else(|| {
            Refusal::new(
                &codes::POLICY_BAD_VALUE,
                format!("`{}` is no source", text.escape_debug()),
            )
            .expected("attested, self or proven")
        })
}

/// Source, floor, restatement limit and period bounds; `basis` where the table does not say another.
fn terms(fields: &mut Fields<'_, '_>, schema: &'static Schema, basis: Basis) -> Read<Terms> {
    let source = match fields.optional_text("source", NAME_BYTES_MAX)? {
        Some(text) => parsed(text, source_of)?,
        None => Source::Attested,
    };
    let floor = fields.optional_text("assurance_floor", NAME_BYTES_MAX)?;
    let span = floor.as_ref().map_or(fields.span(), |text| text.span.clone());
    let assurance_floor = match floor {
        Some(text) => parsed(text, str::parse::<Assurance>)?,
        None => Assurance::SELF_DECLARED,
    };
    if source != Source::Attested && assurance_floor > Assurance::SELF_DECLARED {
        return Err(bad(
            format!("`{assurance_floor}` is asked of a statement that nobody attests"),
            span,
        )
        .expected("no assurance_floor, or source = \"attested\""));
    }
    let restatement_max = fields
        .optional_integer("restatement_max", (0, i64::from(u16::MAX)))?
        .unwrap_or(0) as u16;
    let mut days = |key, default: u32| {
        fields
            .optional_integer(key, (1, i64::from(Day::MAX.0)))
            .map(|n| n.map_or(default, |n| n as u32))
    };
    let length_min_days = days("length_min_days", LENGTH_DAYS.0)?;
    let length_max_days = days("length_max_days", LENGTH_DAYS.1)?;
    if length_min_days > length_max_days {
        return Err(bad(
            format!("periods of {length_min_days} to {length_max_days} days"),
            fields.span(),
        )
        .expected("length_min_days at most length_max_days"));
    }
    Ok(Terms {
        schema,
        source,
        basis,
        assurance_floor,
        restatement_max,
        length_min_days,
        length_max_days,
    })
}

fn second(value: &toml::Spanned<DeValue<'_>>, schema: &'static Schema, basis: Basis) -> Read<(Relation, Terms)> {
    let mut fields = Fields::of("second", value)?;
    let relation = fields.text("relation", NAME_BYTES_MAX)?;
    let relation = match relation.value.as_str() {
        "prior" => Relation::Prior,
        "companion" => Relation::Companion,
        "none" => Relation::None,
        other => {
            return Err(bad(format!("`{}` is no relation", other.escape_debug()), relation.span)
                .expected("prior, companion or none"));
        }
    };
    let own = fields.optional_text("basis", NAME_BYTES_MAX)?;
    let span = own.as_ref().map_or(fields.span(), |text| text.span.clone());
    let own = own.map_or(Ok(basis), |text| parsed(text, str::parse::<Basis>))?;
    if relation == Relation::Prior && own != basis {
        return Err(
            bad("the prior period has another basis than the first statement", span).expected(basis.to_string())
        );
    }
    let other = fields.optional_text("schema", NAME_BYTES_MAX)?;
    let span = other.as_ref().map_or(fields.span(), |text| text.span.clone());
    let other = other.map_or(Ok(schema), |text| parsed(text, Schema::named))?;
    if relation == Relation::Prior && other != schema {
        return Err(bad("the prior period has another schema than the first statement", span).expected(schema.name));
    }
    let terms = terms(&mut fields, other, own)?;
    fields.finish()?;
    Ok((relation, terms))
}

fn attestors(fields: &mut Fields<'_, '_>, terms: [Option<&Terms>; 2]) -> Read<Attestors> {
    let attested = terms.into_iter().flatten().any(|t| t.source == Source::Attested);
    let fault = |what: &str, span: Range<usize>| Err(Fault::new(&codes::POLICY_ATTESTORS, what, span));
    let Some(value) = fields.get("attestors") else {
        return if attested {
            fault("a statement is attested, and `attestors` is missing", 0..0)
        } else {
            Ok(Attestors::None)
        };
    };
    if !attested {
        return fault("attestors are listed, and no statement is attested", value.span());
    }
    if let DeValue::String(word) = value.get_ref() {
        return match word.as_ref() {
            "registry" => Ok(Attestors::Registry),
            _ => fault("`attestors` is neither \"registry\" nor a list of keys", value.span()),
        };
    }
    let mut listed: Vec<Attestor> = Vec::new();
    for (path, item) in items("attestors", value)? {
        let attestor = attestor(&path, item)?;
        if listed.iter().any(|a| a.key == attestor.key) {
            return Err(Fault::new(
                &codes::POLICY_DUPLICATE,
                format!("`{path}` repeats a key"),
                item.span(),
            ));
        }
        listed.push(attestor);
    }
    if listed.is_empty() || listed.len() > ATTESTORS {
        return fault(
            &format!(
                "{} attestors are listed, where 1 to {ATTESTORS} are possible",
                listed.len()
            ),
            value.span(),
        );
    }
    Ok(Attestors::Listed(listed))
}

/// A key in hexadecimal, or a table of key and name.
fn attestor(path: &str, item: &toml::Spanned<DeValue<'_>>) -> Read<Attestor> {
    let (hex, name) = match item.get_ref() {
        DeValue::Table(_) => {
            let mut fields = Fields::of(path, item)?;
            let hex = fields.text("key", NAME_BYTES_MAX)?;
            let name = fields
                .optional_text("name", TITLE_BYTES_MAX)?
                .map(one_line)
                .transpose()?
                .unwrap_or_default();
            fields.finish()?;
            (hex, name)
        }
        _ => (text(path, item, NAME_BYTES_MAX)?, String::new()),
    };
    let mut key = [0; 32];
    let digits = hex.value.as_bytes();
    let digit = |i: usize| digits.get(i).and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    for (i, byte) in key.iter_mut().enumerate() {
        let (Some(high), Some(low), 64) = (digit(2 * i), digit(2 * i + 1), digits.len()) else {
            return Err(bad(format!("`{path}` is no key"), hex.span)
                .expected("64 hexadecimal digits: a packed Baby Jubjub key"));
        };
        *byte = high << 4 | low;
    }
    Ok(Attestor { key, name })
}

fn rules(fields: &mut Fields<'_, '_>) -> Read<Vec<Rule>> {
    let mut rules = Vec::new();
    for mut table in fields.tables("rule")? {
        let name = kebab(table.text("name", NAME_BYTES_MAX)?)?;
        let require = table.text("require", EXPRESSION_BYTES_MAX)?;
        let why = table.prose("why")?;
        table.finish()?;
        rules.push(Rule { name, require, why });
    }
    if rules.len() > RULES_MAX {
        return Err(
            Fault::new(&codes::POLICY_TOO_LARGE, format!("{} rules", rules.len()), 0..0)
                .expected(format!("at most {RULES_MAX}")),
        );
    }
    Ok(rules)
}

fn tiers(value: &toml::Spanned<DeValue<'_>>) -> Read<Tiers> {
    let mut fields = Fields::of("tiers", value)?;
    let kind = fields.text("kind", NAME_BYTES_MAX)?;
    let tiers = match kind.value.as_str() {
        "decision-list" => Tiers::DecisionList(rungs(&mut fields, "tier")?),
        "scorecard" => scorecard(&mut fields)?,
        "pricing-grid" => pricing_grid(&mut fields)?,
        other => {
            return Err(
                bad(format!("`{}` is no kind of tiers", other.escape_debug()), kind.span)
                    .expected("decision-list, scorecard or pricing-grid"),
            );
        }
    };
    fields.finish()?;
    Ok(tiers)
}

fn names(fields: &mut Fields<'_, '_>, key: &'static str) -> Read<Vec<Located<String>>> {
    fields
        .array(key)?
        .into_iter()
        .map(|(path, item)| text(&path, item, NAME_BYTES_MAX))
        .collect()
}

/// The rungs under `key`: at least one, with distinct names.
fn rungs(fields: &mut Fields<'_, '_>, key: &'static str) -> Read<Vec<Rung>> {
    let mut rungs: Vec<Rung> = Vec::new();
    for mut table in fields.tables(key)? {
        let name = table.text("name", NAME_BYTES_MAX)?;
        one_line(name.clone())?;
        if rungs.iter().any(|r| r.name.value == name.value) {
            return Err(Fault::new(
                &codes::POLICY_DUPLICATE,
                format!("`{}` is named twice", name.value),
                name.span,
            ));
        }
        let requires = names(&mut table, "requires")?;
        let minimum = match key {
            "grade" => Some(table.integer("minimum", (0, (1 << WEIGHT_BITS) - 1))? as u32),
            _ => None,
        };
        let margin_bps = match key {
            "level" => Some(table.integer("margin_bps", (-100_000, 100_000))? as i32),
            _ => None,
        };
        table.finish()?;
        rungs.push(Rung {
            name,
            requires,
            minimum,
            margin_bps,
        });
    }
    if rungs.is_empty() || rungs.len() > TIERS_MAX {
        let what = format!("{} tables [[tiers.{key}]]", rungs.len());
        return Err(bad(what, fields.span()).expected(format!("1 to {TIERS_MAX}")));
    }
    Ok(rungs)
}

fn scorecard(fields: &mut Fields<'_, '_>) -> Read<Tiers> {
    let required = names(fields, "required")?;
    let mut points: Vec<(Located<String>, u32)> = Vec::new();
    for mut table in fields.tables("points")? {
        let rule = table.text("rule", NAME_BYTES_MAX)?;
        let earned = table.integer("points", (1, (1 << WEIGHT_BITS) - 1))? as u32;
        table.finish()?;
        if points.iter().any(|(other, _)| other.value == rule.value) {
            return Err(Fault::new(
                &codes::POLICY_DUPLICATE,
                format!("`{}` has points twice", rule.value),
                rule.span,
            ));
        }
        points.push((rule, earned));
    }
    let factors = fields
        .tables("factor")?
        .into_iter()
        .map(factor)
        .collect::<Read<Vec<_>>>()?;
    let grades = rungs(fields, "grade")?;
    Ok(Tiers::Scorecard {
        required,
        points,
        factors,
        grades,
    })
}

fn factor(mut table: Fields<'_, '_>) -> Read<Factor> {
    let name = kebab(table.text("name", NAME_BYTES_MAX)?)?;
    let expression = table.text("expression", EXPRESSION_BYTES_MAX)?;
    let at_most = match table.optional_text("direction", NAME_BYTES_MAX)? {
        None => false,
        Some(text) if text.value == "at-least" => false,
        Some(text) if text.value == "at-most" => true,
        Some(text) => {
            return Err(
                bad(format!("`{}` is no direction", text.value.escape_debug()), text.span)
                    .expected("at-least (more is better) or at-most (less is better)"),
            );
        }
    };
    let why = table.prose("why")?;
    let mut points: Vec<Located<(num_rational::BigRational, u32)>> = Vec::new();
    for (path, item) in table.array("points")? {
        let pair = items(&path, item)?;
        let [(threshold_path, threshold), (earned_path, earned)] = pair.as_slice() else {
            return Err(
                bad(format!("`{path}` has {} items", pair.len()), item.span()).expected("[break point, points]")
            );
        };
        let threshold = decimal(threshold_path, threshold)?;
        let earned = integer(earned_path, earned, (1, (1 << WEIGHT_BITS) - 1))? as u32;
        if let Some(Located {
            value: (before, less), ..
        }) = points.last()
        {
            let ordered = if at_most {
                threshold < *before
            } else {
                threshold > *before
            };
            if !ordered || earned <= *less {
                return Err(bad(format!("`{path}` is out of order"), item.span())
                    .expected("break points from the easiest to the hardest, points growing"));
            }
        }
        points.push(Located {
            value: (threshold, earned),
            span: item.span(),
        });
    }
    if points.is_empty() {
        return Err(
            bad(format!("factor `{}` has no break points", name.value), table.span())
                .expected("points = [[1.0, 5], [1.2, 10]]"),
        );
    }
    table.finish()?;
    Ok(Factor {
        name,
        expression,
        at_most,
        points,
        why,
    })
}

/// The last level may be unconditional: it is what applies where nothing is proven.
fn pricing_grid(fields: &mut Fields<'_, '_>) -> Read<Tiers> {
    let last_is_free = fields.boolean("worst_is_unconditional")?;
    let clauses = clauses(fields)?;
    let mut levels = rungs(fields, "level")?;
    let worst = if last_is_free { levels.pop() } else { None };
    if let Some(worst) = &worst
        && !worst.requires.is_empty()
    {
        return Err(bad(
            format!("level `{}` is unconditional and has requirements", worst.name.value),
            worst.name.span.clone(),
        )
        .expected("no `requires`, or worst_is_unconditional = false"));
    }
    if levels.is_empty() {
        return Err(
            bad("the grid has no level to prove", fields.span()).expected("at least one level with requirements")
        );
    }
    Ok(Tiers::PricingGrid { levels, worst, clauses })
}

/// The two customary clauses: what is not said is what is customary.
fn clauses(fields: &mut Fields<'_, '_>) -> Read<Clauses> {
    let not_delivered = match fields.optional_text("not_delivered", NAME_BYTES_MAX)? {
        None => Clauses::CUSTOMARY.not_delivered,
        Some(text) => one_of(text, &[NotDelivered::Worst, NotDelivered::Keep], NotDelivered::name)?,
    };
    let found_wrong = match fields.optional_text("found_wrong", NAME_BYTES_MAX)? {
        None => Clauses::CUSTOMARY.found_wrong,
        Some(text) => one_of(text, &[FoundWrong::Recompute, FoundWrong::FromThen], FoundWrong::name)?,
    };
    Ok(Clauses {
        not_delivered,
        found_wrong,
    })
}

/// One of a few words.
fn one_of<T: Copy>(text: Located<String>, known: &[T], name: fn(T) -> &'static str) -> Read<T> {
    known.iter().copied().find(|k| name(*k) == text.value).ok_or_else(|| {
        let words: Vec<&str> = known.iter().map(|k| name(*k)).collect();
        bad(format!("`{}` is no clause", text.value.escape_debug()), text.span).expected(words.join(" or "))
    })
}

const _: () = assert!(TEXT_BYTES_MAX < SOURCE_BYTES_MAX);
