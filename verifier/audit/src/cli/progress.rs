//! Progress on standard error, for what takes longer than a moment; silent where no terminal reads it.

use std::fs::File;
use std::io::Read;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A file that moves a bar as it is read.
struct Watched {
    file: File,
    bar: ProgressBar,
}

impl Read for Watched {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.bar.inc(read as u64);
        Ok(read)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The file, with a bar that says what is done with it.
pub fn watch(file: File, label: &'static str) -> Box<dyn Read> {
    let total = file.metadata().map_or(0, |metadata| metadata.len());
    // indicatif hides a bar whose standard error is no terminal.
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg:9} {bar:32} {binary_bytes}/{binary_total_bytes} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(label);
    Box::new(Watched { file, bar })
}
