//! Sub-ledgers against their control accounts: the balances of all customers on an account must add up to the account's own.

use covenant_policy::refusal::Refusal;

use super::Assembled;
use crate::amount::format_amount;
use crate::books::Account;
use crate::{catalogue, clip};

/// A control account whose sub-ledger adds up to something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Untied<'a> {
    pub number: &'a str,
    pub label: &'a str,
    /// The account's balance.
    pub control: i128,
    /// What its customers or suppliers add up to.
    pub sub_ledger: i128,
    /// The first line on the account that names nobody; 0 where it is not known.
    pub line: u64,
}

impl<'a> Untied<'a> {
    /// What does not tie on an account that is divided by customers or suppliers; `None` where all is well.
    pub(super) fn of(number: &'a str, account: &'a Account) -> Option<Self> {
        let named = account.auxiliaries.iter().filter(|(key, _)| !key.is_empty());
        let sub_ledger: i128 = named.map(|(_, part)| i128::from(part.closing)).sum();
        let control = i128::from(account.closing);
        (sub_ledger != control).then(|| Self {
            number,
            label: &account.label,
            control,
            sub_ledger,
            line: account.auxiliaries.get("").map_or(0, |part| part.line),
        })
    }
}

impl Assembled<'_> {
    /// Refuses the first sub-ledger that does not tie.
    pub(super) fn refuse_untied(&self, file: &str) -> Result<(), Refusal> {
        let Some(first) = self.untied.first() else {
            return Ok(());
        };
        let shown = |amount| format_amount(amount, self.currency.minor_digits);
        let more = match self.untied.len() {
            1 => String::new(),
            n => format!("; {} more do not tie either", n - 1),
        };
        let place = match first.line {
            0 => format!("{file}, account {}", first.number),
            line => format!("{file}:{line} (account {})", first.number),
        };
        Err(Refusal::new(
            &catalogue::UNTIED,
            format!(
                "account {} {} closes at {}, and its sub-accounts add up to {}{more}",
                first.number,
                clip(first.label, 40),
                shown(first.control),
                shown(first.sub_ledger)
            ),
        )
        .at(place)
        .expected("the same sum: a sub-account on every line of the account, opening balances included"))
    }
}
