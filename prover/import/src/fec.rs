//! FEC, the ledger that every French business must be able to hand to the tax administration: article A. 47 A-1 of the livre
//! des procédures fiscales. One line per movement, at least 18 columns, tab or vertical bar, dates `YYYYMMDD`, decimal comma. What
//! products write instead is read where it can mean only one thing, and refused with its line where it could mean two.
//!
//! Every entry (journal and number) must balance. Entries may be interleaved: what is kept in memory is only the entries that
//! do not balance *yet*, so a ledger of any size is read in bounded memory.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day, Period};

use crate::books::{Account, Books, Company, Format, PeriodEvidence, Warning};
use crate::encoding::{self, Encoding, Evidence};
use crate::lines::Lines;
use crate::{Progress, catalogue, dates};

mod columns;
mod ledger;
mod row;

use columns::Columns;
use ledger::Ledger;
use row::Row;

/// After that many days at the period's end without an entry a warning is due.
const SILENT_DAYS_MAX: u32 = 45;

/// French books are kept in euros (Code de commerce, article L. 123-22).
pub const CURRENCY: Currency = Currency {
    code: "EUR",
    number: 978,
    minor_digits: 2,
};

/// Reads a FEC. `file` is the file's name without its folder: by law it is `<SIREN>FEC<closing date>.txt`, and the period's end
/// is taken from it.
///
/// # Errors
/// Any code of the catalogue that concerns lines, amounts, entries and the books as a whole; each with its line.
pub fn read<'a>(reader: impl BufRead, file: &'a str, progress: &'a mut Progress<'a>) -> Result<Books, Refusal> {
    let mut lines = Lines::new(reader, file, progress);
    let mut evidence = Evidence::default();
    let columns = header(&mut lines)?;
    let mut ledger = Ledger::new();
    // The journal of the line before, and whether it brings balances forward.
    let mut journal = (String::new(), String::new(), false);
    while lines.advance()? {
        evidence.look(lines.number(), lines.bytes());
        let (text, _) = encoding_of(lines.bytes()).decode(lines.bytes());
        if text.trim().is_empty() {
            continue;
        }
        let fields = row::fields(&text, &columns, &lines)?;
        let row = Row::read(&fields, &columns, &lines)?;
        if journal.0 != row.journal || journal.1 != row.journal_label {
            let opening = brings_forward(row.journal, row.journal_label);
            journal = (row.journal.to_owned(), row.journal_label.to_owned(), opening);
        }
        ledger
            .post(&row, journal.2, lines.number())
            .map_err(|r| r.at(lines.place()))?;
    }
    finish(ledger, &lines, &columns, &evidence)
}

/// Reads the header, without its byte-order mark.
fn header<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Columns, Refusal> {
    if !lines.advance()? {
        return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file is empty").at(lines.file()));
    }
    if lines.bytes().starts_with(b"\xef\xbb\xbf") {
        lines.skip(3);
    }
    if lines.bytes().starts_with(b"\xff\xfe") || lines.bytes().starts_with(b"\xfe\xff") {
        return Err(Refusal::new(&catalogue::WRONG_ENCODING, "the file is UTF-16")
            .at(lines.place())
            .expected("ISO 8859-15 or UTF-8: save it as one of them"));
    }
    let (text, _) = encoding_of(lines.bytes()).decode(lines.bytes());
    Columns::read(&text, &lines.place())
}

/// UTF-8 where a line is valid UTF-8. Anything else is read as Windows-1252, which has a character for every byte, and read
/// again at the end, when all its letters have been seen: [`Names`].
fn encoding_of(line: &[u8]) -> Encoding {
    if std::str::from_utf8(line).is_ok() {
        Encoding::Utf8
    } else {
        Encoding::Windows1252
    }
}

/// How the names of a file that is not UTF-8 are to be read.
struct Names {
    encoding: Encoding,
}

impl Names {
    /// ISO 8859-15, which the article allows, or what products use in its place.
    fn of(evidence: &Evidence) -> Self {
        const LIKELY: [Encoding; 2] = [Encoding::Iso8859_15, Encoding::Windows1252];
        const OTHERS: [Encoding; 3] = [Encoding::Cp850, Encoding::Cp437, Encoding::MacRoman];
        // Where lines are of different encodings, which one a name came from is no longer known.
        let mixed = evidence.utf8.lines > 0 || evidence.not_utf8.lines == 0;
        let found = evidence
            .recognise(encoding::FRENCH, &LIKELY, &OTHERS)
            .filter(|_| !mixed);
        Self {
            encoding: found.unwrap_or(Encoding::Windows1252),
        }
    }

    fn read(&self, accounts: &mut BTreeMap<String, Account>) {
        if self.encoding == Encoding::Windows1252 {
            return;
        }
        let again = |text: &mut String| {
            if !text.is_ascii() {
                *text = Encoding::Windows1252.reread(text, self.encoding);
            }
        };
        for account in accounts.values_mut() {
            again(&mut account.label);
            account.auxiliaries.values_mut().for_each(|part| again(&mut part.label));
        }
    }

    /// The article allows ASCII, ISO 8859-15 and EBCDIC; UTF-8 and Windows-1252 are what everybody takes for them.
    fn warning(&self, evidence: &Evidence) -> Option<Warning> {
        matches!(self.encoding, Encoding::Cp850 | Encoding::Cp437 | Encoding::MacRoman).then(|| Warning {
            code: "encoding-recognised",
            text: format!(
                "the names were read as {}, by their letters; amounts are not affected",
                self.encoding.name()
            ),
            line: Some(evidence.not_utf8.first),
        })
    }
}

/// Whether a journal brings balances forward. French products call it à-nouveaux (AN, ANO, RAN …), report à nouveau, ouverture.
fn brings_forward(code: &str, label: &str) -> bool {
    // Letters alone; whatever an encoding made of the à counts as one.
    let letters = |text: &str| -> String {
        let kept = text.chars().filter(|c| c.is_ascii_alphabetic() || !c.is_ascii());
        kept.map(|c| if c.is_ascii() { c.to_ascii_uppercase() } else { 'A' })
            .collect()
    };
    let code = letters(code);
    const CODES: &[&str] = &[
        "AN",
        "ANO",
        "ANX",
        "ANV",
        "ANC",
        "ANF",
        "ANG",
        "ANOUV",
        "ANOUVEAU",
        "ANOUVEAUX",
        "RAN",
        "RANX",
        "RANOUV",
        "OUV",
    ];
    if CODES.contains(&code.as_str()) {
        return true;
    }
    let label = letters(label);
    label.contains("ANOUVEAU") || label.contains("OUVERTURE")
}

/// The books of a ledger that was read to its end.
fn finish<R: BufRead>(
    mut ledger: Ledger,
    lines: &Lines<'_, R>,
    columns: &Columns,
    evidence: &Evidence,
) -> Result<Books, Refusal> {
    ledger.refuse_unbalanced(lines)?;
    if ledger.entries == 0 {
        return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file has a header and no entries").at(lines.file()));
    }
    let file = lines.file();
    let (registry, closing) = file_name(file);
    let period = period_evidence(&ledger, closing);
    let mut warnings = warnings(columns, evidence);
    warnings.extend(ends_early(&period));
    if let Some((line, count)) = ledger.reopen(closing) {
        let text = format!(
            "{count} closing entries of the period's last day carry income and expenses to the result: they were left out, as the \
             format prescribes"
        );
        warnings.push(Warning {
            code: "closing-entries",
            text,
            line: Some(line),
        });
    }
    let mut accounts = ledger.accounts(file)?;
    let names = Names::of(evidence);
    names.read(&mut accounts);
    warnings.extend(names.warning(evidence));
    Ok(Books {
        format: Format::Fec,
        file: file.to_owned(),
        lines: lines.number(),
        entries: ledger.entries,
        company: Company { name: None, registry },
        currency: CURRENCY,
        period,
        accounts,
        unallocated: 0,
        prior: None,
        flows: ledger.flows,
        warnings,
    })
}

/// The period: from the first day of the month of the first entry (or the day of the opening entries) to the closing date in the
/// file's name, or else the last day of the month of the last entry.
fn period_evidence(ledger: &Ledger, closing: Option<Day>) -> PeriodEvidence {
    let mut period = ledger.period.clone();
    if let (Some(first), Some(last)) = (period.first, period.last) {
        let start = ledger
            .opening_day
            .map_or_else(|| dates::month_start(first.day), |d| d.min(first.day));
        let end = closing.unwrap_or_else(|| dates::month_end(last.day));
        period.stated = Some(Period { start, end });
        if ledger.opening_day.is_none() && closing.is_none() {
            period.doubt = Some(format!(
                "there is no opening journal and no closing date in the file's name; the entries run from {} to {}",
                first.day, last.day
            ));
        }
    }
    period
}

/// `<SIREN>FEC<YYYYMMDD>` anywhere in the file's name: the registry number and the closing date.
fn file_name(file: &str) -> (Option<String>, Option<Day>) {
    let Some(at) = file.to_ascii_uppercase().find("FEC") else {
        return (None, None);
    };
    let digits: String = file[..at].chars().rev().take_while(char::is_ascii_digit).collect();
    let registry: String = digits.chars().rev().collect();
    let closing = file.get(at + 3..at + 11).and_then(dates::compact);
    ((!registry.is_empty()).then_some(registry), closing)
}

/// A FEC has no end mark: one that was cut short between two entries balances and looks whole. What can be seen is that nothing
/// was booked for the last month and a half of the period, which has at least its closing entries.
fn ends_early(period: &PeriodEvidence) -> Option<Warning> {
    let (last, stated) = (period.last?, period.stated?);
    let silent = stated.end.0.saturating_sub(last.day.0);
    (silent > SILENT_DAYS_MAX).then(|| Warning {
        code: "ends-early",
        text: format!(
            "the last entry is dated {}, {silent} days before the period ends on {}: was the export cut short?",
            last.day, stated.end
        ),
        line: Some(last.line),
    })
}

fn warnings(columns: &Columns, evidence: &Evidence) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if !columns.absent.is_empty() {
        let text = format!("prescribed columns are missing: {}", columns.absent.join(", "));
        warnings.push(Warning {
            code: "columns-missing",
            text,
            line: Some(1),
        });
    }
    if evidence.utf8.lines > 0 && evidence.not_utf8.lines > 0 {
        let text = format!(
            "the file mixes encodings: {} lines are UTF-8 and {} are not; each was read as what it is, only names can be affected",
            evidence.utf8.lines, evidence.not_utf8.lines
        );
        warnings.push(Warning {
            code: "encoding-lies",
            text,
            line: Some(evidence.utf8.first.max(evidence.not_utf8.first)),
        });
    }
    if evidence.replaced.lines > 0 {
        let text = format!(
            "{} lines contain characters that another program had lost; only names are affected",
            evidence.replaced.lines
        );
        warnings.push(Warning {
            code: "characters-lost",
            text,
            line: Some(evidence.replaced.first),
        });
    }
    warnings
}

#[cfg(test)]
mod tests;
