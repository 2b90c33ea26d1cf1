use std::io::Cursor;

use super::*;
use crate::foreign::{self, ForeignKey};
use crate::formats::ptau::Ptau;
use crate::formats::zkey::{Beacon, Zkey};
use crate::shape::Assignment;
use crate::test_statement::{Order, honest, rng};

mod powers;
mod snarkjs;

/// Powers of tau of 2^7, of a seed.
fn powers() -> Ptau<Cursor<Vec<u8>>> {
    Ptau::open(Cursor::new(known_powers_bytes("tests", 7).unwrap())).unwrap()
}

fn matrices() -> crate::matrices::Matrices {
    crate::shape::matrices_of::<Order>().unwrap().0
}

fn bytes(key: &Zkey) -> Cursor<Vec<u8>> {
    Cursor::new(key.write(Vec::new()).unwrap())
}

fn contributed(key: &Zkey, name: &str, seed: u64) -> Zkey {
    let mut out = Vec::new();
    contribute(bytes(key), &mut out, Some(name), &mut rng(seed), |_| {}).unwrap();
    Zkey::read(Cursor::new(out)).unwrap()
}

#[test]
fn a_ceremony_of_three_ends_in_a_key_that_proves_and_verifies() {
    let mut powers = powers();
    let matrices = matrices();
    let first = setup(&matrices, &mut powers).unwrap();
    let second = contributed(&contributed(&first, "Example Bank", 1), "Example Audit", 2);
    let mut last = Vec::new();
    let value = Beacon {
        value: vec![7; 32],
        iterations_log2: 10,
    };
    let hash = beacon(bytes(&second), &mut last, None, value.clone(), |_| {}).unwrap();
    let last = Zkey::read(Cursor::new(last)).unwrap();

    let checked = verify(&last, &matrices, &mut powers, &mut rng(3)).unwrap();
    assert!(checked.is_rehearsed());
    let found = checked.contributed;
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].name.as_deref(), Some("Example Bank"));
    assert_eq!((found[2].hash, &found[2].beacon), (hash, &Some(value)));

    let (public, witness) = honest();
    let wires = Assignment::of::<Order>(&public, &witness).unwrap();
    let proof = foreign::prove(&last, &wires.values, &mut rng(4)).unwrap();
    let key = ForeignKey::of(&last).unwrap();
    assert_eq!(key.verify(&wires.values[1..wires.inputs], &proof), Ok(()));
    // A proof under one contributor's key says nothing under the next one's.
    let before = ForeignKey::of(&second).unwrap();
    assert!(before.verify(&wires.values[1..wires.inputs], &proof).is_err());
}

/// Each way to cheat, and the step that it is caught at.
#[test]
fn every_way_to_cheat_is_named() {
    let mut powers = powers();
    let matrices = matrices();
    let first = setup(&matrices, &mut powers).unwrap();
    let honest = contributed(&contributed(&first, "one", 1), "two", 2);
    let other = contributed(&contributed(&first, "else", 5), "two", 6);
    assert!(verify(&honest, &matrices, &mut powers, &mut rng(3)).is_ok());

    let mut cheats: Vec<(&str, &str, Zkey)> = Vec::new();
    let mut cheat = |step, what, change: &dyn Fn(&mut Zkey)| {
        let mut key = honest.clone();
        change(&mut key);
        cheats.push((step, what, key));
    };
    cheat("the key", "L is not the first key's over delta", &|k| k.l[1] = k.l[0]);
    cheat("the key", "H is not the first key's over delta", &|k| k.h[0] = k.h[1]);
    cheat("the key", "L is not the first key's over delta", &|k| {
        k.l = first.l.clone()
    });
    cheat("the key", "the length of L", &|k| k.l.push(k.l[0]));
    cheat("the key", "the length of H", &|k| k.h.truncate(1));
    cheat("the key", "A: not as", &|k| k.a[1] = k.a[0]);
    cheat("the key", "B in G1", &|k| k.b_g1[1] = k.b_g1[0]);
    cheat("the key", "B in G2", &|k| k.b_g2[1] = k.b_g2[0]);
    cheat("the key", "IC", &|k| k.ic.swap(0, 1));
    cheat("the key", "its matrices", &|k| k.entries.truncate(1));
    cheat("the key", "alpha", &|k| k.header.alpha_g1 = k.header.beta_g1);
    cheat("the key", "beta in G2", &|k| k.header.beta_g2 = k.header.delta_g2);
    cheat("the key", "gamma", &|k| k.header.gamma_g2 = k.header.delta_g2);
    cheat("the key", "its delta in G1", &|k| {
        k.header.delta_g1 = first.header.delta_g1
    });
    cheat("the key", "its delta in G2", &|k| {
        k.header.delta_g2 = first.header.delta_g2
    });
    cheat("the key", "nobody contributed", &|k| *k = first.clone());
    cheat("the circuit", "another circuit", &|k| k.transcript.circuit_hash[0] ^= 1);
    cheat("contribution 2 (two)", "its transcript", &|k| {
        k.transcript.contributions[1] = other.transcript.contributions[1].clone();
    });
    cheat("contribution 1 (two)", "its transcript", &|k| {
        k.transcript.contributions.swap(0, 1)
    });
    cheat("contribution 2 (one)", "its transcript", &|k| {
        k.transcript.contributions[1] = k.transcript.contributions[0].clone();
    });
    cheat("contribution 1 (one)", "its proof of knowledge", &|k| {
        k.transcript.contributions[0].spx = other.transcript.contributions[0].spx;
    });
    cheat("contribution 2 (two)", "delta was not multiplied", &|k| {
        k.transcript.contributions[1].delta_after = k.transcript.contributions[0].delta_after;
    });
    cheat("the key", "its delta in G1", &|k| {
        drop(k.transcript.contributions.pop())
    });
    cheat("contribution 2 (two)", "it does not come from its beacon", &|k| {
        k.transcript.contributions[1].beacon = Some(Beacon {
            value: vec![1],
            iterations_log2: 10,
        });
    });
    for (step, what, key) in cheats {
        match verify(&key, &matrices, &mut powers, &mut rng(3)) {
            Err(CeremonyError::Broken {
                step: found,
                what: said,
            }) => {
                assert!(found == step && said.contains(what), "{step}, {what}: {found}, {said}");
            }
            other => panic!("{step}, {what}: {other:?}"),
        }
    }
}

#[test]
fn powers_of_tau_that_are_none_are_refused() {
    let bytes = known_powers_bytes("tests", 7).unwrap();
    let key = contributed(&setup(&matrices(), &mut powers()).unwrap(), "one", 1);
    // Of each section the third power is the second once more. A section begins 12 bytes after the one before.
    let mut start = 12 + 12 + 44 + 12;
    for (count, size) in [(255, 64), (128, 128), (128, 64), (128, 64)] {
        let mut changed = bytes.clone();
        changed.copy_within(start + size..start + 2 * size, start + 2 * size);
        let mut powers = Ptau::open(Cursor::new(changed)).unwrap();
        match verify(&key, &matrices(), &mut powers, &mut rng(1)) {
            Err(CeremonyError::Broken { step, .. }) => assert_eq!(step, "the powers of tau", "{start}"),
            other => panic!("{start}: {other:?}"),
        }
        start += count * size + 12;
    }
    let other = known_powers_bytes("others", 7).unwrap();
    match verify(
        &key,
        &matrices(),
        &mut Ptau::open(Cursor::new(other)).unwrap(),
        &mut rng(1),
    ) {
        Err(CeremonyError::Broken { step, .. }) => assert_eq!(step, "the circuit"),
        other => panic!("{other:?}"),
    }
    let big = crate::formats::r1cs::read(Cursor::new(many_rows(65))).unwrap();
    let refused = setup(&big, &mut powers()).map(|_| ()).map_err(|e| e.code());
    assert_eq!(refused, Err("powers-too-few"));
}

#[test]
fn known_powers_are_what_a_transform_of_their_points_gives() {
    use crate::formats::ptau::Powers;
    use ark_bn254::G1Affine;
    let bytes = known_powers_bytes("tests", 4).unwrap();
    let mut prepared = Ptau::open(Cursor::new(&bytes)).unwrap();
    assert!(prepared.is_prepared());
    // Without the Lagrange forms: everything before section 12.
    let sections = 12 + (12 + 44) + (12 + 31 * 64) + (12 + 16 * 128) + 2 * (12 + 16 * 64) + (12 + 128) + (12 + 4);
    let mut bare = bytes[..sections].to_vec();
    bare[8..12].copy_from_slice(&7u32.to_le_bytes());
    let mut bare = Ptau::open(Cursor::new(bare)).unwrap();
    for power in 0..=4 {
        let forms: Vec<G1Affine> = prepared.lagrange(Powers::BetaTauG1, power).unwrap();
        assert!(
            forms
                == bare
                    .lagrange::<ark_bn254::g1::Config>(Powers::BetaTauG1, power)
                    .unwrap()
        );
    }
    let mut again = Vec::new();
    bare.prepare(&mut again, |_| {}).unwrap();
    // The same but for the double domain of section 12, whose last power a file lacks.
    let double = sections + 12 + 31 * 64..sections + 12 + 63 * 64;
    assert!(again[..double.start] == bytes[..double.start] && again[double.end..] == bytes[double.end..]);
    assert_eq!(again.len(), bytes.len());
}

/// A constraint system of `rows` rows 1 · 1 = 1.
fn many_rows(rows: usize) -> Vec<u8> {
    use covenant_gadgets::circuit::Field;
    let one = vec![vec![(Field::from(1u8), 0)]; rows];
    let matrices = crate::matrices::Matrices::from_rows(1, 1, &[one.clone(), one.clone(), one]).unwrap();
    let mut bytes = Vec::new();
    crate::formats::r1cs::write(&mut bytes, &matrices).unwrap();
    bytes
}

/// A beacon takes a choice away; its secret is public.
#[test]
fn beacons_alone_make_no_key() {
    let mut powers = powers();
    let first = setup(&matrices(), &mut powers).unwrap();
    let mut only = Vec::new();
    let value = |iterations_log2| Beacon {
        value: vec![7; 32],
        iterations_log2,
    };
    beacon(bytes(&first), &mut only, None, value(10), |_| {}).unwrap();
    let only = Zkey::read(Cursor::new(only)).unwrap();
    match verify(&only, &matrices(), &mut powers, &mut rng(1)) {
        Err(CeremonyError::Broken { what, .. }) => assert!(what.contains("a secret"), "{what}"),
        other => panic!("{other:?}"),
    }
    // What nobody could check in a lifetime is neither made nor checked.
    let refused = beacon(bytes(&first), Vec::new(), None, value(63), |_| {});
    assert_eq!(refused.map_err(|e| e.code()), Err("ceremony-misuse"));
    let mut claims = contributed(&first, "one", 1);
    claims.transcript.contributions[0].beacon = Some(value(63));
    match verify(&claims, &matrices(), &mut powers, &mut rng(1)) {
        Err(CeremonyError::Broken { what, .. }) => assert!(what.contains("iterations"), "{what}"),
        other => panic!("{other:?}"),
    }
}

/// A point that is not on the curve, times a secret, would tell the secret to whoever made it.
#[test]
fn points_off_the_curve_are_not_multiplied() {
    let first = setup(&matrices(), &mut powers()).unwrap();
    for section in ["L", "H"] {
        let mut key = first.clone();
        let point = ark_bn254::G1Affine::new_unchecked(1u8.into(), 1u8.into());
        match section {
            "L" => key.l[0] = point,
            _ => key.h[3] = point,
        }
        let refused = contribute(bytes(&key), Vec::new(), None, &mut rng(1), |_| {});
        assert_eq!(refused.map_err(|e| e.code()), Err("point-not-on-curve"), "{section}");
    }
}

/// Lagrange forms of another tau, beside genuine powers: whoever knows that tau could forge under the key.
#[test]
fn forms_of_other_powers_are_refused() {
    let (genuine, other) = (
        known_powers_bytes("tests", 7).unwrap(),
        known_powers_bytes("mine", 7).unwrap(),
    );
    let prepared = 12 + (12 + 44) + (12 + 255 * 64) + (12 + 128 * 128) + 2 * (12 + 128 * 64) + (12 + 128) + (12 + 4);
    let mixed = [&genuine[..prepared], &other[prepared..]].concat();
    let mut powers = Ptau::open(Cursor::new(mixed)).unwrap();
    let key = contributed(&setup(&matrices(), &mut powers).unwrap(), "one", 1);
    match verify(&key, &matrices(), &mut powers, &mut rng(1)) {
        Err(CeremonyError::Broken { step, what }) => {
            assert!(
                step == "the powers of tau" && what.contains("Lagrange"),
                "{step}: {what}"
            );
        }
        other => panic!("{other:?}"),
    }
}

/// Powers that nobody contributed to have secrets that somebody knows.
#[test]
fn a_key_on_rehearsed_powers_is_a_development_key() {
    let mut powers = powers();
    let key = contributed(&setup(&matrices(), &mut powers).unwrap(), "one", 1);
    let finished = finish::<Order>(key, &mut powers, &mut rng(1)).unwrap();
    assert!(finished.key.verifying().origin().is_development());
}

#[test]
fn keys_are_contributed_to_only_where_their_delta_is_the_last_ones() {
    let mut powers = powers();
    let mut key = setup(&matrices(), &mut powers).unwrap();
    key.header.delta_g1 = key.header.alpha_g1;
    let refused = contribute(bytes(&key), Vec::new(), None, &mut rng(1), |_| {});
    assert_eq!(refused.map_err(|e| e.code()), Err("ceremony-broken"));
    let long = "x".repeat(65);
    let key = setup(&matrices(), &mut powers).unwrap();
    for name in ["", long.as_str(), "a\u{1b}b", "a\u{202e}b", "Bank\u{200b}"] {
        let refused = contribute(bytes(&key), Vec::new(), Some(name), &mut rng(1), |_| {});
        assert_eq!(refused.map_err(|e| e.code()), Err("ceremony-misuse"), "{name:?}");
    }
}
