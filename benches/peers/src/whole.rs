//! Provers as whole processes: from a key and a witness in files to a proof in a file. Ours opens the key from its own store and
//! checks its proof before it writes it; rapidsnark and snarkjs do neither, and take the `.zkey` as it is. And `covenant prove` as a
//! user runs it, where such a command is given: with the passphrase's hash, the books, the relation and the signature around the proof.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use covenant_proofs::foreign::ForeignKey;
use covenant_proofs::formats::json;
use covenant_proofs::prove::prove_wires;
use covenant_proofs::shape::Assignment;
use covenant_proofs::statement::Statement;
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use rustix::time::{ClockId, clock_gettime};

use crate::Error;
use crate::cases::{self, Case, WithStatement, with_statement};
use crate::measure::{Line, Spread, Took, children_cpu, in_turns, report};

/// The first argument of our own child.
pub const CHILD: &str = "--child";
/// Where our child says when it began to multiply.
const OPENED: &str = "covenant.opened";
/// How often a process is asked for its memory.
const ASK_EVERY: Duration = Duration::from_millis(2);

/// Our own whole process: key, witness, proof.
pub fn child(case: &str, folder: &Path) -> Result<(), Error> {
    struct Prove<'a>(&'a Path);
    impl WithStatement<()> for Prove<'_> {
        fn call<S: Statement + 'static>(self, _: impl Fn() -> (S::Public, S::Witness) + 'static) -> Result<(), Error> {
            let (key, witness) = rayon::join(|| cases::open::<S>(self.0), || cases::witness(self.0));
            let (key, witness) = (key?, witness?);
            let inputs = key.verifying().inputs() + 1;
            let wires = Assignment {
                values: witness.into(),
                inputs,
            };
            fs::write(self.0.join(OPENED), nanoseconds().to_string())?;
            let mut rng = ChaCha20Rng::from_entropy();
            let proof = prove_wires::<S>(&key, &wires, &mut rng)?;
            fs::write(self.0.join("covenant.proof.json"), json::write_proof(&proof)?)?;
            let public = wires.values.get(1..inputs).unwrap_or_default();
            fs::write(self.0.join("covenant.public.json"), json::write_public(public)?)?;
            Ok(())
        }
    }
    with_statement(case, Prove(folder))
}

/// The clock that all processes share.
fn nanoseconds() -> i128 {
    let time = clock_gettime(ClockId::Monotonic);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

/// A program to run.
struct Contender {
    name: &'static str,
    command: Vec<OsString>,
    /// Where its proof is; `None` where it is in a form that only its own program reads.
    proof: Option<PathBuf>,
}

/// Runs all programs that there are, in turns.
#[expect(clippy::print_stdout, reason = "a bench reports")]
pub fn compare(case: &Case, rounds: usize) -> Result<Vec<Line>, Error> {
    let key = ForeignKey::of(&case.zkey)?;
    let contenders = contenders(case)?;
    let names: Vec<&'static str> = contenders.iter().map(|contender| contender.name).collect();
    let mut opened = Vec::new();
    let all = in_turns(&names, rounds, |place| {
        let began = nanoseconds();
        let ran = run(&contenders[place].command)?;
        if place == 0 {
            let at: i128 = fs::read_to_string(case.folder().join(OPENED))?.parse()?;
            opened.push((at - began) as f64 / 1e6);
        }
        Ok::<_, Error>(ran)
    })?;
    let public = case.witness.get(1..=case.public).unwrap_or_default();
    for contender in &contenders {
        let Some(path) = &contender.proof else { continue };
        let proof = json::read_proof(&fs::read(path)?)?;
        key.verify(public, &proof)
            .map_err(|e| format!("{}: {e}", contender.name))?;
    }
    let lines = report("whole process, files to proof", &all);
    let opened = Spread::of(opened);
    println!(
        "  ours, from its start until it multiplies: {:.1} ms ({:.1} – {:.1})",
        opened.median, opened.low, opened.high
    );
    Ok(lines)
}

fn contenders(case: &Case) -> Result<Vec<Contender>, Error> {
    let folder = case.folder();
    let (zkey, wtns) = (case.zkey_path().into_os_string(), case.wtns_path().into_os_string());
    let mut all = vec![Contender {
        name: "covenant",
        command: vec![
            std::env::current_exe()?.into(),
            CHILD.into(),
            case.name.as_str().into(),
            folder.into(),
        ],
        proof: Some(folder.join("covenant.proof.json")),
    }];
    if let Some(command) = std::env::var_os("COMMAND").filter(|_| case.name == "compliance") {
        all.push(Contender {
            name: "covenant prove",
            command: vec!["sh".into(), "-c".into(), command],
            proof: None,
        });
    }
    for (name, variable) in [("rapidsnark", "RAPIDSNARK"), ("snarkjs", "SNARKJS")] {
        let Some(program) = std::env::var_os(variable) else {
            continue;
        };
        let (proof, public) = (
            folder.join(format!("{name}.proof.json")),
            folder.join(format!("{name}.public.json")),
        );
        let files = [zkey.clone(), wtns.clone(), proof.clone().into(), public.into()];
        let mut command: Vec<OsString> = match name {
            "snarkjs" => vec!["node".into(), program, "groth16".into(), "prove".into()],
            _ => vec![program],
        };
        command.extend(files);
        let proof = Some(proof);
        all.push(Contender { name, command, proof });
    }
    Ok(all)
}

/// Runs a program; its time, and the most memory it held in kilobytes.
fn run(command: &[OsString]) -> Result<(Took, u64), Error> {
    let (program, arguments) = command.split_first().ok_or("no program")?;
    let (cpu, wall) = (children_cpu(), Instant::now());
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let text = fs::read_to_string(&status_file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak_kb = peak_kb.max(held.unwrap_or(0));
        std::thread::sleep(ASK_EVERY);
    };
    let wall = wall.elapsed();
    if !status.success() {
        return Err(format!("{}: {status}", program.to_string_lossy()).into());
    }
    let cpu = children_cpu().saturating_sub(cpu);
    Ok((Took { wall, cpu }, peak_kb))
}
