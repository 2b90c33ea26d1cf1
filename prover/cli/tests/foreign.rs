//! Proofs that another program made, from a witness and a key that were written for it, through to a verdict and a receipt; and keys
//! in the forms of other programs. The other program is the proof system's own loop over `.zkey` and `.wtns`, which knows nothing of
//! our statements; where `make interop` says so (COVENANT_INTEROP names snarkjs' program), it is snarkjs.

mod common;

use std::fs::{self, File};
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use common::World;
use common::scene::{COMPILED, Scene, keys};
use common::service::Service;
use covenant_api::registry::Registry;
use covenant_proofs::foreign::{ForeignKey, prove};
use covenant_proofs::formats::{json, wtns, zkey::Zkey};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

fn ready() -> Scene {
    let mut scene = Scene::screen();
    scene.attest(COMPILED);
    scene.ask("2026-03-31");
    scene
}

/// `covenant prove` up to what comes out of it.
fn prove_args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let keys = keys().to_str().expect("UTF-8");
    let start = ["prove", "--request", "request.json", "--policy", "policy.json"];
    [&start[..], &["--keys", keys, "--allow-development-keys"], more].concat()
}

fn export_args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let keys = keys().to_str().expect("UTF-8");
    let start = ["keys", "export", "--keys", keys, "--allow-development-keys"];
    [&start[..], more].concat()
}

/// Proves from files alone.
fn prove_elsewhere(world: &World) {
    if let Some(program) = std::env::var_os("COVENANT_INTEROP") {
        let mut snarkjs = Command::new("node");
        snarkjs.arg(program).current_dir(world.path(""));
        let done = snarkjs
            .args(["groth16", "prove", "key.zkey", "w.wtns", "proof.json", "public.json"])
            .output()
            .expect("snarkjs runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        return;
    }
    let open = |name: &str| BufReader::new(File::open(world.path(name)).expect(name));
    let key = Zkey::read(open("key.zkey")).expect("a key");
    let wires = wtns::read(open("w.wtns")).expect("a witness");
    let proof = prove(&key, &wires, &mut StdRng::seed_from_u64(1)).expect("a proof");
    fs::write(world.path("proof.json"), json::write_proof(&proof).expect("JSON")).expect("written");
    let public = json::write_public(&wires[1..=key.header.public as usize]).expect("JSON");
    fs::write(world.path("public.json"), public).expect("written");
}

#[test]
fn a_proof_made_elsewhere_gets_a_verdict_and_a_receipt() {
    let mut scene = ready();
    let handed = scene.world.ok(&prove_args(&["--witness-out", "w.wtns"]));
    let tier = handed["tier"].clone();
    let mode = fs::metadata(scene.world.path("w.wtns"))
        .expect("written")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let said = scene.world.run(&prove_args(&["--witness-out", "again.wtns"]));
    assert!(said.stdout.contains("books in the clear"), "{said:?}");
    // Nothing is drawn at random: the second time the same bytes.
    let read = |name: &str| fs::read(scene.world.path(name)).expect("read");
    assert!(read("w.wtns") == read("again.wtns"));
    // Nothing was disclosed yet.
    assert!(!scene.world.path("bundle.json").exists());

    let world = &scene.world;
    world.ok(&export_args(&["--zkey", "key.zkey"]));
    prove_elsewhere(world);
    let proven = world.ok(&prove_args(&["--proof", "proof.json", "--out", "bundle.json"]));
    assert_eq!(proven["tier"], tier);
    assert_eq!(world.ok(&scene.verify_args("bundle.json"))["verdict"]["tier"], tier);
    let service = Service::start(Registry::open(&world.path("registry")).expect("a registry"));
    let sent = world.ok(&["submit", "bundle.json", "--service", &service.address]);
    assert_eq!(sent["sent"], "bundle");
    assert!(scene.world.path("bundle.receipt.json").exists());

    // The policy folded in: thirteen inputs, the same verdict; under another policy none.
    let tier = tier.as_str().expect("a tier").to_owned();
    let prepared = |out: &'static str, tier: &str| {
        let what = [
            "--prepared",
            out,
            "--policy",
            "policy.json",
            "--request",
            "request.json",
            "--tier",
        ];
        scene.world.ok(&[&export_args(&what)[..], &[tier]].concat());
        ForeignKey::from_json(&fs::read(scene.world.path(out)).expect("read")).expect("a key")
    };
    let proof = json::read_proof(&fs::read(scene.world.path("proof.json")).expect("read")).expect("a proof");
    let inputs = json::read_public(&fs::read(scene.world.path("public.json")).expect("read")).expect("inputs");
    let key = prepared("prepared.json", &tier);
    let rest = &inputs[inputs.len() - key.inputs()..];
    assert_eq!((key.inputs(), key.verify(rest, &proof)), (13, Ok(())));
    assert!(prepared("other.json", "AAA").verify(rest, &proof).is_err());
    let size = |name: &str| fs::metadata(scene.world.path(name)).expect("written").len();
    assert!(size("prepared.json") < 10_000, "{} bytes", size("prepared.json"));

    // A proof for one request is none for the next.
    scene.ask("2026-03-31");
    let late = prove_args(&["--proof", "proof.json", "--out", "late.json"]);
    scene.world.refused(&late, 1, "proof-invalid");
    assert!(!scene.world.path("late.json").exists());
}

#[test]
fn what_cannot_be_taken_is_refused() {
    let scene = ready();
    let world = &scene.world;
    let two = prove_args(&["--witness-out", "a.wtns", "--witness-out", "b.wtns"]);
    world.refused(&two, 2, "foreign-proof-count");
    let two = prove_args(&["--proof", "a.json", "--proof", "b.json", "--out", "c.json"]);
    world.refused(&two, 2, "foreign-proof-count");
    world.write("proof.json", "{}");
    let vault = world.vault();
    world.refused(
        &prove_args(&["--proof", "proof.json", "--out", "c.json"]),
        1,
        "file-malformed",
    );
    assert_eq!(world.vault(), vault, "nothing was recorded");
    // A witness goes nowhere but to its file, and a bundle is not asked for beside it.
    let both = world.run(&prove_args(&["--witness-out", "a.wtns", "--out", "c.json"]));
    assert_eq!(both.code, 2);
    assert!(!world.path("a.wtns").exists());
}

#[test]
fn keys_are_exported_by_name_and_never_over_a_file() {
    let world = World::new();
    world.refused(&export_args(&[]), 2, "nothing-to-export");
    world.refused(&export_args(&["ffffffff", "--r1cs", "rows.r1cs"]), 2, "key-not-found");
    let refused = [
        "keys",
        "export",
        "--r1cs",
        "rows.r1cs",
        "--keys",
        keys().to_str().expect("UTF-8"),
    ];
    world.refused(&refused, 1, "development-key");
    let made = world.ok(&export_args(&["--r1cs", "rows.r1cs", "--verification-key", "vk.json"]));
    assert_eq!(
        (&made["development"], made["files"].as_array().map(Vec::len)),
        (&true.into(), Some(2))
    );
    world.refused(&export_args(&["--r1cs", "rows.r1cs"]), 2, "file-exists");
    // Two keys, and nothing that says which.
    let id = fs::read_dir(keys())
        .expect("keys")
        .next()
        .expect("one")
        .expect("one")
        .path();
    for name in ["00", "01"] {
        fs::create_dir_all(world.path("two").join(name)).expect("made");
        let manifest = fs::read_to_string(id.join("manifest.json")).expect("read");
        let key = id.file_name().expect("a name").to_str().expect("UTF-8");
        let other = format!("{name}{}", &key[2..]);
        fs::write(
            world.path("two").join(name).join("manifest.json"),
            manifest.replace(key, &other),
        )
        .expect("written");
    }
    world.refused(
        &["keys", "export", "--keys", "two", "--r1cs", "more.r1cs"],
        2,
        "ambiguous-key",
    );
}
