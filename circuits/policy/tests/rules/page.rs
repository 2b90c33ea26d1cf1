//! The table of fragments in `docs/formats/rules.md`.

use std::fmt::Write as _;
use std::path::Path;

use covenant_policy::render::render;

use super::fragments::{self, Fragment};

const OPENING: &str = "<!-- generated: fragments -->\n";
const END: &str = "<!-- end -->";

fn row(fragment: &Fragment) -> String {
    let rendering = render(&fragment.compiled.canonical_bytes).expect("a compiled policy");
    let mut guards: Vec<String> = Vec::new();
    for (rule, text) in fragment.compiled.rules().iter().zip(&rendering.rules) {
        for row in text.rows.iter().skip(rule.tests.len()) {
            let (_, formula) = row.split_once(": ").expect("row n: formula");
            if !guards.iter().any(|known| known == formula) {
                guards.push(formula.to_owned());
            }
        }
    }
    let sentences: Vec<String> = rendering.rules.iter().map(|rule| rule.sentence.clone()).collect();
    let guards = if guards.is_empty() {
        "none".to_owned()
    } else {
        guards.join("; ")
    };
    format!(
        "| {} | [{}](../../policies/rules/{}.toml) | {} | {} | {guards} | {} |",
        fragment.number,
        fragment.name,
        fragment.name,
        fragment.class,
        sentences.join(" "),
        fragment.threshold
    )
}

#[test]
fn the_page_lists_every_fragment() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/rules.md");
    let text = std::fs::read_to_string(&path).expect("the page of rules");
    let mut table =
        String::from("| rule | fragment | class | says | guards | threshold |\n|---|---|---|---|---|---|\n");
    for fragment in fragments::all() {
        let _ = writeln!(table, "{}", row(&fragment));
    }
    let start = text.find(OPENING).expect("the page has a table") + OPENING.len();
    let end = start + text[start..].find(END).expect("the table ends");
    if std::env::var("COVENANT_GOLDEN").as_deref() == Ok("write") {
        std::fs::write(&path, format!("{}{table}{}", &text[..start], &text[end..])).expect("the page of rules");
    } else {
        let same = text[start..end] == table;
        assert!(
            same,
            "docs/formats/rules.md is not what the fragments say; COVENANT_GOLDEN=write rewrites it"
        );
    }
}
