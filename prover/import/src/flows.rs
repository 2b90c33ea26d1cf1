//! What the entries of a ledger did, summed: which accounts were moved together, in which month, by how much. From this, and a
//! mapping, follow monthly cash flows and what each customer was invoiced, without keeping the entries.
//!
//! Two entries are of one *pattern* where they move the same accounts to the same sides. A ledger has few patterns, so the sums
//! are small whatever its length; where a file has too many of them they are given up, and what rests on them is not covered.

use std::collections::BTreeMap;

use covenant_policy::statement::Day;

use crate::dates;

/// Amounts that are kept; a ledger of a million entries has some thousands.
const AMOUNTS_MAX: usize = 2_000_000;
/// Lines of one entry that are kept until it ends.
pub(crate) const ENTRY_LINES_MAX: usize = 200_000;

/// One line of an entry, with the numbers that [`Flows::account`] and [`Flows::part`] gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The account.
    pub account: u32,
    /// The customer, supplier or employee; 0 for nobody.
    pub part: u32,
    /// The month, as [`dates::month`] counts.
    pub month: u32,
    /// Debit positive.
    pub amount: i128,
}

/// An account and whether a pattern credits it.
type Side = (u32, bool);

/// The sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flows {
    /// Fractions of a minor unit in which amounts are kept: 1, or 100 where the format has four decimals.
    scale: i128,
    accounts: Vec<String>,
    parts: Vec<String>,
    part_numbers: BTreeMap<String, u32>,
    patterns: Vec<Box<[Side]>>,
    numbers: BTreeMap<Box<[Side]>, u32>,
    /// By month (none where an entry spans months) and pattern: the amount of each account.
    sums: BTreeMap<(Option<u32>, u32), Vec<i128>>,
    /// By pattern, account and part.
    shares: BTreeMap<(u32, u32, u32), i128>,
    /// By pattern and account: the sum of the absolute amounts of lines that are nobody's, which cannot cancel.
    unnamed: BTreeMap<(u32, u32), i128>,
    /// By month and account, whatever the entries: each line in the month of its own date.
    months: BTreeMap<(u32, u32), i128>,
    kept: usize,
    lost: Option<&'static str>,
}

/// A pattern's sum in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow<'a> {
    /// The month; `None` where an entry's lines are of different months and do not balance in each.
    pub month: Option<u32>,
    /// The accounts, with what each was moved by, debit positive; never 0 in any one entry.
    pub accounts: Vec<(&'a str, i128)>,
}

impl Flows {
    /// No entries yet; `scale` is how many of its units make a minor unit.
    pub(crate) fn new(scale: i128) -> Self {
        Self {
            scale,
            parts: vec![String::new()],
            ..Self::default()
        }
    }

    /// The number of an account; asked once for each.
    pub(crate) fn account(&mut self, number: &str) -> u32 {
        self.accounts.push(number.to_owned());
        (self.accounts.len() - 1) as u32
    }

    /// The account of this number.
    pub(crate) fn number(&self, account: u32) -> &str {
        self.accounts.get(account as usize).map_or("", String::as_str)
    }

    /// The number of a customer, supplier or employee.
    pub(crate) fn part(&mut self, key: &str) -> u32 {
        if key.is_empty() {
            return 0;
        }
        if let Some(&known) = self.part_numbers.get(key) {
            return known;
        }
        let number = self.parts.len() as u32;
        self.parts.push(key.to_owned());
        self.part_numbers.insert(key.to_owned(), number);
        number
    }

    /// A line as [`Flows::entry`] takes it.
    pub(crate) fn line(account: u32, part: u32, day: Day, amount: i128) -> Move {
        Move {
            account,
            part,
            month: dates::month(day),
            amount,
        }
    }

    /// Gives the sums up.
    pub(crate) fn lose(&mut self, why: &'static str) {
        let accounts = std::mem::take(&mut self.accounts);
        *self = Self {
            scale: self.scale,
            accounts,
            lost: Some(why),
            ..Self::new(self.scale)
        };
    }

    /// Adds an entry whose lines balance. Lines of different months are taken apart where those of each month balance.
    pub(crate) fn entry(&mut self, lines: &mut [Move]) {
        if self.lost.is_some() {
            return;
        }
        lines.sort_unstable_by_key(|l| (l.month, l.account, l.part));
        for line in lines.iter() {
            let sums = self.months.len();
            *self.months.entry((line.month, line.account)).or_insert(0) += line.amount;
            self.kept += self.months.len() - sums;
        }
        let by_month = || lines.chunk_by(|a, b| a.month == b.month);
        if by_month().all(|month| month.iter().map(|l| l.amount).sum::<i128>() == 0) {
            for month in by_month() {
                self.add(month.first().map(|l| l.month), month);
            }
        } else {
            lines.sort_unstable_by_key(|l| (l.account, l.part));
            self.add(None, lines);
        }
        if self.kept > AMOUNTS_MAX {
            self.lose("the entries move too many different accounts together");
        }
    }

    /// Adds lines in the order of accounts.
    fn add(&mut self, month: Option<u32>, lines: &[Move]) {
        let totals: Vec<(u32, i128)> = lines
            .chunk_by(|a, b| a.account == b.account)
            .filter_map(|of| Some((of.first()?.account, of.iter().map(|l| l.amount).sum())))
            .filter(|(_, sum)| *sum != 0)
            .collect();
        if totals.is_empty() {
            return;
        }
        let sides: Box<[Side]> = totals.iter().map(|(account, sum)| (*account, *sum < 0)).collect();
        let pattern = match self.numbers.get(&sides) {
            Some(&known) => known,
            None => {
                let number = self.patterns.len() as u32;
                self.kept += sides.len();
                self.patterns.push(sides.clone());
                self.numbers.insert(sides, number);
                number
            }
        };
        let fresh = || vec![0; totals.len()];
        let sums = self.sums.entry((month, pattern)).or_insert_with(fresh);
        if sums.iter().all(|s| *s == 0) {
            self.kept += sums.len();
        }
        for (sum, (_, amount)) in sums.iter_mut().zip(&totals) {
            *sum += amount;
        }
        for line in lines.iter().filter(|l| l.part == 0) {
            let unnamed = self.unnamed.len();
            *self.unnamed.entry((pattern, line.account)).or_insert(0) += line.amount.abs();
            self.kept += self.unnamed.len() - unnamed;
        }
        for line in lines.iter().filter(|l| l.part != 0) {
            let shares = self.shares.len();
            *self.shares.entry((pattern, line.account, line.part)).or_insert(0) += line.amount;
            self.kept += self.shares.len() - shares;
        }
    }

    /// Whether the sums were not given up yet.
    pub(crate) fn whole_so_far(&self) -> bool {
        self.lost.is_none()
    }

    /// Why the sums cannot be relied on.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn whole(&self) -> Result<(), &'static str> {
        match self.lost {
            Some(why) => Err(why),
            None if self.patterns.is_empty() => Err("the books contain balances and no entries"),
            None => Ok(()),
        }
    }

    /// Fractions of a minor unit in which amounts are given.
    pub fn scale(&self) -> i128 {
        self.scale.max(1)
    }

    /// Every pattern by month.
    pub fn flows(&self) -> impl Iterator<Item = Flow<'_>> {
        self.sums.iter().map(|((month, pattern), sums)| Flow {
            month: *month,
            accounts: self.named(*pattern).zip(sums.iter().copied()).collect(),
        })
    }

    fn named(&self, pattern: u32) -> impl Iterator<Item = &str> {
        let sides = self.patterns.get(pattern as usize).map_or(&[][..], |p| p);
        sides.iter().map(|(account, _)| self.number(*account))
    }

    /// What was moved on an account within a month.
    pub fn months(&self) -> impl Iterator<Item = (u32, &str, i128)> {
        self.months
            .iter()
            .map(|((month, account), sum)| (*month, self.number(*account), *sum))
    }

    /// For every customer, supplier and employee: the accounts of a pattern, the own account, who, and the amount.
    pub fn shares(&self) -> impl Iterator<Item = (Vec<&str>, &str, &str, i128)> {
        self.shares.iter().map(|((pattern, account, part), amount)| {
            let who = self.parts.get(*part as usize).map_or("", String::as_str);
            (self.named(*pattern).collect(), self.number(*account), who, *amount)
        })
    }

    /// What lines that are nobody's moved: the accounts of a pattern, the own account, and the sum of the absolute amounts.
    pub fn unnamed(&self) -> impl Iterator<Item = (Vec<&str>, &str, i128)> {
        let all = self.unnamed.iter();
        all.map(|((pattern, account), sum)| (self.named(*pattern).collect(), self.number(*account), *sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        dates::compact(text).unwrap()
    }

    fn flows() -> (Flows, [u32; 3]) {
        let mut flows = Flows::new(1);
        let ids = ["512", "411", "707"].map(|n| flows.account(n));
        (flows, ids)
    }

    #[test]
    fn entries_of_one_pattern_are_summed_by_month() {
        let (mut flows, [bank, customers, sales]) = flows();
        let who = flows.part("C1");
        assert_eq!((flows.part("C1"), flows.part("")), (who, 0));
        for (date, amount) in [("20240105", 10), ("20240120", 5), ("20240203", 1)] {
            let line = |account, part, amount| Flows::line(account, part, day(date), amount);
            // The bank appears on both sides: what counts is its balance in the entry.
            flows.entry(&mut [
                line(bank, 0, amount + 3),
                line(customers, who, -amount),
                line(bank, 0, -3),
            ]);
            flows.entry(&mut [line(sales, 0, -amount), line(customers, who, amount)]);
        }
        let january = dates::month(day("20240101"));
        let found: Vec<Flow<'_>> = flows.flows().filter(|f| f.month == Some(january)).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].accounts, [("512", 15), ("411", -15)]);
        let invoiced: Vec<_> = flows.shares().filter(|(with, ..)| with.contains(&"707")).collect();
        assert_eq!(invoiced, [(vec!["411", "707"], "411", "C1", 16)]);
        assert_eq!(
            flows
                .months()
                .filter(|(_, n, _)| *n == "707")
                .map(|m| m.2)
                .sum::<i128>(),
            -16
        );
        assert_eq!(flows.whole(), Ok(()));
    }

    #[test]
    fn an_entry_over_two_months_is_taken_apart_only_where_each_balances() {
        let (mut flows, [bank, customers, _]) = flows();
        let line = |account, date: &str, amount| Flows::line(account, 0, day(date), amount);
        flows.entry(&mut [
            line(bank, "20240131", 5),
            line(bank, "20240201", 7),
            line(customers, "20240131", -5),
            line(customers, "20240201", -7),
        ]);
        assert!(flows.flows().all(|f| f.month.is_some()));
        flows.entry(&mut [line(bank, "20240131", 5), line(customers, "20240201", -5)]);
        assert_eq!(flows.flows().filter(|f| f.month.is_none()).count(), 1);
    }

    #[test]
    fn too_many_patterns_are_given_up() {
        let mut flows = Flows::new(1);
        let bank = flows.account("512");
        let date = day("20240131");
        for i in 0..AMOUNTS_MAX {
            let other = flows.account(&i.to_string());
            flows.entry(&mut [Flows::line(bank, 0, date, 1), Flows::line(other, 0, date, -1)]);
            if flows.whole().is_err() {
                break;
            }
        }
        assert!(flows.whole().is_err() && flows.flows().count() == 0 && flows.accounts.len() > 1);
        assert_eq!(Flows::new(1).whole(), Err("the books contain balances and no entries"));
    }
}
