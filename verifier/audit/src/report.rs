//! The report of an audit: what was audited, what came out, what was checked, and what none of it shows; as text that
//! can be filed, and as JSON.

use covenant_api::types::UtcTime;

use crate::audit::resume::AGAIN;
use crate::audit::sample::Sample;
use crate::audit::{Audit, Depth, Outcome};
use crate::bundle::Shown;
use crate::findings::Finding;
use crate::tally::Tally;

mod json;
mod text;

/// An audit, and the circumstances that a report names.
#[derive(Debug, Clone)]
pub struct Report {
    /// The audit.
    pub audit: Audit,
    /// Where the export was found.
    pub source: String,
    /// The trust file, where there was one.
    pub trust: Option<String>,
    /// The file with the policy on witnesses, where there was one.
    pub witness_policy: Option<String>,
    /// Files with checkpoints seen elsewhere.
    pub known: Vec<String>,
    /// The bundle, where the export lay in one.
    pub bundle: Option<Shown>,
    /// When it was audited.
    pub at: UtcTime,
    /// What it took.
    pub took: Took,
}

/// What an audit took; the one part of a report that differs from run to run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Took {
    /// Seconds.
    pub seconds: f64,
    /// The most memory that was held, where the system says it.
    pub memory_peak_bytes: Option<u64>,
}

impl Report {
    /// The report as text.
    pub fn text(&self) -> String {
        text::write(self)
    }

    /// The report as JSON.
    pub fn json(&self) -> serde_json::Value {
        json::write(self)
    }

    /// The result in a sentence.
    pub fn result(&self) -> String {
        let audit = &self.audit;
        match audit.outcome {
            Outcome::Sound => "Everything in this export holds, and rests on the keys in the trust file.".to_owned(),
            Outcome::Sampled => format!(
                "Everything that was looked at holds, and rests on the keys in the trust file. {}",
                audit.sample.as_ref().map_or_else(String::new, sampled)
            ),
            Outcome::NotAnchored if audit.trusted => format!(
                "Everything in this export holds together, but {} not in the trust file: anybody could have made it up.",
                count(audit.unanchored.len() as u64, "key is", "keys are")
            ),
            Outcome::NotAnchored => "Everything in this export holds together, but nothing says whose it is: \
                                     without a trust file, an operator could have made up all of it."
                .to_owned(),
            Outcome::Incomplete => match audit.missing {
                Some(index) => format!(
                    "The log's structure holds. The body of entry {index} is not in this export, so the records from \
                     there on, and their proofs, were not audited."
                ),
                None if audit.depth == Depth::Hashes => {
                    "The log's structure holds. No record was read, and no proof verified: that was not asked for."
                        .to_owned()
                }
                None => {
                    "The log's structure holds. The blinding secret is not in this export, so unique keys were not \
                         compared with the records that claim them."
                        .to_owned()
                }
            },
            Outcome::Wrong => match audit.findings.first() {
                Some(finding) => format!("Wrong at {finding}."),
                None => "Something is wrong.".to_owned(),
            },
        }
    }

    /// How to make the same audit again.
    fn repeat(&self) -> String {
        self.repeat_of(&self.source)
    }

    /// How to make it of the same export elsewhere. A state file is left out: the same audit is one without.
    pub(crate) fn repeat_of(&self, source: &str) -> String {
        let mut command = format!("covenant-audit {source}");
        if let Some(trust) = &self.trust {
            command += &format!(" --trust {trust}");
        }
        if let Some(policy) = &self.witness_policy {
            command += &format!(" --witness-policy {policy}");
        }
        // A bundle holds these itself.
        for known in self.known.iter().filter(|_| source == self.source) {
            command += &format!(" --known {known}");
        }
        match self.audit.depth {
            Depth::Full => {}
            Depth::Sample(count) => command += &format!(" --sample {count}"),
            Depth::Hashes => command += " --hashes-only",
        }
        if self.audit.development_allowed {
            command += " --allow-development-keys";
        }
        command
    }

    /// What was checked, and how much of it.
    fn checks(&self) -> Vec<(&'static str, u64)> {
        let audit = &self.audit;
        let mut checks = Vec::new();
        if let Some(summary) = &audit.summary {
            checks.extend([
                ("bytes under the sum at the end", summary.bytes),
                ("entries: form, place, time, hash chain", summary.header.size),
                ("streams: numbers and chain", summary.streams),
                ("unique keys, none twice", summary.unique),
                ("bodies against their hashes", summary.bodies),
                ("blobs against their names", summary.blobs),
                ("checkpoints: signature and root", summary.checkpoints),
            ]);
            if let Some(witnessed) = &audit.witnessed {
                checks.push(("checkpoints that enough witnesses have cosigned", witnessed.checkpoints));
            }
            if audit.known > 0 {
                checks.push(("checkpoints seen elsewhere, contained in this log", audit.known));
            }
        }
        if let Some(bundle) = &self.bundle {
            checks.push(("files of the bundle against its manifest", bundle.files as u64));
        }
        if let Some(tally) = &audit.tally {
            checks.extend([
                ("records replayed by the rules", tally.kinds.values().sum()),
                (
                    "participants' acts, numbered without a gap",
                    tally.participants.iter().map(|bank| bank.acts).sum(),
                ),
                ("operator's acts, numbered without a gap", tally.operator_acts),
                ("verdicts judged again", tally.verdicts.values().sum()),
                ("proofs verified", audit.proofs),
            ]);
            if audit.verified_before > 0 {
                checks.push((
                    "verdicts whose proofs an earlier run has verified",
                    audit.verified_before,
                ));
            }
        }
        checks
    }

    /// What the result does not show.
    fn limits(&self) -> Vec<String> {
        let audit = &self.audit;
        let mut limits = vec![
            "That figures are true: a proof shows that committed figures meet a policy; that they are true is the word of \
             whoever attested them."
                .to_owned(),
            "That everybody was shown this log: compare the last checkpoint with what others hold, such as a receipt."
                .to_owned(),
            "What was refused or never filed: only what was admitted is recorded. A bank's acts are numbered, so one left \
             out would show; an applicant's are not."
                .to_owned(),
            "That times are right: they are the operator's clock, which never goes back.".to_owned(),
            "Whether a one-time code was right: only the bank that sent it knows.".to_owned(),
            "How a verifying key was made: the registry's manifest is the operator's word; whoever listed the key in the trust file \
             vouches for its ceremony."
                .to_owned(),
        ];
        if let Some(sample) = &audit.sample {
            limits.push(format!("Proofs that the sample did not fall on. {}", sampled(sample)));
        }
        if audit.verified_before > 0 {
            let verdicts = count(audit.verified_before, "verdict", "verdicts");
            limits.push(format!(
                "That the proofs of {verdicts} hold: the state file says that an earlier run has verified them, and about {AGAIN} of them were \
                 verified again."
            ));
        }
        if let Some(witnessed) = audit.witnessed.as_ref().filter(|witnessed| witnessed.unwitnessed > 0) {
            let checkpoints = count(witnessed.unwitnessed, "checkpoint does", "checkpoints do");
            limits.push(format!(
                "That witnesses saw every checkpoint: {checkpoints} not bear enough cosignatures."
            ));
        }
        if let Some(summary) = &audit.summary {
            limits.push(format!(
                "Anything after entry {}.",
                summary.header.size.saturating_sub(1)
            ));
            if summary.erased > 0 {
                let erased = count(summary.erased, "body was erased", "bodies were erased");
                limits.push(format!("What stood in erased bodies: {erased}."));
            }
        }
        let development = audit.tally.as_ref().map_or(0, |tally| tally.development_verdicts);
        if development > 0 {
            let verdicts = count(development, "verdict rests", "verdicts rest");
            limits.push(format!(
                "Anything by development keys, under which anybody can forge: {verdicts} on one."
            ));
        }
        let compromised = audit.tally.as_ref().map_or(0, Tally::compromised_verdicts);
        if compromised > 0 {
            let verdicts = count(compromised, "verdict rests", "verdicts rest");
            limits.push(format!(
                "Anything by keys that the operator found compromised: {verdicts} on one, judged before that was known."
            ));
        }
        limits
    }
}

/// What a sample shows.
fn sampled(sample: &Sample) -> String {
    let drawn = format!(
        "The proofs of {} of {} verdicts were verified",
        sample.drawn, sample.verdicts
    );
    let (Some(often), Some(surely)) = (sample.caught_from(0.95), sample.caught_from(0.99)) else {
        return format!("{drawn}.");
    };
    format!(
        "{drawn}: one bad one would have been caught with a probability of {:.2} %, {often} or more with at least 95 %, {surely} or \
         more with at least 99 %.",
        100.0 * sample.catches(1)
    )
}

/// A number with its word.
fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// An instant that an entry gives in milliseconds.
fn instant(time_ms: u64) -> String {
    UtcTime::from_unix_seconds(time_ms / 1000).map_or_else(|| format!("{time_ms} ms"), |time| time.to_string())
}

/// A finding's lines under its place.
fn details(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut lines = vec![("code", finding.code.code.to_owned()), ("found", finding.what.clone())];
    lines.extend(finding.expected.clone().map(|expected| ("expected", expected)));
    lines.push(("meaning", finding.code.meaning.to_owned()));
    lines.push(("advice", finding.code.advice.to_owned()));
    lines
}
