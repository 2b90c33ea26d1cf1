//! The sums: accounts by position, positions by figure, and what is covered.

use std::collections::BTreeMap;

use covenant_policy::program::FIGURES;
use covenant_policy::refusal::Refusal;
use covenant_policy::schema::ENTERPRISE_FINANCIALS;
use covenant_policy::statement::{Coverage, Currency, Figures};

use super::subledger::Untied;
use crate::amount::{Notation, format_amount, group_amount, parse_amount};
use crate::books::Account;
use crate::mapping::{Mapping, Move, Rule};
use crate::position::{Group, POSITIONS, Position, figure, figure_name, is_fed};
use crate::{catalogue, clip};

/// Reclassified balances that are listed one by one.
pub(super) const RECLASSIFIED_MAX: usize = 200;
/// Unmapped accounts that a refusal lists.
const UNMAPPED_LISTED: usize = 20;

/// One year's balances.
pub(super) struct Source<'a> {
    pub accounts: &'a BTreeMap<String, Account>,
    pub unallocated: i64,
    pub moves: &'a [Move],
}

/// A balance in its position.
pub(super) struct Placed<'a> {
    pub number: &'a str,
    pub label: &'a str,
    /// How many sub-accounts the balance is made of, where the account was divided by side.
    pub parts: Option<usize>,
    pub balance: i128,
    pub position: Option<&'static Position>,
    pub overridden: bool,
}

/// A balance on the other side than its account's.
pub(super) struct Reclassified<'a> {
    pub account: &'a str,
    pub who: &'a str,
    pub balance: i128,
    pub position: &'static Position,
    pub instead_of: &'static Position,
}

/// A year's balances, summed.
pub(super) struct Assembled<'a> {
    pub placed: Vec<Placed<'a>>,
    pub reclassified: Vec<Reclassified<'a>>,
    pub reclassified_more: u64,
    /// Divided accounts whose parts add up to something else.
    pub untied: Vec<Untied<'a>>,
    pub moved: Vec<(&'a Move, i128)>,
    /// Debit-positive totals, in the order of [`POSITIONS`].
    pub totals: Vec<i128>,
    /// Figures before coverage is looked at.
    pub raw: [i128; FIGURES],
    /// Why a figure is not covered.
    pub uncovered: BTreeMap<usize, String>,
    pub currency: Currency,
}

/// The label of [`Source::unallocated`].
pub(super) const UNALLOCATED: &str = "Result of the year before, not yet booked to equity";

impl<'a> Assembled<'a> {
    pub(super) fn new(source: Source<'a>, mapping: &Mapping, currency: Currency) -> Result<Self, Refusal> {
        let mut this = Self {
            placed: Vec::with_capacity(source.accounts.len()),
            reclassified: Vec::new(),
            reclassified_more: 0,
            untied: Vec::new(),
            moved: Vec::new(),
            totals: vec![0; POSITIONS.len()],
            raw: [0; FIGURES],
            uncovered: BTreeMap::new(),
            currency,
        };
        let nets = net_balances(source.accounts, mapping);
        for (number, account) in source.accounts {
            this.place(number, account, mapping, &nets);
        }
        if source.unallocated != 0 {
            let position = Position::named("retained-earnings");
            this.book(number_free(i128::from(source.unallocated), position));
        }
        this.apply(source.moves)?;
        this.sum();
        this.cover(mapping);
        Ok(this)
    }

    fn book(&mut self, placed: Placed<'a>) {
        if let Some(total) = placed.position.and_then(|p| self.totals.get_mut(p.order())) {
            *total += placed.balance;
        }
        self.placed.push(placed);
    }

    /// Places one account, divided by side where its customers or suppliers stand on both.
    fn place(&mut self, number: &'a str, account: &'a Account, mapping: &Mapping, nets: &BTreeMap<usize, i128>) {
        let closing = i128::from(account.closing);
        let mut placed = Placed {
            number,
            label: &account.label,
            parts: None,
            balance: closing,
            position: None,
            overridden: false,
        };
        let Some(rule) = mapping.rule_of(number, account.standard.as_deref()) else {
            self.book(placed);
            return;
        };
        placed.overridden = rule.overridden;
        let divided = rule.two_sided() && rule.net.is_none() && !account.auxiliaries.is_empty();
        if !divided {
            let deciding = rule.net.and_then(|n| nets.get(&n)).copied().unwrap_or(closing);
            placed.position = Some(rule.position(deciding));
            self.book(placed);
            return;
        }
        self.untied.extend(Untied::of(number, account));
        let side = |negative: bool| {
            let parts = account
                .auxiliaries
                .values()
                .filter(move |a| (a.closing < 0) == negative && a.closing != 0);
            parts.fold((0usize, 0i128), |(n, sum), a| (n + 1, sum + i128::from(a.closing)))
        };
        let sides = [side(false), side(true)];
        let both = sides.iter().all(|(n, _)| *n > 0);
        for (n, balance) in sides.into_iter().filter(|(n, _)| *n > 0) {
            let position = Some(rule.position(balance));
            self.book(Placed {
                parts: Some(n),
                balance,
                position,
                label: &account.label,
                number,
                overridden: rule.overridden,
            });
        }
        if sides.iter().all(|(n, _)| *n == 0) {
            placed.position = Some(rule.debit);
            self.book(placed);
        }
        if both {
            self.list_reclassified(number, account, rule);
        }
    }

    /// Lists the sub-accounts that stand on the other side than their account.
    fn list_reclassified(&mut self, number: &'a str, account: &'a Account, rule: &Rule) {
        let account_negative = account.closing < 0;
        for (key, part) in &account.auxiliaries {
            if part.closing == 0 || (part.closing < 0) == account_negative {
                continue;
            }
            if self.reclassified.len() >= RECLASSIFIED_MAX {
                self.reclassified_more += 1;
                continue;
            }
            let balance = i128::from(part.closing);
            self.reclassified.push(Reclassified {
                account: number,
                who: key,
                balance,
                position: rule.position(balance),
                instead_of: rule.position(-balance),
            });
        }
    }

    /// Applies declared reclassifications.
    fn apply(&mut self, moves: &'a [Move]) -> Result<(), Refusal> {
        let notation = Notation {
            minor_digits: self.currency.minor_digits,
            ..Notation::SIE
        };
        for m in moves {
            let amount = i128::from(parse_amount(&m.amount, notation).map_err(|r| r.at(&m.place))?);
            let sign = if m.from.group.is_asset() { 1 } else { -1 };
            let (from, to) = (m.from.order(), m.to.order());
            let available = self.totals.get(from).copied().unwrap_or(0) * sign;
            if amount > available {
                let shown = |a| format_amount(a, self.currency.minor_digits);
                return Err(Refusal::new(
                    &catalogue::RECLASSIFICATION,
                    format!(
                        "{} is to be moved out of {}, which holds {}",
                        shown(amount),
                        m.from.name,
                        shown(available)
                    ),
                )
                .at(&m.place));
            }
            for (order, change) in [(from, -amount * sign), (to, amount * sign)] {
                if let Some(total) = self.totals.get_mut(order) {
                    *total += change;
                }
            }
            self.moved.push((m, amount));
        }
        Ok(())
    }

    fn sum(&mut self) {
        for (position, total) in POSITIONS.iter().zip(&self.totals) {
            for (j, sign) in position.figures() {
                if let Some(sum) = self.raw.get_mut(j) {
                    *sum += i128::from(sign) * total;
                }
            }
        }
    }

    /// What the books do not give: what the chart says, and the whole income statement where there are no such accounts.
    fn cover(&mut self, mapping: &Mapping) {
        for u in &mapping.uncovered {
            let total = u
                .while_position
                .map(|p| self.totals.get(p.order()).copied().unwrap_or(0));
            match total {
                None => {
                    self.uncovered.insert(u.figure, u.reason.clone());
                }
                Some(0) => {}
                Some(total) => {
                    let held = group_amount(total, self.currency.minor_digits);
                    self.uncovered
                        .insert(u.figure, format!("{} ({held} {})", u.reason, self.currency));
                }
            }
        }
        for j in (0..FIGURES).filter(|j| !is_fed(*j)) {
            self.uncovered
                .entry(j)
                .or_insert_with(|| "the books do not give it".to_owned());
        }
        if !self
            .income_accounts()
            .any(|p| matches!(p.position.map(|p| p.group), Some(Group::Operating)))
        {
            use figure as f;
            for j in [
                f::REVENUE,
                f::COST_OF_SALES,
                f::INTEREST_EXPENSE,
                f::EBITDA,
                f::EBIT,
                f::NET_INCOME,
                f::PROFIT_BEFORE_TAX,
                f::DEPRECIATION,
                f::INCOME_TAX_EXPENSE,
                f::PERSONNEL_EXPENSE,
            ] {
                self.uncovered
                    .insert(j, "the books contain no income statement".to_owned());
            }
        }
    }

    fn income_accounts(&self) -> impl Iterator<Item = &Placed<'a>> {
        let income = |p: &&Placed<'_>| p.position.is_some_and(|p| p.group.is_income());
        self.placed.iter().filter(income)
    }

    pub(super) fn coverage(&self) -> Coverage {
        Coverage::of((0..FIGURES).filter(|j| !self.uncovered.contains_key(j)))
    }

    /// The figure as the statement holds it: 0 where it is not covered.
    pub(super) fn value(&self, index: usize) -> i128 {
        if self.uncovered.contains_key(&index) {
            0
        } else {
            self.raw.get(index).copied().unwrap_or(0)
        }
    }

    /// The figures in 64 bits, with the signs of the schema.
    pub(super) fn figures(&self, file: &str) -> Result<Figures, Refusal> {
        let mut figures = [0i64; FIGURES];
        for (j, slot) in figures.iter_mut().enumerate() {
            let value = self.value(j);
            let shown = || format_amount(value, self.currency.minor_digits);
            *slot = i64::try_from(value).ok().filter(|v| *v != i64::MIN).ok_or_else(|| {
                Refusal::new(
                    &catalogue::AMOUNT_TOO_LARGE,
                    format!("{} is {}", figure_name(j), shown()),
                )
                .at(file)
            })?;
            if value < 0 && ENTERPRISE_FINANCIALS.range(j).0 == 0 {
                return Err(Refusal::new(
                    &catalogue::FIGURE_NEGATIVE,
                    format!("{} would be {}", figure_name(j), shown()),
                )
                .at(format!("{file}, {}", self.feeding(j)))
                .expected("0 or more"));
            }
        }
        Ok(Figures(figures))
    }

    /// The accounts that make a figure, for the refusal.
    fn feeding(&self, index: usize) -> String {
        let feeds =
            |p: &&Placed<'_>| p.balance != 0 && p.position.is_some_and(|p| p.figures().any(|(j, _)| j == index));
        let accounts: Vec<&str> = self
            .placed
            .iter()
            .filter(feeds)
            .map(|p| p.number)
            .take(UNMAPPED_LISTED)
            .collect();
        format!("accounts {}", accounts.join(", "))
    }

    /// The accounts with balances and without a place.
    pub(super) fn unmapped(&self) -> impl Iterator<Item = &Placed<'a>> {
        self.placed.iter().filter(|p| p.position.is_none() && p.balance != 0)
    }

    pub(super) fn refuse_unmapped(&self, file: &str) -> Result<(), Refusal> {
        let count = self.unmapped().count();
        if count == 0 {
            return Ok(());
        }
        let list: Vec<String> = self
            .unmapped()
            .take(UNMAPPED_LISTED)
            .map(|p| {
                format!(
                    "{} {} {}",
                    p.number,
                    clip(p.label, 40),
                    format_amount(p.balance, self.currency.minor_digits)
                )
            })
            .collect();
        let more = if count > list.len() {
            format!(" and {} more", count - list.len())
        } else {
            String::new()
        };
        Err(Refusal::new(
            &catalogue::UNMAPPED_ACCOUNT,
            format!("no position for: {}{more}", list.join("; ")),
        )
        .at(file)
        .expected("a rule for every account with a balance"))
    }

    pub(super) fn refuse_closed(&self, file: &str) -> Result<(), Refusal> {
        let mut accounts = self.income_accounts().peekable();
        if accounts.peek().is_some() && accounts.all(|p| p.balance == 0) {
            return Err(Refusal::new(
                &catalogue::CLOSED_BOOKS,
                "every income and expense account closes at zero",
            )
            .at(file));
        }
        Ok(())
    }

    pub(super) fn refuse_off_balance(&self, file: &str) -> Result<(), Refusal> {
        let off = |p: &&Placed<'_>| p.position.is_some_and(|p| p.group == Group::OffBalance);
        let sum: i128 = self.placed.iter().filter(off).map(|p| p.balance).sum();
        if sum == 0 {
            return Ok(());
        }
        let shown = format_amount(sum, self.currency.minor_digits);
        Err(Refusal::new(
            &catalogue::UNBALANCED_BOOKS,
            format!("off-balance-sheet accounts add up to {shown}"),
        )
        .at(file)
        .expected("commitments that balance among themselves"))
    }
}

fn number_free<'a>(balance: i128, position: Option<&'static Position>) -> Placed<'a> {
    Placed {
        number: "",
        label: UNALLOCATED,
        parts: None,
        balance,
        position,
        overridden: false,
    }
}

/// The balance of every rule whose accounts are netted.
fn net_balances(accounts: &BTreeMap<String, Account>, mapping: &Mapping) -> BTreeMap<usize, i128> {
    let mut nets = BTreeMap::new();
    for (number, account) in accounts {
        if let Some(net) = mapping.rule_of(number, account.standard.as_deref()).and_then(|r| r.net) {
            *nets.entry(net).or_insert(0) += i128::from(account.closing);
        }
    }
    nets
}
