//! Progress on standard error, for what takes longer than a moment; silent where no terminal reads it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar, or nothing.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over bytes read.
    pub fn bytes(label: &str, total: u64) -> Self {
        Self::styled(
            label,
            Some(total),
            "{msg} {bar:32} {binary_bytes}/{binary_total_bytes} {elapsed}",
        )
    }

    /// A bar over steps.
    pub fn steps(label: &str, total: u64) -> Self {
        Self::styled(label, Some(total), "{msg} {bar:32} {pos}/{len} {elapsed}")
    }

    /// Something that turns while work of unknown length is done.
    pub fn spinner(label: &str) -> Self {
        let progress = Self::styled(label, None, "{spinner} {msg} {elapsed}");
        progress.0.enable_steady_tick(Duration::from_millis(100));
        progress
    }

    fn styled(label: &str, total: Option<u64>, template: &str) -> Self {
        // indicatif hides a bar whose standard error is no terminal.
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(label.to_owned());
        Self(bar)
    }

    /// Moves the bar.
    pub fn at(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Says what is being done now.
    pub fn say(&self, text: &str) {
        self.0.set_message(text.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
