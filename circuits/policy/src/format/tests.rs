use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::compiler::compile;
use crate::testing::{PRIOR, SAMPLES, source};

const UNTIDY: &str = "\u{feff}\r\n# What it is.\r\ntype=\"policy\"   # a policy\r\nversion   =   1\r\n\r\n\r\n\r\nname = 'test'\r\n\
\ttitle = \"A test\"\r\nschema = \"enterprise-financials/v1\"\r\ncurrency=\"EUR\"\r\nbasis=\"solo\"\r\nage_max_days=300\r\n\
attestors=\"registry\"\r\n[[rule]]   # the only one\r\n  name=\"a\"\r\n  require=\"cash>0\"\r\n# How.\r\n\r\n[ tiers ]\r\nkind=\"decision-list\"\r\n\
[[ tiers . tier ]]\r\nname=\"A\"\r\nrequires=[\"a\"   # that one\r\n , # no other\r\n]\r\n# The end.\r\n\r\n";

const TIDY: &str = r#"# What it is.
type = "policy" # a policy
version = 1

name = 'test'
title = "A test"
schema = "enterprise-financials/v1"
currency = "EUR"
basis = "solo"
age_max_days = 300
attestors = "registry"

[[rule]] # the only one
name = "a"
require = "cash>0"

# How.

[tiers]
kind = "decision-list"

[[tiers.tier]]
name = "A"
requires = [
    "a", # that one
    # no other
]
# The end.
"#;

#[test]
fn lines_of_a_string_are_kept_as_they_are() {
    let text = SAMPLES[1].replacen("\"\"\"\n", "\"\"\"\n  \nof three lines \n", 1);
    assert!(check(&text).contains("\"\"\"\n  \nof three lines \n"));
}

#[test]
fn an_untidy_source_becomes_tidy() {
    let out = format(UNTIDY).unwrap();
    assert_eq!(out, TIDY);
    assert_eq!(
        compile(&out).unwrap().canonical_bytes,
        compile(UNTIDY).unwrap().canonical_bytes
    );
}

/// What formatting promises.
fn check(text: &str) -> String {
    let once = format(text).unwrap_or_else(|r| panic!("{r}\n{text}"));
    assert_eq!(format(&once).as_deref(), Ok(once.as_str()), "formatting twice:\n{text}");
    let bytes = |text: &str| compile(text).map(|c| c.canonical_bytes).map_err(|r| r.code());
    assert_eq!(bytes(text), bytes(&once));
    let hashes = |text: &str| text.matches('#').count();
    assert_eq!(hashes(text), hashes(&once), "a comment was lost:\n{text}");
    // White space before a line's end within a string is part of what the string says.
    for outside in once.split("\"\"\"").step_by(2) {
        let (lines, _) = outside.rsplit_once('\n').unwrap_or_default();
        assert!(lines.lines().all(|line| line == line.trim_end()), "{once}");
    }
    assert!(once.ends_with('\n'));
    once
}

#[test]
fn every_policy_of_the_repository_keeps_its_meaning() {
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")];
    let mut seen = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "toml") {
            check(&std::fs::read_to_string(&path).unwrap());
            seen += 1;
        }
    }
    assert!(seen >= SAMPLES.len());
    let nested = format("points = [ [1.00,5],[ 1.2 , 12 ] ]\n").unwrap();
    assert_eq!(nested, "points = [[1.00, 5], [1.2, 12]]\n");
}

#[test]
fn long_lists_are_broken_and_short_ones_joined() {
    let rules: Vec<(String, String)> = (0..20)
        .map(|i| (format!("rule-{i}"), format!("cash >= {i} EUR")))
        .collect();
    let rules: Vec<(&str, &str)> = rules.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let names: Vec<String> = rules.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let text = source(PRIOR, &rules).replace("requires = [\"rule-0\"]", &format!("requires = [{}]", names.join(",")));
    let out = check(&text);
    assert!(out.contains("requires = [\n    \"rule-0\",\n    \"rule-1\",\n"));
    let joined = out.replace("requires = [\"rule-1\"]", "requires = [\n\"rule-1\"\n,\n]");
    assert_eq!(check(&joined), out);
}

#[test]
fn what_is_no_toml_is_refused_with_its_place() {
    let refusal = format("a = 1\nb = \n").unwrap_err();
    assert_eq!(
        (refusal.code(), refusal.spot().map(|s| s.line)),
        ("policy-syntax", Some(2))
    );
    assert_eq!(
        format(&" ".repeat(SOURCE_BYTES_MAX + 1)).map_err(|r| r.code()),
        Err("policy-too-long")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// White space and comments put anywhere between the lines and behind them change nothing but themselves.
    #[test]
    fn generated_layouts_keep_their_meaning(
        which in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
            "\n", "\n\n\n", "  ", "\t", "# a comment\n", "   # indented\n", "\n# apart\n\n",
        ])), 0..12),
        crlf in any::<bool>(),
    ) {
        let mut lines: Vec<String> = SAMPLES[which].lines().map(|line| format!("{line}\n")).collect();
        for (at, insert) in edits {
            let i = at.index(lines.len());
            lines[i].insert_str(0, insert);
        }
        let text = lines.concat();
        // A comment within a text of several lines is text.
        prop_assume!(format(&text).is_ok());
        let text = if crlf { text.replace('\n', "\r\n") } else { text };
        check(&text);
    }
}
