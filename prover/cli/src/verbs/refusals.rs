//! `covenant refusals`: every code with its meaning and advice.

use covenant_policy::refusal::markdown;
use serde_json::json;

use crate::output::Report;
use crate::refusals::{all, is_fault};

pub(super) fn run() -> Report {
    let parts = all().into_iter().map(|(part, catalogue)| {
        let codes = catalogue.iter().map(|entry| {
            let exit = if is_fault(entry.code) { 2 } else { 1 };
            json!({ "code": entry.code, "meaning": entry.meaning, "advice": entry.advice, "exit": exit })
        });
        json!({ "part": part, "codes": codes.collect::<Vec<_>>() })
    });
    let mut report = Report::new(json!({ "refusals": parts.collect::<Vec<_>>() }));
    report.verbatim(markdown(&all()));
    report
}
