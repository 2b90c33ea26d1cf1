//! An audit of a whole log: every entry, signature, rule and proof, from the file to the result, as `covenant-audit` does it. The
//! verdicts are as many different real proofs; they are made once, which takes some minutes, and kept beside what cargo builds.
//!
//! Beside it, what judging a bundle costs the service before its proof joins a batch, and before its verdict is appended.

use std::hint::black_box;
use std::time::Instant;

use covenant_api::host;
use covenant_api::log::{Shelf, View, plan_verdict};
use covenant_api::sign::Signed;
use covenant_api::verdict::judge;
use covenant_audit::audit::{Anchor, Options, Outcome, audit};
use covenant_proofs::keys::KeyPolicy;
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
        ..Options::default()
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
    judging(c, &fixture);
}

/// One bundle, from its bytes to an item of a batch and the plan of an entry: everything of a verdict but proof and disk.
fn judging(c: &mut Criterion, fixture: &Fixture) {
    let log = replay::play(fixture, 0).expect("a log without verdicts").memory;
    let (operator, now) = (replay::operator(), host::now().expect("a clock"));
    let shelf = Shelf::new(KeyPolicy {
        allow_development: true,
    });
    let mut next = fixture.bundles.iter().cycle();
    c.bench_function("judge a bundle, sign and plan its verdict", |b| {
        b.iter(|| {
            let bundle = Signed::from_json(&next.next().expect("a bundle").body).expect("read");
            let view = View::new(&log, &shelf);
            let judged = judge(&view, &bundle, now).expect("judged");
            let key = view.verifying_key(&fixture.bank(), &fixture.key_id()).expect("the key");
            let items = judged.items(&key, shelf.prepared()).expect("items");
            let verdict = operator.sign(judged.verdict.clone()).expect("signed");
            let plan = plan_verdict(view, &judged, &bundle, &verdict, now).expect("planned");
            black_box((items, plan))
        });
    });
}

mod group {
    use super::audits;
    criterion::criterion_group!(benches, audits);
}
criterion_main!(group::benches);
