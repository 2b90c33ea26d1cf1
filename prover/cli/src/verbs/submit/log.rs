//! The service's log is the one that is known, and only grows.

use std::path::Path;

use covenant_api::client::answers::LogInfo;
use covenant_api::client::{Client, LogTrust};
use covenant_api::receipt::{self, LogKey, SignedCheckpoint, WitnessPolicy};
use covenant_api::refusals::{LOG_KEY_CHANGED, LOG_REWOUND, UNENCODABLE};
use covenant_api::types::{Text, UtcTime};
use covenant_policy::refusal::Refusal;

use crate::logs::{KnownLog, KnownLogs};

/// Why the log's key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trusted {
    /// It was given.
    Pinned,
    /// The service showed it before.
    Remembered,
    /// The service showed it just now.
    FirstUse,
}

impl Trusted {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Remembered => "remembered",
            Self::FirstUse => "first-use",
        }
    }

    /// What to be careful about.
    pub(super) fn sentence(self) -> Option<&'static str> {
        match self {
            Self::Pinned => None,
            Self::Remembered => Some(
                "The log's key is the one that this service showed before; nobody else has vouched for it. --log-key pins it.",
            ),
            Self::FirstUse => Some(
                "The log's key was taken from the service itself, for the first time: compare it with what the bank says \
                 elsewhere. From now on another one is refused.",
            ),
        }
    }
}

/// The log as it was met, before anything was sent.
pub(super) struct Met {
    pub(super) info: LogInfo,
    pub(super) trusted: Trusted,
    /// The last checkpoint seen earlier, and when.
    earlier: Option<(SignedCheckpoint, UtcTime)>,
    /// The log's checkpoint now, which continues the earlier one.
    now: SignedCheckpoint,
}

/// The greatest checkpoint that is known to continue all the others.
pub(super) struct Seen {
    pub(super) service: String,
    pub(super) checkpoint: SignedCheckpoint,
}

/// Asks the service for its log, holds it against what is known, and pins it.
pub(super) fn meet(client: &mut Client, known: &KnownLogs, pinned: Option<&LogKey>) -> Result<Met, Refusal> {
    let info = client.log_info()?;
    let trusted = trust(client.address(), &info, known, pinned)?;
    client.pin(LogTrust {
        log_key: info.log_key.clone(),
        operator: info.operator,
    });
    let now = client.checkpoint(&info.log_key)?;
    let text = info.log_key.to_string();
    let of_this_log = known.logs.iter().filter(|log| log.log_key.as_str() == text);
    let seen = of_this_log.map(|log| Ok((log.last()?, log.seen)));
    let seen = seen.collect::<Result<Vec<_>, Refusal>>()?;
    let earlier = seen.into_iter().max_by_key(|(checkpoint, _)| checkpoint.size());
    if let Some((checkpoint, _)) = &earlier {
        client.continues(checkpoint, &now)?;
    }
    Ok(Met {
        info,
        trusted,
        earlier,
        now,
    })
}

/// Why this log's key counts, if it does. A key that was given outweighs what was remembered.
fn trust(address: &str, info: &LogInfo, known: &KnownLogs, pinned: Option<&LogKey>) -> Result<Trusted, Refusal> {
    let changed = |whose: &str, found: String, expected: String| {
        Refusal::new(&LOG_KEY_CHANGED, format!("{whose} has the key {found}"))
            .at(address)
            .expected(expected)
    };
    let found = info.log_key.to_string();
    if let Some(key) = pinned.filter(|key| **key != info.log_key) {
        return Err(changed("the log", found, key.to_string()));
    }
    let mut remembered = false;
    for log in &known.logs {
        let key = log.key()?;
        if key == info.log_key {
            if log.operator != info.operator {
                return Err(changed(
                    "the operator",
                    info.operator.to_string(),
                    log.operator.to_string(),
                ));
            }
            remembered = true;
        } else if pinned.is_none() && (log.service == address || key.name() == info.origin.as_str()) {
            return Err(changed("the log", found, format!("{key}, as on {}", log.seen)).advice(
                "Rely on nothing that it says: ask the bank, by a way that you trust, which key is right; if it is this one, \
                 give it with --log-key.",
            ));
        }
    }
    Ok(match (pinned, remembered) {
        (Some(_), _) => Trusted::Pinned,
        (None, true) => Trusted::Remembered,
        (None, false) => Trusted::FirstUse,
    })
}

/// Enough witnesses have cosigned the receipt's checkpoint. Where they have not, the receipt is kept all the same.
pub(super) fn witnessed(met: &Met, note: &str, policy: &WitnessPolicy, kept: &Path) -> Result<(), Refusal> {
    receipt::cosigned(note, &met.info.log_key, policy)
        .map(drop)
        .map_err(|refusal| {
            let advice = format!("{} The receipt is in {}.", refusal.advice_text(), kept.display());
            refusal.advice(advice)
        })
}

/// The receipt's checkpoint and the one seen before sending are of one log: whichever is later continues the other. (An act that was done
/// already is answered with the receipt of then, which is the older.)
pub(super) fn follow(client: &Client, met: &Met, note: &str, kept: &Path) -> Result<Seen, Refusal> {
    let of_receipt = receipt::checkpoint(note, &met.info.log_key)?;
    let (old, new) = if of_receipt.size() < met.now.size() {
        (&of_receipt, &met.now)
    } else {
        (&met.now, &of_receipt)
    };
    client.continues(old, new).map_err(|refusal| {
        let code = refusal.code();
        let advice = format!("{} The receipt is in {}.", refusal.advice_text(), kept.display());
        if code == LOG_REWOUND.code {
            return refusal.advice(advice);
        }
        let what = format!("sent and recorded, but the log could not be followed: {}", refusal.what);
        Refusal { what, ..refusal }.advice(advice)
    })?;
    Ok(Seen {
        service: client.address().to_owned(),
        checkpoint: new.clone(),
    })
}

impl Met {
    /// How many entries the log showed before, and when.
    pub(super) fn before(&self) -> Option<(u64, UtcTime)> {
        self.earlier
            .as_ref()
            .map(|(checkpoint, seen)| (checkpoint.size(), *seen))
    }

    /// What to keep in mind.
    pub(super) fn known(&self, client: &Client, later: &Seen, now: UtcTime) -> Result<KnownLog, Refusal> {
        let log_key = Text::parse(&self.info.log_key.to_string()).map_err(|e| Refusal::new(&UNENCODABLE, e))?;
        Ok(KnownLog {
            service: client.address().to_owned(),
            log_key,
            operator: self.info.operator,
            checkpoint: later.checkpoint.note().to_owned(),
            seen: now,
        })
    }
}
