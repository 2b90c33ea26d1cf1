//! FEC, the ledger that every French business must be able to hand to the tax administration: article A. 47 A-1 of the livre
//! des procédures fiscales. One line per movement, at least 18 columns, tab or vertical bar, dates `YYYYMMDD`, decimal comma.
//!
//! Every entry (journal and number) must balance. Entries may be interleaved: what is kept in memory is only the entries that
//! do not balance *yet*, so a ledger of any size is read in bounded memory.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::{Currency, Day, Period};

use crate::amount::{Notation, format_amount, parse_amount};
use crate::books::{self, Account, Auxiliary, Books, Company, Format, PeriodEvidence, Warning};
use crate::encoding::{Encoding, Evidence};
use crate::lines::Lines;
use crate::{Progress, catalogue, clip, dates};

mod columns;

use columns::{AmountColumns, Columns};

/// After that many days at the period's end without an entry a warning is due.
const SILENT_DAYS_MAX: u32 = 45;

/// French books are kept in euros (Code de commerce, article L. 123-22).
pub const CURRENCY: Currency = Currency {
    code: "EUR",
    number: 978,
    minor_digits: 2,
};

/// Entries that may be open at once. A ledger in order has one; beyond this the file is not a ledger.
const OPEN_ENTRIES_MAX: usize = 100_000;

/// An entry whose lines so far do not add up to zero.
struct Open {
    sum: i128,
    first_line: u64,
    last_line: u64,
}

/// What is gathered while reading.
struct Ledger {
    accounts: BTreeMap<String, Account>,
    open: BTreeMap<(String, String), Open>,
    /// The entry of the previous line, to count entries.
    current: (String, String),
    entries: u64,
    period: PeriodEvidence,
    opening_day: Option<Day>,
}

/// One line's fields.
struct Row<'a> {
    journal: &'a str,
    journal_label: &'a str,
    entry: &'a str,
    date: Day,
    account: &'a str,
    account_label: &'a str,
    auxiliary: &'a str,
    auxiliary_label: &'a str,
    debit: i64,
    credit: i64,
}

/// Reads a FEC. `file` is the file's name without its folder: by law it is `<SIREN>FEC<closing date>.txt`, and the period's end
/// is taken from it.
///
/// # Errors
/// Any code of the catalogue that concerns lines, amounts, entries and the books as a whole; each with its line.
pub fn read<'a>(reader: impl BufRead, file: &'a str, progress: &'a mut Progress<'a>) -> Result<Books, Refusal> {
    let mut lines = Lines::new(reader, file, progress);
    let mut evidence = Evidence::default();
    let columns = header(&mut lines)?;
    let mut ledger = Ledger {
        accounts: BTreeMap::new(),
        open: BTreeMap::new(),
        current: Default::default(),
        entries: 0,
        period: PeriodEvidence::default(),
        opening_day: None,
    };
    while lines.advance()? {
        evidence.look(lines.number(), lines.bytes());
        let (text, _) = encoding_of(lines.bytes()).decode(lines.bytes());
        if text.trim().is_empty() {
            continue;
        }
        let row = Row::read(&text, &columns, &lines)?;
        ledger.post(&row, lines.number()).map_err(|r| r.at(lines.place()))?;
    }
    ledger.finish(&lines, &columns, &evidence)
}

/// Reads the header, without its byte-order mark.
fn header<R: BufRead>(lines: &mut Lines<'_, R>) -> Result<Columns, Refusal> {
    if !lines.advance()? {
        return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file is empty").at(lines.file()));
    }
    if lines.bytes().starts_with(b"\xef\xbb\xbf") {
        lines.skip(3);
    }
    let (text, _) = encoding_of(lines.bytes()).decode(lines.bytes());
    Columns::read(&text, &lines.place())
}

/// UTF-8 where a line is valid UTF-8; otherwise one of the two Western encodings that the article allows or that products use
/// in its place: Windows-1252 has letters where ISO 8859-15 has control characters.
fn encoding_of(line: &[u8]) -> Encoding {
    if std::str::from_utf8(line).is_ok() {
        Encoding::Utf8
    } else if line.iter().any(|b| (0x80..0xa0).contains(b)) {
        Encoding::Windows1252
    } else {
        Encoding::Iso8859_15
    }
}

impl<'a> Row<'a> {
    fn read<R: BufRead>(text: &'a str, columns: &Columns, lines: &Lines<'_, R>) -> Result<Self, Refusal> {
        let fields: Vec<&str> = text.split(char::from(columns.separator)).collect();
        if fields.len() != columns.count {
            let entry = if lines.terminated() {
                &catalogue::MALFORMED_LINE
            } else {
                &catalogue::TRUNCATED
            };
            return Err(Refusal::new(entry, format!("the line has {} fields", fields.len()))
                .at(lines.place())
                .expected(format!("{} fields, as in the header", columns.count)));
        }
        let field = |i: usize| fields.get(i).map_or("", |f| f.trim());
        let optional = |i: Option<usize>| i.map_or("", field);
        let at = |column: &str| format!("{}, column {column}", lines.place());
        let date = dates::compact(field(columns.date)).ok_or_else(|| {
            Refusal::new(
                &catalogue::BAD_DATE,
                format!("{:?} is not a date", clip(field(columns.date), 20)),
            )
            .at(at("EcritureDate"))
            .expected("a day as YYYYMMDD")
        })?;
        let account = books::account_number(field(columns.account)).ok_or_else(|| {
            Refusal::new(
                &catalogue::BAD_ACCOUNT,
                format!("{:?} is not an account number", clip(field(columns.account), 40)),
            )
            .at(at("CompteNum"))
            .expected("letters and digits, such as 411000")
        })?;
        if field(columns.entry).is_empty() {
            return Err(Refusal::new(&catalogue::MALFORMED_LINE, "the line belongs to no entry")
                .at(at("EcritureNum"))
                .expected("the number of the entry in its journal"));
        }
        let (debit, credit) = amounts(columns.amount, field, at)?;
        Ok(Self {
            journal: field(columns.journal),
            journal_label: optional(columns.journal_label),
            entry: field(columns.entry),
            date,
            account,
            account_label: field(columns.account_label),
            auxiliary: optional(columns.auxiliary),
            auxiliary_label: optional(columns.auxiliary_label),
            debit,
            credit,
        })
    }

    /// Whether the line brings balances forward: the journal says so. French products call it à-nouveaux (AN, ANO, RAN) or
    /// ouverture.
    fn is_opening(&self) -> bool {
        let code = self.journal.to_ascii_uppercase();
        if matches!(code.as_str(), "AN" | "ANO" | "ANOUV" | "RAN" | "OUV" | "A-NOUVEAU") {
            return true;
        }
        let label = self
            .journal_label
            .to_lowercase()
            .replace('à', "a")
            .replace(['-', ' '], "");
        label.contains("anouveau") || label.contains("ouverture")
    }
}

/// Debit and credit of a line. An empty field counts as nothing only where the other one holds an amount.
fn amounts<'a>(
    columns: AmountColumns,
    field: impl Fn(usize) -> &'a str,
    at: impl Fn(&str) -> String,
) -> Result<(i64, i64), Refusal> {
    let parse = |text: &str, column: &str| parse_amount(text, Notation::FEC).map_err(|r| r.at(at(column)));
    match columns {
        AmountColumns::DebitCredit(d, c) => match (field(d), field(c)) {
            ("", "") => Err(Refusal::new(&catalogue::BAD_AMOUNT, "debit and credit are both empty")
                .at(at("Debit"))
                .expected("an amount in one of them")),
            (debit, "") => Ok((parse(debit, "Debit")?, 0)),
            ("", credit) => Ok((0, parse(credit, "Credit")?)),
            (debit, credit) => Ok((parse(debit, "Debit")?, parse(credit, "Credit")?)),
        },
        AmountColumns::AmountSide(a, s) => {
            let amount = parse(field(a), "Montant")?;
            match field(s) {
                "D" | "d" | "+1" => Ok((amount, 0)),
                "C" | "c" | "-1" => Ok((0, amount)),
                other => Err(Refusal::new(
                    &catalogue::BAD_AMOUNT,
                    format!("the side of the amount is {:?}", clip(other, 10)),
                )
                .at(at("Sens"))
                .expected("D or C, or +1 or -1")),
            }
        }
    }
}

impl Ledger {
    /// Books one line. Refusals come back without a place.
    fn post(&mut self, row: &Row<'_>, line: u64) -> Result<(), Refusal> {
        self.period.note(row.date, line);
        if !self.accounts.contains_key(row.account) {
            let account = Account {
                label: row.account_label.to_owned(),
                ..Account::default()
            };
            self.accounts.insert(row.account.to_owned(), account);
        }
        let Some(account) = self.accounts.get_mut(row.account) else {
            return Ok(());
        };
        let balance = row.debit.checked_sub(row.credit).ok_or_else(|| {
            Refusal::new(
                &catalogue::AMOUNT_TOO_LARGE,
                "debit less credit exceeds 64 bits of minor units",
            )
        })?;
        books::add(&mut account.closing, balance)?;
        if row.is_opening() {
            self.opening_day = Some(self.opening_day.map_or(row.date, |d| d.min(row.date)));
            books::add(&mut account.opening, balance)?;
        } else {
            books::add(&mut account.debit, row.debit)?;
            books::add(&mut account.credit, row.credit)?;
        }
        if let Some(part) = account.auxiliaries.get_mut(row.auxiliary) {
            books::add(&mut part.closing, balance)?;
        } else {
            let part = Auxiliary {
                label: row.auxiliary_label.to_owned(),
                closing: balance,
            };
            account.auxiliaries.insert(row.auxiliary.to_owned(), part);
        }
        self.balance(row, i128::from(balance), line)
    }

    /// Follows the balance of the line's entry.
    fn balance(&mut self, row: &Row<'_>, balance: i128, line: u64) -> Result<(), Refusal> {
        let same = self.current.0 == row.journal && self.current.1 == row.entry;
        if !same {
            self.current = (row.journal.to_owned(), row.entry.to_owned());
        }
        if let Some(open) = self.open.get_mut(&self.current) {
            open.sum += balance;
            open.last_line = line;
            if open.sum == 0 {
                self.open.remove(&self.current);
            }
            return Ok(());
        }
        self.entries += u64::from(!same);
        if balance != 0 {
            self.open.insert(
                self.current.clone(),
                Open {
                    sum: balance,
                    first_line: line,
                    last_line: line,
                },
            );
        }
        if self.open.len() > OPEN_ENTRIES_MAX {
            return Err(Refusal::new(
                &catalogue::UNBALANCED_ENTRY,
                format!("more than {OPEN_ENTRIES_MAX} entries do not balance"),
            )
            .expected("each entry's lines near each other, debits equal to credits"));
        }
        Ok(())
    }

    fn finish<R: BufRead>(
        self,
        lines: &Lines<'_, R>,
        columns: &Columns,
        evidence: &Evidence,
    ) -> Result<Books, Refusal> {
        self.refuse_unbalanced(lines)?;
        if self.entries == 0 {
            return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file has a header and no entries").at(lines.file()));
        }
        let file = lines.file();
        let (registry, closing) = file_name(file);
        let period = self.period_evidence(closing);
        let mut warnings = warnings(columns, evidence);
        warnings.extend(ends_early(&period));
        let mut accounts = self.accounts;
        for account in accounts.values_mut() {
            if account.auxiliaries.keys().all(String::is_empty) {
                account.auxiliaries.clear();
            }
        }
        Ok(Books {
            format: Format::Fec,
            file: file.to_owned(),
            lines: lines.number(),
            entries: self.entries,
            company: Company { name: None, registry },
            currency: CURRENCY,
            period,
            accounts,
            unallocated: 0,
            prior: None,
            warnings,
        })
    }

    /// Names the first entry that does not balance. That every entry balances implies that the ledger does.
    fn refuse_unbalanced<R: BufRead>(&self, lines: &Lines<'_, R>) -> Result<(), Refusal> {
        let Some(((journal, number), open)) = self.open.iter().min_by_key(|(_, open)| open.first_line) else {
            return Ok(());
        };
        // Not even the last line's entry is complete, and only that one: the file was cut.
        let cut = self.open.len() == 1 && open.last_line == lines.number() && !lines.terminated();
        let entry = if cut {
            &catalogue::TRUNCATED
        } else {
            &catalogue::UNBALANCED_ENTRY
        };
        let (sum, side) = (open.sum.unsigned_abs(), if open.sum > 0 { "debit" } else { "credit" });
        let sum = format_amount(i128::try_from(sum).unwrap_or(i128::MAX), CURRENCY.minor_digits);
        Err(Refusal::new(
            entry,
            format!(
                "entry {} of journal {} has {sum} too much {side}",
                clip(number, 30),
                clip(journal, 30)
            ),
        )
        .at(format!(
            "{} (entry {}, lines {} to {})",
            lines.place_of(open.first_line),
            clip(number, 30),
            open.first_line,
            open.last_line
        ))
        .expected("debits equal to credits in every entry"))
    }

    /// The period: from the first day of the month of the first entry (or the day of the opening entries) to the closing date
    /// in the file's name, or else the last day of the month of the last entry.
    fn period_evidence(&self, closing: Option<Day>) -> PeriodEvidence {
        let mut period = self.period.clone();
        if let (Some(first), Some(last)) = (period.first, period.last) {
            let start = self
                .opening_day
                .map_or_else(|| dates::month_start(first.day), |d| d.min(first.day));
            let end = closing.unwrap_or_else(|| dates::month_end(last.day));
            period.stated = Some(Period { start, end });
            if self.opening_day.is_none() && closing.is_none() {
                period.doubt = Some(format!(
                    "there is no opening journal and no closing date in the file's name; the entries run from {} to {}",
                    first.day, last.day
                ));
            }
        }
        period
    }
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
