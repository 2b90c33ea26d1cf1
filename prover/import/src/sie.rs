//! SIE, the Swedish standard for exchanging accounting data: types 1–4 of "SIE filformat, utgåva 4B". Records begin with `#`;
//! vouchers (`#VER`) hold their rows (`#TRANS`) in braces; balances stand in `#IB`, `#UB` and `#RES` for the year (0) and the
//! year before (−1); amounts are debit positive with a decimal point; the encoding is code page 437 ("PC8").
//!
//! Rows that were removed (`#BTRANS`) do not count. A row that was added later stands twice, as `#RTRANS` and then as an
//! identical `#TRANS` for programs that do not know the former: only the second counts.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::refusal::{Entry, Refusal};
use covenant_policy::statement::{Currency, Day, Period};

use crate::amount::{Notation, parse_amount};
use crate::books::{self, Books, Company, PeriodEvidence};
use crate::encoding::{Encoding, Evidence};
use crate::flows::{ENTRY_LINES_MAX, Flows, Move};
use crate::lines::Lines;
use crate::{Progress, catalogue, clip, dates};

mod balances;
mod tokens;

use balances::Year;
use tokens::Token;

/// Records that say nothing about amounts of the books themselves.
const KNOWN: &[&str] = &[
    "#ADRESS",
    "#BKOD",
    "#BTRANS",
    "#DIM",
    "#ENHET",
    "#FNR",
    "#FTYP",
    "#KPTYP",
    "#KSUMMA",
    "#KTYP",
    "#OBJEKT",
    "#PBUDGET",
    "#PROGRAM",
    "#PROSA",
    "#RTRANS",
    "#SRU",
    "#TAXAR",
    "#UNDERDIM",
];
/// Kinds of unknown records that are counted; more are passed over in silence.
const UNKNOWN_MAX: usize = 20;

/// A voucher whose rows are being read.
#[derive(Debug)]
struct Voucher {
    name: String,
    first_line: u64,
    sum: i128,
    opened: bool,
    day: Day,
    moves: Vec<Move>,
    /// Its rows are too many to be kept.
    forgotten: bool,
}

/// What is gathered while reading.
#[derive(Debug, Default)]
struct Gathered {
    company: Company,
    currency: Option<Currency>,
    generated: Option<Day>,
    extent: Option<Day>,
    format: Option<String>,
    labels: BTreeMap<String, String>,
    year: Year,
    prior: Year,
    movements: BTreeMap<String, balances::Movement>,
    entries: u64,
    flows: Flows,
    evidence: PeriodEvidence,
    unknown: BTreeMap<String, (u64, u64)>,
}

/// Reads a SIE file of type 1–4.
///
/// # Errors
/// Any code of the catalogue that concerns lines, amounts, vouchers and the books as a whole; each with its line.
pub fn read<'a>(reader: impl BufRead, file: &'a str, progress: &'a mut Progress<'a>) -> Result<Books, Refusal> {
    let mut lines = Lines::new(reader, file, progress);
    let mut encoding = Evidence::default();
    let mut gathered = Gathered {
        flows: Flows::new(1),
        ..Gathered::default()
    };
    let mut voucher: Option<Voucher> = None;
    let mut flagged = false;
    while lines.advance()? {
        if lines.number() == 1 && lines.bytes().starts_with(b"\xef\xbb\xbf") {
            lines.skip(3);
        }
        encoding.look(lines.number(), lines.bytes());
        let utf8 = std::str::from_utf8(lines.bytes()).is_ok();
        let (text, _) = if utf8 { Encoding::Utf8 } else { Encoding::Cp437 }.decode(lines.bytes());
        let trimmed = text.trim();
        // Some products end the file with DOS's end-of-file character.
        if trimmed.is_empty() || trimmed == "\u{1a}" {
            continue;
        }
        if !flagged && !trimmed.to_ascii_uppercase().starts_with("#FLAGGA") {
            return Err(
                malformed("the file does not begin with #FLAGGA", &lines).expected("#FLAGGA 0, as in every SIE file")
            );
        }
        flagged = true;
        voucher = gathered.line(trimmed, voucher, &lines)?;
    }
    if let Some(v) = voucher {
        return Err(
            Refusal::new(&catalogue::TRUNCATED, format!("voucher {} is not closed", v.name))
                .at(lines.place_of(v.first_line))
                .expected("} after the voucher's rows"),
        );
    }
    if !flagged {
        return Err(Refusal::new(&catalogue::EMPTY_BOOKS, "the file is empty").at(file));
    }
    gathered.finish(&lines, &encoding)
}

fn malformed<R: BufRead>(what: impl Into<String>, lines: &Lines<'_, R>) -> Refusal {
    Refusal::new(&catalogue::MALFORMED_LINE, what).at(lines.place())
}

/// One record's fields, with the line for messages.
struct Record<'a> {
    label: String,
    fields: &'a [Token],
    line: u64,
    file: &'a str,
}

impl Record<'_> {
    fn refuse(&self, entry: &'static Entry, what: String) -> Refusal {
        Refusal::new(entry, what).at(format!("{}:{} ({})", self.file, self.line, self.label))
    }

    fn field(&self, index: usize, name: &str) -> Result<&str, Refusal> {
        self.fields.get(index).and_then(Token::field).ok_or_else(|| {
            self.refuse(&catalogue::MALFORMED_LINE, format!("the record has no {name}"))
                .expected(format!("field {}: {name}", index + 1))
        })
    }

    fn account(&self, index: usize) -> Result<&str, Refusal> {
        let text = self.field(index, "account number")?;
        books::account_number(text).ok_or_else(|| {
            self.refuse(
                &catalogue::BAD_ACCOUNT,
                format!("{:?} is not an account number", clip(text, 40)),
            )
        })
    }

    fn amount(&self, index: usize) -> Result<i64, Refusal> {
        let text = self.field(index, "amount")?;
        parse_amount(text, Notation::SIE).map_err(|r| r.at(format!("{}:{} ({})", self.file, self.line, self.label)))
    }

    fn date(&self, index: usize, name: &str) -> Result<Day, Refusal> {
        let text = self.field(index, name)?;
        dates::compact(text).ok_or_else(|| {
            self.refuse(&catalogue::BAD_DATE, format!("{:?} is not a date", clip(text, 20)))
                .expected("a day as YYYYMMDD")
        })
    }

    fn year(&self) -> Result<i32, Refusal> {
        let text = self.field(0, "year number")?;
        text.parse().map_err(|_| {
            self.refuse(
                &catalogue::MALFORMED_LINE,
                format!("{:?} is not a year number", clip(text, 20)),
            )
            .expected("0, -1, …")
        })
    }
}

impl Gathered {
    /// Takes one line; gives back the voucher that is open after it.
    fn line<R: BufRead>(
        &mut self,
        text: &str,
        voucher: Option<Voucher>,
        lines: &Lines<'_, R>,
    ) -> Result<Option<Voucher>, Refusal> {
        match (text, voucher) {
            ("{", Some(v)) if !v.opened => Ok(Some(Voucher { opened: true, ..v })),
            ("}", Some(v)) if v.opened => self.close(v, lines).map(|()| None),
            (_, Some(v)) if !v.opened => {
                Err(malformed(format!("voucher {} has no rows", v.name), lines).expected("{ on the line after #VER"))
            }
            (_, voucher) => {
                let tokens = tokens::split(text).map_err(|e| malformed(e, lines))?;
                let label = tokens
                    .first()
                    .and_then(Token::field)
                    .unwrap_or_default()
                    .to_ascii_uppercase();
                if !label.starts_with('#') {
                    return Err(malformed(format!("{:?} is not a record", clip(text, 40)), lines)
                        .expected("# and a record's name"));
                }
                let fields = tokens.get(1..).unwrap_or_default();
                let record = Record {
                    label,
                    fields,
                    line: lines.number(),
                    file: lines.file(),
                };
                match voucher {
                    Some(mut v) => self.row(&record, &mut v).map(|()| Some(v)),
                    None => self.record(&record),
                }
            }
        }
    }

    /// A record inside a voucher.
    fn row(&mut self, record: &Record<'_>, voucher: &mut Voucher) -> Result<(), Refusal> {
        match record.label.as_str() {
            "#TRANS" => {
                let account = record.account(0)?;
                let objects = usize::from(matches!(record.fields.get(1), Some(Token::Objects)));
                let amount = record.amount(1 + objects)?;
                voucher.sum += i128::from(amount);
                let flows = &mut self.flows;
                if !self.movements.contains_key(account) {
                    let movement = balances::Movement {
                        id: flows.account(account),
                        ..balances::Movement::default()
                    };
                    self.movements.insert(account.to_owned(), movement);
                }
                let Some(movement) = self.movements.get_mut(account) else {
                    return Ok(());
                };
                if voucher.moves.len() >= ENTRY_LINES_MAX {
                    voucher.moves = Vec::new();
                    voucher.forgotten = true;
                    flows.lose("a voucher has too many rows");
                } else if !voucher.forgotten {
                    voucher
                        .moves
                        .push(Flows::line(movement.id, 0, voucher.day, i128::from(amount)));
                }
                let side = if amount < 0 {
                    &mut movement.credit
                } else {
                    &mut movement.debit
                };
                books::add(side, amount.checked_abs().unwrap_or(i64::MAX))
                    .and_then(|()| books::add(&mut movement.net, amount))
                    .map_err(|r| r.at(format!("{}:{} (#TRANS)", record.file, record.line)))
            }
            "#BTRANS" | "#RTRANS" => Ok(()),
            "#VER" => Err(record
                .refuse(
                    &catalogue::MALFORMED_LINE,
                    format!("voucher {} is not closed before the next one", voucher.name),
                )
                .expected("}")),
            _ => {
                self.unknown(record);
                Ok(())
            }
        }
    }

    /// The end of a voucher: it must balance.
    fn close<R: BufRead>(&mut self, mut voucher: Voucher, lines: &Lines<'_, R>) -> Result<(), Refusal> {
        self.entries += 1;
        if voucher.sum == 0 {
            self.flows.entry(&mut voucher.moves);
            return Ok(());
        }
        let sum = crate::format_amount(voucher.sum, Notation::SIE.minor_digits);
        Err(Refusal::new(
            &catalogue::UNBALANCED_ENTRY,
            format!("the rows of voucher {} add up to {sum}", voucher.name),
        )
        .at(format!(
            "{} (voucher {}, lines {} to {})",
            lines.place_of(voucher.first_line),
            voucher.name,
            voucher.first_line,
            lines.number()
        ))
        .expected("rows that add up to 0.00"))
    }

    /// A record outside vouchers; gives back the voucher that it opens.
    fn record(&mut self, r: &Record<'_>) -> Result<Option<Voucher>, Refusal> {
        match r.label.as_str() {
            "#VER" => return self.voucher(r).map(Some),
            "#IB" | "#UB" | "#RES" => self.balance(r)?,
            "#OIB" | "#OUB" => object_balance(r, 1)?,
            "#PSALDO" => object_balance(r, 2)?,
            "#RAR" => self.year_of(r)?,
            "#KONTO" => {
                let account = r.account(0)?.to_owned();
                let label = r.fields.get(1).and_then(Token::field).unwrap_or_default().to_owned();
                self.labels.insert(account, label);
            }
            "#FNAMN" => self.company.name = Some(r.field(0, "name")?.to_owned()),
            "#ORGNR" => self.company.registry = Some(r.field(0, "registration number")?.to_owned()),
            "#FORMAT" => self.format = Some(r.field(0, "character set")?.to_owned()),
            "#GEN" => self.generated = Some(r.date(0, "date")?),
            "#OMFATTN" => self.extent = Some(r.date(0, "date")?),
            "#VALUTA" => self.currency = Some(balances::currency(r)?),
            "#SIETYP" => {
                let kind = r.field(0, "type")?;
                if !matches!(kind, "1" | "2" | "3" | "4") {
                    return Err(r
                        .refuse(
                            &catalogue::FORMAT_UNKNOWN,
                            format!("the file is of SIE type {:?}", clip(kind, 10)),
                        )
                        .expected("type 1, 2, 3 or 4; of SIE 5, export SIE 4 instead"));
                }
            }
            "#TRANS" => {
                return Err(r
                    .refuse(&catalogue::MALFORMED_LINE, "a row stands outside vouchers".to_owned())
                    .expected("#VER and {"));
            }
            "#FLAGGA" => {}
            label if KNOWN.contains(&label) => {}
            _ => self.unknown(r),
        }
        Ok(None)
    }

    fn voucher(&mut self, r: &Record<'_>) -> Result<Voucher, Refusal> {
        let part = |i: usize| r.fields.get(i).and_then(Token::field).unwrap_or_default();
        let name = format!("{} {}", clip(part(0), 20), clip(part(1), 20)).trim().to_owned();
        let day = r.date(2, "voucher date")?;
        self.evidence.note(day, r.line);
        Ok(Voucher {
            name,
            first_line: r.line,
            sum: 0,
            opened: false,
            day,
            moves: Vec::new(),
            forgotten: false,
        })
    }

    fn balance(&mut self, r: &Record<'_>) -> Result<(), Refusal> {
        let year = match r.year()? {
            0 => &mut self.year,
            -1 => &mut self.prior,
            _ => return Ok(()),
        };
        let (account, amount) = (r.account(1)?, r.amount(2)?);
        let map = match r.label.as_str() {
            "#IB" => &mut year.opening,
            "#UB" => &mut year.closing,
            _ => &mut year.result,
        };
        match map.insert(account.to_owned(), balances::Stated { amount, line: r.line }) {
            None => Ok(()),
            Some(first) => Err(r.refuse(
                &catalogue::DUPLICATE_ACCOUNT,
                format!("account {account} was given on line {}", first.line),
            )),
        }
    }

    fn year_of(&mut self, r: &Record<'_>) -> Result<(), Refusal> {
        let period = Period {
            start: r.date(1, "first day")?,
            end: r.date(2, "last day")?,
        };
        if period.days().is_none() {
            return Err(r.refuse(&catalogue::BAD_DATE, "the year ends before it starts".to_owned()));
        }
        match r.year()? {
            0 => self.year.period = Some(period),
            -1 => self.prior.period = Some(period),
            _ => {}
        }
        Ok(())
    }

    fn unknown(&mut self, r: &Record<'_>) {
        if let Some((count, _)) = self.unknown.get_mut(&r.label) {
            *count += 1;
        } else if self.unknown.len() < UNKNOWN_MAX {
            self.unknown.insert(r.label.clone(), (1, r.line));
        }
    }
}

/// Balances of projects, cost centres and months: no figure needs them, since they are parts of the accounts' own, but a file in
/// which they are not even amounts is not read on.
fn object_balance(r: &Record<'_>, account: usize) -> Result<(), Refusal> {
    r.year()?;
    r.account(account)?;
    if !matches!(r.fields.get(account + 1), Some(Token::Objects)) {
        return Err(r
            .refuse(&catalogue::MALFORMED_LINE, "the record has no object list".to_owned())
            .expected("{…} after the account"));
    }
    r.amount(account + 2).map(drop)
}

#[cfg(test)]
mod tests;
