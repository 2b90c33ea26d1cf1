//! The service under load, over real HTTP, as a process of its own: the rate at which it judges proofs beside the rate at which they are
//! checked in batches without it, a lone call beside one verification and one synced write, appends without proofs, and good callers
//! among bad ones. Callers run on the same processor cores; the processor time of both sides is printed.
//!
//! `make bench-service`. Proofs are simulated, each another one (see `covenant_tests::fixture`).

#![expect(clippy::print_stdout, reason = "a bench reports")]

use std::hint::black_box;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use covenant_api::host;
use covenant_api::log::{Shelf, View};
use covenant_api::verdict::{Unchecked, decode, judge};
use covenant_proofs::batch;
use covenant_proofs::keys::KeyPolicy;
use covenant_proofs::verify::PreparedCache;
use covenant_tests::fixture::{Fixture, replay};
use covenant_tests::load::bad::{self, Statuses};
use covenant_tests::load::scene::Scene;
use covenant_tests::load::{Load, processor_time, quantile};

/// Bundles for the lone caller.
const LONE: usize = 200;
/// Bundles at each number of connections.
const EACH: usize = 2_000;
/// Connections at once.
const LINES: [usize; 4] = [1, 16, 64, 256];
/// Applicants that the bundles are spread over.
const APPLICANTS: usize = 500;
/// Invitations, and enrolments of each, for the appends.
const INVITATIONS: usize = 2_000;
const ENROLMENTS: usize = 8;
/// Callers among whom some are bad.
const MIXED: usize = 64;
/// Proofs that the service checks together at most.
const BATCH: usize = 256;

fn main() {
    println!("{}", covenant_benches::machine());
    let bundles = LONE + LINES.len() * EACH + EACH + MIXED;
    let began = Instant::now();
    let mut scene = Scene::asking(bundles, APPLICANTS, &[]);
    println!(
        "{bundles} requests of {APPLICANTS} applicants filed one after the other, and their bundles simulated, in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    let raw = raw(&scene.fixture);
    alone(&scene);
    println!("\nPOST /v1/proofs, every answer with its receipt under a published checkpoint:");
    for (turn, lines) in LINES.into_iter().enumerate() {
        let first = LONE + turn * EACH;
        let calls = scene.proofs(first..first + EACH);
        let load = measured(&scene, &calls, lines);
        println!("      {:.0} % of the raw rate", 100.0 * load.rate() / raw);
    }
    // From here on with the limits of an operator who sets none.
    scene.restart(&[]);
    among_bad(&scene, LONE + LINES.len() * EACH);
    drop(scene);
    appends();
}

/// Proofs checked in batches as the service checks them, from bytes to verdicts, without it: so many a second.
fn raw(fixture: &Fixture) -> f64 {
    let log = replay::play(fixture, 0).expect("a log without verdicts").memory;
    let (now, cache) = (
        host::now().expect("a clock"),
        PreparedCache::new(NonZeroUsize::MIN.saturating_add(15)),
    );
    let shelf = Shelf::new(KeyPolicy {
        allow_development: true,
    });
    let unchecked = |n: usize| -> Vec<Unchecked> {
        let view = View::new(&log, &shelf);
        let judged = judge(&view, &fixture.bundles[n].signed, now).expect("judged");
        let key = view.verifying_key(&fixture.bank(), &fixture.key_id()).expect("the key");
        judged.unchecked(&key, &cache).expect("unchecked")
    };
    let proofs: Vec<Unchecked> = (0..EACH).flat_map(unchecked).collect();
    let check = |proofs: &[Unchecked]| {
        let items: Vec<_> = decode(proofs).into_iter().collect::<Result<_, _>>().expect("decoded");
        batch::verify(&items).into_iter().all(|verdict| verdict.is_ok())
    };
    assert!(check(&proofs[..BATCH]));
    let before = processor_time(std::process::id());
    let began = Instant::now();
    assert!(proofs.chunks(BATCH).all(check));
    let took = began.elapsed();
    let rate = proofs.len() as f64 / took.as_secs_f64();
    let each = (processor_time(std::process::id()) - before).as_secs_f64() * 1e6 / proofs.len() as f64;
    println!(
        "raw, batches of {BATCH} from bytes, all cores: {rate:.0} proofs a second, {each:.0} µs of processor time each"
    );
    for size in [1, 2, 3, 4, 8] {
        let turns = 64;
        let began = Instant::now();
        (0..turns).for_each(|turn| assert!(check(&proofs[turn * size..(turn + 1) * size])));
        let together = began.elapsed().as_secs_f64() * 1e3 / turns as f64;
        let began = Instant::now();
        (0..turns).for_each(|turn| side_by_side(&proofs[turn * size..(turn + 1) * size]));
        let apart = began.elapsed().as_secs_f64() * 1e3 / turns as f64;
        println!("  {size} from bytes: in one equation {together:.2} ms, one by one on all cores {apart:.2} ms");
    }
    rate
}

/// Proofs decoded together and verified one by one on all cores.
fn side_by_side(proofs: &[Unchecked]) {
    use rayon::prelude::*;
    let items: Vec<_> = decode(proofs).into_iter().collect::<Result<_, _>>().expect("decoded");
    let alone = items.par_iter().map(std::slice::from_ref);
    let verdicts: Vec<_> = alone.flat_map_iter(batch::verify).collect();
    assert!(black_box(verdicts).iter().all(Result::is_ok));
}

/// One caller, one call at a time, beside what it cannot do without: one verification and one synced write.
fn alone(scene: &Scene) {
    let verifying = {
        let fixture = &scene.fixture;
        let log = replay::play(fixture, 0).expect("a log").memory;
        let shelf = Shelf::new(KeyPolicy {
            allow_development: true,
        });
        let view = View::new(&log, &shelf);
        let judged = judge(&view, &fixture.bundles[0].signed, host::now().expect("a clock")).expect("judged");
        let key = view.verifying_key(&fixture.bank(), &fixture.key_id()).expect("the key");
        let proofs = judged.unchecked(&key, shelf.prepared()).expect("unchecked");
        repeated(200, || side_by_side(&proofs))
    };
    let mut file = tempfile::NamedTempFile::new_in(scene.service.world()).expect("a file");
    let page = [7; 4096];
    let syncing = repeated(200, || {
        file.write_all(&page).expect("written");
        file.as_file().sync_data().expect("synced");
    });
    let load = Load::run(scene.service.address(), &scene.proofs(0..LONE), 1);
    assert_eq!(load.others_than(201), 0);
    let (least, call) = (verifying + syncing, load.quantile(0.5));
    println!(
        "\none caller: {} (p99 {}); one verification {} and one synced write of 4 KiB {}: {:.2} times as long as both together",
        ms(call),
        ms(load.quantile(0.99)),
        ms(verifying),
        ms(syncing),
        call.as_secs_f64() / least.as_secs_f64()
    );
}

/// The median of so many repetitions.
fn repeated(times: usize, mut work: impl FnMut()) -> Duration {
    let took = (0..times).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    quantile(took.collect::<Vec<_>>().into_iter(), 0.5)
}

/// Sends all calls over so many connections, and prints what came of it.
fn measured(scene: &Scene, calls: &[Vec<u8>], lines: usize) -> Load {
    let times = || [scene.service.process(), std::process::id()].map(processor_time);
    let before = times();
    let load = Load::run(scene.service.address(), calls, lines);
    let after = times();
    let each = |side: usize| (after[side] - before[side]).as_secs_f64() * 1e6 / calls.len() as f64;
    println!(
        "  {lines:4} connections: {:6.0} a second, p50 {}, p99 {}; processor time each: service {:.0} µs, callers {:.0} µs",
        load.rate(),
        ms(load.quantile(0.5)),
        ms(load.quantile(0.99)),
        each(0),
        each(1)
    );
    assert_eq!(load.others_than(201), 0, "every call is answered");
    load
}

/// Appends without proofs: enrolments, each with the checks of the log's rules, its receipt, and a synced write that it shares.
fn appends() {
    let scene = Scene::inviting(INVITATIONS, &[]);
    let calls = scene.enrolments(ENROLMENTS);
    println!("\nPOST /v1/enrolments ({INVITATIONS} invitations), every answer with its receipt:");
    let mut rest = calls.as_slice();
    for (lines, part) in [(1, 8), (16, 4), (64, 2), (256, 1)] {
        let (now, later) = rest.split_at(rest.len() / part);
        measured(&scene, now, lines);
        rest = later;
    }
}

/// Sixty-four callers at once, half of them bad.
fn among_bad(scene: &Scene, first: usize) {
    let address = scene.service.address();
    let wrong: Vec<Vec<u8>> = (first + EACH..first + EACH + MIXED)
        .map(|n| scene.fixture.spoiled(n).expect("a bundle"))
        .collect();
    let kinds = bad::of_every_kind(wrong, scene.service.auditor());
    let good = MIXED - kinds.len();
    let (load, said) = bad::meanwhile(&kinds, address, || {
        Load::run(address, &scene.proofs(first..first + EACH), good)
    });
    println!(
        "\n{MIXED} callers, {} of them bad: the good ones {:.0} a second, p50 {}, p99 {}, not answered {}",
        kinds.len(),
        load.rate(),
        ms(load.quantile(0.5)),
        ms(load.quantile(0.99)),
        load.others_than(201)
    );
    let mut sums: Vec<(String, Statuses)> = Vec::new();
    for (kind, said) in kinds.iter().zip(said) {
        let name = format!("{kind:?}");
        let name = name.split('(').next().unwrap_or_default().to_owned();
        if sums.last().is_none_or(|(last, _)| *last != name) {
            sums.push((name, Statuses::new()));
        }
        if let Some((_, sum)) = sums.last_mut() {
            said.into_iter()
                .for_each(|(status, count)| *sum.entry(status).or_default() += count);
        }
    }
    for (name, said) in sums {
        println!("  {name}: {said:?} (status: answers; 0 where the connection ended without one)");
    }
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
