//! What came of it, said once: as text for people or as JSON for programs. Refusals in text go to standard error.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use covenant_api::refusals::to_json;
use covenant_policy::refusal::Refusal;
use serde_json::{Map, Value, json};

/// What there is to say.
pub struct Said {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: Value,
    /// Whether what was examined passed.
    pub passed: bool,
}

impl Said {
    /// Nothing.
    pub fn nothing() -> Self {
        Self {
            text: String::new(),
            json: Value::Null,
            passed: true,
        }
    }
}

/// What was found out, a line each, under one sentence.
pub fn facts(sentence: &str, facts: Vec<(&'static str, String)>) -> Said {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let text = facts
        .iter()
        .map(|(name, value)| format!("  {name:width$}  {value}\n"))
        .collect::<String>();
    let json: Map<String, Value> = facts
        .into_iter()
        .map(|(name, value)| (name.replace(' ', "_"), value.into()))
        .collect();
    Said {
        text: format!("{sentence}\n\n{text}"),
        json: json.into(),
        passed: true,
    }
}

/// Why nothing came of it.
#[derive(Debug)]
pub enum Fail {
    /// What was examined does not hold.
    Refused(Refusal),
    /// It could not be examined.
    Fault(Refusal),
}

/// Says something before the end, such as where a server listens.
pub fn say(text: &str) {
    // With nobody reading, there is nobody to tell.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Says something on standard error, a line.
pub fn warn(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Says it; the exit code says how it went.
pub fn finish(as_json: bool, done: Result<Said, Fail>) -> ExitCode {
    match done {
        Ok(said) => {
            let text = if as_json { format!("{:#}", said.json) } else { said.text };
            match writeln!(std::io::stdout(), "{}", text.trim_end()) {
                // A reader that closed the pipe has read all it wanted; any other failure is one.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    let _ = writeln!(std::io::stderr(), "the answer could not be written: {error}");
                    ExitCode::from(2)
                }
                _ => ExitCode::from(u8::from(!said.passed)),
            }
        }
        Err(fail) => {
            let (refusal, code) = match fail {
                Fail::Refused(refusal) => (refusal, 1),
                Fail::Fault(refusal) => (refusal, 2),
            };
            if as_json {
                let _ = writeln!(std::io::stdout(), "{:#}", json!({ "refused": to_json(&refusal) }));
            } else {
                // With nobody reading, there is nobody to tell; the exit code still says it.
                let _ = writeln!(std::io::stderr(), "refused {refusal}");
            }
            ExitCode::from(code)
        }
    }
}
