//! The same ceremony with snarkjs, a program that we did not write: each accepts and continues what the other made. The version
//! is pinned in `tests/snarkjs/`; its packages are installed once, beside the other tools. Skips, saying so, without Node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::powers::{contributed_powers, fresh, opened, with_beacon, with_contribution};
use super::*;
use crate::decode::Proof;
use crate::formats::{json, r1cs, wtns};
use crate::keys::{KeyStore, Origin};
use crate::prove::prove;
use crate::statement::Statement as _;
use crate::test_statement::REFUSE;
use crate::verify::verify as verify_proof;

/// snarkjs in a folder of files.
struct Snarkjs {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Snarkjs {
    /// `None`, said aloud, where there is no Node or npm.
    fn new() -> Option<Self> {
        let there = |program: &str| {
            Command::new(program)
                .arg("--version")
                .output()
                .is_ok_and(|o| o.status.success())
        };
        if !there("node") || !there("npm") {
            println!("skipped: no Node");
            return None;
        }
        let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snarkjs");
        let home = std::env::var_os("HOME").expect("a home folder");
        let tools = Path::new(&home).join(".cache/covenant/tools/snarkjs");
        let program = tools.join("node_modules/snarkjs/build/cli.cjs");
        let lock = "package-lock.json";
        let wanted = fs::read(pinned.join(lock)).expect("the pinned versions");
        if fs::read(tools.join(lock)).ok().as_deref() != Some(&wanted) || !program.exists() {
            fs::create_dir_all(&tools).expect("a folder for tools");
            fs::copy(pinned.join("package.json"), tools.join("package.json")).expect("copied");
            fs::write(tools.join(lock), &wanted).expect("written");
            let installed = Command::new("npm")
                .args(["ci", "--silent", "--no-audit"])
                .current_dir(&tools)
                .output();
            let installed = installed.expect("npm runs");
            assert!(
                installed.status.success(),
                "npm ci: {}",
                String::from_utf8_lossy(&installed.stderr)
            );
        }
        let folder = tempfile::tempdir().expect("a folder");
        Some(Self { program, folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("written");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = Command::new("node");
        command
            .arg(&self.program)
            .args(arguments.split(' '))
            .current_dir(self.folder.path());
        command.output().expect("snarkjs runs")
    }

    fn succeed(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{arguments}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        said
    }
}

#[test]
fn snarkjs_and_we_continue_accept_and_prove_with_what_the_other_made() {
    let Some(js) = Snarkjs::new() else { return };
    let bare = contributed_powers(7);
    js.write("tau.ptau", opened(&bare).prepare(Vec::new(), |_| {}).unwrap());
    let matrices = matrices();
    let mut rows = Vec::new();
    r1cs::write(&mut rows, &matrices).unwrap();
    js.write("order.r1cs", rows);
    let mut powers = Ptau::open(Cursor::new(js.read("tau.ptau"))).unwrap();

    // The first key is the same to the byte.
    let first = setup(&matrices, &mut powers).unwrap();
    js.succeed("groth16 setup order.r1cs tau.ptau first.zkey");
    assert!(first.write(Vec::new()).unwrap() == js.read("first.zkey"));

    // We contribute, then snarkjs, then a beacon by us; both verify the result.
    js.write(
        "second.zkey",
        bytes(&contributed(&first, "Example Bank", 1)).into_inner(),
    );
    js.succeed("zkey contribute second.zkey third.zkey --name=snarkjs -e=entropy");
    let third = Zkey::read(Cursor::new(js.read("third.zkey"))).unwrap();
    assert!(third.write(Vec::new()).unwrap() == js.read("third.zkey"));
    let mut last = Vec::new();
    let value = Beacon {
        value: vec![7; 32],
        iterations_log2: 10,
    };
    beacon(bytes(&third), &mut last, Some("beacon"), value, |_| {}).unwrap();
    js.write("last.zkey", &last);
    let said = js.succeed("zkey verify order.r1cs tau.ptau last.zkey");
    assert!(said.contains("ZKey Ok!"), "{said}");
    // A beacon applied by snarkjs gives the same key.
    js.succeed(&format!(
        "zkey beacon third.zkey theirs.zkey {} 10 -n=beacon",
        "07".repeat(32)
    ));
    assert!(js.read("theirs.zkey") == last);

    let key = Zkey::read(Cursor::new(last)).unwrap();
    let verifying = ForeignKey::of(&key).unwrap();
    let finished = finish::<Order>(key, &mut powers, &mut rng(9)).unwrap();
    let names: Vec<_> = finished.checked.contributed.iter().map(|c| c.name.as_deref()).collect();
    assert_eq!(names, [Some("Example Bank"), Some("snarkjs"), Some("beacon")]);

    // The verifying key is the same to the byte; our proof holds for snarkjs, and its proof for us.
    js.succeed("zkey export verificationkey last.zkey theirs.json");
    js.write("key.json", verifying.to_json().unwrap());
    assert!(js.read("key.json") == js.read("theirs.json"));
    let (public, witness) = honest();
    let inputs = Order::inputs(&public);
    let ours = prove::<Order>(&finished.key, &public, &witness, &mut rng(4)).unwrap();
    js.write("proof.json", json::write_proof(&ours).unwrap());
    js.write("public.json", json::write_public(&inputs).unwrap());
    assert!(
        js.succeed("groth16 verify key.json public.json proof.json")
            .contains("OK!")
    );
    // With the policy folded into the key, the inputs that remain are enough; under another policy they are not.
    let (policy, rest) = inputs.split_at(Order::policy_inputs());
    js.write("rest.json", json::write_public(rest).unwrap());
    let mut other = policy.to_vec();
    other[1] += covenant_gadgets::circuit::Field::from(1u8);
    for (policy, holds) in [(policy, true), (&other, false)] {
        let prepared = ForeignKey::prepared::<Order>(finished.key.verifying(), policy).unwrap();
        js.write("prepared.json", prepared.to_json().unwrap());
        let ran = js.run("groth16 verify prepared.json rest.json proof.json");
        assert_eq!(ran.status.success(), holds, "{ran:?}");
    }
    // What is exported of the stored key is what snarkjs exports, and it proves with it.
    js.write("stored.zkey", Zkey::of(&finished.key).write(Vec::new()).unwrap());
    let call = js.succeed("zkey export soliditycalldata public.json proof.json");
    assert_eq!(call.trim_end(), json::solidity_call_data(&ours, &inputs));

    let wires = Assignment::of::<Order>(&public, &witness).unwrap();
    let mut values = Vec::new();
    wtns::write(&mut values, &wires.values).unwrap();
    js.write("order.wtns", values);
    js.succeed("groth16 prove stored.zkey order.wtns theirs-proof.json theirs-public.json");
    assert!(js.read("theirs-public.json") == js.read("public.json"));
    let theirs = json::read_proof(&js.read("theirs-proof.json")).unwrap();
    assert!(json::write_proof(&theirs).unwrap() == js.read("theirs-proof.json"));
    let theirs = Proof::from_bytes(&theirs.to_bytes()).unwrap();
    assert_eq!(
        verify_proof::<Order>(finished.key.verifying(), &inputs, &theirs),
        Ok(())
    );

    // The key is stored, and opened by programs that refuse development keys.
    let store = KeyStore::new(js.path("keys"));
    let manifest = store.save(&finished.key).unwrap();
    assert!(!manifest.development && manifest.seed.is_none());
    let opened = store.verifying::<Order>(finished.key.id(), REFUSE).unwrap();
    assert!(matches!(opened.origin(), Origin::Ceremony { .. }));

    // What snarkjs refuses: a changed key, and a proof of other inputs.
    let mut changed = third;
    changed.l.swap(0, 1);
    js.write("changed.zkey", bytes(&changed).into_inner());
    assert!(!js.run("zkey verify order.r1cs tau.ptau changed.zkey").status.success());
    let mut wrong = inputs;
    wrong[0] += covenant_gadgets::circuit::Field::from(1u8);
    js.write("wrong.json", json::write_public(&wrong).unwrap());
    assert!(!js.run("groth16 verify key.json wrong.json proof.json").status.success());
}

#[test]
fn snarkjs_and_we_make_powers_of_tau_together() {
    let Some(js) = Snarkjs::new() else { return };
    const POWER: u32 = 5;
    js.succeed(&format!("powersoftau new bn128 {POWER} new.ptau"));
    let ours = fresh(POWER);
    assert!(ours == js.read("new.ptau"));

    // We contribute, then snarkjs, then the same beacon by each of us.
    js.write("second.ptau", with_contribution(&ours, "Example Bank", 1));
    js.succeed("powersoftau contribute second.ptau third.ptau --name=snarkjs -e=entropy");
    let third = js.read("third.ptau");
    let last = with_beacon(&third, Some("beacon"));
    js.write("last.ptau", &last);
    js.succeed(&format!(
        "powersoftau beacon third.ptau theirs.ptau {} 10 -n=beacon",
        "07".repeat(32)
    ));
    assert!(js.read("theirs.ptau") == last);
    let found = verify_powers(&mut opened(&last), &mut rng(1), |_| {}).unwrap();
    let names: Vec<_> = found.iter().map(|c| c.name.as_deref()).collect();
    assert_eq!(names, [Some("Example Bank"), Some("snarkjs"), Some("beacon")]);
    let said = js.succeed("powersoftau verify last.ptau");
    assert!(said.contains("Powers of Tau Ok!"), "{said}");

    // Prepared by each of us: the same bytes.
    js.succeed("powersoftau prepare phase2 last.ptau prepared.ptau");
    assert!(opened(&last).prepare(Vec::new(), |_| {}).unwrap() == js.read("prepared.ptau"));
    let said = js.succeed("powersoftau verify prepared.ptau");
    assert!(said.contains("Powers of Tau Ok!"), "{said}");

    // What neither accepts: a power that is none.
    let mut changed = last;
    changed.copy_within(80 + 64..80 + 128, 80 + 128);
    js.write("changed.ptau", &changed);
    assert!(verify_powers(&mut opened(&changed), &mut rng(1), |_| {}).is_err());
    assert!(!js.run("powersoftau verify changed.ptau").status.success());
}
