//! The names of the cells that decisions rest on, and how their values are written.
//!
//! A name is a word, a zero byte, and the ids that it is about, 32 bytes each. What a cell says beyond its value is its version:
//! the index of the record that last set it.

use crate::documents::{RetirementCause, StatementBasis};
use crate::types::{FieldElement, Hex32};

/// A cell's name.
pub type Name = Vec<u8>;

fn name(word: &str, parts: &[&[u8; 32]]) -> Name {
    let mut name = Vec::with_capacity(word.len() + 1 + 32 * parts.len());
    name.extend_from_slice(word.as_bytes());
    name.push(0);
    for part in parts {
        name.extend_from_slice(*part);
    }
    name
}

/// The 32 little-endian bytes of a field element, as the proof system writes them.
pub(crate) fn element(value: &FieldElement) -> [u8; 32] {
    covenant_proofs::decode::field_to_bytes(&value.0)
}

/// The log's opening.
pub fn log() -> Name {
    name("log", &[])
}

/// The number of the operator's next act after the opening, big-endian.
pub fn operator_number() -> Name {
    name("operator-number", &[])
}

/// A key of the log's registry; the value is the blob with its bytes.
pub fn registered(id: &Hex32) -> Name {
    name("registered-key", &[&id.0])
}

/// The end of a key of the log's registry; the value says why.
pub fn retired(id: &Hex32) -> Name {
    name("retired-key", &[&id.0])
}

/// Every key of the log's registry, for listing: their names begin so.
pub fn all_registered() -> Name {
    name("registered-key", &[])
}

/// A bank takes part; the value is its stream.
pub fn participant(bank: &Hex32) -> Name {
    name("participant", &[&bank.0])
}

/// The number of a bank's next act, big-endian.
pub fn number(bank: &Hex32) -> Name {
    name("number", &[&bank.0])
}

/// Whose a stream is: the bank, and for an applicant's the invitation.
pub fn stream(stream: &Hex32) -> Name {
    name("stream", &[&stream.0])
}

/// A bank's grant to an attestor; the value says whether it stands.
pub fn grant(bank: &Hex32, attestor: &Hex32) -> Name {
    name("grant", &[&bank.0, &attestor.0])
}

/// A bank's policy.
pub fn policy(bank: &Hex32, id: &Hex32) -> Name {
    name("policy", &[&bank.0, &id.0])
}

/// A verifying key that a bank pinned; the value is the blob with its bytes.
pub fn key(bank: &Hex32, id: &Hex32) -> Name {
    name("key", &[&bank.0, &id.0])
}

/// An invitation; the value is the bank and the applicant's stream.
pub fn invitation(id: &Hex32) -> Name {
    name("invitation", &[&id.0])
}

/// How many enrolments answered an invitation, as one byte.
pub fn enrolments(invitation: &Hex32) -> Name {
    name("enrolments", &[&invitation.0])
}

/// An invitation's applicant, as the bank recognised it.
pub fn enrolled(invitation: &Hex32) -> Name {
    name("enrolled", &[&invitation.0])
}

/// Which company a pseudonym stands for: the digest of its registry id.
pub fn pseudonym(bank: &Hex32, nym: &FieldElement) -> Name {
    name("pseudonym", &[&bank.0, &element(nym)])
}

/// Which pseudonym a company has, by the digest of its registry id.
pub fn company(bank: &Hex32, company: &Hex32) -> Name {
    name("company", &[&bank.0, &company.0])
}

/// A request; the value is the bank.
pub fn request(id: &Hex32) -> Name {
    name("request", &[&id.0])
}

/// A bank's request among all of its requests: an application.
pub fn application(bank: &Hex32, request: &Hex32) -> Name {
    name("application", &[&bank.0, &request.0])
}

/// The verdict on a request.
pub fn verdict(request: &Hex32) -> Name {
    name("verdict", &[&request.0])
}

/// The decision on a request.
pub fn decision(request: &Hex32) -> Name {
    name("decision", &[&request.0])
}

/// The versions of figures that were accepted under a period tag: link and basis of each.
pub fn versions(tag: &FieldElement) -> Name {
    name("versions", &[&element(tag)])
}

/// Cells of one bank, for listing: every name of this word begins so.
pub fn of_bank(word: &str, bank: &Hex32) -> Name {
    name(word, &[&bank.0])
}

/// The last 32 bytes of a name: what a listed cell is about.
pub fn last_id(name: &[u8]) -> Option<Hex32> {
    name.last_chunk().map(|id| Hex32(*id))
}

/// Two ids in a value.
pub fn pair(value: &[u8]) -> Option<(Hex32, Hex32)> {
    let (first, second) = value.split_first_chunk::<32>()?;
    Some((Hex32(*first), Hex32(second.try_into().ok()?)))
}

/// One id in a value.
pub fn single(value: &[u8]) -> Option<Hex32> {
    value.try_into().ok().map(Hex32)
}

/// What the cell of a retired key holds.
const SUPERSEDED: u8 = 1;
const COMPROMISED: u8 = 2;

/// Why a key was retired, as a value.
pub(super) fn write_cause(cause: RetirementCause) -> [u8; 1] {
    [match cause {
        RetirementCause::Superseded => SUPERSEDED,
        RetirementCause::Compromised => COMPROMISED,
    }]
}

/// Why a key was retired, in a value.
pub fn read_cause(value: &[u8]) -> Option<RetirementCause> {
    match value {
        [SUPERSEDED] => Some(RetirementCause::Superseded),
        [COMPROMISED] => Some(RetirementCause::Compromised),
        _ => None,
    }
}

/// Bytes of one version: its link and its basis.
const VERSION_BYTES: usize = 33;

/// The versions in a value.
pub fn read_versions(value: &[u8]) -> Option<Vec<(FieldElement, StatementBasis)>> {
    let versions = value.chunks(VERSION_BYTES).map(|version| {
        let (basis, link) = version.split_last()?;
        let link = covenant_proofs::decode::field_from_bytes(link).ok()?;
        let basis = match basis {
            0 => StatementBasis::Solo,
            1 => StatementBasis::Consolidated,
            _ => return None,
        };
        Some((FieldElement(link), basis))
    });
    versions.collect()
}

/// Versions as a value.
pub(super) fn write_versions(versions: &[(FieldElement, StatementBasis)]) -> Vec<u8> {
    let mut value = Vec::with_capacity(versions.len() * VERSION_BYTES);
    for (link, basis) in versions {
        value.extend_from_slice(&element(link));
        value.push(match basis {
            StatementBasis::Solo => 0,
            StatementBasis::Consolidated => 1,
        });
    }
    value
}
