//! The sums of a FEC while it is read: accounts, entries that are still open, and what the entries do.

use std::collections::BTreeMap;
use std::io::BufRead;

use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Day;

use super::CURRENCY;
use super::row::{Row, SCALE};
use crate::amount::format_amount;
use crate::books::{Account, Auxiliary, PeriodEvidence};
use crate::flows::{ENTRY_LINES_MAX, Flows, Move};
use crate::lines::Lines;
use crate::{catalogue, clip};

/// Entries that may be open at once. A ledger in order has one; beyond this the file is not a ledger.
pub(super) const OPEN_ENTRIES_MAX: usize = 100_000;
/// Lines of open entries that are kept.
const OPEN_LINES_MAX: usize = 2_000_000;
/// Closing entries that are kept.
const CLOSING_MAX: usize = 1_000;

/// Journal and number.
type Key = (String, String);

/// An entry, as far as it was read.
#[derive(Default)]
struct Open {
    sum: i128,
    first_line: u64,
    last_line: u64,
    opening: bool,
    day: Option<Day>,
    moves: Vec<Move>,
    /// Its lines are too many to be kept; the sums of the ledger's entries are lost with them.
    forgotten: bool,
}

impl Open {
    fn forget(&mut self) {
        self.moves = Vec::new();
        self.forgotten = true;
    }
}

/// A part of an account, in ten-thousandths.
struct Part {
    id: u32,
    label: String,
    closing: i128,
    line: u64,
}

/// An account, in ten-thousandths.
struct Sums {
    id: u32,
    label: String,
    opening: i128,
    debit: i128,
    credit: i128,
    closing: i128,
    parts: BTreeMap<String, Part>,
}

/// An entry that carries income and expenses to the result.
struct Closing {
    day: Day,
    line: u64,
    moves: Vec<Move>,
}

/// What is gathered while reading.
pub(super) struct Ledger {
    accounts: BTreeMap<String, Sums>,
    open: BTreeMap<Key, Open>,
    open_lines: usize,
    current: (Key, Open),
    closing: Vec<Closing>,
    pub flows: Flows,
    pub entries: u64,
    pub period: PeriodEvidence,
    pub opening_day: Option<Day>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            accounts: BTreeMap::new(),
            open: BTreeMap::new(),
            open_lines: 0,
            current: Default::default(),
            closing: Vec::new(),
            flows: Flows::new(SCALE),
            entries: 0,
            period: PeriodEvidence::default(),
            opening_day: None,
        }
    }

    /// Books one line. Refusals come back without a place.
    pub(super) fn post(&mut self, row: &Row<'_>, opening: bool, line: u64) -> Result<(), Refusal> {
        self.period.note(row.date, line);
        self.follow(row, opening, line);
        // An entry brings balances forward as a whole.
        let opening = self.current.1.opening;
        if !self.accounts.contains_key(row.account) {
            let sums = Sums {
                id: self.flows.account(row.account),
                label: row.account_label.to_owned(),
                opening: 0,
                debit: 0,
                credit: 0,
                closing: 0,
                parts: BTreeMap::new(),
            };
            self.accounts.insert(row.account.to_owned(), sums);
        }
        let Some(account) = self.accounts.get_mut(row.account) else {
            return Ok(());
        };
        let balance = row.debit - row.credit;
        add(&mut account.closing, balance)?;
        if opening {
            self.opening_day = Some(self.opening_day.map_or(row.date, |d| d.min(row.date)));
            add(&mut account.opening, balance)?;
        } else {
            add(&mut account.debit, row.debit)?;
            add(&mut account.credit, row.credit)?;
        }
        let (account_id, part_id) = match account.parts.get_mut(row.auxiliary) {
            Some(part) => {
                add(&mut part.closing, balance)?;
                (account.id, part.id)
            }
            None => {
                let part = Part {
                    id: self.flows.part(row.auxiliary),
                    label: row.auxiliary_label.to_owned(),
                    closing: balance,
                    line,
                };
                let ids = (account.id, part.id);
                account.parts.insert(row.auxiliary.to_owned(), part);
                ids
            }
        };
        let entry = &mut self.current.1;
        entry.sum += balance;
        entry.last_line = line;
        entry.day = entry.day.max(Some(row.date));
        if entry.moves.len() >= ENTRY_LINES_MAX {
            entry.forget();
            self.flows.lose("an entry has too many lines");
        } else if !entry.forgotten {
            entry.moves.push(Flows::line(account_id, part_id, row.date, balance));
        }
        let unbalanced = self.open.len() + usize::from(self.current.1.sum != 0);
        if unbalanced > OPEN_ENTRIES_MAX {
            return Err(Refusal::new(
                &catalogue::UNBALANCED_ENTRY,
                format!("more than {OPEN_ENTRIES_MAX} entries do not balance"),
            )
            .expected("each entry's lines near each other, debits equal to credits"));
        }
        Ok(())
    }

    /// Makes the line's entry the current one.
    fn follow(&mut self, row: &Row<'_>, opening: bool, line: u64) {
        if self.entries > 0 && self.current.0.0 == row.journal && self.current.0.1 == row.entry {
            return;
        }
        self.leave();
        let key = (row.journal.to_owned(), row.entry.to_owned());
        let entry = match self.open.remove(&key) {
            Some(open) => {
                self.open_lines -= open.moves.len().min(self.open_lines);
                open
            }
            None => {
                self.entries += 1;
                Open {
                    first_line: line,
                    opening,
                    ..Open::default()
                }
            }
        };
        self.current = (key, entry);
    }

    /// Takes the current entry's sums where it balances, and keeps it open where it does not.
    fn leave(&mut self) {
        let (key, mut entry) = std::mem::take(&mut self.current);
        if entry.sum != 0 {
            if self.open_lines + entry.moves.len() > OPEN_LINES_MAX {
                self.flows.lose("too many entries are interleaved");
                entry.forget();
            }
            self.open_lines += entry.moves.len();
            self.open.insert(key, entry);
            return;
        }
        let Some(day) = entry.day.filter(|_| !entry.opening) else {
            return;
        };
        if self.closing.len() < CLOSING_MAX && !entry.forgotten && self.closes(&entry.moves) {
            self.closing.push(Closing {
                day,
                line: entry.first_line,
                moves: entry.moves,
            });
        } else {
            self.flows.entry(&mut entry.moves);
        }
    }

    /// Whether an entry only carries income and expenses (classes 6 and 7) to the result (12, or the closing accounts 88 and
    /// 89): no business does that, only the closing of a year.
    fn closes(&self, moves: &[Move]) -> bool {
        let class = |m: &Move| {
            let number = self.flows.number(m.account);
            let result = ["12", "88", "89"].iter().any(|prefix| number.starts_with(prefix));
            (number.starts_with(['6', '7']), result)
        };
        // Most entries touch something else with one of their first lines.
        moves.iter().all(|m| matches!(class(m), (true, _) | (_, true)))
            && moves.iter().any(|m| class(m).0)
            && moves.iter().any(|m| class(m).1)
    }

    /// Names the first entry that does not balance. That every entry balances implies that the ledger does.
    pub(super) fn refuse_unbalanced<R: BufRead>(&mut self, lines: &Lines<'_, R>) -> Result<(), Refusal> {
        self.leave();
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
        let side = if open.sum > 0 { "debit" } else { "credit" };
        Err(Refusal::new(
            entry,
            format!(
                "entry {} of journal {} has {} too much {side}",
                clip(number, 30),
                clip(journal, 30),
                shown(open.sum.abs())
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

    /// Takes back the entries of the period's last day that closed income and expenses: the books as they were before. Gives the
    /// line of the first, and how many there were.
    pub(super) fn reopen(&mut self, end: Option<Day>) -> Option<(u64, usize)> {
        let last = end.or(self.period.last.map(|l| l.day));
        let (undone, kept): (Vec<Closing>, Vec<Closing>) = std::mem::take(&mut self.closing)
            .into_iter()
            .partition(|c| Some(c.day) == last);
        for mut entry in kept {
            self.flows.entry(&mut entry.moves);
        }
        for movement in undone.iter().flat_map(|c| &c.moves) {
            let number = self.flows.number(movement.account);
            let Some(account) = self.accounts.get_mut(number) else {
                continue;
            };
            account.closing -= movement.amount;
            if movement.amount < 0 {
                account.credit += movement.amount;
            } else {
                account.debit -= movement.amount;
            }
            if let Some(part) = account.parts.values_mut().find(|p| p.id == movement.part) {
                part.closing -= movement.amount;
            }
        }
        undone.first().map(|c| (c.line, undone.len()))
    }

    /// The accounts in cents.
    pub(super) fn accounts(&mut self, file: &str) -> Result<BTreeMap<String, Account>, Refusal> {
        std::mem::take(&mut self.accounts)
            .into_iter()
            .map(|(number, sums)| {
                let cents = |amount| cents(amount, &number).map_err(|r| r.at(file));
                let mut account = Account {
                    label: sums.label.clone(),
                    opening: cents(sums.opening)?,
                    debit: cents(sums.debit)?,
                    credit: cents(sums.credit)?,
                    closing: cents(sums.closing)?,
                    ..Account::default()
                };
                if sums.parts.keys().any(|key| !key.is_empty()) {
                    for (key, part) in sums.parts {
                        let part = Auxiliary {
                            label: part.label,
                            closing: cents(part.closing)?,
                            line: part.line,
                        };
                        account.auxiliaries.insert(key, part);
                    }
                }
                Ok((number, account))
            })
            .collect()
    }
}

/// Adds to a sum of ten-thousandths that must fit 64 bits of cents.
fn add(sum: &mut i128, amount: i128) -> Result<(), Refusal> {
    let total = *sum + amount;
    if total.abs() > i128::from(i64::MAX) * SCALE {
        return Err(
            Refusal::new(&catalogue::AMOUNT_TOO_LARGE, "a sum exceeds 64 bits of minor units")
                .expected("sums below 2^63 minor units"),
        );
    }
    *sum = total;
    Ok(())
}

/// Cents, where ten-thousandths are whole cents; what is not is never rounded.
fn cents(amount: i128, account: &str) -> Result<i64, Refusal> {
    let whole = amount / SCALE;
    match i64::try_from(whole).ok().filter(|_| amount % SCALE == 0) {
        Some(cents) => Ok(cents),
        None => Err(Refusal::new(
            &catalogue::BAD_AMOUNT,
            format!(
                "the sums of account {} are not whole cents: {}",
                clip(account, 35),
                shown(amount)
            ),
        )
        .expected("fractions of a cent that add up to whole cents on every account")),
    }
}

/// With two decimals where that is exact, else with four.
fn shown(amount: i128) -> String {
    if amount % SCALE == 0 {
        format_amount(amount / SCALE, CURRENCY.minor_digits)
    } else {
        format_amount(amount, CURRENCY.minor_digits + super::row::EXTRA_DIGITS)
    }
}
