//! The circuit's shape is pinned: `COVENANT_GOLDEN=write` regenerates the file, and a changed count shows in review.

use std::path::Path;

use covenant_proofs::{shape::Shape, statement::Statement as _};

use crate::compliance::{Compliance, Rule};

#[test]
fn golden_shape() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/compliance.shape.txt");
    let text = Shape::of::<Compliance>().unwrap().to_text();
    if std::env::var("COVENANT_GOLDEN").as_deref() == Ok("write") {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    assert!(
        golden == text,
        "the circuit's shape changed: look at it with COVENANT_GOLDEN=write, `make golden`"
    );
}

#[test]
fn rows_and_public_inputs_fit_the_domain_and_every_rule_has_rows() {
    let shape = Shape::of::<Compliance>().unwrap();
    assert_eq!(shape.domain, 1 << 15);
    assert!(shape.rows + shape.inputs.len() < shape.domain);
    let rules: Vec<&str> = shape.rules.iter().map(|(name, _)| *name).collect();
    let declared: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(rules, declared, "every rule has rows, in the order of the rules");
    assert_eq!(
        Compliance::policy_inputs() + crate::compliance::inputs::PROOF_INPUTS,
        shape.inputs.len()
    );
}

#[test]
fn the_documentation_has_a_heading_for_every_rule_in_order() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/statements/compliance.md");
    let page = std::fs::read_to_string(page).unwrap();
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let declared: Vec<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(headings, declared);
}
