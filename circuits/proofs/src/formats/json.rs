//! The JSON forms of snarkjs: `verification_key.json`, `proof.json`, `public.json`; and the call data of a Solidity verifier
//! (EIP-197's order of coordinates). Numbers are decimal strings. What is written is what snarkjs 0.7 writes, byte for byte.

use ark_bn254::{Bn254, Fq, Fq2, Fq12, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::pairing::Pairing as _;
use ark_ff::{BigInteger as _, One as _, PrimeField, Zero as _};
use covenant_gadgets::circuit::Field;
use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

use super::FormatError;
use crate::decode::{Proof, check_point};
use crate::keys::Points;

const KEY: &str = "verification_key.json";
const PROOF: &str = "proof.json";
const PUBLIC: &str = "public.json";
const GROTH16: &str = "groth16";
/// snarkjs' name for BN254.
const CURVE: &str = "bn128";
/// Decimal digits that a number below 2^254 has at most.
const DIGITS_MAX: usize = 77;

/// A point of G1: x, y and 1.
type G1Text = [String; 3];
/// A number of Fq2: c0, c1.
type Fq2Text = [String; 2];
/// A point of G2: x, y and 1.
type G2Text = [Fq2Text; 3];

#[derive(Serialize, Deserialize)]
struct KeyText {
    protocol: String,
    curve: String,
    #[serde(rename = "nPublic")]
    public: usize,
    vk_alpha_1: G1Text,
    vk_beta_2: G2Text,
    vk_gamma_2: G2Text,
    vk_delta_2: G2Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vk_alphabeta_12: Option<[[Fq2Text; 3]; 2]>,
    #[serde(rename = "IC")]
    ic: Vec<G1Text>,
}

#[derive(Serialize, Deserialize)]
struct ProofText {
    pi_a: G1Text,
    pi_b: G2Text,
    pi_c: G1Text,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    curve: Option<String>,
}

/// Writes a verifying key.
pub(crate) fn write_key(points: &Points) -> Result<Vec<u8>, FormatError> {
    let text = KeyText {
        protocol: GROTH16.into(),
        curve: CURVE.into(),
        public: points.ic.len().saturating_sub(1),
        vk_alpha_1: g1_text(&points.alpha),
        vk_beta_2: g2_text(&points.beta),
        vk_gamma_2: g2_text(&points.gamma),
        vk_delta_2: g2_text(&points.delta),
        vk_alphabeta_12: Some(fq12_text(&Bn254::pairing(points.alpha, points.beta).0)),
        ic: points.ic.iter().map(g1_text).collect(),
    };
    pretty(KEY, &text)
}

/// Reads a verifying key. `vk_alphabeta_12` is not looked at: it follows from the others.
pub(crate) fn read_key(bytes: &[u8]) -> Result<Points, FormatError> {
    let text: KeyText = parse(KEY, bytes)?;
    if text.protocol != GROTH16 || text.curve != CURVE || text.ic.len() != text.public.saturating_add(1) {
        let what = format!(
            "{} on {}, {} IC points, {} public inputs",
            text.protocol,
            text.curve,
            text.ic.len(),
            text.public
        );
        return Err(FormatError::malformed(
            KEY,
            what,
            "groth16 on bn128, one IC point more than public inputs",
        ));
    }
    let ic = text.ic.iter().enumerate().map(|(i, p)| g1(KEY, &format!("IC {i}"), p));
    Ok(Points {
        alpha: g1(KEY, "vk_alpha_1", &text.vk_alpha_1)?,
        beta: g2(KEY, "vk_beta_2", &text.vk_beta_2)?,
        gamma: g2(KEY, "vk_gamma_2", &text.vk_gamma_2)?,
        delta: g2(KEY, "vk_delta_2", &text.vk_delta_2)?,
        ic: ic.collect::<Result<_, _>>()?,
    })
}

/// Writes a proof.
///
/// # Errors
/// None that a proof could cause.
pub fn write_proof(proof: &Proof) -> Result<Vec<u8>, FormatError> {
    let text = ProofText {
        pi_a: g1_text(&proof.a),
        pi_b: g2_text(&proof.b),
        pi_c: g1_text(&proof.c),
        protocol: Some(GROTH16.into()),
        curve: Some(CURVE.into()),
    };
    pretty(PROOF, &text)
}

/// Reads a proof: every number below the modulus, every point on the curve, in the subgroup, not infinite.
///
/// # Errors
/// Anything else.
pub fn read_proof(bytes: &[u8]) -> Result<Proof, FormatError> {
    let text: ProofText = parse(PROOF, bytes)?;
    let named = |found: &Option<String>, expected: &str| found.as_deref().is_none_or(|f| f == expected);
    if !named(&text.protocol, GROTH16) || !named(&text.curve, CURVE) {
        return Err(FormatError::malformed(
            PROOF,
            "another protocol or curve",
            "groth16 on bn128",
        ));
    }
    Ok(Proof {
        a: g1(PROOF, "pi_a", &text.pi_a)?,
        b: g2(PROOF, "pi_b", &text.pi_b)?,
        c: g1(PROOF, "pi_c", &text.pi_c)?,
    })
}

/// Writes public inputs, the constant one left out.
///
/// # Errors
/// None that numbers could cause.
pub fn write_public(inputs: &[Field]) -> Result<Vec<u8>, FormatError> {
    let texts: Vec<String> = inputs.iter().map(|x| decimal(*x)).collect();
    pretty(PUBLIC, &texts)
}

/// Reads public inputs, the constant one left out.
///
/// # Errors
/// Anything but a list of decimal strings below the scalar field's modulus.
pub fn read_public(bytes: &[u8]) -> Result<Vec<Field>, FormatError> {
    let texts: Vec<String> = parse(PUBLIC, bytes)?;
    let read = texts
        .iter()
        .enumerate()
        .map(|(i, text)| number(PUBLIC, &format!("input {i}"), text));
    read.collect()
}

/// The arguments of a Solidity verifier's `verifyProof`, as `snarkjs zkey export soliditycalldata` prints them: in G2 the
/// coordinate c1 stands before c0 (EIP-197).
pub fn solidity_call_data(proof: &Proof, inputs: &[Field]) -> String {
    let (a, b, c) = (&proof.a, &proof.b, &proof.c);
    let inputs: Vec<String> = inputs.iter().map(|x| word(*x)).collect();
    format!(
        "[{}, {}],[[{}, {}],[{}, {}]],[{}, {}],[{}]",
        word(a.x),
        word(a.y),
        word(b.x.c1),
        word(b.x.c0),
        word(b.y.c1),
        word(b.y.c0),
        word(c.x),
        word(c.y),
        inputs.join(",")
    )
}

/// JSON with one space of indentation and no final newline, as JavaScript's `JSON.stringify(value, null, 1)` writes it.
fn pretty(format: &'static str, value: &impl Serialize) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    let style = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, style);
    let written = value.serialize(&mut serializer);
    written.map_err(|e| FormatError::malformed(format, e.to_string(), "a value"))?;
    Ok(out)
}

fn parse<'a, T: Deserialize<'a>>(format: &'static str, bytes: &'a [u8]) -> Result<T, FormatError> {
    serde_json::from_slice(bytes)
        .map_err(|e| FormatError::malformed(format, e.to_string(), "the form that snarkjs writes"))
}

fn decimal<F: PrimeField>(value: F) -> String {
    value.into_bigint().into().to_string()
}

/// A number from its decimal digits: no sign, no leading zeros, below the modulus.
fn number<F: PrimeField>(format: &'static str, place: &str, text: &str) -> Result<F, FormatError> {
    let digits = (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    let value = canonical.then(|| text.parse::<BigUint>().ok()).flatten();
    let value = value.and_then(|v| F::BigInt::try_from(v).ok()).and_then(F::from_bigint);
    value.ok_or_else(|| {
        let found: String = text.chars().take(80).filter(|c| !c.is_control()).collect();
        FormatError::malformed(
            format,
            format!("{place}: {found:?}"),
            "a decimal number below the modulus",
        )
    })
}

fn g1(format: &'static str, place: &str, [x, y, z]: &G1Text) -> Result<G1Affine, FormatError> {
    affine(format, place, z == "1")?;
    let point = G1Affine::new_unchecked(number(format, place, x)?, number(format, place, y)?);
    checked(format, place, check_point(&point, "a point"))?;
    Ok(point)
}

fn g2(format: &'static str, place: &str, [x, y, z]: &G2Text) -> Result<G2Affine, FormatError> {
    affine(format, place, z[0] == "1" && z[1] == "0")?;
    let fq2 =
        |[c0, c1]: &Fq2Text| Ok::<_, FormatError>(Fq2::new(number(format, place, c0)?, number(format, place, c1)?));
    let point = G2Affine::new_unchecked(fq2(x)?, fq2(y)?);
    checked(format, place, check_point(&point, "a point"))?;
    Ok(point)
}

fn affine(format: &'static str, place: &str, affine: bool) -> Result<(), FormatError> {
    if affine {
        return Ok(());
    }
    Err(FormatError::malformed(
        format,
        format!("{place}: its third coordinate"),
        "1: a point that is not infinite",
    ))
}

fn checked(
    format: &'static str,
    place: &str,
    result: Result<(), crate::errors::DecodeError>,
) -> Result<(), FormatError> {
    result.map_err(|error| FormatError::Decode {
        format,
        place: place.to_owned(),
        error,
    })
}

fn g1_text(point: &G1Affine) -> G1Text {
    if point.is_zero() {
        return ["0".into(), "1".into(), "0".into()];
    }
    [decimal(point.x), decimal(point.y), decimal(Fq::one())]
}

fn g2_text(point: &G2Affine) -> G2Text {
    if point.is_zero() {
        return [fq2_text(&Fq2::zero()), fq2_text(&Fq2::one()), fq2_text(&Fq2::zero())];
    }
    [fq2_text(&point.x), fq2_text(&point.y), fq2_text(&Fq2::one())]
}

fn fq2_text(value: &Fq2) -> Fq2Text {
    [decimal(value.c0), decimal(value.c1)]
}

fn fq12_text(value: &Fq12) -> [[Fq2Text; 3]; 2] {
    [&value.c0, &value.c1].map(|half| [fq2_text(&half.c0), fq2_text(&half.c1), fq2_text(&half.c2)])
}

/// A number as a quoted word of 32 bytes.
fn word<F: PrimeField>(value: F) -> String {
    format!(
        "\"0x{}\"",
        data_encoding::HEXLOWER.encode(&value.into_bigint().to_bytes_be())
    )
}
