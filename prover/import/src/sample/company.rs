//! The company and its year: sales and purchases with VAT, receipts and payments, wages, rent, loan, depreciation, stock, tax.

use std::io;

use covenant_policy::statement::{Day, Period};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use super::roles::{ROLES, Role};
use super::{Entry, Journal, Line, Order, Profile, Sink};
use crate::dates;

/// Entries of a month besides trade: wages paid, wages, rent, loan, depreciation, VAT paid, VAT.
const MONTHLY: u64 = 7;
/// Entries of a year besides trade and months: a machine, stock, tax.
const YEARLY: u64 = 3;

/// Shares of the year's planned sales, in per mille, that make the profiles differ.
#[derive(Debug, Clone, Copy)]
struct Plan {
    purchases: i64,
    wages: i64,
    loan: i64,
    cash: i64,
    /// Sales of the year before.
    prior_sales: i64,
}

impl Plan {
    fn of(profile: Profile) -> Self {
        match profile {
            Profile::Healthy => Self {
                purchases: 540,
                wages: 180,
                loan: 150,
                cash: 120,
                prior_sales: 930,
            },
            Profile::Stretched => Self {
                purchases: 630,
                wages: 190,
                loan: 420,
                cash: 25,
                prior_sales: 990,
            },
            Profile::Failing => Self {
                purchases: 760,
                wages: 230,
                loan: 520,
                cash: 10,
                prior_sales: 1180,
            },
        }
    }
}

/// The company: its balances so far, and the randomness that is left.
#[derive(Debug, Clone)]
pub(super) struct Company {
    pub name: String,
    pub registry: String,
    pub period: Period,
    /// Debit-positive balances by role.
    pub totals: [i64; ROLES],
    pub customers: Vec<i64>,
    pub suppliers: Vec<i64>,
    pub entries: u64,
    /// Income statement of the year before, debit positive.
    pub prior_income: Vec<(Role, i64)>,
    plan: Plan,
    /// Planned sales of the year, in minor units.
    target: i64,
    trade: u64,
    rng: ChaCha20Rng,
}

impl Company {
    /// The company before its opening entry.
    pub(super) fn new(order: &Order, period: Period) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(order.seed);
        let plan = Plan::of(order.profile);
        let size = i64::try_from(order.entries).unwrap_or(i64::MAX / 2).min(100_000_000);
        // One and a half million a year for a small company, more where there are more entries; ±20 %.
        let target = (150_000_000 + size * 7_500) / 100 * rng.gen_range(80..=120);
        let parties = usize::try_from(order.entries / 200).unwrap_or(0);
        let name = invented_name(&mut rng);
        // Numbers that no registry has issued: French and Norwegian ones do not begin with 000, Swedish ones with 000000.
        let registry = match order.kind {
            super::Kind::Sie => format!("000000-{:04}", rng.gen_range(0..10_000)),
            _ => format!("000{:06}", rng.gen_range(0..1_000_000)),
        };
        let mut company = Self {
            name,
            registry,
            period,
            totals: [0; ROLES],
            customers: vec![0; (18 + parties).min(5_000)],
            suppliers: vec![0; (12 + parties / 2).min(2_500)],
            entries: 0,
            prior_income: Vec::new(),
            plan,
            target,
            trade: order.entries.saturating_sub(12 * MONTHLY + YEARLY),
            rng,
        };
        company.prior_income = company.make_prior_income();
        company
    }

    fn share(&self, per_mille: i64) -> i64 {
        self.target / 1000 * per_mille
    }

    /// The year before in proportion to its own sales; tax at a quarter of the profit.
    fn make_prior_income(&self) -> Vec<(Role, i64)> {
        let sales = self.share(self.plan.prior_sales);
        let part = |per_mille: i64| sales / 1000 * per_mille;
        let mut income = vec![
            (Role::Sales, -sales),
            (Role::Purchases, part(self.plan.purchases + 5)),
            (Role::StockChange, -part(5)),
            (Role::Rent, part(40)),
            (Role::Wages, part(self.plan.wages)),
            (Role::SocialCharges, part(self.plan.wages) / 10 * 3),
            (Role::Depreciation, part(30)),
            (Role::Interest, part(self.plan.loan) / 25),
        ];
        let profit = -income.iter().map(|(_, a)| a).sum::<i64>();
        income.push((Role::IncomeTax, profit.max(0) / 4));
        income
    }

    /// Books the opening balances and gives them back.
    pub(super) fn opening_lines(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut put = |role, party, amount| lines.push(Line { role, party, amount });
        put(Role::Software, None, self.share(20));
        put(Role::SoftwareAmortisation, None, -self.share(8));
        put(Role::Machinery, None, self.share(300));
        put(Role::MachineryDepreciation, None, -self.share(120));
        put(Role::Inventory, None, self.share(90));
        put(Role::Bank, None, self.share(self.plan.cash));
        put(Role::Loan, None, -self.share(self.plan.loan));
        put(Role::VatDue, None, -self.share(9));
        put(Role::WagesPayable, None, -self.share(self.plan.wages) / 12 / 100 * 78);
        put(Role::SocialPayable, None, -self.share(self.plan.wages) / 12 / 100 * 52);
        let (customers, suppliers) = (self.customers.len() as i64, self.suppliers.len() as i64);
        for i in 0..self.customers.len() {
            let amount = self.share(100) / customers * self.rng.gen_range(20..180) / 100;
            put(Role::Customers, Some(i as u32), amount);
        }
        for i in 0..self.suppliers.len() {
            let amount = self.share(60) / suppliers * self.rng.gen_range(20..180) / 100;
            put(Role::Suppliers, Some(i as u32), -amount);
        }
        put(Role::ShareCapital, None, -self.share(50));
        let prior_profit = -self.prior_income.iter().map(|(_, a)| a).sum::<i64>();
        put(Role::PriorResult, None, -prior_profit);
        let rest: i64 = lines.iter().map(|l| l.amount).sum();
        lines.push(Line {
            role: Role::Retained,
            party: None,
            amount: -rest,
        });
        lines.retain(|l| l.amount != 0);
        for line in &lines {
            self.book(line);
        }
        lines
    }

    fn book(&mut self, line: &Line) {
        self.totals[line.role.index()] += line.amount;
        let parties = match line.role {
            Role::Customers => &mut self.customers,
            Role::Suppliers => &mut self.suppliers,
            _ => return,
        };
        if let Some(balance) = line.party.and_then(|p| parties.get_mut(p as usize)) {
            *balance += line.amount;
        }
    }

    fn post(
        &mut self,
        sink: &mut impl Sink,
        journal: Journal,
        day: Day,
        text: &'static str,
        lines: &[Line],
    ) -> io::Result<()> {
        if lines.iter().all(|l| l.amount == 0) {
            return Ok(());
        }
        self.entries += 1;
        lines.iter().for_each(|line| self.book(line));
        sink.entry(&Entry {
            journal,
            number: self.entries,
            day,
            text,
            lines,
        })
    }

    /// The year.
    pub(super) fn run(&mut self, sink: &mut impl Sink) -> io::Result<()> {
        let days = u64::from(self.period.days().unwrap_or(365));
        let mut month = dates::month_end(self.period.start);
        for i in 0..self.trade {
            let offset = u32::try_from(i * days / self.trade.max(1)).unwrap_or(0);
            let day = Day(self.period.start.0 + offset);
            while day > month {
                self.month(sink, month)?;
                month = dates::month_end(Day(month.0 + 1));
            }
            self.trade(sink, day)?;
        }
        while month <= self.period.end {
            self.month(sink, month)?;
            month = dates::month_end(Day(month.0 + 1));
        }
        self.year_end(sink)
    }

    /// One sale, receipt, purchase or payment.
    fn trade(&mut self, sink: &mut impl Sink, day: Day) -> io::Result<()> {
        let dice = self.rng.gen_range(0..100);
        let sales = i64::try_from(self.trade * 36 / 100).unwrap_or(1).max(1);
        let buys = i64::try_from(self.trade * 22 / 100).unwrap_or(1).max(1);
        match dice {
            0..28 => {
                let party = self.rng.gen_range(0..self.customers.len());
                let open = self.customers.get(party).copied().unwrap_or(0);
                if open > 0 {
                    return self.receive(sink, day, party, open);
                }
                self.sell(sink, day, party, self.target / sales)
            }
            28..46 => {
                let party = self.rng.gen_range(0..self.suppliers.len());
                let open = -self.suppliers.get(party).copied().unwrap_or(0);
                if open > 0 {
                    return self.pay(sink, day, party, open);
                }
                self.buy(sink, day, party, self.share(self.plan.purchases) / buys)
            }
            46..66 => {
                let party = self.rng.gen_range(0..self.suppliers.len());
                self.buy(sink, day, party, self.share(self.plan.purchases) / buys)
            }
            _ => {
                let party = self.rng.gen_range(0..self.customers.len());
                self.sell(sink, day, party, self.target / sales)
            }
        }
    }

    /// Around the mean, sometimes much more; never nothing.
    fn around(&mut self, mean: i64) -> i64 {
        let percent = if self.rng.gen_range(0..20) == 0 {
            self.rng.gen_range(150..400)
        } else {
            self.rng.gen_range(30..150)
        };
        (mean * percent / 100 + self.rng.gen_range(0..100)).max(100)
    }

    fn sell(&mut self, sink: &mut impl Sink, day: Day, party: usize, mean: i64) -> io::Result<()> {
        let net = self.around(mean);
        let vat = net / 5;
        let lines = [
            Line {
                role: Role::Customers,
                party: Some(party as u32),
                amount: net + vat,
            },
            Line {
                role: Role::Sales,
                party: None,
                amount: -net,
            },
            Line {
                role: Role::VatOut,
                party: None,
                amount: -vat,
            },
        ];
        self.post(sink, Journal::Sales, day, "invoice", &lines)
    }

    fn buy(&mut self, sink: &mut impl Sink, day: Day, party: usize, mean: i64) -> io::Result<()> {
        let net = self.around(mean);
        let vat = net / 5;
        let lines = [
            Line {
                role: Role::Purchases,
                party: None,
                amount: net,
            },
            Line {
                role: Role::VatIn,
                party: None,
                amount: vat,
            },
            Line {
                role: Role::Suppliers,
                party: Some(party as u32),
                amount: -net - vat,
            },
        ];
        self.post(sink, Journal::Purchases, day, "purchase", &lines)
    }

    /// What is paid of an open amount: mostly all, sometimes a part, rarely a little too much.
    fn paid(&mut self, open: i64) -> i64 {
        match self.rng.gen_range(0..50) {
            0 => open + open / 10 + 1,
            1..10 => (open / 2).max(1),
            _ => open,
        }
    }

    fn receive(&mut self, sink: &mut impl Sink, day: Day, party: usize, open: i64) -> io::Result<()> {
        let amount = self.paid(open);
        let lines = [
            Line {
                role: Role::Bank,
                party: None,
                amount,
            },
            Line {
                role: Role::Customers,
                party: Some(party as u32),
                amount: -amount,
            },
        ];
        self.post(sink, Journal::Bank, day, "receipt", &lines)
    }

    fn pay(&mut self, sink: &mut impl Sink, day: Day, party: usize, open: i64) -> io::Result<()> {
        let amount = self.paid(open);
        let lines = [
            Line {
                role: Role::Suppliers,
                party: Some(party as u32),
                amount,
            },
            Line {
                role: Role::Bank,
                party: None,
                amount: -amount,
            },
        ];
        self.post(sink, Journal::Bank, day, "payment", &lines)
    }

    fn total(&self, role: Role) -> i64 {
        self.totals[role.index()]
    }

    /// The entries that close a month.
    fn month(&mut self, sink: &mut impl Sink, day: Day) -> io::Result<()> {
        let line = |role, amount| Line {
            role,
            party: None,
            amount,
        };
        let (wages_due, social_due) = (self.total(Role::WagesPayable), self.total(Role::SocialPayable));
        let lines = [
            line(Role::WagesPayable, -wages_due),
            line(Role::SocialPayable, -social_due),
            line(Role::Bank, wages_due + social_due),
        ];
        self.post(sink, Journal::Bank, day, "wages-paid", &lines)?;
        let wages = self.share(self.plan.wages) / 12;
        let (social, withheld) = (wages / 10 * 3, wages / 100 * 22);
        let lines = [
            line(Role::Wages, wages),
            line(Role::SocialCharges, social),
            line(Role::WagesPayable, withheld - wages),
            line(Role::SocialPayable, -withheld - social),
        ];
        self.post(sink, Journal::General, day, "wages", &lines)?;
        let rent = self.share(40) / 12;
        let lines = [
            line(Role::Rent, rent),
            line(Role::VatIn, rent / 5),
            line(Role::Bank, -rent - rent / 5),
        ];
        self.post(sink, Journal::Bank, day, "rent", &lines)?;
        let debt = -self.total(Role::Loan);
        let (principal, interest) = (debt / 60, debt / 300);
        let lines = [
            line(Role::Loan, principal),
            line(Role::Interest, interest),
            line(Role::Bank, -principal - interest),
        ];
        self.post(sink, Journal::Bank, day, "loan", &lines)?;
        let (machines, software) = (self.total(Role::Machinery) / 120, self.total(Role::Software) / 60);
        let lines = [
            line(Role::Depreciation, machines + software),
            line(Role::MachineryDepreciation, -machines),
            line(Role::SoftwareAmortisation, -software),
        ];
        self.post(sink, Journal::General, day, "depreciation", &lines)?;
        let due = self.total(Role::VatDue);
        self.post(
            sink,
            Journal::Bank,
            day,
            "vat-paid",
            &[line(Role::VatDue, -due), line(Role::Bank, due)],
        )?;
        let (out, paid) = (self.total(Role::VatOut), self.total(Role::VatIn));
        let lines = [
            line(Role::VatOut, -out),
            line(Role::VatIn, -paid),
            line(Role::VatDue, out + paid),
        ];
        self.post(sink, Journal::General, day, "vat", &lines)
    }

    /// A machine on credit, the stock count, and the tax on what was earned.
    fn year_end(&mut self, sink: &mut impl Sink) -> io::Result<()> {
        let line = |role, amount| Line {
            role,
            party: None,
            amount,
        };
        let day = self.period.end;
        let machine = self.share(30);
        let lines = [line(Role::Machinery, machine), line(Role::Loan, -machine)];
        self.post(sink, Journal::General, day, "machine", &lines)?;
        let change = self.share(90) / 100 * self.rng.gen_range(-20..=20);
        let lines = [line(Role::Inventory, change), line(Role::StockChange, -change)];
        self.post(sink, Journal::General, day, "stock", &lines)?;
        let earned = -Role::all()
            .filter(|r| r.is_income())
            .map(|r| self.total(r))
            .sum::<i64>();
        let tax = earned.max(0) / 4;
        let lines = [line(Role::IncomeTax, tax), line(Role::TaxPayable, -tax)];
        self.post(sink, Journal::General, day, "tax", &lines)
    }
}

/// A name made of syllables.
fn invented_name(rng: &mut ChaCha20Rng) -> String {
    const PARTS: [&str; 16] = [
        "ba", "lo", "mer", "tin", "ka", "vel", "dor", "sa", "ri", "nov", "el", "tur", "bre", "mo", "fa", "lun",
    ];
    const TRADES: [&str; 4] = ["Trading", "Components", "Supply", "Tools"];
    let mut name = String::new();
    for _ in 0..3 {
        name.push_str(PARTS[rng.gen_range(0..PARTS.len())]);
    }
    let initial = name.remove(0).to_ascii_uppercase();
    format!("{initial}{name} {} (sample)", TRADES[rng.gen_range(0..TRADES.len())])
}
