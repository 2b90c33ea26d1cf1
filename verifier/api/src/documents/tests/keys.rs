//! What is signed about verifying keys.

use super::*;

fn contribution(name: &str, beacon: Option<BeaconRecord>) -> ContributionRecord {
    ContributionRecord {
        name: Some(Text::parse(name).unwrap()),
        hash: Bytes64([0xab; 64]),
        beacon,
    }
}

fn beacon() -> BeaconRecord {
    BeaconRecord {
        value: Text::parse("0102").unwrap(),
        iterations_log2: 10,
    }
}

/// A manifest with everything in it.
fn manifest() -> KeyManifest {
    KeyManifest {
        verifying_key: HEX,
        statement: Text::parse("covenant/compliance/v1").unwrap(),
        circuit: HEX,
        public_inputs: 3074,
        development: false,
        seed: None,
        ceremony: Some(CeremonyRecord {
            powers: Bytes64([1; 64]),
            first_key: Bytes64([2; 64]),
            transcript: Bytes64([3; 64]),
            powers_contributions: vec![contribution("Example Audit", None)],
            contributions: vec![
                contribution("Example Bank", None),
                contribution("beacon", Some(beacon())),
            ],
        }),
        signed: time("2026-11-23T14:00:00Z"),
    }
}

/// A change of a manifest.
type Change<'a> = &'a dyn Fn(&mut KeyManifest);

#[test]
fn a_manifest_does_not_contradict_itself() {
    let refused = |change: &dyn Fn(&mut KeyManifest)| {
        let mut manifest = manifest();
        change(&mut manifest);
        Signer::from_seed(&[7; 32])
            .sign(manifest)
            .map(drop)
            .map_err(|r| r.code())
    };
    assert_eq!(refused(&|_| {}), Ok(()));
    let ceremony = |m: &mut KeyManifest, keep: usize| {
        let contributions = &mut m.ceremony.as_mut().unwrap().contributions;
        *contributions = contributions.split_off(keep);
    };
    let powers = |m: &mut KeyManifest, contributions: &[ContributionRecord]| {
        m.ceremony.as_mut().unwrap().powers_contributions = contributions.to_vec();
    };
    let wrong: [(&str, Change<'_>); 7] = [
        ("a seed of no development key", &|m| {
            m.seed = Some(Text::parse("s").unwrap())
        }),
        ("a development key without its seed", &|m| m.development = true),
        ("no ceremony", &|m| m.ceremony = None),
        ("nobody contributed", &|m| ceremony(m, 2)),
        ("a beacon alone", &|m| ceremony(m, 1)),
        ("powers of tau of nobody", &|m| powers(m, &[])),
        ("powers of tau of a beacon alone", &|m| {
            powers(m, &[contribution("beacon", Some(beacon()))])
        }),
    ];
    for (name, change) in wrong {
        assert_eq!(refused(change), Err("malformed-document"), "{name}");
    }
}

#[test]
fn what_is_signed_about_keys() {
    signed(&manifest());
    let development = KeyManifest {
        development: true,
        seed: Some(Text::parse("a seed").unwrap()),
        ceremony: None,
        ..manifest()
    };
    signed(&development);
    for cause in [RetirementCause::Superseded, RetirementCause::Compromised] {
        signed(&KeyRetirement {
            verifying_key: HEX,
            cause,
            reason: Text::parse("a new circuit").unwrap(),
            retired: time("2026-11-23T14:00:00Z"),
        });
    }
}
