//! Multi-scalar multiplication with full scalars, in one run and in turns: ours on lanes, ours without, arkworks'. Milliseconds of
//! processor time and of wall time, the least of several turns. And what tables of the points' multiples by 2^15, 2^30, … would save,
//! with which a sum has one window. `cargo run --release --example multiplication [threads]`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

use std::time::{Duration, Instant};

use ark_bn254::{Fr, g1, g2};
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::{Affine, Projective};
use ark_ec::{CurveGroup as _, PrimeGroup as _, VariableBaseMSM as _};
use ark_ff::{BigInteger as _, PrimeField as _, UniformRand as _};
use covenant_proofs::measure;
use rand::SeedableRng as _;

const TURNS: usize = 5;

/// How long all threads of this process have run, from Linux' statistics, in ticks of 10 ms.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets, fields 12 and 13 are user and system time.
    let fields = statistics.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
    let ticks: u64 = fields.skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

/// Wall time of one call, and processor time averaged over so many calls that ticks do not matter.
fn timed(repeat: u32, mut f: impl FnMut()) -> [Duration; 2] {
    let (wall, processor) = (Instant::now(), processor_time());
    (0..repeat).for_each(|_| f());
    [wall.elapsed() / repeat, (processor_time() - processor) / repeat]
}

/// Different points and any scalars.
fn terms<P: GLVConfig<ScalarField = Fr>>(log: u32) -> (Vec<Affine<P>>, Vec<Fr>) {
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(u64::from(log));
    let step = Projective::<P>::generator() * Fr::rand(&mut rng);
    let chain = std::iter::successors(Some(Projective::<P>::generator()), |last| Some(*last + step));
    let points: Vec<Projective<P>> = chain.take(1 << log).collect();
    let scalars = (0..1 << log).map(|_| Fr::rand(&mut rng)).collect();
    (Projective::normalize_batch(&points), scalars)
}

/// The least that each way took in several turns, and what it found.
fn least_of_turns<P: GLVConfig, const WAYS: usize>(
    log: u32,
    sum: impl Fn(usize) -> Projective<P>,
) -> ([[Duration; 2]; WAYS], [Projective<P>; WAYS]) {
    let repeat = (1 << 17 >> log).max(1);
    let mut best = [[Duration::MAX; 2]; WAYS];
    let mut results = [Projective::<P>::default(); WAYS];
    for _ in 0..TURNS {
        for (way, (best, result)) in best.iter_mut().zip(&mut results).enumerate() {
            let found = timed(repeat, || *result = sum(way));
            best.iter_mut()
                .zip(found)
                .for_each(|(best, found)| *best = found.min(*best));
        }
    }
    (best, results)
}

fn compare<P: GLVConfig<ScalarField = Fr>>(group: &str, log: u32) {
    let (points, scalars) = terms::<P>(log);
    let (best, results) = least_of_turns::<P, 3>(log, |way| {
        measure::force_scalar(way == 1);
        match way {
            2 => Projective::<P>::msm_unchecked(&points, &scalars),
            _ => measure::msm(&points, &scalars),
        }
    });
    assert!(results[0] == results[1] && results[1] == results[2]);
    let [lanes, scalar, arkworks] = best.map(|times| times.map(|t| t.as_micros() as u64));
    for (what, times) in [("lanes", lanes), ("scalar", scalar), ("arkworks", arkworks)] {
        let [wall, processor] = times.map(|t| format!("{}.{}", t / 1000, t / 100 % 10));
        let ratio = times[1] * 100 / arkworks[1].max(1);
        println!(
            "{group} 2^{log} {what:8} processor {processor:>8} ms, wall {wall:>8} ms, {ratio:>3} % of arkworks' processor time"
        );
    }
}

/// Bits of a digit, and so many that all scalars are covered.
const DIGIT: usize = 15;
const DIGITS: usize = 254usize.div_ceil(DIGIT);

/// The same sum from tables of 17 multiples of each point.
fn compare_tables(log: u32) {
    let (points, scalars) = terms::<g1::Config>(log);
    let table: Vec<Projective<g1::Config>> = points
        .iter()
        .flat_map(|point| {
            let shift = |last: &Projective<g1::Config>| Some((0..DIGIT).fold(*last, |sum, _| sum + sum));
            std::iter::successors(Some((*point).into()), shift).take(DIGITS)
        })
        .collect();
    let table = Projective::normalize_batch(&table);
    let digits: Vec<Fr> = scalars
        .iter()
        .flat_map(|scalar| {
            let bits = scalar.into_bigint().to_bits_le();
            let digit = |bits: &[bool]| bits.iter().rev().fold(0u64, |sum, bit| 2 * sum + u64::from(*bit));
            bits.chunks(DIGIT)
                .take(DIGITS)
                .map(digit)
                .map(Fr::from)
                .collect::<Vec<_>>()
        })
        .collect();
    let (best, results) = least_of_turns::<g1::Config, 2>(log, |way| match way {
        0 => measure::msm(&points, &scalars),
        _ => measure::msm(&table, &digits),
    });
    assert!(results[0] == results[1]);
    let [plain, tables] = best.map(|[_, processor]| processor.as_micros());
    println!(
        "G1 2^{log} processor {plain} µs, from tables of {} MB {tables} µs",
        (table.len() * 64) >> 20
    );
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let run = || {
        [14, 15, 16, 18]
            .iter()
            .for_each(|log| compare::<g1::Config>("G1", *log));
        [14, 16].iter().for_each(|log| compare::<g2::Config>("G2", *log));
        measure::force_scalar(false);
        [15, 16].iter().for_each(|log| compare_tables(*log));
    };
    println!("{threads} threads");
    match pool {
        Ok(pool) => pool.install(run),
        Err(e) => println!("no threads: {e}"),
    }
}
