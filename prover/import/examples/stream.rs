//! Measures how long a ledger takes to import, and how much memory: `stream fec|sie|saft-no ENTRIES FOLDER` writes sample books into the
//! folder and reads them in a process of its own, whose peak is then its own.

#![expect(clippy::print_stdout, reason = "it is there to print")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use covenant_import::sample::{Kind, Order, Profile, generate};
use covenant_import::{Mapping, Options, fec, saft, sie, to_series, to_statement};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["read", path] => read(Path::new(path)),
        [format, entries, folder] => {
            let kind = match *format {
                "sie" => Kind::Sie,
                "saft-no" => Kind::SaftNo,
                _ => Kind::Fec,
            };
            let made = Path::new(folder).join("made");
            let order = Order {
                seed: 1,
                kind,
                entries: entries.parse()?,
                profile: Profile::Healthy,
                year: 2024,
            };
            let sample = generate(&order, &mut BufWriter::new(File::create(&made)?)).map_err(|r| r.what)?;
            let path = Path::new(folder).join(&sample.file_name);
            fs::rename(&made, &path)?;
            println!(
                "{}: {} lines, {} bytes",
                sample.file_name,
                sample.lines,
                fs::metadata(&path)?.len()
            );
            let status = Command::new(std::env::current_exe()?).arg("read").arg(&path).status()?;
            fs::remove_file(&path)?;
            if status.success() {
                Ok(())
            } else {
                Err("the import failed".into())
            }
        }
        _ => Err("stream fec|sie|saft-no ENTRIES FOLDER".into()),
    }
}

fn read(path: &Path) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let books = match path.extension().and_then(|ending| ending.to_str()) {
        Some("se") => sie::read(reader, &name, &mut |_| {}),
        Some("xml") => saft::norway::read(reader, &name, &mut |_| {}),
        _ => fec::read(reader, &name, &mut |_| {}),
    }
    .map_err(|r| r.what)?;
    let elapsed = start.elapsed();
    let mapping = Mapping::chart(books.format.default_chart()).map_err(|r| r.what)?;
    to_statement(&books, &mapping, &Options::default()).map_err(|r| r.what)?;
    to_series(&books, &mapping, &Options::default()).map_err(|r| r.what)?;
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or("VmHWM: unknown");
    println!("{} lines in {} ms, {peak}", books.lines, elapsed.as_millis());
    Ok(())
}
