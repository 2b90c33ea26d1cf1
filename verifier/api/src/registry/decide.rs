//! Deciding on a verdict of a log: the bank checks the receipt, judges the bundle again by its own records, and signs.

use covenant_policy::refusal::Refusal;
use covenant_proofs::keys::KeyPolicy;

use super::acts::if_exists;
use super::filings::log_id;
use super::{DECISIONS, LOGS, Registry};
use crate::documents::{Bundle, Decision, Outcome, TrustedLog, Verdict};
use crate::log::Record;
use crate::log::rules::VERDICT_DELAY_S_MAX;
use crate::receipt::{self, LogKey, Receipt};
use crate::refusals::{
    ALREADY_DECIDED, MALFORMED_DOCUMENT, RECEIPT_MISMATCH, REQUEST_USED, UNKNOWN_LOG, VERDICT_MISMATCH, WRONG_LOG,
    WRONG_TIME, of_proofs,
};
use crate::sign::{Signed, Signer, Verified};
use crate::types::{Hex32, LogOrigin, Name, Text, UtcTime};
use crate::verdict::judge;

/// What a bank's officer decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Yes or no.
    pub outcome: Outcome,
    /// Who decides, for the bank.
    pub officer: Name,
    /// What is approved.
    pub terms: Option<Text>,
    /// Why.
    pub reason: Text,
}

/// A decision, and what it rests on.
#[derive(Debug)]
pub struct Decided {
    /// The decision.
    pub decision: Verified<Decision>,
    /// The operator's verdict.
    pub verdict: Verified<Verdict>,
    /// The entry's index.
    pub index: u64,
    /// Why the bank's own judgement of the bundle is another, where it is: then only a refusal can be signed.
    pub doubt: Option<Refusal>,
}

impl Registry {
    /// Relies on a log's key and its operator's, from now on.
    ///
    /// # Errors
    /// `wrong-signer`, `log-key-malformed`, `malformed-document`, `invalid-key`, `file-unwritable`.
    pub fn trust_log(
        &mut self,
        signer: &Signer,
        log_key: &LogKey,
        operator: Hex32,
        now: UtcTime,
    ) -> Result<Verified<TrustedLog>, Refusal> {
        self.expect_bank(signer)?;
        crate::sign::verifying_key(&operator)?;
        let malformed = |e| Refusal::new(&MALFORMED_DOCUMENT, e).at("trusted-log");
        let trusted = signer.sign(TrustedLog {
            log: LogOrigin::parse(log_key.name()).map_err(malformed)?,
            log_key: Text::parse(&log_key.to_string()).map_err(malformed)?,
            operator,
            trusted: now,
        })?;
        let id = log_id(&trusted.log);
        self.replace(LOGS, &id, &trusted)?;
        self.logs.insert(id, trusted.clone());
        Ok(trusted)
    }

    /// What the bank relies on in this log.
    ///
    /// # Errors
    /// `unknown-log`.
    pub fn trusted_log(&self, log: &LogOrigin) -> Result<&Verified<TrustedLog>, Refusal> {
        self.logs
            .get(&log_id(log))
            .ok_or_else(|| Refusal::new(&UNKNOWN_LOG, format!("log {log}")))
    }

    /// Decides on the verdict in a receipt. The receipt must hold under the log's key, and its verdict be the operator's, on a
    /// request of this bank. To approve, the bank's own judgement of the bundle, proof included, must be the same; it is kept
    /// beside the decision. The same decision again gives the same document.
    ///
    /// # Errors
    /// `wrong-signer`, `unknown-log`, the ledger's codes for a receipt that does not hold, `receipt-mismatch`, `wrong-signature`,
    /// `unknown-request`, `wrong-log`, `wrong-time`, `already-decided`, `file-unwritable`; to approve, those of [`judge`],
    /// `verdict-mismatch`, `development-key`, `proof-invalid`.
    pub fn decide(
        &mut self,
        signer: &Signer,
        log: &LogOrigin,
        receipt: &Receipt,
        resolution: Resolution,
        keys: KeyPolicy,
        now: UtcTime,
    ) -> Result<Decided, Refusal> {
        self.expect_bank(signer)?;
        let (index, bundle, verdict) = self.in_receipt(log, receipt)?;
        let id = verdict.request;
        let decision = Decision {
            request: id,
            verdict: verdict.id(),
            outcome: resolution.outcome,
            officer: resolution.officer,
            terms: resolution.terms,
            reason: resolution.reason,
            decided: self.decision_on(&id).map_or(now, |earlier| earlier.decided),
        };
        if let Some(earlier) = self.decision_on(&id).filter(|earlier| *earlier.document() != decision) {
            let what = format!("request {id} was decided on {}", earlier.decided);
            return Err(Refusal::new(&ALREADY_DECIDED, what));
        }
        let doubt = match self.judge_again(&bundle, &verdict, keys) {
            Err(refusal) if decision.outcome == Outcome::Approved => return Err(refusal),
            Err(refusal) => Some(refusal),
            Ok(own) => {
                if self.verdict_on(&id).is_none() {
                    self.record(signer, own)?;
                }
                None
            }
        };
        let decision = signer.sign(decision)?;
        if self.decision_on(&id).is_none() {
            self.create_new(DECISIONS, &id, &decision)
                .map_err(|r| if_exists(r, &ALREADY_DECIDED))?;
            self.decisions.insert(id, decision.clone());
        }
        Ok(Decided {
            decision,
            verdict,
            index,
            doubt,
        })
    }

    /// The operator's verdict in a receipt of this log, on a request of this bank; and the entry's index, and the bundle.
    fn in_receipt(
        &self,
        log: &LogOrigin,
        receipt: &Receipt,
    ) -> Result<(u64, Signed<Bundle>, Verified<Verdict>), Refusal> {
        let trusted = self.trusted_log(log)?;
        let checked = receipt::check(receipt, &receipt::log_key(trusted.log_key.as_str())?)?;
        let Some(Record::Verdict { bundle, verdict }) = checked.record else {
            let what = format!("entry {} is of kind {}", checked.index, checked.kind);
            let expected = "a verdict, with its body";
            return Err(Refusal::new(&RECEIPT_MISMATCH, what).at("receipt").expected(expected));
        };
        let verdict = verdict.verify(&trusted.operator)?;
        let request = self.request(&verdict.request)?;
        if request.log_origin != *log {
            return Err(Refusal::new(&WRONG_LOG, format!("log {log}"))
                .at("request: log_origin")
                .expected(request.log_origin.to_string()));
        }
        let written = checked.time_ms / 1000;
        if written.abs_diff(verdict.decided.unix_seconds()) > VERDICT_DELAY_S_MAX {
            let what = format!("the verdict is of {}, its entry of second {written}", verdict.decided);
            return Err(Refusal::new(&WRONG_TIME, what).at("verdict: decided"));
        }
        Ok((checked.index, bundle, verdict))
    }

    /// The bank's own verdict on a bundle that an operator judged: by the bank's own records, at the operator's instant.
    ///
    /// How many other versions of a period's figures were accepted, the operator may know more of than the bank.
    fn judge_again(
        &self,
        bundle: &Signed<Bundle>,
        verdict: &Verified<Verdict>,
        keys: KeyPolicy,
    ) -> Result<Verdict, Refusal> {
        let own = match self.verdict_on(&verdict.request) {
            Some(earlier) if earlier.bundle != verdict.bundle => {
                let what = format!("the bank's own verdict is on bundle {}", earlier.bundle);
                return Err(Refusal::new(&REQUEST_USED, what)
                    .at("bundle")
                    .expected(verdict.bundle.to_string()));
            }
            Some(earlier) if earlier.development_key && !keys.allow_development => {
                return Err(of_proofs(
                    "development-key",
                    "the proof was made under a development key",
                ));
            }
            Some(earlier) => earlier.document().clone(),
            None => {
                let judged = judge(self, bundle, verdict.decided)?;
                let key = self.verifying_key(&judged.verdict.verifying_key, keys)?;
                judged.verify(&key)?
            }
        };
        let same = Verdict {
            restated_or_shopped: own.restated_or_shopped,
            decided: own.decided,
            ..verdict.document().clone()
        };
        if own != same {
            let what = "the operator's verdict says something else than the bundle shows";
            return Err(Refusal::new(&VERDICT_MISMATCH, what).at("verdict"));
        }
        Ok(own)
    }
}
