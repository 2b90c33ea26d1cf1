use std::fs;
use std::io::Cursor;
use std::path::Path;

use ark_bn254::{Fq2, G1Affine, G2Affine, g2};
use ark_ec::AffineRepr as _;
use ark_ec::short_weierstrass::Affine;

use super::*;
use crate::formats::ptau::{FirstPoints, PowersContribution};
use crate::keys::{CONTRIBUTORS, Origin, contributor};
use crate::montgomery::Point as _;
use crate::statement::Statement as _;

pub(super) const POWER: u32 = 3;

pub(super) fn opened(bytes: &[u8]) -> Ptau<Cursor<&[u8]>> {
    Ptau::open(Cursor::new(bytes)).unwrap()
}

pub(super) fn fresh(power: u32) -> Vec<u8> {
    new_powers(power, Vec::new(), |_| {}).unwrap()
}

pub(super) fn with_contribution(bytes: &[u8], name: &str, seed: u64) -> Vec<u8> {
    let mut new = Cursor::new(Vec::new());
    contribute_powers(&mut opened(bytes), &mut new, Some(name), &mut rng(seed), |_| {}).unwrap();
    new.into_inner()
}

pub(super) fn with_beacon(bytes: &[u8], name: Option<&str>) -> Vec<u8> {
    let value = Beacon {
        value: vec![7; 32],
        iterations_log2: 10,
    };
    let mut new = Cursor::new(Vec::new());
    beacon_powers(&mut opened(bytes), &mut new, name, &value, |_| {}).unwrap();
    new.into_inner()
}

/// Powers that two parties contributed to, and a beacon.
pub(super) fn contributed_powers(power: u32) -> Vec<u8> {
    let two = with_contribution(&with_contribution(&fresh(power), "one", 1), "two", 2);
    with_beacon(&two, None)
}

fn verified(bytes: &[u8]) -> Result<Vec<Contributed>, CeremonyError> {
    verify_powers(&mut opened(bytes), &mut rng(9), |_| {})
}

/// A development key is what the ceremony gives whose contributors draw from its seed.
#[test]
fn development_keys_come_out_of_a_ceremony_of_two() {
    let drawn = |phase, number| contributor(Order::ID, "tests", phase, number);
    let mut powers = fresh(7);
    for number in 0..CONTRIBUTORS {
        let mut new = Cursor::new(Vec::new());
        contribute_powers(&mut opened(&powers), &mut new, None, &mut drawn(1, number), |_| {}).unwrap();
        powers = new.into_inner();
    }
    let mut key = setup(&matrices(), &mut opened(&powers)).unwrap();
    for number in 0..CONTRIBUTORS {
        let mut new = Vec::new();
        contribute(bytes(&key), &mut new, None, &mut drawn(2, number), |_| {}).unwrap();
        key = Zkey::read(Cursor::new(new)).unwrap();
    }
    let finished = finish::<Order>(key, &mut opened(&powers), &mut rng(1)).unwrap();
    let development = crate::test_statement::key();
    assert!(finished.key.queries == development.queries);
    assert_eq!(finished.key.verifying().points(), development.verifying().points());
}

/// Where a sequence's section begins: its points, 12 bytes before them its head.
fn section(number: u32, power: u32) -> usize {
    let (points, twice) = (1usize << power, (2usize << power) - 1);
    let lengths = [44, 64 * twice, 128 * points, 64 * points, 64 * points, 128];
    12 + lengths[..number as usize - 1].iter().map(|l| l + 12).sum::<usize>() + 12
}

/// The file with other contributions.
fn with(bytes: &[u8], contributions: &[PowersContribution]) -> Vec<u8> {
    let at = section(7, POWER) - 12;
    let section = PowersContribution::write_all(contributions);
    let length = (section.len() as u64).to_le_bytes();
    [&bytes[..at + 4], &length, &section].concat()
}

#[test]
fn powers_of_three_hold_and_make_a_key_of_a_ceremony() {
    let mut heard = 0;
    let fresh = new_powers(7, Vec::new(), |points| heard += points).unwrap();
    assert_eq!(heard, points_of_powers(7));
    let mut hashes = Vec::new();
    let mut bytes = fresh;
    for (name, seed) in [("Example Bank", 1), ("Example Audit", 2)] {
        let mut new = Cursor::new(Vec::new());
        let hash = contribute_powers(&mut opened(&bytes), &mut new, Some(name), &mut rng(seed), |_| {}).unwrap();
        hashes.push(hash);
        bytes = new.into_inner();
    }
    let found = verified(&bytes).unwrap();
    assert_eq!(found.iter().map(|c| c.hash).collect::<Vec<_>>(), hashes);
    assert_eq!(found[1].name.as_deref(), Some("Example Audit"));

    // A key on them, through forms that are computed and through forms that are read.
    let bytes = with_beacon(&bytes, None);
    let prepared = opened(&bytes).prepare(Vec::new(), |_| {}).unwrap();
    let first = setup(&matrices(), &mut opened(&bytes)).unwrap();
    assert_eq!(first, setup(&matrices(), &mut opened(&prepared)).unwrap());
    let key = contributed(&first, "one", 1);
    for powers in [&bytes, &prepared] {
        let finished = finish::<Order>(key.clone(), &mut opened(powers), &mut rng(1)).unwrap();
        assert_eq!(
            (finished.checked.powers.len(), finished.checked.contributed.len()),
            (3, 1)
        );
        assert!(matches!(finished.key.verifying().origin(), Origin::Ceremony { .. }));
    }
}

/// Each way to cheat, and the step that it is caught at.
#[test]
fn every_way_to_cheat_is_named() {
    let honest = contributed_powers(POWER);
    let other = with_contribution(&with_contribution(&fresh(POWER), "one", 3), "two", 4);
    assert_eq!(verified(&honest).map(|found| found.len()), Ok(3));
    let contributions = opened(&honest).contributions().unwrap();
    let others = opened(&other).contributions().unwrap();
    let (one, two, last) = (&contributions[0], &contributions[1], &contributions[2]);

    let mut cheats: Vec<(&str, &str, Vec<u8>)> = Vec::new();
    // One point of each sequence is the one before it once more.
    for (number, size, said) in [
        (2, 64, "tau in G1"),
        (3, 128, "tau in G2"),
        (4, 64, "alpha"),
        (5, 64, "beta"),
    ] {
        let mut changed = honest.clone();
        let start = section(number, POWER) + 3 * size;
        changed.copy_within(start..start + size, start + size);
        cheats.push(("the powers of tau", said, changed));
    }
    let mut changed = honest.clone();
    let beta = section(6, POWER);
    changed.copy_within(section(3, POWER) + 128..section(3, POWER) + 256, beta);
    cheats.push(("the powers of tau", "beta in G2", changed));
    // Points of another ceremony under this one's contributions, and the other way round.
    let at = section(7, POWER) - 12;
    let mixed = [&other[..at], &honest[at..]].concat();
    cheats.push(("the powers of tau", "first points", mixed));

    let mut cheat = |step, said, all: &[&PowersContribution]| {
        let all: Vec<_> = all.iter().map(|c| (*c).clone()).collect();
        cheats.push((step, said, with(&honest, &all)));
    };
    let changed = |from: &PowersContribution, change: &dyn Fn(&mut PowersContribution)| {
        let mut changed = from.clone();
        change(&mut changed);
        changed
    };
    cheat("the powers of tau", "first points", &[one, two]);
    cheat(
        "contribution 1 to the powers of tau (two)",
        "its proof of knowledge of tau",
        &[two, last],
    );
    cheat(
        "contribution 2 to the powers of tau (one)",
        "its proof of knowledge of tau",
        &[one, one, last],
    );
    cheat(
        "contribution 1 to the powers of tau (two)",
        "its proof of knowledge",
        &[two, one, last],
    );
    cheat(
        "contribution 2 to the powers of tau (two)",
        "its proof of knowledge",
        &[one, &others[1], last],
    );
    let stolen = changed(two, &|c| c.proofs[1] = others[1].proofs[1]);
    cheat(
        "contribution 2 to the powers of tau (two)",
        "its proof of knowledge of alpha",
        &[one, &stolen, last],
    );
    type Edit<'a> = (&'a str, &'a dyn Fn(&mut FirstPoints));
    let edits: [Edit<'_>; 5] = [
        ("tau in G1", &|p| p.tau_g1 = others[1].after.tau_g1),
        ("tau in G2", &|p| p.tau_g2 = others[1].after.tau_g2),
        ("alpha", &|p| p.alpha_g1 = others[1].after.alpha_g1),
        ("beta in G1", &|p| p.beta_g1 = others[1].after.beta_g1),
        ("beta in G2", &|p| p.beta_g2 = others[1].after.beta_g2),
    ];
    for (said, edit) in edits {
        let wrong = changed(two, &|c| edit(&mut c.after));
        cheat("contribution 2 to the powers of tau (two)", said, &[one, &wrong, last]);
    }
    let wrong = changed(last, &|c| c.next_challenge[0] ^= 1);
    cheat("the powers of tau", "hash", &[one, two, &wrong]);
    let wrong = changed(last, &|c| c.unfinished[0] ^= 1);
    cheat("the powers of tau", "hash", &[one, two, &wrong]);
    let wrong = changed(last, &|c| c.unfinished[208] = 129);
    cheat(
        "the powers of tau",
        "a hash that was kept",
        &[one, two, &changed(&wrong, &|c| c.unfinished[200] = 129)],
    );
    let wrong = changed(two, &|c| c.beacon = last.beacon.clone());
    cheat(
        "contribution 2 to the powers of tau (two)",
        "beacon",
        &[one, &wrong, last],
    );
    let wrong = changed(last, &|c| c.beacon.as_mut().unwrap().iterations_log2 = 63);
    cheat("contribution 3 to the powers of tau", "iterations", &[one, two, &wrong]);
    cheats.push(("the powers of tau", "nobody contributed", fresh(POWER)));
    cheats.push((
        "the powers of tau",
        "nobody contributed",
        with_beacon(&fresh(POWER), None),
    ));
    // A whole file that says it was cut from a larger ceremony, so that its hash need not be checked.
    let mut claims = honest.clone();
    claims[12 + 12 + 40] = 9;
    cheats.push((
        "contribution 1 to the powers of tau (one)",
        "its proof of knowledge",
        claims,
    ));
    for (step, said, bytes) in cheats {
        match verified(&bytes) {
            Err(CeremonyError::Broken { step: found, what }) => {
                assert!(found == step && what.contains(said), "{step}, {said}: {found}, {what}");
            }
            other => panic!("{step}, {said}: {other:?}"),
        }
    }
}

/// Points that are none: no secret meets them, and no file with them is accepted.
#[test]
fn points_off_the_curve_or_outside_the_group_are_refused() {
    let honest = contributed_powers(POWER);
    let mut outside = Vec::new();
    let x = (1u64..).map(|n| Fq2::new(n.into(), 1u64.into()));
    let mut points = x.filter_map(|x| Affine::<g2::Config>::get_point_from_x_unchecked(x, false));
    let point = points.find(|p| !p.is_in_correct_subgroup_assuming_on_curve()).unwrap();
    point.write(&mut outside);
    let mut off = Vec::new();
    G1Affine::new_unchecked(1u8.into(), 1u8.into()).write(&mut off);
    let cases = [
        (section(2, POWER) + 64, off.as_slice(), "point-not-on-curve"),
        (section(5, POWER) + 128, &off, "point-not-on-curve"),
        (section(3, POWER) + 128, &outside, "point-not-in-subgroup"),
        (section(3, POWER) + 128, &[0; 128], "point-at-infinity"),
        (section(4, POWER), &[0; 64], "point-at-infinity"),
        (section(2, POWER), &[0xff; 64], "file-malformed"),
    ];
    for (at, bytes, code) in cases {
        let mut changed = honest.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(verified(&changed).map_err(|e| e.code()), Err(code), "verify, byte {at}");
        let mut new = Cursor::new(Vec::new());
        let refused = contribute_powers(&mut opened(&changed), &mut new, None, &mut rng(1), |_| {});
        assert_eq!(refused.map_err(|e| e.code()), Err(code), "contribute, byte {at}");
    }
    // tau = 0, and a proof outside the group, in the contributions themselves.
    let first = section(7, POWER) + 4;
    for (at, bytes, code) in [
        (first, [0; 64].as_slice(), "point-at-infinity"),
        (first + 64, &outside, "point-not-in-subgroup"),
        (
            first + 64 + 128 + 64 + 64 + 128 + 6 * 64,
            &outside,
            "point-not-in-subgroup",
        ),
    ] {
        let mut changed = honest.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(
            verified(&changed).map_err(|e| e.code()),
            Err(code),
            "contribution, byte {at}"
        );
    }
    assert!(!G2Affine::generator().is_zero());
}

#[test]
fn files_of_other_lengths_and_cut_files_are_refused() {
    let honest = contributed_powers(POWER);
    let mut longer = honest.clone();
    longer[12 + 12 + 36] = 4;
    longer[12 + 12 + 40] = 4;
    let refused = Ptau::open(Cursor::new(longer)).map(|_| ()).map_err(|e| e.code());
    assert_eq!(refused, Err("file-malformed"));
    for length in [honest.len() - 1, section(7, POWER), 100, 11] {
        let refused = Ptau::open(Cursor::new(&honest[..length])).map(|_| ());
        assert!(refused.is_err(), "{length}");
    }
    let mut cut = honest.clone();
    cut[12 + 12 + 40] = 9;
    let mut new = Cursor::new(Vec::new());
    let refused = contribute_powers(&mut opened(&cut), &mut new, None, &mut rng(1), |_| {});
    assert_eq!(refused.map_err(|e| e.code()), Err("ceremony-misuse"));
    for power in [0, 25] {
        let refused = new_powers(power, Vec::new(), |_| {}).map(|_| ());
        assert_eq!(refused.map_err(|e| e.code()), Err("ceremony-misuse"));
    }
}

/// The Hermez ceremony's own contributions, of which every published file has all: 54 people and a beacon, from 2^28 on.
#[test]
fn the_contributions_of_hermez_hold() {
    let Some(data) = std::env::var_os("COVENANT_DATA") else {
        println!("skipped: no COVENANT_DATA");
        return;
    };
    let bytes = fs::read(Path::new(&data).join("zk/ptau/powersOfTau28_hez_final_09.ptau")).unwrap();
    let found = verified(&bytes).unwrap();
    assert_eq!((found.len(), found[0].name.as_deref()), (55, Some("weijie")));
    assert_eq!(found.iter().filter(|c| c.beacon.is_some()).count(), 1);
}
