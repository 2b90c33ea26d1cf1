//! A pricing grid over a bank's own records: which accounts were due when, what came, and so which level applied on which day.
//!
//! A bank asks for each year's accounts with a request; the day from which the request counts ages (`as_of`) names the test, and the
//! earliest expiry of the requests of that day is when the accounts are due. A verdict on any of them is a delivery. A verdict over
//! another version of accounts that were delivered before (the same period tag first, another link of any statement that it rests
//! on) corrects that delivery.

use std::collections::{BTreeMap, BTreeSet};

use covenant_policy::pricing::{Course, Delivery, Grid, Test};
use covenant_policy::refusal::Refusal;
use covenant_policy::statement::Day;

use super::Registry;
use crate::documents::{Request, Verdict};
use crate::refusals::NO_PRICING_GRID;
use crate::sign::Verified;
use crate::types::{Hex32, IsoDate, RegistryId};

/// The levels of one company's loan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pricing {
    /// The grid.
    pub grid: Grid,
    /// The day that names each test, as the course numbers them.
    pub as_of: Vec<IsoDate>,
    /// The tests.
    pub tests: Vec<Test>,
    /// What applied when.
    pub course: Course,
    /// Whether a verdict rests on a development key, under which anybody could forge proofs.
    pub development_key: bool,
}

impl Registry {
    /// The companies that were asked for proofs under a policy.
    pub fn companies_under(&self, policy: &Hex32) -> BTreeSet<&RegistryId> {
        let asked = self.requests().filter(|r| r.policy == *policy);
        asked.filter_map(|r| self.company_of(r)).collect()
    }

    fn company_of(&self, request: &Request) -> Option<&RegistryId> {
        Some(&self.invitation(&request.invitation).ok()?.registry_id)
    }

    /// What level of a policy's grid applied to a company, day by day up to `until`.
    ///
    /// # Errors
    /// `unknown-policy`; `no-pricing-grid`.
    pub fn pricing(&self, policy: &Hex32, company: &RegistryId, until: Day) -> Result<Pricing, Refusal> {
        let checked = self.policy(policy)?;
        let compiled = checked.compiled();
        let grid = Grid::of(&compiled.program, &compiled.texts)
            .ok_or_else(|| Refusal::new(&NO_PRICING_GRID, format!("policy {policy}")))?;
        let mut due: BTreeMap<IsoDate, Day> = BTreeMap::new();
        let mut verdicts: Vec<(IsoDate, &Verified<Verdict>)> = Vec::new();
        let own = |r: &&Verified<Request>| r.policy == *policy && self.company_of(r) == Some(company);
        for request in self.requests().filter(own) {
            let day = due.entry(request.as_of).or_insert_with(|| request.expires.day());
            *day = (*day).min(request.expires.day());
            verdicts.extend(self.verdict_on(&request.id()).map(|verdict| (request.as_of, verdict)));
        }
        verdicts.sort_by_key(|(_, verdict)| (verdict.decided, verdict.request));
        let as_of: Vec<IsoDate> = due.keys().copied().collect();
        let mut tests: Vec<Test> = due
            .values()
            .map(|due| Test {
                due: *due,
                deliveries: Vec::new(),
            })
            .collect();
        for (place, (day, verdict)) in verdicts.iter().enumerate() {
            // Every test to which other figures of the same period were delivered before is corrected; and its own test gets it.
            let earlier = verdicts.iter().take(place);
            let wrong: BTreeSet<IsoDate> = earlier
                .filter(|(_, other)| corrects(verdict, other))
                .map(|(day, _)| *day)
                .collect();
            for (test, of) in tests
                .iter_mut()
                .zip(&as_of)
                .filter(|(_, of)| *of == day || wrong.contains(*of))
            {
                test.deliveries.push(Delivery {
                    delivered: verdict.decided.day(),
                    level: grid.index_of(verdict.tier.as_str()).unwrap_or(grid.worst()),
                    corrects: wrong.contains(of),
                });
            }
        }
        Ok(Pricing {
            course: grid.course(&tests, until),
            development_key: verdicts.iter().any(|(_, verdict)| verdict.development_key),
            grid,
            as_of,
            tests,
        })
    }
}

/// Whether a verdict is on the same accounts as an earlier one, and rests on another version of them or of the statements that they are
/// compared with. (Next year's verdict may rest on a new version of this year's figures too, but its level is not this year's.)
fn corrects(verdict: &Verdict, earlier: &Verdict) -> bool {
    verdict.period_tags[0] == earlier.period_tags[0] && verdict.versions() != earlier.versions()
}
