//! From TOML to the typed document; what is wrong in one place does not hide what is wrong in the next.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::fields::{Fields, Spanned, bad, items, text};
use super::layout;
use super::source::{Faults, spot};
use super::{
    Attestor, Attestors, Located, PolicyDocument, Rule, SOURCE_BYTES_MAX, Scope, TEXT_BYTES_MAX, Terms, Tiers,
};
use crate::catalogue as codes;
use crate::expression::Fault;
use crate::program::{ATTESTORS, Relation, Source};
use crate::refusal::Refusal;
use crate::schema::{ENTERPRISE_FINANCIALS, Schema};
use crate::statement::{Assurance, Basis, Currency};

mod tiers;

use tiers::tiers;

/// The default bounds of a period's length: a financial year, leap years and 52- and 53-week years included.
const LENGTH_DAYS: (u32, u32) = (350, 380);
/// Lines whose faults of TOML's syntax are reported: one slip can make many.
const SYNTAX_FAULTS_MAX: usize = 3;

type Read<T> = Result<T, Fault>;

/// What could be read of a source.
pub(crate) struct Draft {
    /// The document; where something could not be read, a placeholder stands that nothing else may be concluded from.
    pub(crate) policy: PolicyDocument,
    /// What is wrong.
    pub(crate) faults: Faults,
    /// Whether rules can be looked at: schema, currency and the second statement were read.
    pub(crate) rules_readable: bool,
    /// Rules that could not be read, by name; none where even their names could not all be read.
    pub(crate) unreadable: Option<BTreeSet<String>>,
}

/// Reads all that can be read.
///
/// # Errors
/// Where there is no document: it is too long, or no TOML.
pub(crate) fn draft(source: &str) -> Result<Draft, Faults> {
    let mut faults = Faults::default();
    if source.len() > SOURCE_BYTES_MAX {
        let fault = Fault::new(&codes::POLICY_TOO_LONG, format!("{} bytes", source.len()), 0..0);
        faults.add(fault.expected(format!("at most {SOURCE_BYTES_MAX} bytes")));
        return Err(faults);
    }
    let (table, errors) = DeTable::parse_recoverable(source);
    if !errors.is_empty() {
        // One slip makes several errors on its line.
        let mut lines = BTreeSet::new();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            if lines.len() < SYNTAX_FAULTS_MAX && lines.insert(spot(source, &span).line) {
                faults.add(Fault::new(&codes::POLICY_SYNTAX, error.message().trim(), span));
            }
        }
        return Err(faults);
    }
    Ok(document(table.get_ref(), faults))
}

fn document(table: &DeTable<'_>, mut faults: Faults) -> Draft {
    let fields = Fields::new("", &layout::POLICY, table, 0..0);
    fields.finish(&mut faults);
    let mut line = |key| faults.keep(fields.text(key)).map(|text| text.value).unwrap_or_default();
    line("type");
    let (name, title) = (line("name"), line("title"));
    faults.keep(fields.integer("version"));
    let purpose = faults.keep(fields.prose("purpose")).unwrap_or_default();
    let schema = faults.keep(fields.text("schema").and_then(|text| parsed(text, Schema::named)));
    let currency = faults.keep(
        fields
            .text("currency")
            .and_then(|text| parsed(text, Currency::from_code)),
    );
    let basis = faults.keep(fields.text("basis").and_then(|text| parsed(text, str::parse::<Basis>)));
    let scope = faults.keep(fields.optional_text("scope")).flatten();
    let scope = match scope.map(|text| text.value) {
        Some(name) if name != "bank" => Scope::Consortium(name),
        _ => Scope::Bank,
    };
    let age_max_days = faults.keep(fields.integer("age_max_days")).unwrap_or_default() as u32;
    let known_basis = basis.unwrap_or(Basis::Solo);
    let known_schema = schema.unwrap_or(&ENTERPRISE_FINANCIALS);
    let first = match fields.get("statement") {
        Some(value) => first(value, known_schema, known_basis, &mut faults),
        None => Some(default_terms(known_schema, known_basis)),
    };
    let second = fields
        .get("second")
        .map(|value| further("second", &layout::SECOND, value, schema, basis, &mut faults));
    let third = fields
        .get("third")
        .map(|value| further("third", &layout::THIRD, value, schema, basis, &mut faults));
    let second_is_known = !matches!(second, Some(None)) && !matches!(third, Some(None));
    let (second, third) = (second.flatten(), third.flatten());
    if let Some(value) = fields.get("third") {
        faults.keep(of_another_kind(&second, &third, value.span()));
    }
    let attestors = match (&first, second_is_known) {
        (Some(first), true) => faults.keep(attestors(
            &fields,
            [
                Some(first),
                second.as_ref().map(|(_, t)| t),
                third.as_ref().map(|(_, t)| t),
            ],
        )),
        _ => None,
    };
    let (rules, unreadable) = rules(&fields, &mut faults);
    let tiers = faults
        .keep(fields.require("tiers"))
        .and_then(|value| tiers(value, &mut faults));
    Draft {
        rules_readable: schema.is_some() && currency.is_some() && second_is_known,
        unreadable,
        policy: PolicyDocument {
            name,
            title,
            purpose,
            currency: currency.unwrap_or(Currency::PLACEHOLDER),
            scope,
            age_max_days,
            attestors: attestors.unwrap_or(Attestors::None),
            first: first.unwrap_or(default_terms(known_schema, known_basis)),
            second: second.filter(|(relation, _)| *relation != Relation::None),
            third: third.filter(|(relation, _)| *relation != Relation::None),
            rules,
            tiers: tiers.unwrap_or(Tiers::DecisionList(Vec::new())),
        },
        faults,
    }
}

/// A value read from a string by a function that refuses.
fn parsed<T>(text: Located<String>, read: impl Fn(&str) -> Result<T, Refusal>) -> Read<T> {
    read(&text.value).map_err(|refusal| Fault::of(refusal, text.span))
}

/// The terms of a statement of which nothing is said.
const fn default_terms(schema: &'static Schema, basis: Basis) -> Terms {
    Terms {
        schema,
        source: Source::Attested,
        basis,
        assurance_floor: Assurance::SELF_DECLARED,
        restatement_max: 0,
        length_min_days: LENGTH_DAYS.0,
        length_max_days: LENGTH_DAYS.1,
    }
}

fn first(value: &Spanned<'_>, schema: &'static Schema, basis: Basis, faults: &mut Faults) -> Option<Terms> {
    let fields = faults.keep(Fields::of("statement", &layout::STATEMENT, value))?;
    fields.finish(faults);
    faults.keep(terms(&fields, schema, basis))
}

/// Source, floor, restatement limit and period bounds; `basis` where the table does not say another.
fn terms(fields: &Fields<'_, '_>, schema: &'static Schema, basis: Basis) -> Read<Terms> {
    let default = default_terms(schema, basis);
    let source = match fields.optional_text("source")?.map(|text| text.value) {
        Some(word) => [Source::Attested, Source::SelfDeclared, Source::Proven]
            .into_iter()
            .find(|s| s.name() == word)
            .unwrap_or(default.source),
        None => default.source,
    };
    let floor = fields.optional_text("assurance_floor")?;
    let span = floor.as_ref().map_or(fields.span(), |text| text.span.clone());
    let assurance_floor = match floor {
        Some(text) => parsed(text, str::parse::<Assurance>)?,
        None => default.assurance_floor,
    };
    if source != Source::Attested && assurance_floor > Assurance::SELF_DECLARED {
        return Err(bad(
            format!("`{assurance_floor}` is asked of a statement that nobody attests"),
            span,
        )
        .expected("no assurance_floor, or source = \"attested\""));
    }
    let restatement_max = fields.optional_integer("restatement_max")?.unwrap_or(0) as u16;
    let days = |key, default: u32| fields.optional_integer(key).map(|n| n.map_or(default, |n| n as u32));
    let length_min_days = days("length_min_days", default.length_min_days)?;
    let length_max_days = days("length_max_days", default.length_max_days)?;
    if length_min_days > length_max_days {
        let what = format!("periods of {length_min_days} to {length_max_days} days");
        return Err(bad(what, fields.span()).expected("length_min_days at most length_max_days"));
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

/// A third statement relates to the first in the way that the second does not, so that `prior.` and `companion.` name one each.
fn of_another_kind(
    second: &Option<(Relation, Terms)>,
    third: &Option<(Relation, Terms)>,
    span: Range<usize>,
) -> Read<()> {
    let relation = |statement: &Option<(Relation, Terms)>| statement.as_ref().map_or(Relation::None, |(r, _)| *r);
    match (relation(second), relation(third)) {
        (_, Relation::None) => Ok(()),
        (Relation::None, _) => {
            Err(bad("there is a third statement and no second one", span).expected("this table as [second]"))
        }
        (second, third) if second == third => {
            let what = format!("both further statements are the {} one", third.name());
            Err(bad(what, span).expected("one `prior` and one `companion` statement"))
        }
        _ => Ok(()),
    }
}

/// The second or the third statement; `schema` and `basis` are the policy's, where those could be read.
fn further(
    name: &str,
    layout: &'static layout::Table,
    value: &Spanned<'_>,
    schema: Option<&'static Schema>,
    basis: Option<Basis>,
    faults: &mut Faults,
) -> Option<(Relation, Terms)> {
    let fields = faults.keep(Fields::of(name, layout, value))?;
    fields.finish(faults);
    let relation = faults.keep(fields.text("relation"))?;
    let relation = [Relation::Prior, Relation::Companion]
        .into_iter()
        .find(|r| r.name() == relation.value)
        .unwrap_or(Relation::None);
    let own = faults.keep(fields.optional_text("basis"))?;
    let span = own.as_ref().map_or(fields.span(), |text| text.span.clone());
    let own = own.map(|text| faults.keep(parsed(text, str::parse::<Basis>)));
    let own = match (own, basis) {
        (Some(own), _) => own?,
        (None, basis) => basis.unwrap_or(Basis::Solo),
    };
    if let Some(basis) = basis
        && relation == Relation::Prior
        && own != basis
    {
        let fault = bad("the prior period has another basis than the first statement", span);
        faults.add(fault.expected(basis.to_string()));
    }
    let other = faults.keep(fields.optional_text("schema"))?;
    let span = other.as_ref().map_or(fields.span(), |text| text.span.clone());
    let other = other.map(|text| faults.keep(parsed(text, Schema::named)));
    let other = match (other, schema) {
        (Some(other), _) => other?,
        (None, schema) => schema.unwrap_or(&ENTERPRISE_FINANCIALS),
    };
    if let Some(schema) = schema
        && relation == Relation::Prior
        && other.name != schema.name
    {
        let fault = bad("the prior period has another schema than the first statement", span);
        faults.add(fault.expected(schema.name));
    }
    let terms = faults.keep(terms(&fields, other, own))?;
    Some((relation, terms))
}

fn attestors(fields: &Fields<'_, '_>, terms: [Option<&Terms>; 3]) -> Read<Attestors> {
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
            let what = format!("`{path}` repeats a key");
            return Err(Fault::new(&codes::POLICY_DUPLICATE, what, item.span()));
        }
        listed.push(attestor);
    }
    if listed.is_empty() || listed.len() > ATTESTORS {
        let what = format!(
            "{} attestors are listed, where 1 to {ATTESTORS} are possible",
            listed.len()
        );
        return fault(&what, value.span());
    }
    Ok(Attestors::Listed(listed))
}

/// A key in hexadecimal, or a table of key and name.
fn attestor(path: &str, item: &Spanned<'_>) -> Read<Attestor> {
    let (hex, name) = match item.get_ref() {
        DeValue::Table(_) => {
            let fields = Fields::of(path, &layout::ATTESTOR, item)?;
            let mut unknown = Faults::default();
            fields.finish(&mut unknown);
            if let Some(fault) = unknown.first() {
                return Err(fault);
            }
            let name = fields.optional_text("name")?.map(|text| text.value);
            (fields.text("key")?, name.unwrap_or_default())
        }
        _ => (text(path, layout::ATTESTOR.field("key"), item)?, String::new()),
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

/// The rules that can be read, and the names of those that cannot; none where the names are not all known.
fn rules(fields: &Fields<'_, '_>, faults: &mut Faults) -> (Vec<Rule>, Option<BTreeSet<String>>) {
    let (mut rules, mut unreadable) = (Vec::new(), BTreeSet::new());
    let before = faults.len();
    let tables = fields.tables("rule", faults);
    let mut named = faults.len() == before;
    for table in tables {
        table.finish(faults);
        let name = faults.keep(table.text("name"));
        let require = faults.keep(table.text("require"));
        let why = faults.keep(table.prose("why"));
        match (name, require, why) {
            (Some(name), Some(require), Some(why)) => rules.push(Rule { name, require, why }),
            (Some(name), ..) => drop(unreadable.insert(name.value)),
            (None, ..) => named = false,
        }
    }
    (rules, named.then_some(unreadable))
}

const _: () = assert!(TEXT_BYTES_MAX < SOURCE_BYTES_MAX);
