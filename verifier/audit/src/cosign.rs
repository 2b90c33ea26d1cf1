//! Cosignatures (C2SP `tlog-cosignature`, type 04), and the policies that say whose are needed (C2SP `tlog-policy`): the auditor's own
//! reading of both.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use covenant_policy::refusal::Refusal;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::findings::{QUORUM, WITNESS_KEY, WITNESS_POLICY};
use crate::note::{self, Line, LogKey, Refused};

/// A timestamped cosignature, among the types of signatures.
const COSIGNATURE: u8 = 4;
/// The largest policy.
pub const POLICY_BYTES_MAX: usize = 1 << 16;
/// The most lines of a policy that define something.
const NAMES_MAX: usize = 128;

/// A witness's public key under its name.
#[derive(Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: VerifyingKey,
}

impl WitnessKey {
    /// The key of this name.
    ///
    /// # Errors
    /// `audit-witness-key` where the name cannot be one.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, Refusal> {
        if !note::is_name(name) {
            return Err(
                Refusal::new(&WITNESS_KEY, format!("{name:?} cannot be a witness's name"))
                    .expected("1 to 255 bytes without spaces and plus signs, such as witness.example.org/w1"),
            );
        }
        Ok(Self {
            name: name.to_owned(),
            key,
        })
    }

    /// Reads a key as its witness publishes it: `name+key id+base64(04 ‖ public key)`.
    ///
    /// # Errors
    /// `audit-witness-key`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let refuse = |expected| Refusal::new(&WITNESS_KEY, "the text is not a witness's key").expected(expected);
        let (name, key) = note::vkey(text, COSIGNATURE).map_err(refuse)?;
        Ok(Self { name, key })
    }

    fn id(&self) -> [u8; 4] {
        note::key_id(&self.name, COSIGNATURE, self.key.as_bytes())
    }

    /// When this witness cosigned the text, in Unix seconds, and its signature; `None` where no line is its own.
    ///
    /// # Errors
    /// Where its line stands there twice or does not hold.
    pub(crate) fn cosigned(&self, text: &str, lines: &[Line<'_>]) -> Result<Option<(u64, [u8; 64])>, Refused> {
        let Some(stamped) = note::own(lines, &self.name, self.id())? else {
            return Ok(None);
        };
        let (time, signature) = stamped.split_first_chunk().ok_or(Refused::Signature)?;
        let time = u64::from_be_bytes(*time);
        let signature = Signature::from_slice(signature).map_err(|_| Refused::Signature)?;
        self.key
            .verify_strict(message(text, time).as_bytes(), &signature)
            .map_err(|_| Refused::Signature)?;
        Ok(Some((time, signature.to_bytes())))
    }

    /// The signature line for a checkpoint's text at this instant.
    pub(crate) fn cosign(&self, text: &str, time: u64, secret: &SigningKey) -> String {
        let signature = secret.sign(message(text, time).as_bytes()).to_bytes();
        let stamped = [self.id().as_slice(), &time.to_be_bytes(), &signature].concat();
        format!("\u{2014} {} {}\n", self.name, STANDARD.encode(stamped))
    }
}

/// As it is published.
impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&note::vkey_text(&self.name, COSIGNATURE, &self.key))
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey({self})")
    }
}

fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// What a policy calls by a name.
#[derive(Debug, Clone)]
enum Named {
    Witness(WitnessKey),
    Group(usize, Vec<String>),
}

/// A policy: which logs, and whose cosignatures are needed.
#[derive(Debug, Clone)]
pub struct Policy {
    logs: Vec<LogKey>,
    named: BTreeMap<String, Named>,
    /// Witnesses and groups in the order in which they are defined.
    order: Vec<String>,
    quorum: Option<String>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// `audit-witness-policy`, with the line.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |what: &str| Refusal::new(&WITNESS_POLICY, what).at("the witness policy");
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(refuse("it is too large").expected("at most 65,536 bytes"));
        }
        let text = str::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8"))?;
        let whole = text.is_empty() || text.ends_with('\n');
        if !whole || text.contains(|c: char| c.is_ascii_control() && c != '\n' && c != '\t') {
            return Err(refuse("it is not lines of text").expected("lines that end in a line feed"));
        }
        let mut policy = Self {
            logs: Vec::new(),
            named: BTreeMap::new(),
            order: Vec::new(),
            quorum: None,
        };
        let mut quorum = None;
        let mut members = Vec::new();
        for (at, line) in text.split_terminator('\n').enumerate() {
            let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
            let expected = |expected: &str| {
                Refusal::new(&WITNESS_POLICY, line.trim())
                    .at(format!("the witness policy, line {}", at + 1))
                    .expected(expected)
            };
            match items.as_slice() {
                [] => {}
                [first, ..] if first.starts_with('#') => {}
                ["log", key] | ["log", key, _] => policy
                    .logs
                    .push(LogKey::parse(key).map_err(|_| expected("a log's key"))?),
                ["witness", name, key] | ["witness", name, key, _] => {
                    let key = WitnessKey::parse(key).map_err(|_| expected("a witness's key"))?;
                    policy.define(name, Named::Witness(key)).map_err(expected)?;
                }
                ["group", name, count, rest @ ..] => {
                    let group = policy.group(count, rest, &mut members).map_err(expected)?;
                    policy.define(name, group).map_err(expected)?;
                }
                ["quorum", name] if quorum.is_none() => {
                    if *name != "none" && !policy.named.contains_key(*name) {
                        return Err(expected("none, or a name that was defined before"));
                    }
                    quorum = Some((*name).to_owned());
                }
                _ => return Err(expected("log, witness, group, or one quorum")),
            }
        }
        let quorum = quorum.ok_or_else(|| refuse("there is no quorum").expected("a quorum line"))?;
        policy.quorum = Some(quorum).filter(|name| name != "none");
        Ok(policy)
    }

    fn define(&mut self, name: &str, named: Named) -> Result<(), &'static str> {
        let same_key = |other: &Named| match (other, &named) {
            (Named::Witness(a), Named::Witness(b)) => a.key == b.key,
            _ => false,
        };
        if self.named.values().any(same_key) {
            return Err("each witness once");
        }
        if self.order.len() == NAMES_MAX {
            return Err("fewer witnesses and groups");
        }
        if name == "none" || self.named.insert(name.to_owned(), named).is_some() {
            return Err("a name that is not taken");
        }
        self.order.push(name.to_owned());
        Ok(())
    }

    fn group(&self, count: &str, names: &[&str], members: &mut Vec<String>) -> Result<Named, &'static str> {
        let count = match count {
            "all" => names.len() as u64,
            "any" => 1,
            number => note::decimal(number).ok_or("all, any or a number")?,
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count == 0 || count > names.len() {
            return Err("a number from 1 to that of the members");
        }
        for name in names {
            if !self.named.contains_key(*name) {
                return Err("members that were defined before");
            }
            if members.iter().any(|member| member == name) {
                return Err("each name as a member once");
            }
            members.push((*name).to_owned());
        }
        Ok(Named::Group(
            count,
            names.iter().map(|name| (*name).to_owned()).collect(),
        ))
    }

    /// Checks that enough witnesses have cosigned a checkpoint of this log, and names them. Its own signature is checked elsewhere.
    ///
    /// # Errors
    /// `audit-quorum`.
    pub fn check(&self, note: &[u8], log: &LogKey) -> Result<Vec<String>, Refusal> {
        let refuse = |what: String| Refusal::new(&QUORUM, what).at("the checkpoint");
        if !self.is_about(log) {
            return Err(refuse("the policy is about other logs".to_owned()).expected(log.to_string()));
        }
        let examined = self.examine(note).map_err(refuse)?;
        match &self.quorum {
            Some(quorum) if !examined.quorum => {
                Err(refuse(format!("cosigned by {}", examined.by())).expected(format!("the quorum {quorum}")))
            }
            _ => Ok(examined.cosigned.into_iter().map(|cosigned| cosigned.name).collect()),
        }
    }

    /// Whether it speaks of this log.
    pub(crate) fn is_about(&self, log: &LogKey) -> bool {
        self.logs.is_empty() || self.logs.contains(log)
    }

    /// What it demands, in its own word.
    pub(crate) fn quorum(&self) -> &str {
        self.quorum.as_deref().unwrap_or("none")
    }

    /// Who of the witnesses has cosigned a checkpoint, and whether they are enough; why not, where the note is malformed or a known
    /// witness's cosignature does not hold.
    pub(crate) fn examine(&self, note: &[u8]) -> Result<Examined, String> {
        let (text, lines) = note::split(note).map_err(|_| "the note is malformed".to_owned())?;
        let mut holds: BTreeMap<&str, bool> = BTreeMap::new();
        let mut cosigned = Vec::new();
        for name in &self.order {
            let held = match self.named.get(name) {
                Some(Named::Witness(key)) => {
                    let by = key.cosigned(text, &lines);
                    let by = by.map_err(|_| format!("the cosignature of {name} does not hold"))?;
                    let held = by.is_some();
                    cosigned.extend(by.map(|(time, signature)| Cosigned {
                        name: name.clone(),
                        time,
                        signature,
                    }));
                    held
                }
                Some(Named::Group(count, members)) => {
                    members
                        .iter()
                        .filter(|member| holds.get(member.as_str()) == Some(&true))
                        .count()
                        >= *count
                }
                None => false,
            };
            holds.insert(name, held);
        }
        let quorum = self
            .quorum
            .as_ref()
            .is_none_or(|quorum| holds.get(quorum.as_str()) == Some(&true));
        Ok(Examined { cosigned, quorum })
    }
}

/// A cosignature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cosigned {
    /// What the policy calls the witness.
    pub(crate) name: String,
    /// When, in Unix seconds.
    pub(crate) time: u64,
    /// The signature's 64 bytes.
    pub(crate) signature: [u8; 64],
}

/// Who has cosigned a checkpoint, in the policy's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Examined {
    pub(crate) cosigned: Vec<Cosigned>,
    /// Whether they are as many as the policy demands.
    pub(crate) quorum: bool,
}

impl Examined {
    /// By whom, in words.
    pub(crate) fn by(&self) -> String {
        if self.cosigned.is_empty() {
            return "nobody".to_owned();
        }
        let names: Vec<&str> = self.cosigned.iter().map(|cosigned| cosigned.name.as_str()).collect();
        names.join(", ")
    }
}
