use std::sync::OnceLock;

use ark_bn254::G1Affine;
use ark_ec::AffineRepr as _;
use proptest::prelude::*;

use crate::keys::{ProvingKey, development};
use crate::prove::prove;
use crate::statement::Statement as _;
use crate::test_statement::{Order, Public, Witness, rng};

use super::*;

const INVALID: Result<(), VerifyError> = Err(VerifyError::Invalid);

/// Two keys of one statement.
fn key(number: usize) -> &'static ProvingKey {
    static KEYS: OnceLock<[ProvingKey; 2]> = OnceLock::new();
    &KEYS.get_or_init(|| ["tests", "other"].map(|seed| development::<Order>(seed).unwrap()))[number]
}

/// An honest item: `limit` and `price` are the policy.
fn item(key_number: usize, limit: u32, price: u32, quantity: u32, seed: u64) -> Item {
    let salt = 5;
    let public = Public {
        limit,
        price,
        total: price * quantity,
        tag: u64::from((quantity + salt) * salt),
    };
    let proof = prove::<Order>(key(key_number), &public, &Witness { quantity, salt }, &mut rng(seed)).unwrap();
    let inputs = Order::inputs(&public);
    let (policy, rest) = inputs.split_at(Order::policy_inputs());
    let prepared = PreparedKey::new::<Order>(key(key_number).verifying(), policy).unwrap();
    Item::new(Arc::new(prepared), rest.to_vec(), proof).unwrap()
}

/// Honest items of two keys and three policies, all different.
fn honest() -> &'static [Item] {
    static ITEMS: OnceLock<Vec<Item>> = OnceLock::new();
    ITEMS.get_or_init(|| {
        (0..40)
            .map(|i| {
                item(
                    i % 2,
                    [1000, 2000, 1000][i % 3],
                    [7, 7, 9][i % 3],
                    20 + i as u32,
                    i as u64,
                )
            })
            .collect()
    })
}

/// The item with its parts changed, as if it had come from outside like that.
fn changed(item: &Item, change: impl FnOnce(&mut Vec<Field>, &mut Proof)) -> Item {
    let (mut rest, mut proof) = (item.rest.clone(), item.proof);
    change(&mut rest, &mut proof);
    Item::new(item.prepared.clone(), rest, proof).unwrap()
}

/// One of several ways to be wrong.
fn bad(item: &Item, way: usize) -> Item {
    let other = G2Affine::generator();
    changed(item, |rest, proof| match way % 5 {
        0 => rest[0] += Field::one(),
        1 => rest[1] = -rest[1],
        2 => proof.a = -proof.a,
        3 => proof.b = other,
        _ => proof.c = proof.a,
    })
}

fn singly(items: &[Item]) -> Vec<Result<(), VerifyError>> {
    items.iter().map(Item::verify).collect()
}

/// The verdicts, after checking that they are those of single verification, and that `verify_all` agrees.
fn verdicts(items: &[Item]) -> Vec<Result<(), VerifyError>> {
    let found = verify(items);
    assert_eq!(found, singly(items));
    assert_eq!(verify_all(items), found.iter().cloned().collect());
    found
}

#[test]
fn honest_batches_of_mixed_keys_and_policies_hold() {
    for count in [0, 1, 2, 3, PART, PART + 1, 40] {
        assert_eq!(verdicts(&honest()[..count]), vec![Ok(()); count], "{count} items");
    }
    let one_policy: Vec<Item> = honest().iter().step_by(6).cloned().collect();
    assert_eq!(verdicts(&one_policy), vec![Ok(()); one_policy.len()]);
    let twice = [honest()[0].clone(), honest()[0].clone()];
    assert_eq!(verdicts(&twice), [Ok(()), Ok(())], "the same item twice");
}

#[test]
fn one_bad_proof_is_named_at_every_position() {
    for count in [1, 2, 5, PART, PART + 1, 40] {
        for place in (0..count).step_by(count.div_ceil(9)) {
            let mut items = honest()[..count].to_vec();
            items[place] = bad(&items[place], place);
            let mut expected = vec![Ok(()); count];
            expected[place] = INVALID;
            assert_eq!(verdicts(&items), expected, "{place} of {count}");
        }
    }
}

#[test]
fn several_bad_proofs_are_all_named() {
    for places in [&[0, 39][..], &[3, 4, 5], &[15, 16, 31, 32], &[0, 20, 21, 38]] {
        let mut items = honest().to_vec();
        let mut expected = vec![Ok(()); items.len()];
        for place in places {
            items[*place] = bad(&items[*place], *place);
            expected[*place] = INVALID;
        }
        assert_eq!(verdicts(&items), expected, "{places:?}");
    }
    let all: Vec<Item> = honest().iter().enumerate().map(|(i, item)| bad(item, i)).collect();
    assert_eq!(verdicts(&all), vec![INVALID; all.len()]);
}

/// What finding bad proofs takes, counted: combinations, and proofs verified alone.
#[test]
fn finding_bad_proofs_takes_a_bounded_number_of_checks() {
    let many = 640;
    let all: Vec<Item> = honest().iter().cycle().take(many).cloned().collect();
    let with_bad = |places: &[usize]| {
        let mut items = all.clone();
        let mut expected = vec![Ok(()); many];
        for place in places {
            items[*place] = bad(&items[*place], 2);
            expected[*place] = INVALID;
        }
        let (verdicts, work) = search(&items);
        assert_eq!(verdicts, expected, "{places:?}");
        work
    };
    let none = with_bad(&[]);
    assert_eq!((none.combinations, none.combined, none.alone), (1, many, 0));
    // One bad proof: the whole, and at most both halves at each of ⌈log₂(640/16)⌉ = 6 levels; three times the whole's proofs.
    for place in [0, 1, 319, 320, 639] {
        let work = with_bad(&[place]);
        assert!(
            work.combinations <= 13 && work.combined <= 3 * many && work.alone <= PART,
            "{place}: {work:?}"
        );
    }
    // k of them: at most 2k·log₂(n/16) + 1 combinations and 16k proofs alone.
    for k in [2usize, 3, 5] {
        let places: Vec<usize> = (0..k).map(|i| 3 + i * many / k).collect();
        let work = with_bad(&places);
        assert!(
            work.combinations <= 1 + 2 * k * 6 && work.alone <= k * PART,
            "{k}: {work:?}"
        );
    }
    // All of them: after 8 + n/32 failures and the one that crosses the line, only one by one.
    let work = with_bad(&(0..many).collect::<Vec<_>>());
    assert_eq!(work.alone, many, "{work:?}");
    assert!(
        work.failures <= 9 + many / PER_FAILURE && work.combined <= 7 * many,
        "{work:?}"
    );
    // One in every part of 16.
    let work = with_bad(&(0..many).step_by(PART).collect::<Vec<_>>());
    assert!(
        work.failures <= 9 + many / PER_FAILURE && work.combinations <= 2 * work.failures,
        "{work:?}"
    );
}

#[test]
fn inputs_exchanged_with_a_neighbours_are_caught() {
    // Same key and policy, so that only the pairing of inputs and proofs is wrong; then proofs across policies and keys.
    for (left, right) in [(0, 6), (0, 2), (0, 1)] {
        let mut items = honest()[..8].to_vec();
        let (a, b) = (items[left].clone(), items[right].clone());
        items[left] = changed(&a, |rest, _| *rest = b.rest.clone());
        items[right] = changed(&b, |rest, _| *rest = a.rest.clone());
        let mut expected = vec![Ok(()); 8];
        (expected[left], expected[right]) = (INVALID, INVALID);
        assert_eq!(verdicts(&items), expected, "{left} and {right}");
    }
}

#[test]
fn an_item_under_anothers_policy_or_key_is_caught() {
    let items = &honest()[..8];
    for other in [1, 2, 3] {
        let mut mixed = items.to_vec();
        mixed[0] = Item::new(items[other].prepared.clone(), items[0].rest.clone(), items[0].proof).unwrap();
        let mut expected = vec![Ok(()); 8];
        expected[0] = INVALID;
        assert_eq!(verdicts(&mixed), expected, "prepared key of item {other}");
    }
}

/// Forgeries that an unweighted product lets pass, which is shown too, so that the weights are what catches them.
#[test]
fn errors_that_cancel_are_caught() {
    let plus = |point: G1Affine, error: G1Affine| (point + error).into_affine();
    let error = (G1Affine::generator() * Field::from(77u64)).into_affine();
    let (first, second) = (&honest()[0], &honest()[6]);
    assert_eq!(first.prepared.key_id(), second.prepared.key_id());
    let pairs = [
        // C₁ + P, C₂ − P: both are paired with δ.
        [
            changed(first, |_, proof| proof.c = plus(proof.c, error)),
            changed(second, |_, proof| proof.c = plus(proof.c, -error)),
        ],
        // A₁ + D, A₂ − D with the same B.
        [
            changed(first, |_, proof| proof.a = plus(proof.a, error)),
            changed(first, |_, proof| proof.a = plus(proof.a, -error)),
        ],
        // x₁ + 1, x₂ − 1: both multiply the same IC point.
        [
            changed(first, |rest, _| rest[0] += Field::one()),
            changed(second, |rest, _| rest[0] -= Field::one()),
        ],
    ];
    for (case, pair) in pairs.into_iter().enumerate() {
        assert!(
            combination_holds(&pair, &weights([1, 1])),
            "case {case} cancels without weights"
        );
        assert!(
            combination_holds(&pair, &weights([5, 5])),
            "case {case} cancels under equal weights"
        );
        assert!(!combination_holds(&pair, &weights([1, 2])), "case {case}");
        assert_eq!(verdicts(&pair), [INVALID, INVALID], "case {case}");
        let among = [&honest()[..20], &pair].concat();
        let expected = [vec![Ok(()); 20], vec![INVALID; 2]].concat();
        assert_eq!(verdicts(&among), expected, "case {case} among honest ones");
    }
}

#[test]
fn every_bit_of_a_scalar_weighs() {
    // A C exchanged for C + w·P in one item and C − P in the other cancels for r₂ = w·r₁ only.
    let error = G1Affine::generator();
    let (first, second) = (&honest()[0], &honest()[6]);
    for bit in [0, 1, 63, 64, 126, 127] {
        let weight = Weight::new(1 << bit).field();
        let scaled = (error * weight).into_affine();
        let pair = [
            changed(first, |_, proof| proof.c = (proof.c + scaled).into_affine()),
            changed(second, |_, proof| proof.c = (proof.c - error).into_affine()),
        ];
        assert!(combination_holds(&pair, &weights([1, 1 << bit])), "bit {bit}");
        assert!(
            !combination_holds(&pair, &weights([1, 1 << bit ^ 1 << 100])),
            "bit {bit}"
        );
        assert!(!combination_holds(&pair, &weights([1, 0])), "bit {bit}");
    }
    assert!(combination_holds(&honest()[..3], &weights([u128::MAX, 0, 1])));
}

/// What the argument of `weights.rs` rests on, that different weights are different scalars.
#[test]
fn lambda_is_a_cube_root_of_one() {
    let lambda = g1::Config::LAMBDA;
    assert_eq!(lambda * lambda + lambda + Field::one(), Field::zero());
    let point = G1Affine::generator();
    assert_eq!(g1::Config::endomorphism_affine(&point), (point * lambda).into_affine());
    let [a, b] = weights([u128::MAX - 3, 7 << 64]).map(|w| w.field());
    assert_ne!(a, b);
}

fn weights<const N: usize>(bits: [u128; N]) -> [Weight; N] {
    bits.map(Weight::new)
}

#[test]
fn another_number_of_inputs_makes_no_item() {
    let item = &honest()[0];
    let longer = [&item.rest[..], &[Field::zero()]].concat();
    for wrong in [&item.rest[..1], &[], &longer] {
        let refused = Item::new(item.prepared.clone(), wrong.to_vec(), item.proof).err();
        let singly = item.prepared.verify(wrong, &item.proof).err();
        let expected = VerifyError::InputCount {
            expected: 2,
            found: wrong.len(),
        };
        assert_eq!(refused, Some(expected));
        assert_eq!(refused, singly, "the error of single verification");
    }
}

#[test]
fn scalars_depend_on_every_part_of_every_item() {
    let items = &honest()[..4];
    let honest_scalars = scalars(items);
    assert_eq!(honest_scalars, scalars(items), "nothing is random");
    let mut variants: Vec<Vec<Item>> = Vec::new();
    for place in 0..items.len() {
        let mut with = |item: Item| {
            let mut variant = items.to_vec();
            variant[place] = item;
            variants.push(variant);
        };
        let own = &items[place];
        with(changed(own, |rest, _| rest[0] += Field::one()));
        with(changed(own, |rest, _| rest[1] += Field::one()));
        with(changed(own, |rest, _| rest.swap(0, 1)));
        with(changed(own, |_, proof| proof.a = -proof.a));
        with(changed(own, |_, proof| proof.b = -proof.b));
        with(changed(own, |_, proof| proof.c = -proof.c));
        // Another policy under the same key, and the same policy under another key.
        for other in [
            PreparedKey::new::<Order>(key(place % 2).verifying(), &[Field::from(1u64), Field::from(2u64)]),
            PreparedKey::new::<Order>(
                key(1 - place % 2).verifying(),
                &[[1000u64, 7], [2000, 7], [1000, 9], [1000, 7]][place].map(Field::from),
            ),
        ] {
            with(Item::new(Arc::new(other.unwrap()), own.rest.clone(), own.proof).unwrap());
        }
    }
    variants.push([&items[1..2], &items[..1], &items[2..]].concat());
    variants.push(honest()[..5].to_vec());
    variants.push(items[..3].to_vec());
    let mut seen = honest_scalars;
    for (case, variant) in variants.iter().enumerate() {
        let drawn = scalars(variant);
        assert_eq!(drawn.len(), variant.len());
        assert!(
            drawn.iter().all(|r| !seen.contains(r)),
            "case {case}: all of them change"
        );
        seen.extend(drawn);
    }
}

/// The scalars recomputed from the description alone, as an auditor would.
#[test]
fn scalars_follow_their_description() {
    let items = &honest()[..3];
    let mut transcript = merlin::Transcript::new(b"covenant/batch/v2");
    transcript.append_message(b"items", &3u64.to_le_bytes());
    let policies = [[1000u64, 7], [2000, 7], [1000, 9]];
    for (i, item) in items.iter().enumerate() {
        let ic = &key(i % 2).verifying().points().ic;
        let folded = ic[0] + ic[1] * Field::from(policies[i][0]) + ic[2] * Field::from(policies[i][1]);
        let folded = folded.into_affine();
        let mut bytes = b"covenant/batch-item/v1".to_vec();
        bytes.extend(key(i % 2).id().0);
        for number in [folded.x, folded.y] {
            bytes.extend(number.into_bigint().0.iter().flat_map(|limb| limb.to_le_bytes()));
        }
        bytes.extend(2u64.to_le_bytes());
        for number in &item.rest {
            bytes.extend(number.into_bigint().0.iter().flat_map(|limb| limb.to_le_bytes()));
        }
        bytes.extend(item.proof.to_bytes());
        transcript.append_message(b"item", &Sha256::digest(bytes));
    }
    let lambda: Field = "21888242871839275217838484774961031246154997185409878258781734729429964517155"
        .parse()
        .unwrap();
    let expected: Vec<Field> = (0..3)
        .map(|_| {
            let mut bytes = [0; 16];
            transcript.challenge_bytes(b"scalar", &mut bytes);
            let half = |bytes: &[u8]| Field::from(u64::from_le_bytes(bytes.try_into().unwrap()));
            half(&bytes[..8]) + half(&bytes[8..]) * lambda
        })
        .collect();
    let found: Vec<Field> = scalars(items).iter().map(Weight::field).collect();
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any mixture gives the verdicts of single verification.
    #[test]
    fn any_mixture_agrees_with_single_verification(
        picks in proptest::collection::vec((0usize..40, proptest::option::weighted(0.15, 0usize..5)), 0..60),
    ) {
        let items: Vec<Item> = picks
            .iter()
            .map(|(place, way)| match way {
                None => honest()[*place].clone(),
                Some(way) => bad(&honest()[*place], *way),
            })
            .collect();
        let found = verify(&items);
        prop_assert_eq!(&found, &singly(&items));
        let expected: Vec<bool> = picks.iter().map(|(_, way)| way.is_none()).collect();
        prop_assert_eq!(found.iter().map(|verdict| verdict.is_ok()).collect::<Vec<_>>(), expected);
    }
}
