//! The reference pages say what the code says: tables are generated from the code's own lists (`make golden` rewrites them), and
//! examples, refusal codes, paths and modules that a page names are tried.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use covenant_import::mapping::Mapping;
use covenant_import::position::{Group, POSITIONS, Position, figure_name};
use covenant_import::{CsvFormat, Format, ReceivablesFormat};
use covenant_policy::compile;
use covenant_policy::schema::{ENTERPRISE_FINANCIALS, MONTHLY_SERIES, Schema, Sign, Unit};
use covenant_tests::repository::{self, Tracked};

const POLICY: &str = "docs/formats/policy.md";
const MAPPING: &str = "docs/formats/mapping.md";
const CSV: &str = "docs/formats/csv.md";
const END: &str = "<!-- end -->";

fn read(path: &str) -> String {
    std::fs::read_to_string(repository::root().join(path)).expect(path)
}

/// The text between the line `opening` and the next end marker: where it begins and ends, line ends excluded.
fn between(text: &str, opening: &str, from: usize) -> Option<(usize, usize)> {
    let start = text.get(from..)?.find(opening)? + from + opening.len() + 1;
    let end = text.get(start..)?.find(END)? + start;
    Some((start, end))
}

/// Compares a generated block with its page, or writes it.
fn golden(page: &str, block: &str, expected: &str) {
    let text = read(page);
    let opening = format!("<!-- generated: {block} -->");
    let (start, end) = between(&text, &opening, 0).expect("the page has the block");
    if std::env::var_os("COVENANT_GOLDEN").is_some_and(|v| v == "write") {
        let new = format!("{}{expected}{}", &text[..start], &text[end..]);
        std::fs::write(repository::root().join(page), new).expect(page);
    } else {
        assert!(
            &text[start..end] == expected,
            "{page}, {block}: not what the code says; `make golden` rewrites it"
        );
    }
}

fn code(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}

fn figures(schema: &Schema) -> String {
    let mut out = String::from("| | name | aliases | sign | unit | definition |\n|---|---|---|---|---|---|\n");
    for (j, f) in schema.figures.iter().enumerate() {
        let sign = match f.sign {
            Sign::NonNegative => "≥ 0",
            Sign::Signed => "±",
        };
        let unit = match f.unit {
            Unit::Money => "money",
            Unit::Count => "count",
        };
        let (name, aliases) = (f.name, code(f.aliases));
        let _ = writeln!(
            out,
            "| {j} | `{name}` | {aliases} | {sign} | {unit} | {} |",
            f.definition
        );
    }
    out
}

fn identities() -> String {
    let lines = ENTERPRISE_FINANCIALS.identities.iter();
    lines.map(|identity| format!("- `{}`\n", identity.text)).collect()
}

/// The figures that every position of a group enters: its totals.
fn totals(group: Group) -> BTreeSet<(usize, i8)> {
    let mut of_each = POSITIONS
        .iter()
        .filter(|p| p.group == group)
        .map(|p| p.figures().collect::<BTreeSet<_>>());
    let first = of_each.next().unwrap_or_default();
    of_each.fold(first, |common, own| common.intersection(&own).copied().collect())
}

fn positions() -> String {
    let mut out = String::from("| position | on the sheet | group | figures of its own |\n|---|---|---|---|\n");
    let own = |p: &Position| {
        let totals = totals(p.group);
        code(p.figures().filter(|f| !totals.contains(f)).map(|(j, _)| figure_name(j)))
    };
    for p in POSITIONS {
        let _ = writeln!(out, "| `{}` | {} | {} | {} |", p.name, p.label, p.group.title(), own(p));
    }
    out
}

fn groups() -> String {
    let mut out = String::from("| group | a debit balance raises | a credit balance raises |\n|---|---|---|\n");
    let mut seen = BTreeSet::new();
    for group in POSITIONS.iter().map(|p| p.group).filter(|g| seen.insert(*g)) {
        let totals = totals(group);
        let side = |wanted: i8| {
            let of_side = totals.iter().filter(move |(_, sign)| *sign == wanted);
            code(of_side.map(|(j, _)| figure_name(*j)))
        };
        let _ = writeln!(out, "| {} | {} | {} |", group.title(), side(1), side(-1));
    }
    out
}

fn warnings() -> String {
    let mut out = String::from("| warning | meaning | advice |\n|---|---|---|\n");
    for entry in covenant_policy::WARNINGS {
        let _ = writeln!(out, "| `{}` | {} | {} |", entry.code, entry.meaning, entry.advice);
    }
    out
}

#[test]
fn golden_tables() {
    golden(POLICY, "figures", &figures(&ENTERPRISE_FINANCIALS));
    golden(POLICY, "monthly figures", &figures(&MONTHLY_SERIES));
    golden(POLICY, "warnings", &warnings());
    golden(POLICY, "identities", &identities());
    golden(MAPPING, "positions", &positions());
    golden(MAPPING, "groups", &groups());
}

/// The fenced blocks of a language.
fn fenced(text: &str, language: &str) -> Vec<String> {
    let opening = format!("\n```{language}\n");
    let blocks = text.split(&opening).skip(1);
    blocks
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block.to_owned()))
        .collect()
}

#[test]
fn examples_of_whole_files_are_valid() {
    let policies = fenced(&read(POLICY), "toml");
    let mappings = fenced(&read(MAPPING), "toml");
    let formats = fenced(&read(CSV), "toml");
    assert_eq!((policies.len(), mappings.len(), formats.len()), (1, 1, 1));
    for text in policies {
        let compiled = compile(&text).unwrap_or_else(|r| panic!("{r:?}"));
        assert_eq!(compiled.warnings.len(), 1, "{:?}", compiled.warnings);
    }
    for text in mappings {
        let mapping = Mapping::from_toml(&text, MAPPING).unwrap_or_else(|r| panic!("{r:?}"));
        assert!(mapping.rule("4671").is_some_and(|rule| rule.overridden));
        assert_eq!(mapping.moves.len(), 1);
    }
    for text in formats {
        CsvFormat::from_toml(&text, CSV).unwrap_or_else(|r| panic!("{r:?}"));
    }
    for page in ["docs/formats/invoices.md", "docs/formats/imports.md"] {
        let formats = fenced(&read(page), "toml");
        assert_eq!(formats.len(), 1, "{page}");
        ReceivablesFormat::from_toml(&formats[0], page).unwrap_or_else(|r| panic!("{r:?}"));
    }
}

/// What stands in the first two cells of a table's rows: code, and the text beside it.
fn rows(table: &str) -> Vec<(String, String)> {
    let cells = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        Some((cells.next()?.strip_suffix('`')?.to_owned(), cells.next()?.to_owned()))
    };
    table
        .lines()
        .filter(|line| !line.contains("`require`"))
        .filter_map(cells)
        .collect()
}

fn policy_with(require: &str) -> String {
    format!(
        r#"
type = "policy"
version = 1
name = "example"
title = "Example"
schema = "enterprise-financials/v1"
currency = "EUR"
basis = "solo"
age_max_days = 365
[statement]
source = "self"
[second]
relation = "prior"
source = "self"
[[rule]]
name = "first"
require = "cash >= 1 EUR"
[[rule]]
name = "second"
require = "cash >= 2 EUR"
[[rule]]
name = "third"
require = "cash >= 3 EUR"
[[rule]]
name = "ratio"
require = "debt / equity <= 1"
[[rule]]
name = "rule"
require = "{require}"
[tiers]
kind = "decision-list"
[[tiers.tier]]
name = "T"
requires = ["rule"]
"#
    )
}

#[test]
fn expressions_compile_or_are_refused_as_the_page_says() {
    let text = read(POLICY);
    let (mut from, mut tried) = (0, 0);
    while let Some((start, end)) = between(&text, "<!-- checked: expressions -->", from) {
        for (require, said) in rows(&text[start..end]) {
            let answer =
                compile(&policy_with(&require)).map_or_else(|r| format!("`{}`", r.code()), |_| "compiles".into());
            assert!(
                said.starts_with(&answer),
                "{require}: {answer}, and the page says {said}"
            );
            tried += 1;
        }
        from = end;
    }
    assert_eq!(tried, 30);
}

#[test]
fn the_page_on_mappings_names_every_chart() {
    let text = read(MAPPING);
    for format in [Format::Fec, Format::Sie4, Format::SaftNo, Format::SaftPt, Format::Csv] {
        let chart = format.default_chart();
        assert!(text.contains(&format!("| `{chart}` |")), "{chart}");
        assert!(Mapping::chart(chart).is_ok(), "{chart}");
    }
}

#[test]
fn the_pages_on_documents_and_records_name_every_type_and_cell() {
    use covenant_api::document::Document as _;
    use covenant_api::documents::*;
    use covenant_api::log::cells;
    let of_records = [
        LogOpened::TYPE,
        "key-registration",
        KeyRetirement::TYPE,
        "participant",
        AttestorGrant::TYPE,
        AttestorRevocation::TYPE,
        Policy::TYPE,
        PinnedKey::TYPE,
        Invitation::TYPE,
        Enrolment::TYPE,
        Enrolled::TYPE,
        Request::TYPE,
        Verdict::TYPE,
        Decision::TYPE,
    ];
    let others = [
        Bank::TYPE,
        Bundle::TYPE,
        Filing::TYPE,
        KeyManifest::TYPE,
        Refused::TYPE,
        Trust::TYPE,
        TrustedLog::TYPE,
        Attestation::TYPE,
        AttestationRequest::TYPE,
        AttestorLedger::TYPE,
        SecretKeyFile::TYPE,
    ];
    let (documents, records) = (read("docs/formats/documents.md"), read("docs/formats/records.md"));
    for name in of_records {
        assert!(records.contains(&format!("\n| `{name}` | ")), "records: {name}");
        assert!(records.contains(&format!("\n**`{name}`.**")), "rules: {name}");
        if !["participant", "key-registration"].contains(&name) {
            assert!(documents.contains(&format!("**`{name}`**")), "documents: {name}");
        }
    }
    for name in others {
        assert!(documents.contains(&format!("**`{name}`**")), "documents: {name}");
    }
    let (_, table) = records.split_once("## Cells").expect("a part on cells");
    let (id, element) = (
        covenant_api::types::Hex32([0; 32]),
        covenant_api::types::FieldElement::default(),
    );
    let cells = [
        cells::log(),
        cells::operator_number(),
        cells::registered(&id),
        cells::retired(&id),
        cells::participant(&id),
        cells::number(&id),
        cells::stream(&id),
        cells::grant(&id, &id),
        cells::policy(&id, &id),
        cells::key(&id, &id),
        cells::invitation(&id),
        cells::enrolments(&id),
        cells::enrolled(&id),
        cells::pseudonym(&id, &element),
        cells::company(&id, &id),
        cells::request(&id),
        cells::application(&id, &id),
        cells::verdict(&id),
        cells::decision(&id),
        cells::versions(&element),
    ];
    for cell in cells {
        let word = cell.split(|byte| *byte == 0).next().unwrap_or_default();
        let word = String::from_utf8_lossy(word);
        assert!(table.contains(&format!("\n| `{word}` | ")), "cells: {word}");
    }
}

fn pages() -> Vec<Tracked> {
    let all = repository::tracked().expect("git ls-files");
    let page = |file: &Tracked| file.path.ends_with(".md") && file.path != "CHANGELOG.md";
    all.into_iter().filter(page).collect()
}

/// Every code in the first column of a table headed `code` is one.
#[test]
fn refusal_codes_that_pages_list_exist() {
    let known: BTreeSet<String> = rows(&read("docs/refusals.md"))
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert!(known.len() > 50, "{} codes", known.len());
    // Warnings are no refusals.
    let warned = "## What is warned";
    let mut wrong = Vec::new();
    for page in pages() {
        let text = page.text().unwrap_or_default();
        let text = text.split(warned).next().unwrap_or_default();
        let mut inside = false;
        for line in text.lines() {
            inside = line.starts_with("| code |") || (inside && line.starts_with('|'));
            let codes = line
                .split(" | ")
                .next()
                .unwrap_or_default()
                .split('`')
                .skip(1)
                .step_by(2);
            if inside && line != "| code |" {
                wrong.extend(
                    codes
                        .filter(|c| !known.contains(*c))
                        .map(|c| format!("{}: {c}", page.path)),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands between single backticks, code blocks left out.
fn spans(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// The folder of a crate's sources, by its name in code.
fn sources(crate_name: &str) -> Option<&'static str> {
    Some(match crate_name {
        "covenant_policy" => "circuits/policy/src",
        "covenant_gadgets" => "circuits/gadgets/src",
        "covenant_proofs" => "circuits/proofs/src",
        "covenant_statements" => "circuits/statements/src",
        "covenant_import" => "prover/import/src",
        "covenant" => "prover/cli/src",
        "covenant_api" => "verifier/api/src",
        _ => return None,
    })
}

/// Whether `covenant_policy::program::Row` and the like lead somewhere: modules to files, the last name to an item.
fn leads_somewhere(name: &str) -> Option<bool> {
    let mut parts = name.split("::");
    let root = sources(parts.next()?)?;
    let (mut folder, mut file) = (root.to_owned(), format!("{root}/lib.rs"));
    for part in parts {
        let module = format!("{folder}/{part}.rs");
        if repository::root().join(&module).is_file() {
            (folder, file) = (format!("{folder}/{part}"), module);
        } else {
            let text = std::fs::read_to_string(repository::root().join(&file)).unwrap_or_default();
            let item = ["fn", "struct", "enum", "const", "trait", "type", "mod", "static"];
            return Some(item.iter().any(|kind| {
                text.contains(&format!("pub {kind} {part}")) || text.contains(&format!("pub unsafe {kind} {part}"))
            }));
        }
    }
    Some(true)
}

#[test]
fn paths_and_modules_that_pages_name_exist() {
    const ROOMS: &[&str] = &[
        "circuits/",
        "prover/",
        "verifier/",
        "tests/",
        "benches/",
        "scripts/",
        "policies/",
    ];
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for span in spans(page.text().unwrap_or_default()) {
            let path = ROOMS.iter().any(|room| span.starts_with(room));
            let plain = span
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'));
            let exists = match leads_somewhere(span.trim_end_matches("()")) {
                Some(leads) if span.contains("::") => leads,
                _ if path && plain => repository::root().join(span).exists(),
                _ => continue,
            };
            seen += 1;
            if !exists {
                wrong.push(format!("{}: `{span}`", page.path));
            }
        }
    }
    assert!(seen > 20, "{seen}");
    assert!(wrong.is_empty(), "named and not there:\n{}", wrong.join("\n"));
}

#[test]
fn what_leads_nowhere_is_caught() {
    assert_eq!(leads_somewhere("covenant_policy::program"), Some(true));
    assert_eq!(leads_somewhere("covenant_policy::program::Row"), Some(true));
    assert_eq!(leads_somewhere("covenant_policy::programme"), Some(false));
    assert_eq!(leads_somewhere("covenant_policy::program::Nothing"), Some(false));
    assert_eq!(leads_somewhere("std::fmt"), None);
    assert_eq!(
        rows("| `a` | b |\n|---|---|\n| c | d |\n"),
        [("a".to_owned(), "b |".to_owned())]
    );
}
