//! `covenant-bank policy calibrate`: policies held against a table of companies, so that thresholds are seen on real ones.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use covenant_api::refusals::{FILE_UNREADABLE, MALFORMED_DOCUMENT};
use covenant_api::{files, limits};
use covenant_policy::Compiled;
use covenant_policy::calibrate::{Calibration, Calibrator, Given, QUANTILES};
use covenant_policy::program::{COLUMNS, FIGURES, Program};
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::Unit;
use covenant_policy::statement::parse_amount;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::output::{Report, table};
use crate::policy::compiled_of;

/// Companies that one table may have.
const COMPANIES_MAX: u64 = 1_000_000;

/// Which column gives which figure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    columns: BTreeMap<String, OneOrMore>,
}

/// A column, or several of which the first that is not empty counts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Runs the verb.
pub fn run(policies: &[PathBuf], path: &Path, columns: Option<&Path>) -> Result<Report, Refusal> {
    let compiled: Vec<Compiled> = policies.iter().map(|p| compiled_of(p)).collect::<Result<_, _>>()?;
    let mapping = columns.map(mapping).transpose()?;
    let (mut text, mut found) = (String::new(), Vec::new());
    for compiled in &compiled {
        let counted = count(compiled, path, mapping.as_ref())?;
        let title = &compiled.texts.title;
        text.push_str(&format!("{title} ({})\n{}\n", compiled.texts.name, words(&counted)));
        found.push(as_json(compiled, &counted));
    }
    text.push_str("Not covered: the table does not give a figure that the rule reads; it is never read as zero. Values are those of the companies\n");
    text.push_str("that have one, by nearest rank; amounts are taken as they stand, in the policy's currency.\n");
    Ok(Report::new(text, json!({ "table": path, "policies": found })))
}

fn mapping(path: &Path) -> Result<Mapping, Refusal> {
    let malformed = |e: &dyn std::fmt::Display| Refusal::new(&MALFORMED_DOCUMENT, e.to_string()).at(path.display());
    let bytes = files::read(path, limits::POLICY_SOURCE_BYTES_MAX)?;
    let text = std::str::from_utf8(&bytes).map_err(|e| malformed(&e))?;
    toml::from_str(text).map_err(|e| malformed(&e))
}

/// One pass over the table.
fn count(compiled: &Compiled, path: &Path, mapping: Option<&Mapping>) -> Result<Calibration, Refusal> {
    let unreadable = |e: &dyn std::fmt::Display| Refusal::new(&FILE_UNREADABLE, e.to_string()).at(path.display());
    let file = File::open(path).map_err(|e| unreadable(&e))?;
    let mut reader = csv::Reader::from_reader(file);
    let headings = reader.headers().map_err(|e| unreadable(&e))?.clone();
    let places = places(&compiled.program, &headings, mapping, path)?;
    let mut calibrator = Calibrator::new(&compiled.program, &compiled.texts);
    let mut record = csv::StringRecord::new();
    let mut companies = 0;
    while reader.read_record(&mut record).map_err(|e| unreadable(&e))? {
        companies += 1;
        if companies > COMPANIES_MAX {
            return Err(
                unreadable(&"more companies than a table may have").expected(format!("at most {COMPANIES_MAX}"))
            );
        }
        let line = record.position().map_or(0, csv::Position::line);
        let given = given(&compiled.program, &places, &record).map_err(|r| {
            r.clone().at(format!(
                "{}, line {line}, {}",
                path.display(),
                r.place.unwrap_or_default()
            ))
        })?;
        calibrator.add(&given);
    }
    Ok(calibrator.finish())
}

/// For each of the program's columns: where the table has it.
type Places = Vec<(usize, Vec<usize>)>;

fn places(
    program: &Program,
    headings: &csv::StringRecord,
    mapping: Option<&Mapping>,
    path: &Path,
) -> Result<Places, Refusal> {
    let mut places = Places::new();
    let find = |name: &str| headings.iter().position(|heading| heading.trim() == name);
    for column in 0..COLUMNS {
        let Some(name) = name_of(program, column) else { continue };
        let wanted: Vec<&str> = match mapping {
            None => vec![name.as_str()],
            Some(mapping) => match mapping.columns.get(&name) {
                None => continue,
                Some(OneOrMore::One(one)) => vec![one],
                Some(OneOrMore::More(more)) => more.iter().map(String::as_str).collect(),
            },
        };
        let mut at = Vec::new();
        for heading in wanted {
            match find(heading) {
                Some(place) => at.push(place),
                None if mapping.is_none() => {}
                None => {
                    return Err(
                        Refusal::new(&MALFORMED_DOCUMENT, format!("the table has no column `{heading}`"))
                            .at(path.display())
                            .expected("the columns that --columns names"),
                    );
                }
            }
        }
        if !at.is_empty() {
            places.push((column, at));
        }
    }
    if places.is_empty() {
        return Err(Refusal::new(&MALFORMED_DOCUMENT, "no column of the table is a figure")
            .at(path.display())
            .expected("columns named like figures (current_assets, prior.revenue), or --columns"));
    }
    Ok(places)
}

/// A column as policies write it: `revenue`, `prior.revenue`.
fn name_of(program: &Program, column: usize) -> Option<String> {
    let name = program.figure(column)?.name;
    Some(match column / FIGURES {
        0 => name.to_owned(),
        _ => format!("{}.{name}", program.relation.name()),
    })
}

/// A row's figures. What is empty, or cannot be such a figure (a negative revenue), is not given.
fn given(program: &Program, places: &Places, record: &csv::StringRecord) -> Result<Given, Refusal> {
    let mut given = [None; COLUMNS];
    for (column, at) in places {
        let cell = at
            .iter()
            .filter_map(|place| record.get(*place))
            .map(str::trim)
            .find(|cell| !cell.is_empty());
        let Some(cell) = cell else { continue };
        let name = name_of(program, *column).unwrap_or_default();
        let Some(schema) = program.schema(column / FIGURES) else {
            continue;
        };
        let j = column % FIGURES;
        let value = match schema.figures.get(j).map(|f| f.unit) {
            Some(Unit::Count) => whole(cell).and_then(|digits| digits.parse().ok()).ok_or_else(|| {
                Refusal::new(
                    &MALFORMED_DOCUMENT,
                    format!("`{}` is no whole number", cell.escape_debug()),
                )
            }),
            _ => parse_amount(&decimals(cell, program.currency.minor_digits), program.currency),
        };
        let value: i64 = value.map_err(|r| r.at(format!("column of {name}")))?;
        let (least, greatest) = schema.range(j);
        if (least..=greatest).contains(&value)
            && let Some(figure) = given.get_mut(*column)
        {
            *figure = Some(value);
        }
    }
    Ok(given)
}

/// A number without decimals that say nothing: "12.0000" is 12.
fn whole(cell: &str) -> Option<&str> {
    match cell.split_once('.') {
        None => Some(cell),
        Some((whole, zeros)) => zeros.bytes().all(|b| b == b'0').then_some(whole),
    }
}

/// Decimals beyond those of the currency are dropped where they are zeros; others stay, and are refused.
fn decimals(cell: &str, digits: u8) -> String {
    let Some((major, fraction)) = cell.split_once('.') else {
        return cell.to_owned();
    };
    let kept = fraction.trim_end_matches('0');
    let digits = usize::from(digits);
    match kept.len().max(digits) {
        0 => major.to_owned(),
        width => format!("{major}.{kept:0<width$}"),
    }
}

fn words(c: &Calibration) -> String {
    let mut text = format!(
        "  {} companies; {} give every figure that the policy needs",
        c.companies, c.covered
    );
    if c.sums_disagree > 0 {
        text.push_str(&format!(
            "; {} left out, because their sums do not agree",
            c.sums_disagree
        ));
    }
    text.push('\n');
    let tiers = c.tiers.iter().map(|t| {
        let numbers = [t.best, t.reached, t.not_reached, t.not_covered].map(|n| n.to_string());
        [vec![t.name.clone()], numbers.to_vec()].concat()
    });
    let rest = [("no tier", c.no_tier), ("not decided", c.undecided)];
    let rest = rest.map(|(name, n)| {
        vec![
            name.to_owned(),
            n.to_string(),
            String::new(),
            String::new(),
            String::new(),
        ]
    });
    text.push_str(&table(
        &["tier", "best tier of", "reached", "ruled out", "not covered"],
        tiers.chain(rest),
    ));
    text.push('\n');
    let rules = c.rules.iter().map(|r| {
        let numbers = [r.holds, r.fails, r.not_covered].map(|n| n.to_string());
        let values = r
            .quantiles
            .clone()
            .map_or_else(|| vec![String::new(); QUANTILES.len()], |q| q.to_vec());
        [
            vec![r.name.clone()],
            numbers.to_vec(),
            vec![r.asked.clone().unwrap_or_default()],
            values,
        ]
        .concat()
    });
    let quantiles = QUANTILES.map(|percent| format!("{percent} %"));
    let headings: Vec<&str> = ["rule", "holds", "fails", "not covered", "asked"]
        .into_iter()
        .chain(quantiles.iter().map(String::as_str))
        .collect();
    text.push_str(&table(&headings, rules));
    text.push('\n');
    text
}

fn as_json(compiled: &Compiled, c: &Calibration) -> Value {
    json!({
        "policy": compiled.texts.name, "companies": c.companies, "sums_disagree": c.sums_disagree, "covered": c.covered,
        "tiers": c.tiers.iter().map(|t| json!({
            "tier": t.name, "best": t.best, "reached": t.reached, "not_reached": t.not_reached, "not_covered": t.not_covered,
        })).collect::<Vec<_>>(),
        "no_tier": c.no_tier, "undecided": c.undecided,
        "rules": c.rules.iter().map(|r| json!({
            "rule": r.name, "holds": r.holds, "fails": r.fails, "undefined": r.undefined, "not_covered": r.not_covered,
            "asked": r.asked,
            "quantiles": r.quantiles.as_ref().map(|q| QUANTILES.iter().zip(q).map(|(percent, value)| json!({
                "percent": percent, "value": value,
            })).collect::<Vec<_>>()),
        })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_say_nothing_and_other_decimals_stay() {
        for (cell, digits, text) in [
            ("954000000.0000", 2, "954000000.00"),
            ("12.5", 2, "12.50"),
            ("-79000000.0000", 0, "-79000000"),
            ("1.2340", 2, "1.234"),
            ("7", 2, "7"),
        ] {
            assert_eq!(decimals(cell, digits), text);
        }
        assert_eq!(
            (whole("12.0000"), whole("12.5"), whole("3")),
            (Some("12"), None, Some("3"))
        );
    }
}
