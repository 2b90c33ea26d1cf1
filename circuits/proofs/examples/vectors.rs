//! How long field operations take on eight lanes and in arkworks: nanoseconds of processor time for one
//! element, chains of dependent operations apart from independent ones. Linux on x86-64 only.
//! `cargo run --release --example vectors`.

#![expect(clippy::print_stdout, reason = "it reports to whoever runs it")]

fn main() {
    #[cfg(target_arch = "x86_64")]
    x86::main();
    #[cfg(not(target_arch = "x86_64"))]
    println!("no AVX-512 IFMA");
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::hint::black_box;

    use ark_bn254::{Fq, Fq2, FqConfig};
    use ark_ff::{Field as _, UniformRand as _};
    use covenant_proofs::lanes::{Ifma, Lanes, Lanes2, WIDTH};
    use rand::SeedableRng as _;

    const TURNS: u32 = 100_000;

    /// Nanoseconds that this thread has run.
    fn processor_time() -> u64 {
        let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let first = statistics.split(' ').next().and_then(|n| n.parse().ok());
        first.unwrap_or_default()
    }

    fn report(what: &str, elements: u32, f: impl FnOnce()) {
        let start = processor_time();
        f();
        let taken = (processor_time() - start) * 100 / u64::from(TURNS * elements);
        println!("{what:40} {}.{:02} ns", taken / 100, taken % 100);
    }

    pub fn main() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let values: [Fq; 8 * WIDTH] = std::array::from_fn(|_| Fq::rand(&mut rng));
        let mut one = values[0];
        report("arkworks multiplication, chain", 1, || {
            (0..TURNS).for_each(|_| one *= values[1])
        });
        let mut many = values;
        report("arkworks multiplication, independent", 64, || {
            (0..TURNS).for_each(|_| many.iter_mut().for_each(|m| *m *= values[1]));
        });
        report("arkworks inversion", 1, || {
            (0..TURNS).for_each(|_| one = one.inverse().unwrap_or_default() + values[1]);
        });
        black_box((one, many));
        let Some(ifma) = Ifma::detected() else {
            println!("no AVX-512 IFMA");
            return;
        };
        lanes(ifma, &values);
    }

    fn lanes(ifma: Ifma, values: &[Fq; 64]) {
        let load = |i: usize| Lanes::<FqConfig>::load(ifma, std::array::from_fn(|j| &values[8 * i + j]));
        let start: [_; 8] = std::array::from_fn(load);
        let by = start[0];
        let mut one = start[1];
        report("lanes multiplication, chain", 8, || {
            ifma.run(|| (0..TURNS).for_each(|_| one = one.times(by)))
        });
        report("lanes squaring, chain", 8, || {
            ifma.run(|| (0..TURNS).for_each(|_| one = one.square()))
        });
        for count in [2, 4, 8] {
            let mut many = start;
            report(&format!("lanes multiplication, {count} independent"), 8 * count, || {
                ifma.run(|| (0..TURNS).for_each(|_| many[..count as usize].iter_mut().for_each(|m| *m = m.times(by))));
            });
            report(&format!("lanes squaring, {count} independent"), 8 * count, || {
                ifma.run(|| (0..TURNS).for_each(|_| many[..count as usize].iter_mut().for_each(|m| *m = m.square())));
            });
            black_box(many);
        }
        let mut many = start;
        report("lanes addition and reduction, independent", 64, || {
            ifma.run(|| (0..TURNS).for_each(|_| many.iter_mut().for_each(|m| *m = m.plus(by).reduced())));
        });
        report("lanes subtraction, unreduced, independent", 64, || {
            ifma.run(|| (0..TURNS).for_each(|_| many.iter_mut().for_each(|m| *m = black_box(m.minus::<2>(by)))));
        });
        black_box(many);
        let mut pairs = start.map(|c0| Lanes2::new(c0, by));
        let factor = pairs[0];
        report("lanes Fq2 multiplication, independent", 64, || {
            ifma.run(|| (0..TURNS).for_each(|_| pairs.iter_mut().for_each(|m| *m = m.times::<2>(factor))));
        });
        report("lanes Fq2 squaring, independent", 64, || {
            ifma.run(|| (0..TURNS).for_each(|_| pairs.iter_mut().for_each(|m| *m = m.square::<2>())));
        });
        black_box(pairs);
        let mut twos: [Fq2; 8] = std::array::from_fn(|i| Fq2::new(values[i], values[i + 8]));
        report("arkworks Fq2 multiplication, independent", 8, || {
            (0..TURNS).for_each(|_| twos.iter_mut().for_each(|m| *m *= Fq2::new(values[1], values[2])));
        });
        black_box((one, twos));
    }
}
