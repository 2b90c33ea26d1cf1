//! A writer to be killed: appends from many threads for as long as it lives, and says on standard output what was acknowledged. The
//! crash tests start it, kill it at some instant, and compare what it said with what the ledger then holds.
//!
//! `crash_writer DIRECTORY THREADS RUN [COUNT]`: prints `ack INDEX LEAF SIZE ROOT KEY` for each entry, KEY being its unique key; ends
//! after COUNT of each thread, or never. The clock of an even run goes forward, that of an odd one backward.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use covenant_ledger::{AppendError, Config, Draft, Hash, Kind, Ledger, Limits, StreamId};
use ed25519_dalek::SigningKey;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
    let (Some(directory), Some(threads), Some(run)) =
        (arguments.next(), number(arguments.next()), number(arguments.next()))
    else {
        eprintln!("usage: crash_writer DIRECTORY THREADS RUN [COUNT]");
        return ExitCode::from(2);
    };
    let count = number(arguments.next()).unwrap_or(u64::MAX);
    match write(Path::new(&directory), threads, run, count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write(directory: &Path, threads: u64, run: u64, count: u64) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config {
        origin: "example.com/crash".to_owned(),
        signing_key: SigningKey::from_bytes(&[42; 32]),
        limits: Limits {
            // So that runs of look-ups are written all the time.
            lookups_entries: 3,
            ..Limits::default()
        },
        create: true,
        witnessing: None,
    };
    let ticks = AtomicU64::new((run + 1) << 32);
    let clock = move || match run % 2 {
        0 => ticks.fetch_add(1, Ordering::Relaxed),
        _ => ticks.fetch_sub(1, Ordering::Relaxed),
    };
    let ledger = Ledger::open(directory, config, clock, ChaCha20Rng::seed_from_u64(run))?;
    let kind = Kind::new("crash").ok_or("a kind")?;
    let shared = Arc::new(AtomicU64::new(0));
    thread::scope(|scope| {
        let ledger = &ledger;
        let writers: Vec<_> = (0..threads)
            .map(|thread| {
                let (kind, shared) = (kind.clone(), Arc::clone(&shared));
                scope
                    .spawn(move || one(ledger, &kind, &shared, (run, thread), count).map_err(|error| error.to_string()))
            })
            .collect();
        for writer in writers {
            writer.join().map_err(|_| "a thread broke down")??;
        }
        Ok(())
    })
}

/// One thread's appends: keys of its own, and every third time one that all threads fight for.
fn one(
    ledger: &Ledger,
    kind: &Kind,
    shared: &AtomicU64,
    (run, thread): (u64, u64),
    end: u64,
) -> Result<(), Box<dyn std::error::Error>> {
    let stream = StreamId(Hash::of(&[&thread.to_be_bytes()]).0);
    for count in 0..end {
        let key = if count % 3 == 2 {
            format!("{run}/shared/{}", shared.load(Ordering::Relaxed))
        } else {
            format!("{run}/{thread}/{count}")
        };
        let mut draft = Draft::new(kind.clone(), stream, vec![b'x'; 500]);
        draft.unique = vec![key.clone().into_bytes()];
        if count % 16 == 0 {
            draft.blobs = vec![format!("blob of {key}").into_bytes()];
        }
        let receipt = match ledger.append(draft) {
            Ok(receipt) => receipt,
            Err(AppendError::UniqueTaken { .. }) => {
                shared.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let verified = receipt.verify(ledger.key())?;
        let (index, leaf) = (verified.entry.index, Hash::leaf(&receipt.entry));
        let (size, root) = (verified.checkpoint.size(), verified.checkpoint.root());
        // One call for each line, so that a line is there whole or cut off, but never torn.
        let line = format!("ack {index} {leaf} {size} {root} {key}\n");
        io::stdout().lock().write_all(line.as_bytes())?;
    }
    Ok(())
}
