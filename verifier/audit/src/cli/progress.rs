//! Progress on standard error, for what takes longer than a moment; silent where no terminal reads it.

use std::io::Read;

use covenant_audit::export::Input;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A file that moves a bar as it is read.
struct Watched {
    file: Input,
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

/// A bar that counts the entries of a mirror.
pub fn entries() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("mirroring {bar:32} {human_pos}/{human_len} entries {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// Bars, one below the other.
pub struct Bars(MultiProgress);

impl Bars {
    /// No bars yet.
    pub fn new() -> Self {
        // indicatif hides bars whose standard error is no terminal.
        Self(MultiProgress::with_draw_target(ProgressDrawTarget::stderr()))
    }

    /// The file, with a bar that says what is done with it.
    pub fn watch(&self, file: Input, label: &'static str) -> Box<dyn Read + Send> {
        let bar = self.0.add(ProgressBar::new(file.length()));
        let style = ProgressStyle::with_template("{msg:9} {bar:32} {binary_bytes}/{binary_total_bytes} {elapsed}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(label);
        Box::new(Watched { file, bar })
    }
}
