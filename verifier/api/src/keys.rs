//! Verifying keys as everybody but the prover opens them, and what is compared with them before they count.
//!
//! - [`open`]: decoded strictly, examined for weaknesses, for the statement and the circuit of this build.
//! - [`describe`]: what there is to sign about a key; [`expect_described`]: a signed manifest is of this key.
//! - [`expect_ceremony`]: the manifest is of this ceremony, whose transcript was verified.
//!
//! What none of it shows is that a key can be relied on: that is the word of whoever signed its manifest.

use covenant_policy::refusal::Refusal;
use covenant_proofs::ceremony::Finished;
use covenant_proofs::keys::provenance::{self, Provenance};
use covenant_proofs::keys::{KeyPolicy, Origin, VerifyingKey};
use covenant_statements::compliance::Compliance;
use covenant_statements::compliance::circuit_version::check_key;
use data_encoding::HEXLOWER;

use crate::documents::{BeaconRecord, CeremonyRecord, ContributionRecord, KeyManifest};
use crate::refusals::{MALFORMED_DOCUMENT, MANIFEST_MISMATCH, of_key};
use crate::types::{Bytes64, Hex32, Text, UtcTime};

/// Opens a verifying key.
///
/// # Errors
/// Whatever is wrong with the bytes or the points; `key-weak`, `key-of-another-statement`, `input-count`, `development-key` unless
/// allowed, `key-of-another-circuit`.
pub fn open(bytes: &[u8], policy: KeyPolicy) -> Result<VerifyingKey, Refusal> {
    let key = VerifyingKey::from_bytes::<Compliance>(bytes, policy).map_err(|e| of_key(&e))?;
    check_key(&key)?;
    Ok(key)
}

/// A key's id.
pub fn id(key: &VerifyingKey) -> Hex32 {
    Hex32(key.id().0)
}

/// What there is to sign about a key: its own facts, and what its ceremony left behind.
///
/// # Errors
/// `manifest-mismatch` where the ceremony is another key's, or there is none and the key is not a development key;
/// `malformed-document`.
pub fn describe(key: &VerifyingKey, ceremony: Option<&Provenance>, now: UtcTime) -> Result<KeyManifest, Refusal> {
    let ceremony = ceremony.map(record).transpose()?;
    if ceremony.is_none() && !key.origin().is_development() {
        return Err(
            Refusal::new(&MANIFEST_MISMATCH, "the folder says nothing of a ceremony")
                .expected("manifest.json as `covenant ceremony finish` writes it"),
        );
    }
    let seed = match key.origin() {
        Origin::Development { seed } => Some(text(seed)?),
        Origin::Ceremony { .. } => None,
    };
    let manifest = KeyManifest {
        verifying_key: id(key),
        statement: text(key.statement())?,
        circuit: Hex32(key.matrices_hash()),
        public_inputs: u32::try_from(key.inputs()).unwrap_or(u32::MAX),
        development: key.origin().is_development(),
        seed,
        ceremony,
        signed: now,
    };
    expect_described(&manifest, key)?;
    Ok(manifest)
}

/// What a manifest says of a key is what the key itself says.
///
/// # Errors
/// `manifest-mismatch`, with the field.
pub fn expect_described(manifest: &KeyManifest, key: &VerifyingKey) -> Result<(), Refusal> {
    let same = |field: &str, found: &dyn ToString, expected: &dyn ToString| {
        let (found, expected) = (found.to_string(), expected.to_string());
        if found == expected {
            return Ok(());
        }
        Err(mismatch(field, found).expected(format!("{expected}, as in the key")))
    };
    same("verifying_key", &manifest.verifying_key, &id(key))?;
    same("statement", &manifest.statement, &key.statement())?;
    same("circuit", &manifest.circuit, &Hex32(key.matrices_hash()))?;
    same("public_inputs", &manifest.public_inputs, &key.inputs())?;
    same("development", &manifest.development, &key.origin().is_development())?;
    let transcript = manifest
        .ceremony
        .as_ref()
        .map(|ceremony| ceremony.transcript.to_string());
    match (key.origin(), transcript) {
        (Origin::Ceremony { transcript }, found) => {
            let found = found.unwrap_or_else(|| "no ceremony".to_owned());
            same("ceremony.transcript", &found, &HEXLOWER.encode(transcript))
        }
        (Origin::Development { seed }, found) => {
            same("seed", &manifest.seed.as_ref().map_or("", Text::as_str), seed)?;
            match found {
                None => Ok(()),
                // A rehearsal's seed names its transcript.
                Some(transcript) => same("ceremony.transcript", &format!("rehearsal {transcript}"), seed),
            }
        }
    }
}

/// A manifest is of this ceremony, on powers of tau whose file has this BLAKE2b-512.
///
/// # Errors
/// `manifest-mismatch`, with the field.
pub fn expect_ceremony(manifest: &KeyManifest, finished: &Finished, powers: [u8; 64]) -> Result<(), Refusal> {
    expect_described(manifest, finished.key.verifying())?;
    let found = manifest
        .ceremony
        .as_ref()
        .ok_or_else(|| mismatch("ceremony", "no ceremony"))?;
    expect_record(found, &record(&Provenance::of(finished, powers))?)
}

/// What a manifest says of a ceremony is what the ceremony's files say.
fn expect_record(found: &CeremonyRecord, real: &CeremonyRecord) -> Result<(), Refusal> {
    let same = |field: &str, found: &Bytes64, expected: &Bytes64| {
        if found == expected {
            return Ok(());
        }
        Err(mismatch(field, found.to_string()).expected(format!("{expected}, as in the files")))
    };
    same("ceremony.powers", &found.powers, &real.powers)?;
    same("ceremony.first_key", &found.first_key, &real.first_key)?;
    same("ceremony.transcript", &found.transcript, &real.transcript)?;
    let all = |field: &str, found: &[ContributionRecord], expected: &[ContributionRecord]| {
        if found == expected {
            return Ok(());
        }
        let expected = format!("the {} contributions in the files", expected.len());
        Err(mismatch(field, "other contributions than those in the files").expected(expected))
    };
    all(
        "ceremony.powers_contributions",
        &found.powers_contributions,
        &real.powers_contributions,
    )?;
    all("ceremony.contributions", &found.contributions, &real.contributions)
}

fn mismatch(field: &str, found: impl Into<String>) -> Refusal {
    Refusal::new(&MANIFEST_MISMATCH, found.into()).at(format!("verifying-key-manifest: {field}"))
}

fn record(ceremony: &Provenance) -> Result<CeremonyRecord, Refusal> {
    let all =
        |contributions: &[provenance::Contribution]| contributions.iter().map(contribution).collect::<Result<_, _>>();
    Ok(CeremonyRecord {
        powers: hash(&ceremony.powers)?,
        first_key: hash(&ceremony.first_key)?,
        transcript: hash(&ceremony.transcript)?,
        powers_contributions: all(&ceremony.powers_contributions)?,
        contributions: all(&ceremony.contributions)?,
    })
}

fn contribution(contribution: &provenance::Contribution) -> Result<ContributionRecord, Refusal> {
    let beacon = |beacon: &provenance::Beacon| -> Result<BeaconRecord, Refusal> {
        Ok(BeaconRecord {
            value: text(&beacon.value)?,
            iterations_log2: beacon.iterations_log2,
        })
    };
    Ok(ContributionRecord {
        name: contribution.name.as_deref().map(line).transpose()?,
        hash: hash(&contribution.hash)?,
        beacon: contribution.beacon.as_ref().map(beacon).transpose()?,
    })
}

/// A name as a line of text; another one in quotes, with escapes. snarkjs takes any.
fn line(name: &str) -> Result<Text, Refusal> {
    Text::parse(name).or_else(|_| text(&format!("{name:?}")))
}

fn hash(hex: &str) -> Result<Bytes64, Refusal> {
    Bytes64::parse(hex).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e).at("manifest.json: ceremony"))
}

fn text(text: &str) -> Result<Text, Refusal> {
    Text::parse(text).map_err(|e| Refusal::new(&MALFORMED_DOCUMENT, e).at("verifying-key-manifest"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(name: &str) -> ContributionRecord {
        ContributionRecord {
            name: Some(Text::parse(name).unwrap()),
            hash: Bytes64([7; 64]),
            beacon: None,
        }
    }

    /// A change of a record.
    type Change<'a> = &'a dyn Fn(&mut CeremonyRecord);

    #[test]
    fn a_manifest_is_of_one_ceremony() {
        let real = CeremonyRecord {
            powers: Bytes64([1; 64]),
            first_key: Bytes64([2; 64]),
            transcript: Bytes64([3; 64]),
            powers_contributions: vec![by("Example Audit")],
            contributions: vec![by("Example Bank"), by("Example Regulator")],
        };
        assert_eq!(expect_record(&real, &real).map_err(|r| r.to_string()), Ok(()));
        let changes: [(&str, Change<'_>); 6] = [
            ("ceremony.powers", &|r| r.powers.0[63] ^= 1),
            ("ceremony.first_key", &|r| r.first_key.0[0] ^= 1),
            ("ceremony.transcript", &|r| r.transcript.0[0] ^= 1),
            ("ceremony.powers_contributions", &|r| {
                r.powers_contributions = vec![by("Another Audit")];
            }),
            ("ceremony.contributions", &|r| drop(r.contributions.pop())),
            ("ceremony.contributions", &|r| r.contributions.swap(0, 1)),
        ];
        for (field, change) in changes {
            let mut found = real.clone();
            change(&mut found);
            let refusal = expect_record(&found, &real).expect_err(field);
            assert_eq!(refusal.code(), "manifest-mismatch", "{field}");
            assert!(refusal.to_string().contains(field), "{refusal}");
        }
    }
}
