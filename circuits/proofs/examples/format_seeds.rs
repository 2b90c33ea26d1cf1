//! Writes what the fuzzers of files by other authors' programs start from.
//! `format_seeds FOLDER` makes `FOLDER/<target>/…`; nothing of it is kept in the repository.

use std::error::Error;
use std::fs;
use std::path::Path;

#[path = "../tests/fuzzed/seeds.rs"]
mod seeds;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("format_seeds FOLDER")?;
    for (target, name, bytes) in seeds::seeds() {
        let to = Path::new(&folder).join(target);
        fs::create_dir_all(&to)?;
        fs::write(to.join(name), bytes)?;
    }
    Ok(())
}
