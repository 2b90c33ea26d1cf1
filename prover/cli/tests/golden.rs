//! The error reference is generated: the page and the program say the same.

mod common;

use common::{World, repository};

const PAGE: &str = "docs/refusals.md";

#[test]
fn golden_refusals() {
    let world = World::new();
    let page = repository(PAGE);
    let printed = world.run_plain(&["refusals"]).stdout;
    if std::env::var_os("COVENANT_GOLDEN").is_some_and(|v| v == "write") {
        std::fs::write(&page, &printed).unwrap();
    }
    let kept = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        kept == printed,
        "{PAGE} is not what `covenant refusals` prints: regenerate it with COVENANT_GOLDEN=write"
    );
}
