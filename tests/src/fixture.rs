//! Real filings and real proofs, the same on every machine: what a bank, its attestor and its applicants send to a log. Tests and
//! benches replay it into whatever keeps one.
//!
//! Nothing here is made up for the occasion: every document is signed, every bundle holds a Groth16 proof of its own, and what is
//! deterministic is derived from one seed. Only the proofs take their time (half a second each on two cores), so they are kept:
//!
//! - `parties`: the bank, its attestor, the applicants, and what each of them signs.
//! - `cache`: where proofs and key are kept, shared by all processes that ask for them; `COVENANT_FIXTURES` names another place.
//! - `proofs`: bundles, read from the cache or made.
//! - `calls`: documents with their filings, as they go over the wire.
//! - `simulated`: bundles by the thousand, under a key whose secrets the fixture knows.
//! - [`replay`]: the calls as a log records them, in memory and in a real ledger.
//!
//! The `n`-th bundle answers the `n / applicants`-th request to the applicant `n % applicants`. Request and proof depend on these two
//! numbers alone, so a smaller fixture of at most as many applicants and rounds is read from a larger one's cache.

use covenant_api::document::Document as _;
use covenant_api::documents::{Bundle, Decision, Outcome, Verdict};
use covenant_api::log::Record;
use covenant_api::sign::{Signed, Signer, Verified};
use covenant_api::types::{Hex32, LogOrigin, Name, Text, UtcTime};
use covenant_policy::refusal::Refusal;
use rayon::prelude::*;

mod cache;
mod calls;
mod parties;
mod proofs;
pub mod replay;
mod simulated;

pub use calls::Call;
pub use parties::{Applicant, Asking, House};

/// The log that everything is filed with.
pub const ORIGIN: &str = "fixture.example/log";
/// When everything was signed.
pub const ISSUED: &str = "2026-01-01T09:00:00Z";

/// What went wrong while a fixture was made.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A bundle that answers a request.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The applicant's number.
    pub applicant: usize,
    /// The request's id.
    pub request: Hex32,
    /// The tier that it reaches.
    pub tier: &'static str,
    /// The bundle, signed by the applicant.
    pub signed: Signed<Bundle>,
    /// The body of `POST /v1/proofs`; it is one line.
    pub body: Vec<u8>,
}

/// A bank, its applicants, and everything that they send to a log, in an order in which the log admits it:
/// [`Fixture::filings`], then the bundles, each of which may be followed by its [`Fixture::decision`].
pub struct Fixture {
    house: House,
    people: Vec<Applicant>,
    /// The bank takes part.
    pub participant: Call,
    /// It grants its attestor.
    pub grant: Call,
    /// It publishes its policy.
    pub policy: Call,
    /// It pins the verifying key.
    pub key: Call,
    /// It invites each applicant.
    pub invitations: Vec<Call>,
    /// Each applicant redeems its invitation.
    pub enrolments: Vec<Call>,
    /// The bank recognises each applicant.
    pub applicants: Vec<Call>,
    /// It asks for proofs.
    pub requests: Vec<Call>,
    /// The answers: the `n`-th to the `n`-th request.
    pub bundles: Vec<Proved>,
}

impl Fixture {
    /// A fixture of this many bundles, spread over this many applicants. What the cache lacks is made, which it says on standard
    /// error.
    ///
    /// # Panics
    /// Where it cannot be made: no applicants, or a cache that cannot be read or written.
    pub fn load(bundles: usize, applicants: usize) -> Self {
        Self::try_load(bundles, applicants).unwrap_or_else(|fault| panic!("making the fixture: {fault}"))
    }

    /// As [`Fixture::load`].
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn try_load(bundles: usize, applicants: usize) -> Result<Self, Fault> {
        Self::within(&cache::Cache::open()?, bundles, applicants)
    }

    fn within(cache: &cache::Cache, bundles: usize, applicants: usize) -> Result<Self, Fault> {
        let house = House::new(&cache.verifying_key()?)?;
        Self::of(house, bundles, applicants, |house, people, asked| {
            proofs::all(cache, house, people, asked)
        })
    }

    /// As many bundles as asked for, spread over so many applicants, with simulated proofs: each is another one, and holds under a
    /// verifying key whose secrets are drawn here. They are made in a millisecond, for tests of load.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn simulated(bundles: usize, applicants: usize) -> Result<Self, Fault> {
        let trapdoor = simulated::Trapdoor::new();
        let house = House::new(&trapdoor.verifying_key()?)?;
        Self::of(house, bundles, applicants, |_, people, asked| {
            simulated::all(&trapdoor, people, asked)
        })
    }

    /// What all send, with bundles that are proven in this way.
    fn of(
        house: House,
        bundles: usize,
        applicants: usize,
        prove: impl FnOnce(&House, &[Applicant], &[Asking]) -> Result<Vec<Proved>, Fault>,
    ) -> Result<Self, Fault> {
        if applicants == 0 {
            return Err("a fixture needs an applicant".into());
        }
        let people: Vec<Applicant> = (0..applicants)
            .into_par_iter()
            .map(|number| Applicant::new(&house, number))
            .collect::<Result<_, _>>()?;
        let asked: Vec<Asking> = (0..bundles)
            .into_par_iter()
            .map(|n| Asking::new(&house, &people[n % applicants], n / applicants))
            .collect::<Result<_, _>>()?;
        let bundles = prove(&house, &people, &asked)?;
        let mut number = 0..;
        let mut next = || number.next().unwrap_or(u64::MAX);
        Ok(Self {
            participant: calls::participant(&house, next())?,
            grant: calls::grant(&house, next())?,
            policy: calls::policy(&house, next())?,
            key: calls::key(&house, next())?,
            invitations: people
                .iter()
                .map(|who| calls::invitation(&house, who, next()))
                .collect::<Result<_, _>>()?,
            enrolments: people.iter().map(calls::enrolment).collect::<Result<_, _>>()?,
            applicants: people
                .iter()
                .map(|who| calls::applicant(&house, who, next()))
                .collect::<Result<_, _>>()?,
            requests: asked
                .iter()
                .map(|asking| calls::request(&house, &people[asking.applicant], &asking.request, next()))
                .collect::<Result<_, _>>()?,
            bundles,
            house,
            people,
        })
    }

    /// Everything that comes before the bundles, in order: what the bank files, numbered from 0 without gaps, and the enrolments.
    pub fn filings(&self) -> impl Iterator<Item = &Call> {
        [&self.participant, &self.grant, &self.policy, &self.key]
            .into_iter()
            .chain(&self.invitations)
            .chain(&self.enrolments)
            .chain(&self.applicants)
            .chain(&self.requests)
    }

    /// The number of the bank's next act after all of [`Fixture::filings`].
    pub fn next_number(&self) -> u64 {
        (4 + self.invitations.len() + self.applicants.len() + self.requests.len()) as u64
    }

    /// The bank's decision on the `n`-th bundle's verdict, filed as its act of this number: tier A is approved, all others are refused.
    ///
    /// # Errors
    /// What signing refuses, and `verdict-mismatch` where the verdict is on another request.
    pub fn decision(
        &self,
        n: usize,
        verdict: &Signed<Verdict>,
        number: u64,
        decided: UtcTime,
    ) -> Result<Call, Refusal> {
        let proved = &self.bundles[n];
        let (verdict, id) = (verdict.unverified(), verdict.unverified().id()?);
        if verdict.request != proved.request {
            let what = format!("a verdict on {}", verdict.request);
            return Err(
                Refusal::new(&covenant_api::refusals::VERDICT_MISMATCH, what).expected(proved.request.to_string())
            );
        }
        let approved = verdict.tier.as_str() == "A";
        let text = parties::parsed::<Text>;
        let decision = Decision {
            request: proved.request,
            verdict: id,
            outcome: if approved { Outcome::Approved } else { Outcome::Refused },
            officer: parties::parsed::<Name>("A. Dupont")?,
            terms: approved.then(|| text("EUR 50,000 at 30 days")).transpose()?,
            reason: text(if approved {
                "tier A"
            } else {
                "the current ratio is too low"
            })?,
            decided,
        };
        calls::decision(&self.house, &self.people[proved.applicant], decision, number)
    }

    /// Another bundle that answers the `n`-th request. It claims tier B, which whoever reaches tier A reaches too.
    ///
    /// # Errors
    /// Where it cannot be made: as [`Fixture::try_load`], and where the `n`-th bundle claims tier B itself.
    pub fn rival(&self, n: usize) -> Result<Proved, Fault> {
        let first = self.bundles.get(n).filter(|first| first.tier == "A");
        let first = first.ok_or("there is a rival only to a bundle of tier A")?;
        let (who, round) = (&self.people[first.applicant], n / self.people.len());
        let asking = Asking::claiming(&self.house, who, round, "B")?;
        let made = proofs::all(&cache::Cache::open()?, &self.house, &self.people, &[asking])?;
        Ok(made.into_iter().next().ok_or("one was asked for")?)
    }

    /// The `n`-th bundle with the proof of another one in it, signed by its applicant: everything about it is right but the proof.
    ///
    /// # Errors
    /// `unencodable`.
    pub fn spoiled(&self, n: usize) -> Result<Vec<u8>, Fault> {
        let (this, other) = (&self.bundles[n], &self.bundles[(n + 1) % self.bundles.len()]);
        let mut bundle = this.signed.unverified().clone();
        bundle.proof = other.signed.unverified().proof;
        let signed = self.people[this.applicant].signer.sign(bundle)?;
        Ok(serde_json::to_vec(&signed.to_signed())?)
    }

    /// The log's origin.
    pub fn origin(&self) -> &LogOrigin {
        &self.house.origin
    }

    /// The bank's key, to which its bearer token is bound.
    pub fn bank(&self) -> Hex32 {
        self.house.signer.public()
    }

    /// The bank's signer, to sign what the fixture does not hold.
    pub fn bank_signer(&self) -> &Signer {
        &self.house.signer
    }

    /// The seed of the bank's key, 64 hexadecimal digits. It is no secret: everybody derives the same.
    pub fn bank_secret(&self) -> Hex32 {
        Hex32(parties::seed("bank", &[]))
    }

    /// The bank and what it signed.
    pub fn house(&self) -> &House {
        &self.house
    }

    /// The applicants and what they signed.
    pub fn people(&self) -> &[Applicant] {
        &self.people
    }

    /// The verifying key's id.
    pub fn key_id(&self) -> Hex32 {
        self.house.key.verifying_key
    }

    /// The verifying key's bytes.
    pub fn key_bytes(&self) -> &[u8] {
        &self.house.key_bytes
    }

    /// The request that the `n`-th bundle answers.
    pub fn request(&self, n: usize) -> Option<Verified<covenant_api::documents::Request>> {
        let Record::Request(filed) = &self.requests.get(n)?.record else {
            return None;
        };
        filed.document.clone().verify(&self.bank()).ok()
    }
}

#[cfg(test)]
mod tests;
