//! An audit of a whole log: every entry, signature, rule and proof, from the file to the result, as `covenant-audit` does it. The
//! verdicts are as many different real proofs; they are made once, which takes some minutes, and kept beside what cargo builds.

use std::time::Instant;

use covenant_audit::audit::{Anchor, Options, Outcome, audit};
use covenant_tests::fixture::{Fixture, replay};
use criterion::{Criterion, Throughput, criterion_main};

/// Verdicts in the log, each on a proof of its own.
const VERDICTS: usize = 1000;
/// Applicants that they are spread over.
const APPLICANTS: usize = 50;

#[expect(clippy::print_stdout, reason = "a bench reports")]
fn audits(c: &mut Criterion) {
    println!("{}", covenant_benches::machine());
    let started = Instant::now();
    let fixture = Fixture::load(VERDICTS, APPLICANTS);
    println!("{VERDICTS} bundles loaded in {} ms", started.elapsed().as_millis());
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("export");
    let started = Instant::now();
    let exported = replay::export_file(&fixture, VERDICTS, &path).expect("an export");
    println!(
        "recorded and exported in {} ms: {} entries, {} bodies, {} checkpoints, {} bytes",
        started.elapsed().as_millis(),
        exported.entries,
        exported.bodies,
        exported.checkpoints,
        exported.bytes
    );
    let options = Options {
        anchor: Some(Anchor::new(replay::trust(&fixture).expect("a trust file")).expect("its log key")),
        allow_development: true,
    };

    let mut group = c.benchmark_group("audit");
    group.sample_size(10).throughput(Throughput::Elements(VERDICTS as u64));
    group.bench_function(format!("{VERDICTS} verdicts, {} entries", exported.entries), |b| {
        b.iter(|| {
            let audit = audit(&path, &options, &|file, _| Box::new(file)).expect("read");
            assert_eq!((audit.outcome, audit.proofs), (Outcome::Sound, VERDICTS as u64));
        });
    });
    group.finish();
}

mod group {
    use super::audits;
    criterion::criterion_group!(benches, audits);
}
criterion_main!(group::benches);
