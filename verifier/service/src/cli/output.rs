//! What was done, said once: as text for people or as JSON for programs. Refusals in text go to standard error.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use covenant_api::refusals;
use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

/// What an act has to say.
pub struct Report {
    text: String,
    json: Value,
    verbatim: bool,
}

impl Report {
    /// A report.
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            verbatim: false,
        }
    }

    /// A text that is the same for people and programs.
    pub fn verbatim(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            json: Value::Null,
            verbatim: true,
        }
    }
}

/// Why an act was not done.
pub enum Failure {
    /// Misuse, or a fault of the machine: exit code 2.
    Fault(Refusal),
    /// A no to what was asked: exit code 1.
    No(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Fault(refusal)
    }
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
pub fn finish(as_json: bool, outcome: Result<Report, Failure>) -> ExitCode {
    let (refusal, code) = match outcome {
        Ok(report) if as_json && !report.verbatim => return say_or_fail(&format!("{:#}", report.json)),
        Ok(report) => return say_or_fail(report.text.trim_end()),
        Err(Failure::No(refusal)) => (refusal, 1),
        Err(Failure::Fault(refusal)) => (refusal, 2),
    };
    // With nobody reading, there is nobody to tell; the exit code still says it.
    let _ = if as_json {
        writeln!(
            std::io::stdout(),
            "{:#}",
            json!({ "refused": refusals::to_json(&refusal) })
        )
    } else {
        writeln!(std::io::stderr(), "refused {refusal}")
    };
    ExitCode::from(code)
}

/// Prints to standard output. What could not be written (a full disk behind a redirection) is a fault, lest a token that is shown
/// once is lost in silence; a reader that closed the pipe has read all it wanted.
fn say_or_fail(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = writeln!(std::io::stderr(), "done, but the answer could not be written: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Says at once what others wait for, such as the address of a server.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
