//! What a verdict costs the service, round by round: processor time of each kind of thread, how many proofs were checked together, and
//! good callers among bad ones. Short, to compare two builds of `covenant-verifier` in turn:
//!
//! `COVENANT_PROGRAMS=FOLDER cargo run --release -p covenant-benches --example verdicts`, where the folder holds the program. `EACH`
//! (1,500) calls a round, `ROUNDS` (3) after one that warms up, `LINES` (64) connections. `PERF=FILE` records a profile of the service.

#![expect(clippy::print_stdout, reason = "it reports")]

use std::collections::BTreeMap;
use std::process::{Child, Command};
use std::time::Duration;

use covenant_tests::load::line::{self, Line};
use covenant_tests::load::scene::Scene;
use covenant_tests::load::{Load, bad, processor_time};

/// Applicants that the bundles are spread over.
const APPLICANTS: usize = 500;
/// Good callers among bad ones.
const GOOD: usize = 32;

fn main() {
    println!("{}", covenant_benches::machine());
    let (each, rounds, lines) = (number("EACH", 1_500), number("ROUNDS", 3), number("LINES", 64));
    let mut scene = Scene::asking(each * (rounds + 2) + 2 * GOOD, APPLICANTS, &[]);
    let perf = std::env::var("PERF")
        .ok()
        .map(|file| record(&file, scene.service.process()));
    for round in 0..=rounds {
        let calls = scene.proofs(round * each..(round + 1) * each);
        let before = (
            processor_time(scene.service.process()),
            threads(&scene),
            batches(&scene),
        );
        let load = Load::run(scene.service.address(), &calls, lines);
        let spent = processor_time(scene.service.process()) - before.0;
        assert_eq!(load.others_than(201), 0, "every call is answered");
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / each as f64;
        let of_threads = threads(&scene).into_iter().map(|(name, time)| {
            let since = time.saturating_sub(before.1.get(&name).copied().unwrap_or_default());
            format!("{name} {:.0}", micros(since))
        });
        let (proofs, count) = batches(&scene);
        println!(
            "{lines} connections: {}; service {:.0} µs each ({}); {:.0} proofs a batch{}",
            figures(&load),
            micros(spent),
            of_threads.collect::<Vec<_>>().join(", "),
            (proofs - before.2.0) / (count - before.2.1),
            if round == 0 { "; warming up" } else { "" },
        );
    }
    if let Some(mut perf) = perf {
        drop(Command::new("kill").args(["-INT", &perf.id().to_string()]).status());
        drop(perf.wait());
    }
    // With the limits of an operator who sets none.
    scene.restart(&[]);
    let first = (rounds + 1) * each;
    let wrong = (first + each..first + each + 2 * GOOD).map(|n| scene.fixture.spoiled(n).expect("a bundle"));
    let callers = bad::of_every_kind(wrong.collect(), scene.service.auditor());
    let address = scene.service.address();
    let good = scene.proofs(first..first + each);
    let (load, _) = bad::meanwhile(&callers, address, || Load::run(address, &good, GOOD));
    println!(
        "{GOOD} good callers among {} bad ones: {}; not answered {}",
        callers.len(),
        figures(&load),
        load.others_than(201)
    );
}

fn number(name: &str, otherwise: usize) -> usize {
    let given = std::env::var(name).ok();
    given.and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

fn figures(load: &Load) -> String {
    let ms = |part| load.quantile(part).as_secs_f64() * 1e3;
    format!(
        "{:.0} a second, p50 {:.1} ms, p99 {:.1} ms",
        load.rate(),
        ms(0.5),
        ms(0.99)
    )
}

/// Processor time of the service's threads by what they are there for.
fn threads(scene: &Scene) -> BTreeMap<String, Duration> {
    let mut sums = BTreeMap::new();
    let tasks = std::fs::read_dir(format!("/proc/{}/task", scene.service.process()));
    for task in tasks.into_iter().flatten().flatten() {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        let kind = name.trim().split(['-', ':']).next().unwrap_or_default().to_owned();
        // Nanoseconds on a processor, and waiting for one.
        let spent = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let spent = spent.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0);
        *sums.entry(kind).or_default() += Duration::from_nanos(spent);
    }
    sums
}

/// Proofs that were checked so far, and in how many batches.
fn batches(scene: &Scene) -> (f64, f64) {
    let mut line = Line::open(scene.service.address()).expect("a connection");
    let (_, body) = line.call(&line::get("/metrics", None)).expect("the metrics");
    let text = String::from_utf8_lossy(&body).into_owned();
    let of = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name));
        found.and_then(|number| number.trim().parse().ok()).unwrap_or(0.0)
    };
    (
        of("covenant_proof_batch_size_sum "),
        of("covenant_proof_batch_size_count "),
    )
}

/// Records a profile of a process until it is told to stop.
fn record(file: &str, process: u32) -> Child {
    let mut perf = Command::new("perf");
    perf.args(["record", "-e", "cpu-clock", "-F", "2000", "-g", "-o", file, "-p"]);
    perf.arg(process.to_string()).spawn().expect("perf")
}
