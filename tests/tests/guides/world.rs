//! The folder that the guides' commands run in, and the servers that they start.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use covenant_tests::programs::Programs;
use covenant_tests::repository;

use crate::{Block, End, PROGRAMS, fits, squeezed};

/// Ports that the guides name.
const PORTS: &[&str] = &["8440", "8441"];
/// What a server prints once it can be called.
const LISTENING: &str = "listening on http://";
/// How long a server may take to start, a key to be made and proofs included; and to end.
const SERVER_TIME_MAX: Duration = Duration::from_secs(300);

/// The folder that the guides' commands run in, the programs that they call, and the servers that they left running.
pub struct World {
    folder: tempfile::TempDir,
    ports: Vec<(&'static str, String)>,
    servers: Vec<(String, Child)>,
}

impl Drop for World {
    fn drop(&mut self) {
        for (_, server) in &mut self.servers {
            // It may have ended by itself.
            let _ = signal(server, "KILL");
            drop(server.wait());
        }
    }
}

/// Sends a signal to a server.
fn signal(server: &Child, name: &str) -> bool {
    let sent = Command::new("kill")
        .args(["-s", name, &server.id().to_string()])
        .status();
    sent.is_ok_and(|status| status.success())
}

/// A port that nobody uses at this moment.
fn free_port() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its number").port().to_string()
}

impl World {
    /// A folder with the policies and the programs in it.
    pub fn new(programs: &Programs) -> Self {
        let world = tempfile::tempdir().expect("a scratch folder");
        for folder in ["folder", "home", "data", "bin"] {
            std::fs::create_dir(world.path().join(folder)).expect(folder);
        }
        let policies = repository::root().join("policies");
        std::os::unix::fs::symlink(policies, world.path().join("folder/policies")).expect("policies");
        wrap(programs, world.path());
        Self {
            folder: world,
            ports: PORTS.iter().map(|port| (*port, free_port())).collect(),
            servers: Vec::new(),
        }
    }

    /// A text of a guide with the ports that are really used.
    fn ported(&self, text: &str) -> String {
        let ports = self.ports.iter();
        ports.fold(text.to_owned(), |text, (named, used)| text.replace(named, used))
    }

    fn shell(&self, block: &Block) -> Command {
        let world = self.folder.path();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        // The last command's code is the script's; an earlier one that fails ends it.
        let script = self.ported(&block.script);
        // A server takes its shell's place, so that it is told to end itself.
        let script = if block.end == End::Background {
            format!("exec {script}\n")
        } else {
            format!("{script}\n")
        };
        shell
            .args(["-eu", "-c", &script])
            .current_dir(world.join("folder"))
            .env("PATH", format!("{}:{path}", world.join("bin").display()))
            .env("HOME", world.join("home"))
            .env("XDG_DATA_HOME", world.join("data"))
            .env("NO_COLOR", "1");
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("COVENANT_") {
                shell.env_remove(variable);
            }
        }
        shell
    }

    /// Runs a block.
    pub fn run(&mut self, block: &Block) {
        let printed = match block.end {
            End::Background => self.serve(block),
            End::Stopped => {
                self.stop();
                self.finish(block)
            }
            End::Well | End::Refused | End::Fault => self.finish(block),
        };
        let lines: Vec<String> = printed.lines().map(squeezed).collect();
        for shown in &block.shown {
            let wanted = squeezed(&self.ported(shown));
            assert!(
                wanted.is_empty() || lines.iter().any(|line| fits(line, &wanted)),
                "{}: the guide shows `{shown}`, and this was printed:\n{printed}",
                block.place
            );
        }
    }

    /// Runs a block to its end; what it printed.
    fn finish(&self, block: &Block) -> String {
        let output = self.shell(block).output().expect("a shell");
        let printed = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let (place, script) = (&block.place, &block.script);
        assert_eq!(
            output.status.code(),
            Some(block.end.code()),
            "{place}: {script}\n{printed}"
        );
        printed
    }

    /// Starts a server; what it printed until it could be called.
    fn serve(&mut self, block: &Block) -> String {
        let path = self.folder.path().join(format!("server-{}", block.number));
        let output = File::create(&path).expect("a file for what a server prints");
        let child = self
            .shell(block)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the same file"))
            .stderr(output)
            .spawn()
            .expect("a shell");
        self.servers.push((block.place.clone(), child));
        let (_, server) = self.servers.last_mut().expect("it was just started");
        let began = Instant::now();
        loop {
            let printed = std::fs::read_to_string(&path).expect("what a server printed");
            let whole = printed
                .split_once(LISTENING)
                .is_some_and(|(_, rest)| rest.contains('\n'));
            // What comes with that line is printed at once; the last line of it may still be on its way.
            if whole && printed.ends_with('\n') {
                return printed;
            }
            let ended = server.try_wait().expect("a server's state");
            assert!(
                ended.is_none() && began.elapsed() < SERVER_TIME_MAX,
                "{}: it does not listen: {ended:?}\n{printed}",
                block.place
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Tells every server to end, as systemd does, and waits for it.
    pub fn stop(&mut self) {
        for (place, server) in &self.servers {
            assert!(signal(server, "TERM"), "{place}: it has ended by itself");
        }
        while let Some((place, mut server)) = self.servers.pop() {
            let began = Instant::now();
            let status = loop {
                match server.try_wait().expect("a server's state") {
                    Some(status) => break status,
                    None if began.elapsed() > SERVER_TIME_MAX => {
                        let killed = signal(&server, "KILL");
                        panic!("{place}: it does not end (killed: {killed})");
                    }
                    None => std::thread::sleep(Duration::from_millis(20)),
                }
            };
            assert!(status.success(), "{place}: {status}");
        }
    }
}

/// Wrappers that type the passphrase.
fn wrap(programs: &Programs, world: &Path) {
    let passphrase = world.join("passphrase");
    std::fs::write(&passphrase, "correct horse battery staple\n").expect("a passphrase");
    for (program, asks) in PROGRAMS {
        let wrapper = world.join("bin").join(program);
        let command = programs.command(program);
        let real = Path::new(command.get_program()).display();
        let option = if *asks {
            format!(" --passphrase-file '{}'", passphrase.display())
        } else {
            String::new()
        };
        let text = format!("#!/bin/sh\nexec '{real}'{option} \"$@\"\n");
        std::fs::write(&wrapper, text).expect(program);
        std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).expect(program);
    }
}
