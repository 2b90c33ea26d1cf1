//! Starting the writer that is to be broken, and listening to it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::oracle::{Acknowledged, acknowledged};

/// Cargo builds the example with the tests, and puts it beside them.
pub fn program() -> PathBuf {
    let beside = std::env::current_exe().expect("this program");
    let program = beside
        .ancestors()
        .nth(2)
        .expect("the profile's folder")
        .join("examples/crash_writer");
    assert!(
        program.exists(),
        "not built: cargo test --release -p covenant-ledger --examples"
    );
    program
}

/// The arguments: as many entries of each thread as `count` says, or for ever.
pub fn arguments(directory: &Path, threads: u64, run: u64, count: Option<u64>) -> Vec<String> {
    let mut arguments = vec![directory.display().to_string(), threads.to_string(), run.to_string()];
    arguments.extend(count.map(|count| count.to_string()));
    arguments
}

/// A writer that is heard.
pub struct Writer {
    pub child: Child,
    heard: Arc<Mutex<Vec<Acknowledged>>>,
    reading: JoinHandle<()>,
}

impl Writer {
    /// Starts it.
    pub fn start(directory: &Path, threads: u64, run: u64) -> Self {
        let mut command = Command::new(program());
        command.args(arguments(directory, threads, run, None));
        Self::spawn(command)
    }

    /// Starts it by this command, which prints what it prints.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the writer starts");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (told, output) = (Arc::clone(&heard), child.stdout.take().expect("its output"));
        let reading = thread::spawn(move || listen(output, &told));
        Self { child, heard, reading }
    }

    /// What it has acknowledged so far.
    pub fn heard(&self) -> Vec<Acknowledged> {
        self.heard.lock().expect("the lines").clone()
    }

    /// Waits until it has acknowledged something.
    pub fn speaks(&self) {
        let began = Instant::now();
        while self.heard.lock().expect("the lines").is_empty() {
            assert!(began.elapsed() < Duration::from_secs(60), "the writer does not write");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills it, and returns what it had acknowledged.
    pub fn kill(mut self) -> Vec<Acknowledged> {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.end()
    }

    /// Waits for its end, and returns what it had acknowledged.
    pub fn end(mut self) -> Vec<Acknowledged> {
        self.child.wait().expect("ended");
        self.reading.join().expect("read");
        std::mem::take(&mut *self.heard.lock().expect("the lines"))
    }
}

fn listen(output: ChildStdout, told: &Mutex<Vec<Acknowledged>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        output.read_until(b'\n', &mut line).expect("readable");
        // A line that is cut off was not said.
        let Some(line) = line.strip_suffix(b"\n") else { return };
        let line = std::str::from_utf8(line).expect("text");
        told.lock().expect("the lines").push(acknowledged(line));
    }
}
