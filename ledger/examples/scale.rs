//! The ledger at scale, measured: appends, reopening, proofs by index and by commitment, tiles, an export, and a full recheck.
//!
//! `scale DIRECTORY ENTRIES [IN_FLIGHT]`: makes a new ledger there and leaves it, with its export beside it, as `DIRECTORY.export`; a ledger that
//! is there already, of so many entries, is measured without appending. So many submissions are on their way at once, 1,024 if it is not said.
//! After the appends the program takes the place of its own process, so that what is opened again is what a killed one leaves. `make
//! bench-ledger` runs it, and has the auditor recheck the export.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use covenant_ledger::{Config, Draft, Hash, Kind, Layer, Ledger, Limits, Scope, StreamId, Tile};
use ed25519_dalek::SigningKey;
use rand::{Rng as _, SeedableRng};
use rand_chacha::ChaCha20Rng;

type Fault = Box<dyn std::error::Error>;

/// Submissions on their way at once, if it is not said.
const IN_FLIGHT: u64 = 1024;
/// Questions of each kind.
const ASKED: u64 = 20_000;
/// Bytes of a body.
const BODY_BYTES: usize = 200;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let number = |text: Option<String>| text.map(|text| text.parse::<u64>());
    let (Some(directory), Some(Ok(entries)), Ok(in_flight)) = (
        arguments.next(),
        number(arguments.next()),
        number(arguments.next()).unwrap_or(Ok(IN_FLIGHT)),
    ) else {
        eprintln!("usage: scale DIRECTORY ENTRIES [IN_FLIGHT]");
        return ExitCode::from(2);
    };
    match measure(Path::new(&directory), entries, in_flight) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Processor time of this process so far, user and system, and its largest memory, in seconds and MiB.
fn used() -> (f64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in parentheses; fields 14 and 15 of proc(5), in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: u64 = fields
        .iter()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    (ticks as f64 / 100.0, peak.unwrap_or(0) / 1024)
}

fn open(directory: &Path, create: bool, seed: u64) -> Result<Ledger, Fault> {
    let config = Config {
        origin: "example.com/scale".to_owned(),
        signing_key: SigningKey::from_bytes(&[1; 32]),
        limits: Limits::default(),
        create,
        witnessing: None,
    };
    Ok(Ledger::open(
        directory,
        config,
        || 1_700_000_000_000,
        ChaCha20Rng::seed_from_u64(seed),
    )?)
}

fn measure(directory: &Path, entries: u64, in_flight: u64) -> Result<(), Fault> {
    if !directory.exists() {
        let ledger = open(directory, true, 1)?;
        append(&ledger, entries, in_flight)?;
        // Not closed: this process ends here, and another begins in its place.
        std::mem::forget(ledger);
        let again = Command::new(std::env::current_exe()?)
            .arg(directory)
            .arg(entries.to_string())
            .exec();
        return Err(again.into());
    }
    let began = Instant::now();
    let ledger = open(directory, false, 2)?;
    say(&format!(
        "reopened with {} entries in {:.3} s",
        ledger.size(),
        began.elapsed().as_secs_f64()
    ))?;
    if ledger.size() != entries {
        return Err(format!("{} holds {} entries", directory.display(), ledger.size()).into());
    }
    questions(&ledger, entries)?;
    tiles(&ledger)?;
    export(&ledger, directory)?;
    let (began, (cpu, _)) = (Instant::now(), used());
    let summary = ledger.check()?;
    let (seconds, (after, peak)) = (began.elapsed().as_secs_f64(), used());
    say(&format!(
        "rechecked {} entries, bodies, keys, look-ups, nodes and {} checkpoints in {seconds:.1} s ({:.1} s of processor time): {:.0} entries/s; peak {peak} MiB",
        summary.entries,
        summary.checkpoints,
        after - cpu,
        summary.entries as f64 / seconds,
    ))?;
    Ok(())
}

/// The whole log into one file, beside the ledger.
fn export(ledger: &Ledger, directory: &Path) -> Result<(), Fault> {
    let began = Instant::now();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(directory.with_extension("export"))?);
    let exported = ledger.export(&mut file, &Scope::everything())?;
    file.flush()?;
    let seconds = began.elapsed().as_secs_f64();
    say(&format!(
        "exported {} entries and {} checkpoints, {} MB, in {seconds:.1} s: {:.0} entries/s",
        exported.entries,
        exported.checkpoints,
        exported.bytes / 1_000_000,
        exported.entries as f64 / seconds,
    ))?;
    Ok(())
}

/// Appends with one unique key each, so many in flight.
fn append(ledger: &Ledger, entries: u64, in_flight: u64) -> Result<(), Fault> {
    let kind = Kind::new("scale").ok_or("a kind")?;
    let (told, outcomes) = mpsc::channel();
    let (began, (cpu, _)) = (Instant::now(), used());
    let (mut sent, mut done) = (0u64, 0u64);
    while done < entries {
        while sent < entries && sent - done < in_flight {
            let stream = StreamId(Hash::of(&[&(sent % 1000).to_be_bytes()]).0);
            let mut draft = Draft::new(kind.clone(), stream, vec![b'x'; BODY_BYTES]);
            draft.unique = vec![sent.to_be_bytes().to_vec()];
            let told = told.clone();
            ledger.submit_with(draft, move |outcome| drop(told.send(outcome.map(drop))))?;
            sent += 1;
        }
        outcomes.recv()??;
        done += 1;
    }
    let (seconds, (after, peak)) = (began.elapsed().as_secs_f64(), used());
    say(&format!(
        "appended {entries} entries, {in_flight} in flight, in {seconds:.1} s ({:.1} s of processor time): {:.0} entries/s; peak {peak} MiB",
        after - cpu,
        entries as f64 / seconds,
    ))?;
    Ok(())
}

/// Receipts by index and by commitment, at random.
fn questions(ledger: &Ledger, entries: u64) -> Result<(), Fault> {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let (mut by_index, mut by_commitment) = (Vec::new(), Vec::new());
    for _ in 0..ASKED {
        let index = rng.gen_range(0..entries);
        let began = Instant::now();
        let receipt = ledger.receipt(index)?;
        by_index.push(began.elapsed());
        let commitment = receipt.verify(ledger.key())?.entry.body_hash;
        let began = Instant::now();
        let found = ledger.by_commitment(&commitment)?.ok_or("it is not found")?;
        let again = ledger.receipt(found)?;
        by_commitment.push(began.elapsed());
        if found != index || again != receipt {
            return Err("another entry was found".into());
        }
    }
    for (what, mut times) in [("index", by_index), ("commitment", by_commitment)] {
        times.sort();
        let at = |share: usize| {
            times
                .get(times.len() * share / 100)
                .copied()
                .unwrap_or(Duration::ZERO)
                .as_secs_f64()
                * 1e3
        };
        say(&format!(
            "receipt by {what}, {ASKED} at random: p50 {:.3} ms, p99 {:.3} ms",
            at(50),
            at(99)
        ))?;
    }
    Ok(())
}

/// Full tiles at random, by one reader and by one for each core.
fn tiles(ledger: &Ledger) -> Result<(), Fault> {
    let full = ledger.size() / 256;
    if full == 0 {
        return Ok(());
    }
    let cores = std::thread::available_parallelism()?.get() as u64;
    let read = |layer: Layer, seed: u64| -> Result<(), covenant_ledger::LedgerError> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        for _ in 0..ASKED {
            let tile = Tile::new(layer, rng.gen_range(0..full), 256);
            tile.map(|tile| ledger.tile(&tile)).transpose()?;
        }
        Ok(())
    };
    for (what, layer) in [("hashes", Layer::Hashes(0)), ("entries", Layer::Entries)] {
        let mut rates = Vec::new();
        for readers in [1, cores] {
            let began = Instant::now();
            let read = &read;
            std::thread::scope(|scope| -> Result<(), Fault> {
                let readers: Vec<_> = (0..readers)
                    .map(|reader| scope.spawn(move || read(layer, 10 * readers + reader)))
                    .collect();
                for reader in readers {
                    reader.join().map_err(|_| "a reader panicked")??;
                }
                Ok(())
            })?;
            rates.push((readers * ASKED) as f64 / began.elapsed().as_secs_f64());
        }
        say(&format!(
            "tiles of {what}, {ASKED} at random: {:.0} reads/s by one reader, {:.0} by {cores}",
            rates[0], rates[1]
        ))?;
    }
    Ok(())
}
