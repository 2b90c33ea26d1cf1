use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::formats::ptau::Ptau;
use crate::formats::{r1cs, wtns};

/// A file of the shared data; `None`, said aloud, where no folder is named.
fn data(path: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("COVENANT_DATA") else {
        println!("skipped: COVENANT_DATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("zk").join(path);
    Some(fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

#[test]
fn another_authors_key_and_witness_give_a_proof_that_their_key_accepts() {
    let (Some(zkey), Some(witness), Some(verifying)) = (
        data("rapidsnark-testdata/circuit_final.zkey"),
        data("rapidsnark-testdata/witness.wtns"),
        data("rapidsnark-testdata/verification_key.json"),
    ) else {
        return;
    };
    let key = Zkey::read(Cursor::new(&zkey)).unwrap();
    assert_eq!(key.write(Vec::new()).unwrap(), zkey, "a key is written as it was read");
    let wires = wtns::read(Cursor::new(&witness)).unwrap();
    let mut written = Vec::new();
    wtns::write(&mut written, &wires).unwrap();
    assert_eq!(written, witness, "a witness is written as it was read");

    let theirs = ForeignKey::from_json(&verifying).unwrap();
    let ours = ForeignKey::of(&key).unwrap();
    assert_eq!(ours.points, theirs.points);
    assert_eq!(
        String::from_utf8(ours.to_json().unwrap()).unwrap(),
        String::from_utf8(verifying).unwrap(),
        "a verifying key is written as snarkjs writes it"
    );

    let proof = prove(&key, &wires, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let public = &wires[1..=theirs.inputs()];
    assert_eq!(theirs.verify(public, &proof), Ok(()));
    let json = json::write_proof(&proof).unwrap();
    assert_eq!(json::read_proof(&json).unwrap(), proof);
    let inputs = json::read_public(&json::write_public(public).unwrap()).unwrap();
    let mut wrong = inputs.clone();
    wrong[0] += Field::from(1u8);
    assert_eq!(theirs.verify(&wrong, &proof), Err(VerifyError::Invalid));

    let mut broken = wires.clone();
    *broken.last_mut().unwrap() += Field::from(1u8);
    assert_eq!(
        prove(&key, &broken, &mut ChaCha20Rng::seed_from_u64(1)),
        Err(ForeignError::NoProof)
    );
    assert!(matches!(
        prove(&key, &wires[1..], &mut ChaCha20Rng::seed_from_u64(1)),
        Err(ForeignError::Wires { .. })
    ));
}

#[test]
fn a_key_cut_short_or_changed_is_refused() {
    let Some(zkey) = data("rapidsnark-testdata/circuit_final.zkey") else {
        return;
    };
    for length in (0..zkey.len()).step_by(7_919) {
        assert!(Zkey::read(Cursor::new(&zkey[..length])).is_err(), "{length} bytes");
    }
    // The first point of A: another y is off the curve.
    let mut changed = zkey.clone();
    let at = 88_944 + 12 + 32;
    changed[at] ^= 1;
    let error = Zkey::read(Cursor::new(&changed)).unwrap_err();
    assert_eq!(error.code(), "point-not-on-curve");
    assert!(error.to_string().contains("point 0 of A"), "{error}");
}

#[test]
fn lagrange_forms_are_the_ones_that_the_ceremony_published() {
    use crate::formats::ptau::Powers;
    use ark_bn254::{G1Affine, G2Affine};
    let Some(bytes) = data("ptau/powersOfTau28_hez_final_09.ptau") else {
        return;
    };
    let mut file = Ptau::open(Cursor::new(&bytes)).unwrap();
    assert_eq!((file.power(), file.ceremony_power(), file.is_prepared()), (9, 28, true));
    // The same file without its Lagrange forms: the first seven sections.
    let mut bare = bytes[..279_976].to_vec();
    bare[8..12].copy_from_slice(&7u32.to_le_bytes());
    let mut bare = Ptau::open(Cursor::new(&bare)).unwrap();
    assert!(!bare.is_prepared());
    // Of the double domain the ceremony knew the last power, which a file of this size lacks: it is taken as zero.
    for power in [0, 1, 5, 9] {
        let theirs: Vec<G1Affine> = file.lagrange(Powers::TauG1, power).unwrap();
        assert!(
            bare.lagrange::<ark_bn254::g1::Config>(Powers::TauG1, power).unwrap() == theirs,
            "{power}"
        );
    }
    let theirs: Vec<G2Affine> = file.lagrange(Powers::TauG2, 6).unwrap();
    assert!(bare.lagrange::<ark_bn254::g2::Config>(Powers::TauG2, 6).unwrap() == theirs);
    assert!(bare.lagrange::<ark_bn254::g1::Config>(Powers::TauG1, 11).is_err());
}

#[test]
fn our_matrices_survive_the_r1cs_form() {
    use crate::test_statement::key;
    let key = key();
    let mut bytes = Vec::new();
    r1cs::write(&mut bytes, key.matrices()).unwrap();
    let read = r1cs::read(Cursor::new(&bytes)).unwrap();
    assert_eq!(read.hash(), key.matrices().hash());
    assert_eq!(read, *key.matrices());
    for length in 0..bytes.len() {
        assert!(r1cs::read(Cursor::new(&bytes[..length])).is_err(), "{length} bytes");
    }
}

#[test]
fn what_is_not_json_of_snarkjs_is_refused() {
    for text in ["", "{}", "[1]", r#"["01"]"#, r#"["-1"]"#, r#"["1e3"]"#, r#"[""]"#] {
        assert!(json::read_public(text.as_bytes()).is_err(), "{text}");
    }
    let modulus = "21888242871839275222246405745257275088548364400416034343698204186575808495617";
    assert!(json::read_public(format!("[\"{modulus}\"]").as_bytes()).is_err());
    assert_eq!(
        json::read_public(br#"["0","17"]"#).unwrap(),
        [Field::from(0u8), Field::from(17u8)]
    );
}
