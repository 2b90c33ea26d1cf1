//! The hashes of a transcript: BLAKE2b-512 over points as x ‖ y big-endian (in Fq2 c1 before c0, the identity all zeros), and
//! the way from a hash to a secret or a point, which must be that of snarkjs: its generator is ChaCha20 (RFC 8439's block
//! function, a counter of 64 bits), seeded with the first 32 bytes of a hash read as big-endian words.

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine, g1, g2};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr as _, CurveConfig as _, CurveGroup as _};
use ark_ff::PrimeField as _;
use ark_ff::fields::models::fp::{Fp, MontBackend, MontConfig};
use blake2::{Blake2b512, Digest as _};
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::powers::Secrets;
use crate::formats::zkey::{Beacon, Contribution, Transcript};
use crate::montgomery;

/// The most iterations of a beacon, as a power of two, that are made and checked: an hour of hashing. More would let a contribution
/// that claims them keep a verifier busy for ever.
pub(super) const BEACON_ITERATIONS_LOG2_MAX: u8 = 32;

/// The top bits of a number of 256 bits that are cut off before it is compared with a modulus of 254 bits.
const TOP_BITS: u64 = (1 << 62) - 1;

/// A point that a hash can absorb.
pub(super) trait Hashed {
    /// The point as x ‖ y, big-endian.
    fn absorb(&self, hash: &mut Blake2b512);
    /// Appends the point as x ‖ y, big-endian.
    fn uncompressed(&self, out: &mut Vec<u8>);
    /// Appends x, big-endian, its top bit set where y is the larger of y and −y. For points that are not infinite.
    fn compressed(&self, out: &mut Vec<u8>);
}

impl Hashed for Affine<g1::Config> {
    fn absorb(&self, hash: &mut Blake2b512) {
        [self.x, self.y].iter().for_each(|f| hash.update(big_endian(f)));
    }

    fn uncompressed(&self, out: &mut Vec<u8>) {
        [self.x, self.y].iter().for_each(|f| out.extend(big_endian(f)));
    }

    fn compressed(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend(big_endian(&self.x));
        mark(out, start, self.y > -self.y);
    }
}

impl Hashed for Affine<g2::Config> {
    fn absorb(&self, hash: &mut Blake2b512) {
        let numbers = [self.x.c1, self.x.c0, self.y.c1, self.y.c0];
        numbers.iter().for_each(|f| hash.update(big_endian(f)));
    }

    fn uncompressed(&self, out: &mut Vec<u8>) {
        let numbers = [self.x.c1, self.x.c0, self.y.c1, self.y.c0];
        numbers.iter().for_each(|f| out.extend(big_endian(f)));
    }

    fn compressed(&self, out: &mut Vec<u8>) {
        let start = out.len();
        [self.x.c1, self.x.c0].iter().for_each(|f| out.extend(big_endian(f)));
        mark(out, start, self.y > -self.y);
    }
}

fn big_endian(value: &Fq) -> [u8; 32] {
    let mut bytes = [0; 32];
    let limbs = value.into_bigint().0;
    for (eight, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        eight.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

fn mark(out: &mut [u8], at: usize, larger: bool) {
    if let (Some(first), true) = (out.get_mut(at), larger) {
        *first |= 0x80;
    }
}

/// Absorbs how many points follow, and the points.
pub(super) fn absorb_all<P: Hashed>(hash: &mut Blake2b512, points: &[P]) {
    hash.update((points.len() as u32).to_be_bytes());
    points.iter().for_each(|p| p.absorb(hash));
}

pub(super) fn finish(hash: Blake2b512) -> [u8; 64] {
    hash.finalize().into()
}

/// A running hash over the circuit's hash and all contributions so far.
pub(super) fn so_far(transcript: &Transcript) -> Blake2b512 {
    let mut hash = Blake2b512::new();
    hash.update(transcript.circuit_hash);
    transcript
        .contributions
        .iter()
        .for_each(|c| absorb_contribution(&mut hash, c));
    hash
}

/// What a contribution adds to the running hash.
pub(super) fn absorb_contribution(hash: &mut Blake2b512, contribution: &Contribution) {
    contribution.delta_after.absorb(hash);
    contribution.s.absorb(hash);
    contribution.sx.absorb(hash);
    contribution.spx.absorb(hash);
    hash.update(contribution.transcript);
}

/// The hash by which contributors tell that theirs is in.
pub(super) fn contribution_hash(contribution: &Contribution) -> [u8; 64] {
    let mut hash = Blake2b512::new();
    absorb_contribution(&mut hash, contribution);
    finish(hash)
}

/// The transcript of the next contribution: everything so far, and its two points of G1.
pub(super) fn next_transcript(mut so_far: Blake2b512, s: &G1Affine, sx: &G1Affine) -> [u8; 64] {
    s.absorb(&mut so_far);
    sx.absorb(&mut so_far);
    finish(so_far)
}

/// The point of G2 that a contribution's proof is over; nobody knows its logarithm.
pub(super) fn to_g2(transcript: &[u8; 64]) -> G2Affine {
    let mut rng = seeded(transcript);
    let point = curve_point::<g2::Config>(&mut rng, |rng| {
        let c0 = raw_number(rng);
        Fq2::new(c0, raw_number(rng))
    });
    point.mul_bigint(g2::Config::COFACTOR).into_affine()
}

/// The point of G2 that a proof about powers of tau is over: for secret number `k` (τ, α, β), after a challenge.
pub(super) fn powers_to_g2(k: u8, challenge: &[u8; 64], s: &G1Affine, sx: &G1Affine) -> G2Affine {
    let mut hash = Blake2b512::new();
    hash.update([k]);
    hash.update(challenge);
    s.absorb(&mut hash);
    sx.absorb(&mut hash);
    to_g2(&finish(hash))
}

/// What a beacon contributes to powers of tau: the three secrets, then the three random points.
pub(super) fn of_powers_beacon(beacon: &Beacon) -> Secrets {
    let mut rng = seeded(&beacon_hash(beacon));
    let secrets = Zeroizing::new([0; 3].map(|_| raw_number(&mut rng)));
    let points = [0; 3].map(|_| curve_point::<g1::Config>(&mut rng, raw_number));
    Secrets { secrets, points }
}

fn beacon_hash(beacon: &Beacon) -> Vec<u8> {
    let mut hash = beacon.value.clone();
    for _ in 0..1u64 << beacon.iterations_log2.min(BEACON_ITERATIONS_LOG2_MAX) {
        hash = Sha256::digest(&hash).to_vec();
    }
    hash
}

/// What a beacon contributes: its secret, and the random point of its proof.
pub(super) fn of_beacon(beacon: &Beacon) -> (Fr, G1Affine) {
    secret_and_point(&mut seeded(&beacon_hash(beacon)))
}

/// A secret and a random point of G1, in this order.
pub(super) fn secret_and_point(rng: &mut ChaCha20Rng) -> (Fr, G1Affine) {
    let secret = raw_number(rng);
    (secret, curve_point::<g1::Config>(rng, raw_number))
}

/// The generator of a hash's first 32 bytes.
pub(super) fn seeded(hash: &[u8]) -> ChaCha20Rng {
    let mut seed = [0; 32];
    for (word, bytes) in seed.chunks_exact_mut(4).zip(hash.chunks_exact(4)) {
        word.iter_mut()
            .zip(bytes.iter().rev())
            .for_each(|(to, from)| *to = *from);
    }
    ChaCha20Rng::from_seed(seed)
}

/// A field element whose Montgomery form is drawn: 64-bit words, the high half of each first, until one is below the modulus.
fn raw_number<C: MontConfig<4>>(rng: &mut ChaCha20Rng) -> Fp<MontBackend<C, 4>, 4> {
    loop {
        let mut bytes = Vec::with_capacity(montgomery::FIELD_BYTES);
        for limb in 0..4 {
            let word = u64::from(rng.next_u32()) << 32 | u64::from(rng.next_u32());
            bytes.extend_from_slice(&if limb == 3 { word & TOP_BITS } else { word }.to_le_bytes());
        }
        if let Some(number) = montgomery::field(&bytes) {
            return number;
        }
    }
}

/// A point of the curve, not yet of the subgroup: x is drawn, then a bit that says which y.
fn curve_point<C: SWCurveConfig>(rng: &mut ChaCha20Rng, draw: impl Fn(&mut ChaCha20Rng) -> C::BaseField) -> Affine<C> {
    loop {
        let x = draw(rng);
        let larger = rng.next_u32() & 1 == 1;
        // An x without a y has none of either sign; snarkjs draws anew as well.
        if let Some(point) = Affine::get_point_from_x_unchecked(x, larger) {
            return point;
        }
    }
}
