//! The error reference holds what the program says.

mod common;

use common::{World, repository};

const PAGE: &str = "docs/refusals.md";

#[test]
fn the_page_of_refusals_holds_every_line_that_the_program_prints() {
    let printed = World::new().run_plain(&["refusals"]).stdout;
    let kept = std::fs::read_to_string(repository(PAGE)).unwrap_or_default();
    let missing: Vec<&str> = printed
        .lines()
        .filter(|line| !kept.lines().any(|k| k == *line))
        .collect();
    assert!(
        missing.is_empty(),
        "{PAGE} lacks {missing:#?}: regenerate it with `make golden`"
    );
}
