//! What a verb has to say, and how it is said: as text for people or as JSON for programs, on one stream.
//!
//! Colours appear only where a terminal reads them and `NO_COLOR` is unset (<https://no-color.org>).

mod render;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use covenant_api::refusals::to_json;
use covenant_policy::refusal::Refusal;
use serde_json::{Value, json};

use crate::refusals::is_fault;
use render::Style;

/// A table: headings, rows, and which columns hold numbers.
#[derive(Debug, Clone, Default)]
pub struct Table {
    headings: Vec<String>,
    numeric: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings; a heading that starts with `>` marks a column of numbers, aligned to the right.
    pub fn new(headings: &[&str]) -> Self {
        let numeric = headings.iter().map(|h| h.starts_with('>')).collect();
        Self {
            headings: headings.iter().map(|h| h.trim_start_matches('>').into()).collect(),
            numeric,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// One piece of text.
#[derive(Debug, Clone)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A sentence.
    Line(String),
    /// A sentence to read twice.
    Warning(String),
    /// Something that went well.
    Good(String),
    /// Text that is printed as it is.
    Verbatim(String),
    /// Names and values.
    Fields(Vec<(String, String)>),
    /// A table.
    Table(Table),
}

/// What a verb has to say.
#[derive(Debug, Clone)]
pub struct Report {
    blocks: Vec<Block>,
    json: Value,
    met: bool,
}

impl Report {
    /// A report whose JSON form is this.
    pub fn new(json: Value) -> Self {
        Self {
            blocks: Vec::new(),
            json,
            met: true,
        }
    }

    /// The answer is no, without anything being wrong: exit code 1.
    pub fn not_met(&mut self) {
        self.met = false;
    }

    /// Replaces the JSON form.
    pub fn set_json(&mut self, json: Value) {
        self.json = json;
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Heading(text.into()));
    }

    /// Adds a sentence.
    pub fn line(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Line(text.into()));
    }

    /// Adds a sentence to read twice.
    pub fn warning(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Warning(text.into()));
    }

    /// Adds something that went well.
    pub fn good(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Good(text.into()));
    }

    /// Adds text as it is.
    pub fn verbatim(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Verbatim(text.into()));
    }

    /// Adds names and values.
    pub fn fields<N: Into<String>, V: Into<String>>(&mut self, fields: impl IntoIterator<Item = (N, V)>) {
        self.blocks.push(Block::Fields(
            fields.into_iter().map(|(n, v)| (n.into(), v.into())).collect(),
        ));
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) {
        self.blocks.push(Block::Table(table));
    }

    /// Adds all that another report says.
    pub fn append(&mut self, other: Report) {
        self.blocks.extend(other.blocks);
        self.met &= other.met;
    }

    /// The text, without colours.
    pub fn to_text(&self) -> String {
        render::text(&self.blocks, Style { colours: false })
    }

    /// The JSON form.
    pub fn json(&self) -> &Value {
        &self.json
    }
}

/// Writes reports and refusals.
pub struct Printer {
    json: bool,
}

impl Printer {
    /// A printer for people, or for programs.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a report to standard output.
    pub fn report(&self, report: &Report) -> ExitCode {
        let stdout = std::io::stdout();
        let text = if self.json {
            format!("{:#}\n", report.json)
        } else {
            render::text(
                &report.blocks,
                Style {
                    colours: colours(stdout.is_terminal()),
                },
            )
        };
        match stdout.lock().write_all(text.as_bytes()) {
            // Such as a full disk behind a redirection: a recovery phrase must not be lost in silence.
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                let text = format!("done, but the answer could not be written: {error}\n");
                let _ = std::io::stderr().lock().write_all(text.as_bytes());
                ExitCode::from(2)
            }
            // A reader that closed the pipe has read all it wanted; there is nobody left to tell.
            _ => ExitCode::from(u8::from(!report.met)),
        }
    }

    /// Prints a refusal: JSON to standard output, text to standard error.
    pub fn refusal(&self, refusal: &Refusal) -> ExitCode {
        if self.json {
            let text = format!("{:#}\n", json!({ "refused": to_json(refusal) }));
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
        } else {
            let stderr = std::io::stderr();
            let text = render::refusal(
                refusal,
                Style {
                    colours: colours(stderr.is_terminal()),
                },
            );
            let _ = stderr.lock().write_all(text.as_bytes());
        }
        ExitCode::from(if is_fault(refusal.code()) { 2 } else { 1 })
    }
}

fn colours(terminal: bool) -> bool {
    terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusals::VAULT_MISSING;

    #[test]
    fn a_report_reads_as_text() {
        let mut report = Report::new(json!({}));
        report.heading("Figures");
        let mut table = Table::new(&["figure", ">amount"]);
        table.row(["cash", "1.00"]);
        table.row(["revenue", "1,000.00"]);
        report.table(table);
        report.fields([("period", "2025"), ("currency", "EUR")]);
        report.line("That is all.");
        let expected = "Figures\n  figure      amount\n  ──────────────────\n  cash          1.00\n  revenue   1,000.00\n  period    2025\n  currency  EUR\nThat is all.\n";
        assert_eq!(report.to_text(), expected);
        assert!(!report.to_text().contains('\u{1b}'));
    }

    #[test]
    fn a_refusal_says_everything_once() {
        let refusal = Refusal::new(&VAULT_MISSING, "nothing")
            .at("in a folder")
            .expected("a box");
        let text = render::refusal(&refusal, Style { colours: false });
        let expected = format!(
            "refused [vault-missing] nothing\n  where     in a folder\n  expected  a box\n  advice    {}\n",
            VAULT_MISSING.advice
        );
        assert_eq!(text, expected);
    }
}
