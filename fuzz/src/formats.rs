//! The files of other authors' programs: constraint systems, witnesses, keys, powers of tau, and the JSON forms.

use std::io::Cursor;

use covenant_proofs::ceremony::verify_powers;
use covenant_proofs::foreign::ForeignKey;
use covenant_proofs::formats::parameters::shown;
use covenant_proofs::formats::{json, ptau::Ptau, r1cs as rows, wtns as values, zkey::Zkey};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

/// The largest powers of tau whose points are looked at.
const POWER_MAX: u32 = 5;

/// A constraint system: what is read is written and read again the same.
pub fn r1cs(bytes: &[u8]) {
    match rows::read(Cursor::new(bytes)) {
        Ok(matrices) => {
            // A label for each wire is written, and a file may claim four thousand million wires in one line.
            if matrices.wires() > 1 << 20 {
                return;
            }
            let mut written = Vec::new();
            rows::write(&mut written, &matrices).expect("what was read can be written");
            assert!(rows::read(Cursor::new(&written)).expect("and read") == matrices);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A witness: what is read is written and read again the same.
pub fn wtns(bytes: &[u8]) {
    match values::read(Cursor::new(bytes)) {
        Ok(wires) => {
            let mut written = Vec::new();
            values::write(&mut written, &wires).expect("what was read can be written");
            assert!(*values::read(Cursor::new(&written)).expect("and read") == *wires);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A key with its transcript: what is read is written and read again the same, and its names can be shown.
pub fn zkey(bytes: &[u8]) {
    match Zkey::read(Cursor::new(bytes)) {
        Ok(key) => {
            let written = key.write(Vec::new()).expect("what was read can be written");
            assert!(Zkey::read(Cursor::new(&written)).expect("and read") == key);
            let names = key.transcript.contributions.iter().filter_map(|c| c.name.as_deref());
            names.for_each(|name| assert!(!shown(name).chars().any(char::is_control)));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Powers of tau: whatever they say, they are checked to an end.
pub fn ptau(bytes: &[u8]) {
    match Ptau::open(Cursor::new(bytes)) {
        Ok(mut powers) if powers.power() <= POWER_MAX => {
            let mut rng = ChaCha20Rng::seed_from_u64(1);
            if let Err(error) = verify_powers(&mut powers, &mut rng, |_| {}) {
                assert!(!error.to_string().is_empty());
            }
        }
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A verifying key, a proof and public inputs in JSON: what is read is written in its one form.
pub fn json(bytes: &[u8]) {
    if let Ok(key) = ForeignKey::from_json(bytes) {
        let written = key.to_json().expect("what was read can be written");
        let again = ForeignKey::from_json(&written).expect("and read");
        assert_eq!(again.to_json().as_deref(), Ok(written.as_slice()));
    }
    if let Ok(proof) = json::read_proof(bytes) {
        let written = json::write_proof(&proof).expect("what was read can be written");
        assert_eq!(json::read_proof(&written), Ok(proof));
    }
    if let Ok(inputs) = json::read_public(bytes) {
        let written = json::write_public(&inputs).expect("what was read can be written");
        assert_eq!(json::read_public(&written), Ok(inputs));
    }
}
