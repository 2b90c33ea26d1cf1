//! What was done, said once: as text for people or as JSON for programs. Refusals in text go to standard error.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use comfy_table::{Table, presets};
use covenant_api::refusals::to_json;
use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

/// Codes that mean misuse or a fault of the machine (exit code 2) rather than a no to what was asked (exit code 1).
const FAULTS: &[&str] = &[
    "file-exists",
    "file-unreadable",
    "file-unwritable",
    "host-fault",
    "not-a-registry",
    "passphrase-missing",
    "passphrase-unusable",
    "registry-damaged",
    "unknown-reference",
];

/// What an act has to say.
pub struct Report {
    text: String,
    json: Value,
}

impl Report {
    /// A report.
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
        }
    }
}

/// A table without borders, its columns two spaces apart.
pub fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_HORIZONTAL_ONLY)
        .set_header(headings.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

/// Names and values, one a line.
pub fn fields(fields: &[(&str, String)]) -> String {
    let width = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    fields
        .iter()
        .map(|(name, value)| format!("  {name:width$}  {value}\n"))
        .collect()
}

/// Prints the outcome; the exit code says how it went.
pub fn finish(as_json: bool, outcome: Result<Report, Refusal>) -> ExitCode {
    match outcome {
        Ok(report) if as_json => say_or_fail(&format!("{:#}", report.json)),
        Ok(report) => say_or_fail(report.text.trim_end()),
        Err(refusal) => {
            if as_json {
                say(&format!("{:#}", json!({ "refused": to_json(&refusal) })));
            } else {
                // With nobody reading, there is nobody to tell; the exit code still says it.
                let _ = writeln!(std::io::stderr(), "refused {refusal}");
            }
            ExitCode::from(if FAULTS.contains(&refusal.code()) { 2 } else { 1 })
        }
    }
}

/// Prints to standard output. What could not be written (a full disk behind a redirection) is a fault, lest a one-time code is
/// lost in silence; a reader that closed the pipe has read all it wanted.
fn say_or_fail(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(std::io::stderr(), "done, but the answer could not be written: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Prints to standard output; a reader that closed the pipe has read all it wanted.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use covenant_api::CATALOGUE;

    #[test]
    fn every_fault_is_a_code() {
        for fault in FAULTS {
            assert!(CATALOGUE.iter().any(|entry| entry.code == *fault), "{fault}");
        }
    }
}
