//! `covenant prove`: the bank's documents are checked, the books are held against the policy, the proof is made, checked and
//! signed, and what it says is kept in mind.
//!
//! Opening the key and unlocking the vault take a moment each and need nothing of each other, so they run side by side.

mod choose;
mod disclosure;
mod foreign;
mod witness;

use std::path::Path;
use std::time::{Duration, Instant};

use covenant_api::asked::Asked;
use covenant_api::checked_policy::CheckedPolicy;
use covenant_api::documents::{Bundle, Invitation, LinkedProof, Policy, Request};
use covenant_api::refusals::{FILE_EXISTS, HOST_FAULT, REQUEST_EXPIRED, to_json};
use covenant_api::sign::{Signed, Verified};
use covenant_api::types::{Base64, FieldElement, TierName};
use covenant_api::{files, host, ids, limits};
use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::ProvingKey;
use covenant_proofs::prove::prove;
use covenant_statements::compliance::{Compliance, Public, Witness};
use rand::{CryptoRng, RngCore};
use serde_json::json;

use super::{seen, shared};
use crate::args::Prove;
use crate::context::Context;
use crate::keystore;
use crate::output::{Report, Table};
use crate::progress::Progress;
use crate::refusals::{NOT_INVITED, REQUEST_NOT_YET_ISSUED, WRONG_ADDRESSEE};
use crate::vault::{Contents, Writer};
use choose::{Choice, Chosen, PassedOver};
use disclosure::Told;

/// How far the bank's clock may run ahead of this one.
const CLOCKS_DIFFER_SECONDS: u64 = 300;

/// What the bank sent, each piece signed by it.
struct Asking {
    policy: CheckedPolicy,
    invitation: Verified<Invitation>,
    request: Verified<Request>,
}

/// How long each step took.
struct Times(Vec<(&'static str, Duration)>, Instant);

impl Times {
    fn new() -> Self {
        Self(Vec::new(), Instant::now())
    }

    fn step(&mut self, name: &'static str) {
        self.0.push((name, self.1.elapsed()));
        self.1 = Instant::now();
    }
}

pub(super) fn run(context: &Context, args: &Prove) -> Result<Report, Refusal> {
    let started = Instant::now();
    let mut times = Times::new();
    if let Some(path) = args.out.iter().chain(&args.witness_out).find(|path| path.exists()) {
        return Err(Refusal::new(&FILE_EXISTS, "the file exists").at(path.display()));
    }
    let request: Signed<Request> = Signed::from_json(&files::read(&args.request, limits::DOCUMENT_BYTES_MAX)?)?;
    let policy: Signed<Policy> = Signed::from_json(&files::read(&args.policy, limits::POLICY_DOCUMENT_BYTES_MAX)?)?;
    let (key, mut writer) = open_both(context, args, &request)?;
    times.step("unlocking the vault, opening the proving key");

    let asking = asking(context, &writer.vault.contents, request, policy)?;
    let applicant = writer.vault.contents.secrets.bank_signer(&asking.invitation.bank);
    let asked = Asked::new(&asking.policy, &asking.invitation, &asking.request, applicant.public())?;
    let chosen = match choose::choose(&writer.vault.contents, &asked, args)? {
        Choice::Tier(chosen) => *chosen,
        Choice::Short(refusal, short) => {
            disclosure::keep_silence(&mut writer, context, &asking, short.held_against, short.reached)?;
            return Err(refusal);
        }
    };
    times.step("checking the bank's documents and the policy");
    let told = disclosure::weigh(&mut writer, context, &asking, &chosen, args.beyond_budget)?;
    times.step("metering what the proof tells");

    let contents = &writer.vault.contents;
    let answer = witness::answer(contents, &asked, &chosen)?;
    let publics = asked.publics(&answer)?;
    foreign::expect_as_many(args, &chosen.tier, publics.len())?;
    let witness = |k| witness::witness(contents, &asked, &chosen, k);
    let Some(out) = &args.out else {
        let both = publics.into_iter().enumerate();
        let both: Result<Vec<_>, Refusal> = both.map(|(k, public)| Ok((public, witness(k)?))).collect();
        return foreign::hand_out(args, &key, &chosen.tier, &both?);
    };
    let mut rng = host::rng()?;
    let mut proofs = made(args, &key, &publics, witness, &mut rng)?;
    times.step(match (proofs.len(), args.proof.is_empty()) {
        (_, false) => "verifying what another program proved",
        (1, true) => "proving, and verifying the own proof",
        (_, true) => "proving, and verifying the own proofs",
    });
    let linked = proofs.split_off(1).into_iter().zip(&answer.further);
    let further = linked.map(|(proof, own)| LinkedProof {
        period_tag: own.period_tag,
        statement_link: own.statement_link,
        proven_link: own.proven_link,
        proof,
    });
    let further = further.collect();
    let Some(proof) = proofs.pop() else {
        return Err(Refusal::new(&HOST_FAULT, "no proof was made"));
    };

    let bundle = applicant.sign(Bundle {
        request: asking.request.id(),
        policy: asking.policy.id(),
        verifying_key: asking.request.verifying_key,
        tier: answer.tier.clone(),
        nym: asking.request.nym,
        period_tags: answer.period_tags,
        statement_links: answer.statement_links,
        proven_links: answer.proven_links,
        proof,
        further,
    })?;
    disclosure::keep(&mut writer, context, &asking, &chosen, &bundle, told.beyond.is_some())?;
    if let Err(refusal) = files::create_new(out, &bundle.to_json()?) {
        // Nothing left this machine, so nothing was disclosed.
        writer.vault.contents.disclosures.pop();
        writer.save(&mut rng)?;
        return Err(refusal);
    }
    times.step("signing, and writing vault and bundle");
    report(
        (args, out),
        &asking,
        &chosen,
        &bundle,
        &told,
        (&times, started.elapsed()),
    )
}

/// A proof of each statement: read where another program made it, and made here otherwise.
fn made(
    args: &Prove,
    key: &ProvingKey,
    publics: &[Public],
    witness: impl Fn(usize) -> Result<Witness, Refusal>,
    rng: &mut (impl RngCore + CryptoRng),
) -> Result<Vec<Base64<{ limits::PROOF_BYTES }>>, Refusal> {
    let mut proofs = Vec::new();
    for (k, public) in publics.iter().enumerate() {
        let proof = match args.proof.get(k) {
            Some(path) => foreign::take(path, key, public)?,
            None => {
                let progress = Progress::spinner(&match publics.len() {
                    1 => "proving".to_owned(),
                    n => format!("proving, {} of {n}", k + 1),
                });
                let proof =
                    prove::<Compliance>(key, public, &witness(k)?, rng).map_err(|e| keystore::prove_refusal(&e))?;
                drop(progress);
                proof
            }
        };
        proofs.push(Base64(proof.to_bytes()));
    }
    Ok(proofs)
}

/// The proving key and the vault, opened side by side.
fn open_both(context: &Context, args: &Prove, request: &Signed<Request>) -> Result<(ProvingKey, Writer), Refusal> {
    let home = context.home()?;
    crate::vault::Vault::expect(home)?;
    let passphrase = context.passphrase()?;
    let (store, _) = keystore::store(context, args.keys.keys.as_deref())?;
    // Not vouched for yet: a wrong id only opens a wrong key, and the signature is checked before the key is used.
    let id = request.unverified().verifying_key;
    let progress = Progress::spinner("unlocking the vault, opening the proving key");
    let (key, vault) = std::thread::scope(|scope| {
        let key = scope.spawn(|| keystore::open(&store, &id, args.keys.allow_development_keys));
        let vault = crate::vault::Vault::open_to_write(home, &passphrase);
        let key = key
            .join()
            .unwrap_or_else(|_| Err(Refusal::new(&HOST_FAULT, "the key could not be opened")));
        (key, vault)
    });
    drop(progress);
    Ok((key?, vault?))
}

/// Checks what the bank sent: all of it signed by the bank whose invitation was accepted, addressed to this vault, in time.
fn asking(
    context: &Context,
    contents: &Contents,
    request: Signed<Request>,
    policy: Signed<Policy>,
) -> Result<Asking, Refusal> {
    let wanted = request.unverified().invitation;
    let held = contents
        .invitations
        .iter()
        .find(|held| held.id == wanted)
        .ok_or_else(|| {
            Refusal::new(
                &NOT_INVITED,
                format!("invitation {}", ids::display(ids::prefix::INVITATION, &wanted)),
            )
            .at("request: invitation")
        })?;
    let invitation = held.invitation()?;
    let request = request.verify(&invitation.bank)?;
    let policy = CheckedPolicy::check(policy.verify(&invitation.bank)?)?;
    let nym = shared::nym(&contents.secrets, &invitation.bank)?;
    if request.nym != nym {
        return Err(Refusal::new(&WRONG_ADDRESSEE, format!("addressed to {}", request.nym))
            .at("request: nym")
            .expected(nym.to_string()));
    }
    let now = context.now();
    if now.unix_seconds() + CLOCKS_DIFFER_SECONDS < request.issued.unix_seconds() {
        return Err(Refusal::new(&REQUEST_NOT_YET_ISSUED, format!("it is {now}"))
            .at("request: issued")
            .expected(format!("no earlier than {}", request.issued)));
    }
    if now > request.expires {
        return Err(Refusal::new(&REQUEST_EXPIRED, format!("it is {now}"))
            .at("request: expires")
            .expected(format!("no later than {}", request.expires)));
    }
    Ok(Asking {
        policy,
        invitation,
        request,
    })
}

fn report(
    (args, out): (&Prove, &Path),
    asking: &Asking,
    chosen: &Chosen,
    bundle: &Verified<Bundle>,
    told: &Told,
    (times, total): (&Times, Duration),
) -> Result<Report, Refusal> {
    let (bank, tier): (_, &TierName) = (&asking.invitation.bank_name, &bundle.tier);
    let statements: Vec<FieldElement> = chosen.used().map(|used| used.id).collect();
    let milliseconds: serde_json::Map<_, _> = times
        .0
        .iter()
        .map(|(name, time)| ((*name).to_owned(), json!(time.as_millis())))
        .collect();
    let seen = seen::lines(asking.policy.compiled(), bank.as_str(), Some(tier.as_str()));
    let mut report = Report::new(json!({
        "bundle": bundle.id(), "tier": tier, "bank": asking.invitation.bank, "policy": asking.policy.id(),
        "request": asking.request.id(), "statements": statements, "out": out, "bank_sees": seen,
        "tells": told.sentence, "beyond_budget": told.beyond.as_ref().map(to_json),
        "passed_over": chosen.passed_over.iter().map(passed_over_json).collect::<Vec<_>>(),
        "milliseconds": milliseconds, "total_milliseconds": total.as_millis(),
    }));
    report.good(format!("Tier {tier} is proven to {bank}; send {}.", out.display()));
    for passed in &chosen.passed_over {
        say_passed_over(&mut report, passed);
    }
    report.heading("What this bank will see");
    for line in seen {
        report.line(format!("  {line}"));
    }
    report.line(told.sentence.as_str());
    if let Some(beyond) = &told.beyond {
        report.warning(format!("Beyond the budget, as you said: {}", beyond.what));
    }
    report.heading("What it took");
    let mut table = Table::new(&["step", ">ms"]);
    for (name, time) in &times.0 {
        table.row([(*name).to_owned(), time.as_millis().to_string()]);
    }
    table.row(["all of it".to_owned(), total.as_millis().to_string()]);
    report.table(table);
    if args.keys.allow_development_keys {
        report.warning("Proven under a development key: anybody could have made this proof. For demonstrations only.");
    }
    Ok(report)
}

/// Newer figures that were not used, for programs.
fn passed_over_json(passed: &PassedOver) -> serde_json::Value {
    let stated = &passed.held.stated;
    json!({
        "statement": passed.held.id, "start": stated.start, "end": stated.end, "restatement": stated.restatement,
        "refused": to_json(&passed.refusal),
    })
}

/// Newer figures that were not used, for people: the bank is about to get older ones.
fn say_passed_over(report: &mut Report, passed: &PassedOver) {
    let (held, refusal) = (&passed.held, &passed.refusal);
    let stated = &held.stated;
    report.warning(format!(
        "Newer figures were not used: {} ({} to {}, restatement {}): [{}] {}",
        held.display_id(),
        stated.start,
        stated.end,
        stated.restatement,
        refusal.code(),
        refusal.what
    ));
    report.line(format!("    {}", refusal.advice_text()));
}
