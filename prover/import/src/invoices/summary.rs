//! What a list says at a day: totals by kind, how old the claims are, and who owes most. All of it is counted, nothing is estimated.

use std::collections::BTreeMap;

use covenant_policy::statement::Day;

use super::{Exclusion, InvoiceList, Item, Kind};

/// From which day a claim's age counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgedBy {
    /// From the day on which it fell due: days overdue.
    Due,
    /// From the day of issue.
    Issue,
}

/// How old a claim is. The due day itself is not overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// Not past the day from which the age counts.
    NotYet,
    /// 1 to 30 days.
    To30,
    /// 31 to 60 days.
    To60,
    /// 61 to 90 days.
    To90,
    /// More than 90 days.
    Over90,
}

impl Bucket {
    /// All of them, youngest first.
    pub const ALL: [Self; 5] = [Self::NotYet, Self::To30, Self::To60, Self::To90, Self::Over90];

    /// The bucket of an age in days.
    pub fn of(days: u32) -> Self {
        match days {
            0 => Self::NotYet,
            1..=30 => Self::To30,
            31..=60 => Self::To60,
            61..=90 => Self::To90,
            _ => Self::Over90,
        }
    }

    /// In words, after "days".
    pub fn words(self) -> &'static str {
        match self {
            Self::NotYet => "none",
            Self::To30 => "1–30",
            Self::To60 => "31–60",
            Self::To90 => "61–90",
            Self::Over90 => "over 90",
        }
    }
}

/// Documents of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindTotal {
    /// How many.
    pub documents: u64,
    /// With tax.
    pub total: i128,
    /// The tax in it, of the documents that say it.
    pub tax: i128,
    /// Documents that do not say their tax.
    pub without_tax: u64,
    /// Paid before issue, less rounding.
    pub prepaid: i128,
    /// To be paid.
    pub payable: i128,
}

/// Open claims of one age. Claims and credits stand apart, because old credits do not make old claims younger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucketed {
    /// Documents with an open amount.
    pub documents: u64,
    /// Open amounts above zero.
    pub claims: i128,
    /// Open amounts below zero.
    pub credits: i128,
}

impl Bucketed {
    /// Claims less credits.
    pub fn net(self) -> i128 {
        self.claims + self.credits
    }

    fn add(&mut self, open: i128) {
        self.documents += 1;
        if open > 0 {
            self.claims += open;
        } else {
            self.credits += open;
        }
    }
}

/// What one debtor owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debtor {
    /// Index into the list's debtors.
    pub debtor: usize,
    /// What is open, whatever its age.
    pub open: Bucketed,
    /// Claims of more than 90 days.
    pub over_90: i128,
}

/// A list at the end of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The day.
    pub as_of: Day,
    /// Every document of the list, by kind.
    pub kinds: BTreeMap<Kind, KindTotal>,
    /// Documents issued after the day, which it does not know yet.
    pub later: u64,
    /// Documents of which nothing was open any more.
    pub settled: u64,
    /// Documents with something open.
    pub open: Bucketed,
    /// Open and disputed claims.
    pub disputed: i128,
    /// Open documents whose source does not know of payments.
    pub payments_unknown: u64,
    /// Open documents by their age, in the order of [`Bucket::ALL`].
    pub ages: [Bucketed; 5],
    /// Debtors with something open, the largest net claim first.
    pub debtors: Vec<Debtor>,
    /// How many documents were excluded for each reason.
    pub excluded: BTreeMap<Exclusion, u64>,
}

impl InvoiceList {
    /// The list at the end of a day, aged from the due day or from the day of issue.
    pub fn summary(&self, as_of: Day, by: AgedBy) -> Summary {
        let mut summary = Summary {
            as_of,
            kinds: BTreeMap::new(),
            later: 0,
            settled: 0,
            open: Bucketed::default(),
            disputed: 0,
            payments_unknown: 0,
            ages: [Bucketed::default(); 5],
            debtors: Vec::new(),
            excluded: BTreeMap::new(),
        };
        let mut debtors: BTreeMap<usize, Debtor> = BTreeMap::new();
        for item in &self.items {
            summary.kinds.entry(item.kind).or_default().add(item);
            if item.issued > as_of {
                summary.later += 1;
                continue;
            }
            let open = item.open_at(as_of);
            if open == 0 {
                summary.settled += 1;
                continue;
            }
            let from = match by {
                AgedBy::Due => item.due_day(),
                AgedBy::Issue => item.issued,
            };
            let bucket = Bucket::of(as_of.0.saturating_sub(from.0));
            summary.open.add(open);
            summary.ages[bucket as usize].add(open);
            summary.payments_unknown += u64::from(item.settlements.is_none());
            if item.disputed == Some(true) {
                summary.disputed += open.max(0);
            }
            let debtor = debtors.entry(item.debtor).or_insert(Debtor {
                debtor: item.debtor,
                open: Bucketed::default(),
                over_90: 0,
            });
            debtor.open.add(open);
            if bucket == Bucket::Over90 {
                debtor.over_90 += open.max(0);
            }
        }
        summary.debtors = debtors.into_values().collect();
        summary
            .debtors
            .sort_by_key(|d| (std::cmp::Reverse(d.open.net()), d.debtor));
        for excluded in &self.excluded {
            *summary.excluded.entry(excluded.reason).or_default() += 1;
        }
        summary
    }
}

impl Summary {
    /// A debtor's share of everything that debtors owe on balance, in tenths of a percent, rounded half up; `None` where nothing is owed.
    pub fn permille(&self, debtor: &Debtor) -> Option<i128> {
        let owed: i128 = self.debtors.iter().map(|d| d.open.net().max(0)).sum();
        (owed > 0).then(|| (2_000 * debtor.open.net().max(0) + owed) / (2 * owed))
    }
}

impl KindTotal {
    fn add(&mut self, item: &Item) {
        let a = &item.amounts;
        self.documents += 1;
        self.total += i128::from(a.total);
        self.tax += i128::from(a.tax.unwrap_or(0));
        self.without_tax += u64::from(a.tax.is_none());
        self.prepaid += i128::from(a.prepaid) - i128::from(a.rounding);
        self.payable += i128::from(a.payable);
    }
}
