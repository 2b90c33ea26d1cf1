//! What verifying costs, beside ark-groth16 in the same run: one proof with a prepared key, decoding, and batches from bytes to
//! verdicts. The proofs are simulated: whoever draws a key's secrets himself, as this program does, can make proofs of
//! anything, and makes them in half a millisecond.
//!
//! `cargo run --release -p covenant-proofs --example verifying`, and with `-- scalar` what a processor without vectors would do.

#![expect(clippy::print_stdout, reason = "a program that prints")]

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ark_bn254::{Bn254, Fq, Fr, G1Projective, G2Projective};
use ark_ec::{CurveGroup as _, PrimeGroup as _};
use ark_ff::{BigInteger as _, Field as _, PrimeField as _, UniformRand as _};
use ark_groth16::{Groth16, Proof as TheirProof, VerifyingKey as TheirKey, prepare_verifying_key};
use covenant_gadgets::circuit::{Circuit, Field, Result, Var};
use covenant_proofs::batch::{self, Item};
use covenant_proofs::decode::Proof;
use covenant_proofs::keys::{KeyPolicy, VerifyingKey};
use covenant_proofs::statement::Statement;
use covenant_proofs::verify::PreparedKey;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

/// Inputs that the policy fixes, and those that remain, as the compliance statement has them.
const POLICY: usize = 3_061;
const REST: usize = 13;
/// Inputs of the peer's key.
const THEIRS: usize = 3;
/// Sizes of batches.
const SIZES: [usize; 6] = [2, 8, 16, 64, 256, 1024];

/// A statement that nobody proves.
struct Simulated;

#[derive(Debug, thiserror::Error)]
#[error("never")]
struct Never;

impl Statement for Simulated {
    const ID: &'static str = "covenant/simulated/v1";
    type Public = ();
    type Witness = ();
    type Violation = Never;

    fn input_names() -> Vec<String> {
        (0..POLICY + REST).map(|i| format!("input-{i}")).collect()
    }

    fn policy_inputs() -> usize {
        POLICY
    }

    fn inputs((): &()) -> Vec<Field> {
        Vec::new()
    }

    fn check((): &(), (): &()) -> std::result::Result<(), Never> {
        Err(Never)
    }

    fn enforce(_: &mut Circuit, _: &[Var], _: Option<(&(), &())>) -> Result<()> {
        Ok(())
    }
}

/// A key's secrets.
struct Trapdoor {
    alpha: Fr,
    beta: Fr,
    gamma: Fr,
    delta: Fr,
    ic: Vec<Fr>,
}

impl Trapdoor {
    fn new(rng: &mut ChaCha20Rng, inputs: usize) -> Self {
        let mut draw = || Fr::rand(rng);
        Self {
            alpha: draw(),
            beta: draw(),
            gamma: draw(),
            delta: draw(),
            ic: (0..=inputs).map(|_| draw()).collect(),
        }
    }

    fn key(&self) -> TheirKey<Bn254> {
        let (g, h) = (G1Projective::generator(), G2Projective::generator());
        let ic: Vec<G1Projective> = self.ic.iter().map(|s| g * s).collect();
        TheirKey {
            alpha_g1: (g * self.alpha).into_affine(),
            beta_g2: (h * self.beta).into_affine(),
            gamma_g2: (h * self.gamma).into_affine(),
            delta_g2: (h * self.delta).into_affine(),
            gamma_abc_g1: G1Projective::normalize_batch(&ic),
        }
    }

    /// A proof of the inputs: ab = αβ + γ·Σ xᵢICᵢ + δc.
    fn proof(&self, rng: &mut ChaCha20Rng, inputs: &[Fr]) -> Option<TheirProof<Bn254>> {
        let (first, rest) = self.ic.split_first()?;
        let sum = *first + rest.iter().zip(inputs).map(|(ic, x)| *ic * x).sum::<Fr>();
        let (a, b) = (Fr::rand(rng), Fr::rand(rng));
        let c = (a * b - self.alpha * self.beta - self.gamma * sum) * self.delta.inverse()?;
        Some(TheirProof {
            a: (G1Projective::generator() * a).into_affine(),
            b: (G2Projective::generator() * b).into_affine(),
            c: (G1Projective::generator() * c).into_affine(),
        })
    }
}

/// Our form of a key.
fn encoded(key: &TheirKey<Bn254>) -> Vec<u8> {
    let mut out = b"cvnt-vk1\x01".to_vec();
    let text = |out: &mut Vec<u8>, text: &str| {
        out.extend((text.len() as u16).to_le_bytes());
        out.extend(text.as_bytes());
    };
    let number = |out: &mut Vec<u8>, x: Fq| out.extend(x.into_bigint().to_bytes_le());
    text(&mut out, "simulated");
    text(&mut out, Simulated::ID);
    out.extend([0; 32]);
    out.extend((key.gamma_abc_g1.len() as u32).to_le_bytes());
    for x in [key.alpha_g1.x, key.alpha_g1.y] {
        number(&mut out, x);
    }
    for point in [key.beta_g2, key.gamma_g2, key.delta_g2] {
        for x in [point.x.c0, point.x.c1, point.y.c0, point.y.c1] {
            number(&mut out, x);
        }
    }
    for point in &key.gamma_abc_g1 {
        for x in [point.x, point.y] {
            number(&mut out, x);
        }
    }
    out
}

/// What a line of the table says.
struct Times {
    best: Duration,
    median: Duration,
    processor: Duration,
}

/// Wall time of some runs, the best and the median, and processor time for each.
fn timed<T>(what: &str, times: u32, each: usize, mut run: impl FnMut() -> T) -> Times {
    black_box(run());
    let before = processor_ms();
    let mut walls: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed() / each as u32
        })
        .collect();
    let processor = Duration::from_millis(processor_ms() - before) / times / each as u32;
    walls.sort();
    let (best, median) = (walls[0], walls[walls.len() / 2]);
    let tenths = |time: Duration| {
        let tenths = time.as_nanos() / 100;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    println!(
        "{what:<40} best {:>8} µs, median {:>8} µs, processor {:>8} µs",
        tenths(best),
        tenths(median),
        tenths(processor)
    );
    Times {
        best,
        median,
        processor,
    }
}

/// Processor time of all threads so far, in steps of 10 ms; 0 where the system does not tell.
fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2);
    ticks.filter_map(|t| t.parse::<u64>().ok()).sum::<u64>() * 10
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    #[cfg(target_arch = "x86_64")]
    if std::env::args().nth(1).as_deref() == Some("scalar") {
        covenant_proofs::lanes::force_scalar(true);
        println!("One number at a time.");
    }
    println!("ark-groth16's verifier, {THEIRS} inputs, and ours, {REST} inputs after {POLICY} that are folded in:");

    let theirs = Trapdoor::new(&mut rng, THEIRS);
    let their_key = prepare_verifying_key(&theirs.key());
    let their_inputs: Vec<Fr> = (0..THEIRS).map(|_| Fr::rand(&mut rng)).collect();
    let their_proof = theirs.proof(&mut rng, &their_inputs).ok_or("a secret is zero")?;

    let ours = Trapdoor::new(&mut rng, POLICY + REST);
    let policy = KeyPolicy {
        allow_development: true,
    };
    let key = VerifyingKey::from_bytes::<Simulated>(&encoded(&ours.key()), policy)?;
    let policy: Vec<Field> = (0..POLICY as u64).map(Field::from).collect();
    let prepared = Arc::new(PreparedKey::new::<Simulated>(&key, &policy)?);
    let largest = SIZES.into_iter().max().unwrap_or_default();
    let mut proofs = Vec::with_capacity(largest);
    for _ in 0..largest {
        let rest: Vec<Field> = (0..REST).map(|_| Fr::rand(&mut rng)).collect();
        let all = [&policy[..], &rest].concat();
        let proof = ours.proof(&mut rng, &all).ok_or("a secret is zero")?;
        let mut bytes = Vec::new();
        ark_serialize::CanonicalSerialize::serialize_compressed(&proof, &mut bytes)?;
        proofs.push((bytes, rest));
    }
    let decoded = Proof::from_bytes(&proofs[0].0)?;

    let check_theirs = || Groth16::<Bn254>::verify_proof(&their_key, &their_proof, &their_inputs);
    let check_ours = || prepared.verify(&proofs[0].1, &decoded);
    assert!(check_theirs()?);
    check_ours()?;
    let peer = timed("ark-groth16, one proof", 200, 1, check_theirs);
    let one = timed("ours, one proof", 200, 1, check_ours);
    let percent = |of: fn(&Times) -> Duration| 100 * of(&one).as_nanos() / of(&peer).as_nanos().max(1);
    println!(
        "  ours in per cent of the peer's: best {}, median {}, processor {}",
        percent(|t| t.best),
        percent(|t| t.median),
        percent(|t| t.processor)
    );
    timed("folding a policy", 20, 1, || {
        PreparedKey::new::<Simulated>(&key, &policy)
    });
    timed("decoding one", 200, 1, || Proof::from_bytes(&proofs[0].0));
    let bytes: Vec<&[u8]> = proofs.iter().map(|(bytes, _)| &bytes[..]).collect();
    timed("decoding each of many", 10, largest, || Proof::many_from_bytes(&bytes));
    let item = |(proof, (_, rest)): (_, &(_, Vec<Field>))| Item::new(Arc::clone(&prepared), rest.clone(), proof);
    for size in SIZES {
        let from_bytes = || -> std::result::Result<Vec<Item>, Box<dyn Error>> {
            let decoded = Proof::many_from_bytes(&bytes[..size]);
            let decoded: Vec<Proof> = decoded.into_iter().collect::<std::result::Result<_, _>>()?;
            Ok(decoded
                .into_iter()
                .zip(&proofs)
                .map(item)
                .collect::<std::result::Result<_, _>>()?)
        };
        let items = from_bytes()?;
        assert!(batch::verify(&items).iter().all(std::result::Result::is_ok));
        let times = (2048 / size).clamp(8, 100) as u32;
        timed(&format!("each of {size}, decoded"), times, size, || {
            batch::verify(&items)
        });
        timed(&format!("each of {size}, from bytes"), times, size, || {
            from_bytes().map(|items| batch::verify(&items))
        });
    }
    Ok(())
}
