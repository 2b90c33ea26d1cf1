//! Power cuts: an ext4 image on a loop device lies as a file in an XFS with reflink. A reflink copy of that file, taken while the writer
//! runs, is the disk as it stood at that instant: without what the system still held in memory. The copy is mounted as after a power
//! cut, which replays the file system's journal, and the oracle looks at the ledger in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;

use crate::asked;
use crate::oracle::{compare, holds};
use crate::writer::Writer;

/// How many, unless `COVENANT_POWER_CUTS` says so.
const CUTS: u64 = 3;
/// After how many cuts a new ledger is begun: the oracle reads all of it each time.
const CUTS_OF_ONE: u64 = 12;
const THREADS: u64 = 2;

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    match done {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

/// A file system that is mounted, and unmounted when it is forgotten.
struct Mounted(PathBuf);

impl Mounted {
    fn new(image: &Path, at: PathBuf) -> Result<Self, String> {
        fs::create_dir_all(&at).map_err(|error| error.to_string())?;
        run(
            "mount",
            &["-o", "loop", &image.display().to_string(), &at.display().to_string()],
        )?;
        Ok(Self(at))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let at = self.0.display().to_string();
        // Whoever was killed a moment ago may still hold a file.
        for _ in 0..100 {
            if run("umount", &[&at]).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The disk, the file system that its image lies in, and the place for both. Dropped in this order.
struct Machine {
    disk: Option<Mounted>,
    host: Mounted,
    world: TempDir,
}

impl Machine {
    fn new() -> Result<Self, String> {
        let world = tempfile::tempdir().map_err(|error| error.to_string())?;
        let image = world.path().join("host.img");
        let sized = |path: &Path, bytes: u64| fs::File::create(path).and_then(|file| file.set_len(bytes));
        sized(&image, 4 << 30).map_err(|error| error.to_string())?;
        run("mkfs.xfs", &["-q", "-m", "reflink=1", &image.display().to_string()])?;
        let host = Mounted::new(&image, world.path().join("host"))?;
        let disk = host.0.join("disk.img");
        sized(&disk, 1 << 30).map_err(|error| error.to_string())?;
        run("mkfs.ext4", &["-q", "-F", &disk.display().to_string()])?;
        let disk = Mounted::new(&disk, world.path().join("disk"))?;
        Ok(Self {
            disk: Some(disk),
            host,
            world,
        })
    }

    fn ledger(&self, name: &str) -> PathBuf {
        self.disk.as_ref().expect("a disk").0.join(name)
    }

    /// The disk as it is now.
    fn cut(&self) -> Result<Cut, String> {
        let (disk, copy) = (self.host.0.join("disk.img"), self.host.0.join("cut.img"));
        run(
            "cp",
            &[
                "--reflink=always",
                &disk.display().to_string(),
                &copy.display().to_string(),
            ],
        )?;
        let mounted = Mounted::new(&copy, self.world.path().join("cut"))?;
        Ok(Cut {
            mounted: Some(mounted),
            image: copy,
        })
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        drop(self.disk.take());
    }
}

/// What was on the disk at some instant.
struct Cut {
    mounted: Option<Mounted>,
    image: PathBuf,
}

impl Drop for Cut {
    fn drop(&mut self) {
        drop(self.mounted.take());
        drop(fs::remove_file(&self.image));
    }
}

/// One ledger whose power is cut so often; how many entries were acknowledged by the last cut.
#[expect(clippy::print_stdout, reason = "a campaign reports")]
fn cut_one(machine: &Machine, rng: &mut ChaCha20Rng, name: &str, cuts: u64) -> usize {
    let directory = machine.ledger(name);
    let writer = Writer::start(&directory, THREADS, 0);
    writer.speaks();
    let mut known = 0;
    for number in 0..cuts {
        thread::sleep(Duration::from_millis(rng.gen_range(0..120)));
        let heard = writer.heard();
        let cut = machine.cut().expect("a copy");
        let mounted = cut.mounted.as_ref().expect("mounted");
        let size = holds(&mounted.0.join(name), &heard);
        println!("{name}, cut {number}: acknowledged {}, lost 0, log {size}", heard.len());
        known = heard.len();
    }
    // Nor did the copying harm the writer.
    let heard = writer.kill();
    let ledger = crate::common::open(&directory).expect("reopened");
    compare(&ledger, &heard);
    drop(ledger);
    fs::remove_dir_all(&directory).expect("removed");
    known
}

#[test]
fn nothing_acknowledged_is_lost_by_a_power_cut() {
    let demanded = asked("COVENANT_POWER_CUTS");
    let machine = match (Machine::new(), demanded) {
        (Ok(machine), _) => machine,
        (Err(error), None) => {
            println!("left out: no power can be cut here ({error})");
            return;
        }
        (Err(error), Some(_)) => panic!("power cuts need root, loop devices and mkfs.xfs: {error}"),
    };
    let mut rng = ChaCha20Rng::seed_from_u64(10);
    let cuts = demanded.unwrap_or(CUTS);
    let (mut left, mut total) = (cuts, 0);
    while left > 0 {
        let now = left.min(CUTS_OF_ONE);
        total += cut_one(&machine, &mut rng, &format!("ledger {left}"), now);
        left -= now;
    }
    println!("{cuts} power cuts: {total} entries acknowledged before one, 0 lost, 0 forks, 0 duplicates");
    assert!(total > 0);
}
