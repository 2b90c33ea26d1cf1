use ark_ff::{MontFp, One as _, UniformRand as _};
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use serde_json::Value;

use super::*;
use crate::field::{field_from_decimal, field_from_u64, modulus};
use crate::test_data::{bytes, element, read};

fn pair(value: &Value) -> (Field, Field) {
    (element(&value[0]), element(&value[1]))
}

#[test]
fn circomlibjs_signatures() {
    let Some(vectors) = read("zk/poseidon/circomlibjs_0.1.7_vectors.json") else {
        return;
    };
    let cases = vectors["eddsa_poseidon"].as_array().unwrap();
    assert!(cases.len() >= 12);
    for case in cases {
        let secret = SecretKey::from_seed(&bytes(&case["prv"]));
        let public = secret.public();
        assert_eq!(public.coordinates(), pair(&case["pub"]));
        assert_eq!(public.packed(), bytes::<32>(&case["pubPacked"]));
        assert_eq!(PublicKey::from_packed(&public.packed()), Ok(public));
        let message = element(&case["msg"]);
        let signature = secret.sign(message);
        assert_eq!(signature.nonce(), pair(&case["R8"]));
        assert_eq!(signature.scalar(), element(&case["S"]));
        assert_eq!(signature.packed(), bytes::<64>(&case["sigPacked"]));
        assert_eq!(Signature::from_packed(&signature.packed()), Ok(signature));
        assert_eq!(case["verify"], Value::Bool(true));
        assert_eq!(verify(&public, message, &signature), Ok(()));
    }
}

/// circomlibjs' own test vector (test/eddsa.js).
#[test]
fn published_signature() {
    let mut seed = [0u8; 32];
    for (index, byte) in seed.iter_mut().enumerate() {
        *byte = (index % 10) as u8;
    }
    // 00 01 .. 09 three times, then 00 01, each byte as two hexadecimal digits
    let decimal = |text| field_from_decimal(text).unwrap();
    let secret = SecretKey::from_seed(&seed);
    assert_eq!(
        secret.public().coordinates(),
        (
            decimal("13277427435165878497778222415993513565335242147425444199013288855685581939618"),
            decimal("13622229784656158136036771217484571176836296686641868549125388198837476602820"),
        )
    );
    let message = Field::from_le_bytes_mod_order(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0]);
    let signature = secret.sign(message);
    assert_eq!(
        signature.nonce(),
        (
            decimal("11384336176656855268977457483345535180380036354188103142384839473266348197733"),
            decimal("15383486972088797283337779941324724402501462225528836549661220478783371668959"),
        )
    );
    assert_eq!(
        signature.scalar(),
        decimal("1672775540645840396591609181675628451599263765380031905495115170613215233181")
    );
    assert_eq!(verify(&secret.public(), message, &signature), Ok(()));
}

#[test]
fn other_messages_keys_and_scalars_are_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let mut seed = [0u8; 32];
    rng.fill_bytes(&mut seed);
    let secret = SecretKey::from_seed(&seed);
    let message = Field::rand(&mut rng);
    let signature = secret.sign(message);
    assert_eq!(verify(&secret.public(), message, &signature), Ok(()));
    assert_eq!(
        verify(&secret.public(), message + Field::one(), &signature),
        Err(SignatureError::Equation)
    );
    seed[0] ^= 1;
    assert_eq!(
        verify(&SecretKey::from_seed(&seed).public(), message, &signature),
        Err(SignatureError::Equation)
    );
    let other = Signature {
        s: signature.s + Scalar::one(),
        ..signature
    };
    assert_eq!(verify(&secret.public(), message, &other), Err(SignatureError::Equation));
    let other = Signature {
        r8: -signature.r8,
        ..signature
    };
    assert_eq!(verify(&secret.public(), message, &other), Err(SignatureError::Equation));
}

#[test]
fn encodings_have_one_spelling() {
    let signature = SecretKey::from_seed(&[7; 32]).sign(field_from_u64(9));
    let mut packed = signature.packed();
    let order: num_bigint::BigUint = Scalar::MODULUS.into();
    let s: num_bigint::BigUint = signature.s.into_bigint().into();
    let mut replace = |number: num_bigint::BigUint| {
        packed[32..].fill(0);
        let bytes = number.to_bytes_le();
        packed[32..32 + bytes.len()].copy_from_slice(&bytes);
        Signature::from_packed(&packed)
    };
    assert_eq!(replace(s.clone()), Ok(signature));
    assert_eq!(replace(s.clone() + &order), Err(SignatureError::ScalarNotCanonical));
    assert_eq!(replace(order), Err(SignatureError::ScalarNotCanonical));
    assert_eq!(replace(s + modulus()), Err(SignatureError::ScalarNotCanonical));
    let mut packed = signature.packed();
    packed[..32].fill(0xff);
    assert_eq!(
        Signature::from_packed(&packed),
        Err(SignatureError::Nonce(PointError::NotCanonical))
    );
    assert_eq!(
        Signature::from_parts((Field::one(), Field::one()), Field::one()),
        Err(SignatureError::Nonce(PointError::NotOnCurve))
    );
}

#[test]
fn only_keys_of_the_prime_order_subgroup_are_admitted() {
    let key = SecretKey::from_seed(&[1; 32]).public();
    assert_eq!(PublicKey::from_packed(&key.packed()), Ok(key));
    let torsion = Point::new_unchecked(field_from_u64(0), -Field::one());
    let mixed = (key.0 + torsion).into_affine();
    assert_eq!(
        PublicKey::from_packed(&pack_point(&mixed)),
        Err(KeyError::OutsideSubgroup)
    );
    assert_eq!(
        PublicKey::from_packed(&pack_point(&torsion)),
        Err(KeyError::OutsideSubgroup)
    );
    assert_eq!(
        PublicKey::from_packed(&pack_point(&Point::zero())),
        Err(KeyError::Identity)
    );
    assert_eq!(
        PublicKey::from_packed(&[0xff; 32]),
        Err(KeyError::Point(PointError::NotCanonical))
    );
    // EIP-2494's generator of the whole group
    let generator = (
        MontFp!("995203441582195749578291179787384436505546430278305826713579947235728471134"),
        MontFp!("5472060717959818805561601436314318772137091100104008585924551046643952123905"),
    );
    assert_eq!(
        PublicKey::from_coordinates(generator.0, generator.1),
        Err(KeyError::OutsideSubgroup)
    );
}
