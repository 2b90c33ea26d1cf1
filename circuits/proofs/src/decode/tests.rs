use ark_bn254::{G1Projective, G2Projective};
use ark_ec::CurveGroup as _;
use ark_ff::{AdditiveGroup as _, Field as _, One as _, UniformRand as _};
use ark_serialize::{CanonicalDeserialize as _, CanonicalSerialize as _};

use crate::test_statement::rng;

use super::*;

/// The modulus of the base field, little-endian.
fn base_modulus() -> [u8; 32] {
    Fq::MODULUS.to_bytes_le().try_into().unwrap()
}

fn random_proof(seed: u64) -> Proof {
    let mut rng = rng(seed);
    Proof {
        a: G1Projective::rand(&mut rng).into_affine(),
        b: G2Projective::rand(&mut rng).into_affine(),
        c: G1Projective::rand(&mut rng).into_affine(),
    }
}

fn code(bytes: &[u8]) -> &'static str {
    Proof::from_bytes(bytes).map_err(|e| e.code()).unwrap_err()
}

/// `bytes` with `part` written at `start`.
fn with(mut bytes: [u8; 128], start: usize, part: &[u8]) -> [u8; 128] {
    bytes[start..start + part.len()].copy_from_slice(part);
    bytes
}

#[test]
fn the_encoding_is_arkworks_own() {
    for seed in 0..20 {
        let proof = random_proof(seed);
        let ark = ark_groth16::Proof::<ark_bn254::Bn254> {
            a: proof.a,
            b: proof.b,
            c: proof.c,
        };
        let mut expected = Vec::new();
        ark.serialize_compressed(&mut expected).unwrap();
        let bytes = proof.to_bytes();
        assert_eq!(bytes.to_vec(), expected);
        assert_eq!(Proof::from_bytes(&bytes), Ok(proof));
        let theirs = ark_groth16::Proof::<ark_bn254::Bn254>::deserialize_compressed(&bytes[..]).unwrap();
        assert_eq!((theirs.a, theirs.b, theirs.c), (proof.a, proof.b, proof.c));
    }
}

#[test]
fn only_128_bytes_are_a_proof() {
    let bytes = random_proof(1).to_bytes();
    let longer = [&bytes[..], &[0]].concat();
    for wrong in [&bytes[..127], &bytes[..0], &longer] {
        let refused = Proof::from_bytes(wrong);
        assert_eq!(refused, Err(DecodeError::ProofLength { found: wrong.len() }));
        assert_eq!(code(wrong), "proof-length");
    }
}

#[test]
fn numbers_at_or_above_the_modulus_are_refused() {
    let bytes = random_proof(2).to_bytes();
    // A.x, B.x.c0, B.x.c1, C.x
    for start in [0, 32, 64, 96] {
        assert_eq!(
            code(&with(bytes, start, &base_modulus())),
            "encoding-not-canonical",
            "the modulus at {start}"
        );
        let mut ones = [0xff; 32];
        ones[31] = 0x3f;
        assert_eq!(
            code(&with(bytes, start, &ones)),
            "encoding-not-canonical",
            "2^254 - 1 at {start}"
        );
    }
    // The same number in another form: x + modulus, where it fits 254 bits.
    let mut small = None;
    for x in 1u64.. {
        if Affine::<ark_bn254::g1::Config>::get_point_from_x_unchecked(Fq::from(x), false).is_some() {
            small = Some(x);
            break;
        }
    }
    let mut again = base_modulus();
    again[0] += u8::try_from(small.unwrap()).unwrap();
    assert_eq!(code(&with(bytes, 0, &again)), "encoding-not-canonical");
}

#[test]
fn impossible_flags_are_refused() {
    let bytes = random_proof(3).to_bytes();
    for last in [31, 95, 127] {
        let mut both = bytes;
        both[last] |= FLAGS;
        assert_eq!(code(&both), "encoding-not-canonical", "both flags at {last}");
        let mut infinite = bytes;
        infinite[last] = infinite[last] & !FLAGS | INFINITY;
        assert_eq!(
            code(&infinite),
            "encoding-not-canonical",
            "infinity with coordinates at {last}"
        );
    }
}

#[test]
fn infinity_is_refused_in_every_place() {
    let bytes = random_proof(4).to_bytes();
    let mut g1 = [0; 32];
    g1[31] = INFINITY;
    let mut g2 = [0; 64];
    g2[63] = INFINITY;
    for changed in [with(bytes, 0, &g1), with(bytes, 32, &g2), with(bytes, 96, &g1)] {
        assert_eq!(code(&changed), "point-at-infinity");
    }
    assert_eq!(
        Proof::new(G1Affine::identity(), random_proof(4).b, random_proof(4).c),
        None
    );
}

#[test]
fn points_off_the_curve_are_refused() {
    let bytes = random_proof(5).to_bytes();
    let off = |x: &u64| Affine::<ark_bn254::g1::Config>::get_point_from_x_unchecked(Fq::from(*x), false).is_none();
    let x = (0..100u64).find(off).unwrap();
    let mut g1 = [0; 32];
    g1[..8].copy_from_slice(&x.to_le_bytes());
    assert_eq!(code(&with(bytes, 0, &g1)), "point-not-on-curve");
    assert_eq!(code(&with(bytes, 96, &g1)), "point-not-on-curve");
    // x = 0: 3 is no square, so no point either; all zeros is not infinity.
    assert_eq!(code(&with(bytes, 0, &[0; 32])), "point-not-on-curve");
    let off = |x: &u64| {
        let x = Fq2::new(Fq::from(*x), Fq::one());
        Affine::<ark_bn254::g2::Config>::get_point_from_x_unchecked(x, false).is_none()
    };
    let x = (0..100u64).find(off).unwrap();
    let mut g2 = [0; 64];
    g2[..8].copy_from_slice(&x.to_le_bytes());
    g2[32] = 1;
    assert_eq!(code(&with(bytes, 32, &g2)), "point-not-on-curve");
}

#[test]
fn points_outside_the_subgroup_are_refused() {
    let bytes = random_proof(6).to_bytes();
    let mut tried = 0;
    for x in 0..40u64 {
        let point =
            Affine::<ark_bn254::g2::Config>::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::one()), false);
        let Some(point) = point else { continue };
        // Multiplied by the order it is not the identity: certainly outside, by other means than the decoder's.
        assert!(!point.mul_bigint(Field::MODULUS).is_zero());
        tried += 1;
        let mut g2 = [0; 64];
        g2[..8].copy_from_slice(&x.to_le_bytes());
        g2[32] = 1;
        assert_eq!(code(&with(bytes, 32, &g2)), "point-not-in-subgroup");
        let mut both = Vec::new();
        write_g2(&mut both, &point);
        assert_eq!(super::g2(&both, "it"), Err(DecodeError::NotInSubgroup { part: "it" }));
    }
    assert!(tried > 5);
}

#[test]
fn of_many_points_the_wrong_one_is_named() {
    let generator = G2Affine::generator();
    let points: Vec<G2Affine> = (0..600u64)
        .map(|n| (generator * Field::from(n)).into_affine())
        .collect();
    let part = "it";
    assert_eq!(check_points(&points, part, true), Ok(()));
    assert_eq!(
        check_points(&points, part, false),
        Err((0, DecodeError::AtInfinity { part }))
    );
    let outside = Affine::get_point_from_x_unchecked(with_a_square_in_fq(), false).expect("a point");
    let off = G2Affine::new_unchecked(outside.x, outside.y + Fq2::one());
    // In each lane, at a group's ends, and among the last few.
    for place in (1..18).chain([255, 256, 257, 597, 598, 599]) {
        for (wrong, error) in [
            (outside, DecodeError::NotInSubgroup { part }),
            (off, DecodeError::NotOnCurve { part }),
            (G2Affine::identity(), DecodeError::AtInfinity { part }),
        ] {
            let mut points = points[1..].to_vec();
            points[place - 1] = wrong;
            assert_eq!(check_points(&points, part, false), Err((place - 1, error)), "{place}");
        }
    }
    let mut in_g1 = vec![G1Affine::generator(); 9];
    assert_eq!(check_points(&in_g1, part, false), Ok(()));
    in_g1[8].y += Fq::one();
    assert_eq!(
        check_points(&in_g1, part, true),
        Err((8, DecodeError::NotOnCurve { part }))
    );
}

#[test]
fn field_elements_are_canonical() {
    let value = -Field::one();
    let bytes = field_to_bytes(&value);
    assert_eq!(field_from_bytes(&bytes), Ok(value));
    let mut modulus = bytes;
    modulus[0] += 1;
    for wrong in [&modulus[..], &[0xff; 32], &bytes[..31], &[0; 33], &[]] {
        assert_eq!(
            field_from_bytes(wrong).map_err(|e| e.code()),
            Err("field-not-canonical")
        );
    }
}

#[test]
fn points_in_full_are_checked_as_well() {
    let proof = random_proof(7);
    let mut bytes = Vec::new();
    write_g1(&mut bytes, &proof.a);
    assert_eq!(g1(&bytes, "it"), Ok(proof.a));
    bytes[40] ^= 1;
    assert_eq!(g1(&bytes, "it"), Err(DecodeError::NotOnCurve { part: "it" }));
    assert_eq!(g1(&[0; 64], "it"), Err(DecodeError::AtInfinity { part: "it" }));
    assert_eq!(g1(&[0xff; 64], "it"), Err(DecodeError::NotCanonical { part: "it" }));
    let mut bytes = Vec::new();
    write_g2(&mut bytes, &proof.b);
    assert_eq!(g2(&bytes, "it"), Ok(proof.b));
    bytes[100] ^= 1;
    assert_eq!(g2(&bytes, "it"), Err(DecodeError::NotOnCurve { part: "it" }));
}

/// A point of the twist, outside the subgroup, whose y² has no coefficient of u: there the quick way to a root may fail.
fn with_a_square_in_fq() -> Fq2 {
    let b = <ark_bn254::g2::Config as SWCurveConfig>::COEFF_B;
    // Of (x₀ + x₁u)³ + b, the coefficient of u is 3x₀²x₁ − x₁³ + b₁.
    for x1 in (1u64..).map(Fq::from) {
        let square = (x1 * x1 * x1 - b.c1) / (x1 + x1 + x1);
        if let Some(x0) = square.sqrt() {
            let x = Fq2::new(x0, x1);
            assert_eq!((x * x * x + b).c1, Fq::ZERO);
            return x;
        }
    }
    unreachable!("half of all numbers are squares")
}

#[test]
fn many_are_read_as_one_by_one() {
    let good: Vec<[u8; 128]> = (0..23).map(|seed| random_proof(seed).to_bytes()).collect();
    let many = Proof::many_from_bytes(&good);
    let expected: Vec<_> = (0..23).map(|seed| Ok(random_proof(seed))).collect();
    assert_eq!(many, expected);
    assert_eq!(Proof::many_from_bytes(&good[..1]), expected[..1]);
    assert_eq!(Proof::many_from_bytes::<[u8; 128]>(&[]), []);

    // Every byte changed in turn, other lengths, and noise, between good ones.
    let mut mixed: Vec<Vec<u8>> = Vec::new();
    for place in 0..128 {
        for change in [0x01, 0x40, 0x80, 0xff] {
            let mut changed = good[place % 23].to_vec();
            changed[place] ^= change;
            mixed.push(changed);
        }
    }
    for (place, length) in [(3, 0), (50, 127), (51, 129), (100, 32)] {
        mixed.insert(place, vec![7; length]);
    }
    let mut noise = rng(77);
    mixed.extend((0..64).map(|_| {
        let mut bytes = vec![0; 128];
        rand::RngCore::fill_bytes(&mut noise, &mut bytes);
        for last in [31, 63, 95, 127] {
            bytes[last] &= 0x8f;
        }
        bytes
    }));
    let mut special = [0; 64];
    write_fq2(&mut special, with_a_square_in_fq());
    mixed.push(with(good[0], 32, &special).to_vec());
    mixed.extend(good.iter().map(|proof| proof.to_vec()));
    let alone: Vec<_> = mixed.iter().map(|bytes| Proof::from_bytes(bytes)).collect();
    assert_eq!(Proof::many_from_bytes(&mixed), alone);
    let outside = DecodeError::NotInSubgroup { part: "the proof's B" };
    assert_eq!(
        alone[alone.len() - 24],
        Err(outside),
        "on the curve, which another way to a root shows"
    );
    let codes: std::collections::BTreeSet<_> = alone.iter().filter_map(|read| read.err()).map(|e| e.code()).collect();
    let all = [
        "encoding-not-canonical",
        "point-not-in-subgroup",
        "point-not-on-curve",
        "proof-length",
    ];
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), all);
}
