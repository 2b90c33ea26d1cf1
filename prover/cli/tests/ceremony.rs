//! A ceremony for the real statement, step by step as its parties run it. Its powers of tau are a rehearsal's, and so is the key.

mod common;

use common::World;
use serde_json::Value;

/// The contributions' hashes, in order.
fn hashes(answer: &Value) -> Vec<&Value> {
    let contributions = answer["contributions"].as_array().expect("contributions");
    contributions.iter().map(|c| &c["hash"]).collect()
}

#[test]
fn a_ceremony_ends_in_a_key_that_says_what_it_rests_on() {
    let world = World::new();
    world.ok(&["ceremony", "rehearse", "--out", "tau.ptau"]);
    let first = world.ok(&[
        "ceremony",
        "start",
        "--ptau",
        "tau.ptau",
        "--out",
        "0.zkey",
        "--r1cs",
        "rows.r1cs",
    ]);
    world.ok(&["ceremony", "start", "--ptau", "tau.ptau", "--out", "again.zkey"]);
    assert!(std::fs::read(world.path("0.zkey")).unwrap() == std::fs::read(world.path("again.zkey")).unwrap());
    assert_eq!(first["circuit_hash"].as_str().unwrap().len(), 128);
    world.refused(
        &["ceremony", "finish", "0.zkey", "--ptau", "tau.ptau", "--keys", "keys"],
        1,
        "ceremony-broken",
    );

    let one = world.ok(&[
        "ceremony",
        "contribute",
        "0.zkey",
        "--name",
        "Example Bank",
        "--out",
        "1.zkey",
    ]);
    world.refused(
        &["ceremony", "contribute", "0.zkey", "--out", "1.zkey"],
        2,
        "file-exists",
    );
    world.refused(
        &["ceremony", "contribute", "rows.r1cs", "--out", "2.zkey"],
        1,
        "file-malformed",
    );
    world.refused(
        &["ceremony", "beacon", "1.zkey", "--value", "0x1", "--out", "2.zkey"],
        1,
        "ceremony-misuse",
    );
    assert!(!world.path("2.zkey").exists());
    let beacon = [
        "ceremony",
        "beacon",
        "1.zkey",
        "--value",
        "00ff",
        "--iterations",
        "10",
        "--out",
        "2.zkey",
    ];
    let two = world.ok(&beacon);
    let finished = world.ok(&["ceremony", "finish", "2.zkey", "--ptau", "tau.ptau", "--keys", "keys"]);
    assert_eq!(
        hashes(&finished),
        [&one["contribution_hash"], &two["contribution_hash"]]
    );
    assert_eq!(finished["contributions"][0]["name"], "Example Bank");
    assert_eq!(finished["contributions"][1]["beacon"]["value"], "00ff");
    let held = world.ok(&["keys", "--keys", "keys"]);
    assert_eq!(
        (&held["keys"][0]["key"], &held["keys"][0]["development"]),
        (&finished["key"], &true.into())
    );

    // Powers of tau that are too few; other ones are covered where the transcript is checked.
    world.ok(&["ceremony", "rehearse", "--power", "15", "--out", "short.ptau"]);
    world.refused(
        &["ceremony", "verify", "2.zkey", "--ptau", "short.ptau"],
        1,
        "powers-too-few",
    );
}

/// Powers of tau, made together step by step; small ones, since the steps are the same.
#[test]
fn powers_of_tau_are_made_together_and_checked() {
    let world = World::new();
    let ceremony = |arguments: &'static [&'static str]| [&["ceremony", "powers"], arguments].concat();
    world.ok(&ceremony(&["new", "--power", "4", "--out", "0.ptau"]));
    world.refused(&ceremony(&["verify", "0.ptau"]), 1, "ceremony-broken");
    world.refused(
        &ceremony(&["new", "--power", "40", "--out", "no.ptau"]),
        1,
        "ceremony-misuse",
    );
    let one = world.ok(&ceremony(&[
        "contribute",
        "0.ptau",
        "--name",
        "Example Bank",
        "--out",
        "1.ptau",
    ]));
    let two = world.ok(&ceremony(&[
        "beacon",
        "1.ptau",
        "--value",
        "00ff",
        "--iterations",
        "10",
        "--out",
        "2.ptau",
    ]));
    let found = world.ok(&ceremony(&["verify", "2.ptau"]));
    assert_eq!((&found["power"], &found["prepared"]), (&4.into(), &false.into()));
    assert_eq!(hashes(&found), [&one["contribution_hash"], &two["contribution_hash"]]);
    // Names that turn or hide text are not written.
    for name in ["a\u{202e}b", "Bank\u{200b}"] {
        let arguments = [
            "ceremony",
            "powers",
            "contribute",
            "0.ptau",
            "--name",
            name,
            "--out",
            "3.ptau",
        ];
        world.refused(&arguments, 1, "ceremony-misuse");
    }
    world.refused(
        &ceremony(&["contribute", "0.ptau", "--out", "1.ptau"]),
        2,
        "file-exists",
    );
    // One byte of a point, and a point that is one of another power.
    let mut bytes = std::fs::read(world.path("2.ptau")).unwrap();
    bytes.copy_within(144..208, 208);
    std::fs::write(world.path("bad.ptau"), bytes).unwrap();
    world.refused(&ceremony(&["verify", "bad.ptau"]), 1, "ceremony-broken");
    let mut bytes = std::fs::read(world.path("2.ptau")).unwrap();
    bytes[150] ^= 1;
    std::fs::write(world.path("off.ptau"), bytes).unwrap();
    world.refused(&ceremony(&["verify", "off.ptau"]), 1, "point-not-on-curve");
    world.refused(
        &ceremony(&["contribute", "off.ptau", "--out", "3.ptau"]),
        1,
        "point-not-on-curve",
    );
    assert!(!world.path("3.ptau").exists());
    world.ok(&["ceremony", "prepare", "2.ptau", "--out", "prepared.ptau"]);
    assert_eq!(world.ok(&ceremony(&["verify", "prepared.ptau"]))["prepared"], true);
}
