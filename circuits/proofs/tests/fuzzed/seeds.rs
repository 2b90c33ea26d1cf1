//! Small files of every format, as our own writers make them, and programs for our arithmetic: what fuzzers and the tests of damaged
//! files start from.

use std::io::Cursor;

use ark_r1cs_std::fields::FieldVar as _;
use covenant_gadgets::circuit::{Circuit, Field, Result, Var};
use covenant_proofs::ceremony::{
    beacon, beacon_powers, circuit, contribute, contribute_powers, known_powers_bytes, new_powers, setup,
};
use covenant_proofs::foreign::{ForeignKey, prove};
use covenant_proofs::formats::parameters::Beacon;
use covenant_proofs::formats::ptau::Ptau;
use covenant_proofs::formats::zkey::Zkey;
use covenant_proofs::formats::{json, r1cs, wtns};
use covenant_proofs::shape::Assignment;
use covenant_proofs::statement::Statement;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

/// y² = x for a public x.
struct Square;

impl Statement for Square {
    const ID: &'static str = "covenant/square/v1";
    type Public = u64;
    type Witness = u64;
    type Violation = std::fmt::Error;

    fn input_names() -> Vec<String> {
        vec!["x".into()]
    }

    fn policy_inputs() -> usize {
        0
    }

    fn inputs(public: &u64) -> Vec<Field> {
        vec![(*public).into()]
    }

    fn check(public: &u64, witness: &u64) -> std::result::Result<(), std::fmt::Error> {
        (witness * witness == *public).then_some(()).ok_or(std::fmt::Error)
    }

    fn enforce(circuit: &mut Circuit, inputs: &[Var], witness: Option<(&u64, &u64)>) -> Result<()> {
        let y = circuit.witness(witness.map(|(_, y)| (*y).into()))?;
        circuit.rule("square", |_| inputs.iter().try_for_each(|x| y.mul_equals(&y, x)))
    }
}

fn drawn() -> Beacon {
    Beacon {
        value: vec![7; 4],
        iterations_log2: 10,
    }
}

/// Target, name and bytes of each.
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let matrices = circuit::<Square>().expect("a circuit");
    let mut rows = Vec::new();
    r1cs::write(&mut rows, &matrices).expect("written");
    let wires = Assignment::of::<Square>(&9, &3).expect("values").values;
    let mut values = Vec::new();
    wtns::write(&mut values, &wires).expect("written");

    let fresh = new_powers(1, Vec::new(), |_| {}).expect("powers");
    let open = |bytes: &[u8]| Ptau::open(Cursor::new(bytes.to_vec())).expect("powers");
    let mut one = Cursor::new(Vec::new());
    contribute_powers(&mut open(&fresh), &mut one, Some("one"), &mut rng, |_| {}).expect("contributed");
    let one = one.into_inner();
    let mut two = Cursor::new(Vec::new());
    beacon_powers(&mut open(&one), &mut two, None, &drawn(), |_| {}).expect("contributed");
    let prepared = open(&one).prepare(Vec::new(), |_| {}).expect("prepared");

    let known = known_powers_bytes("seeds", 3).expect("powers");
    let first = setup(&matrices, &mut open(&known)).expect("a key");
    let first = first.write(Vec::new()).expect("written");
    let mut second = Vec::new();
    contribute(Cursor::new(&first), &mut second, Some("one"), &mut rng, |_| {}).expect("contributed");
    let mut last = Vec::new();
    beacon(Cursor::new(&second), &mut last, None, drawn(), |_| {}).expect("contributed");
    let key = Zkey::read(Cursor::new(&last)).expect("a key");
    let proof = prove(&key, &wires, &mut rng).expect("a proof");
    let verifying = ForeignKey::of(&key).expect("a key");
    // Anything is a program.
    let mut program = |first: u8, length: usize| -> Vec<u8> {
        let rest = (0..length).map(|_| rng.r#gen::<u8>());
        std::iter::once(first).chain(rest).collect()
    };
    let whole: Vec<u8> = std::iter::once(0).chain(proof.to_bytes()).collect();
    vec![
        ("r1cs", "square", rows),
        ("wtns", "square", values),
        ("ptau", "new", fresh),
        ("ptau", "one", one),
        ("ptau", "beacon", two.into_inner()),
        ("ptau", "prepared", prepared),
        ("zkey", "first", first),
        ("zkey", "last", last),
        ("json", "key", verifying.to_json().expect("JSON")),
        ("json", "proof", json::write_proof(&proof).expect("JSON")),
        ("json", "public", json::write_public(&wires[1..2]).expect("JSON")),
        ("lanes", "first", program(0, 1200)),
        ("lanes", "second", program(1, 1200)),
        ("lanes", "extension", program(2, 2400)),
        ("products", "one", program(0, 2000)),
        ("products", "scalar", program(1, 300)),
        ("products", "two", program(2, 2000)),
        ("proofs", "one", whole.clone()),
        ("proofs", "many", [whole.repeat(9), program(7, 400)].concat()),
    ]
}
