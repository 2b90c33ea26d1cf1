//! Durable appends to the ledger: each entry has a body, a unique key and a place in a stream, stands in chain and tree under a signed
//! checkpoint, and is on the disk when it is acknowledged. How many a second depends on how many wait at once, since those that do are
//! written together; what one waits is the disk's own time for one synced write.

use std::hint::black_box;
use std::time::{Duration, Instant};

use covenant_ledger::{Config, Draft, Kind, Ledger, Limits, Receipt, StreamId};
use covenant_tests::fixture::{Fixture, replay};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_main};
use ed25519_dalek::SigningKey;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

/// Submissions that wait at once.
const IN_FLIGHT: [u64; 4] = [1, 8, 64, 1024];
const BODY_BYTES: usize = 500;
/// Verdicts among a bank's real records, and the applicants that they are on.
const VERDICTS: usize = 64;
const APPLICANTS: usize = 16;

fn draft(number: u64) -> Draft {
    let kind = Kind::new("bench").expect("a kind");
    let mut stream = [0; 32];
    stream[..8].copy_from_slice(&(number % 100).to_be_bytes());
    let mut draft = Draft::new(kind, StreamId(stream), vec![b'x'; BODY_BYTES]);
    draft.unique = vec![number.to_be_bytes().to_vec()];
    draft
}

/// Submits this many at once, and waits for all receipts.
fn together(ledger: &Ledger, first: u64, count: u64) -> Vec<Receipt> {
    let tickets: Vec<_> = (first..first + count)
        .map(|number| ledger.submit(draft(number)).expect("queued"))
        .collect();
    let receipts = tickets
        .into_iter()
        .map(|ticket| ticket.wait().expect("appended").receipt().expect("a receipt"));
    receipts.collect()
}

#[expect(clippy::print_stdout, reason = "a bench reports")]
fn append(c: &mut Criterion) {
    println!("{}", covenant_benches::machine());
    let directory = tempfile::tempdir().expect("a directory");
    let config = Config {
        origin: "example.com/bench".to_owned(),
        signing_key: SigningKey::from_bytes(&[1; 32]),
        limits: Limits::default(),
        create: true,
        witnessing: None,
    };
    let started = Instant::now();
    let clock = move || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let ledger = Ledger::open(directory.path(), config, clock, ChaCha20Rng::seed_from_u64(1)).expect("opened");
    // With a filter nothing else may be appended before receipts are asked for.
    let mut next = 8;
    together(&ledger, 0, next);

    let mut group = c.benchmark_group("append, durable");
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    for count in IN_FLIGHT {
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("in flight", count), |b| {
            b.iter(|| {
                let receipts = together(&ledger, next, count);
                next += count;
                black_box(receipts)
            });
        });
    }
    group.finish();

    let size = ledger.size();
    println!("ledger of {size} entries");
    let receipt = ledger.receipt(size / 2).expect("a receipt");
    c.bench_function("receipt of a stored entry", |b| {
        b.iter(|| black_box(ledger.receipt(black_box(size / 3))))
    });
    c.bench_function("receipt verified offline", |b| {
        b.iter(|| black_box(receipt.verify(ledger.key())))
    });
    let started = Instant::now();
    let summary = ledger.check().expect("intact");
    let seconds = started.elapsed();
    println!("rechecked {} entries in {} ms", summary.entries, seconds.as_millis());
}

/// A bank's real records from the log's opening to its decisions, with every cell that the rules expect and set; all submitted at
/// once into a new ledger, which is opened outside the measured time.
#[expect(clippy::print_stdout, reason = "a bench reports")]
fn append_records(c: &mut Criterion) {
    let fixture = Fixture::load(VERDICTS, APPLICANTS);
    let plans = replay::play(&fixture, VERDICTS).expect("a log").plans;
    let bytes: usize = plans.iter().map(|plan| plan.body.len()).sum();
    println!("{} records, {} bytes each on average", plans.len(), bytes / plans.len());
    let new = || {
        let directory = tempfile::tempdir().expect("a directory");
        let ledger = replay::open(directory.path(), true).expect("opened");
        let drafts: Vec<Draft> = plans
            .iter()
            .map(|plan| replay::draft(plan.clone()).expect("a draft"))
            .collect();
        (directory, ledger, drafts)
    };
    let mut group = c.benchmark_group("append, durable");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(plans.len() as u64));
    group.bench_function(BenchmarkId::new("a bank's records in flight", plans.len()), |b| {
        b.iter_batched(
            new,
            |(directory, ledger, drafts)| {
                let tickets: Vec<_> = drafts
                    .into_iter()
                    .map(|draft| ledger.submit(draft).expect("queued"))
                    .collect();
                let receipts = tickets
                    .into_iter()
                    .map(|ticket| ticket.wait().expect("appended").receipt().expect("a receipt"));
                (receipts.collect::<Vec<Receipt>>(), ledger, directory)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn benches() {
    let mut criterion = Criterion::default().configure_from_args();
    append(&mut criterion);
    append_records(&mut criterion);
}

criterion_main!(benches);
