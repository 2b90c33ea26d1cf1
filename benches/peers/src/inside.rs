//! Provers inside this process: from the wires' values to the proof's points, the same one for all, in turns.

use ark_bn254::Bn254;
use ark_groth16::Groth16;
use ark_serialize::CanonicalSerialize as _;
use covenant_gadgets::circuit::Field;
use covenant_proofs::foreign::Prover;
use covenant_proofs::qap::CircomReduction;
use taceo_groth16::ConstraintMatrices;

use crate::Error;
use crate::cases::Case;
use crate::measure::{Line, Rounds, Took, in_turns, report, took};

/// A proof by ark-groth16 and its descendants, in arkworks' encoding, which is ours.
pub fn bytes(proof: &ark_groth16::Proof<Bn254>) -> Vec<u8> {
    let mut bytes = Vec::new();
    proof
        .serialize_compressed(&mut bytes)
        .expect("a vector takes all that is written");
    bytes
}

/// Runs all contenders `rounds` times, each time another one first.
pub fn compare(case: &Case, rounds: usize) -> Result<Vec<Line>, Error> {
    let prover = Prover::new(&case.zkey)?;
    let (key, [a, b]) = case.zkey.to_ark();
    let inputs = case.public + 1;
    let matrices = ConstraintMatrices {
        num_instance_variables: inputs,
        num_witness_variables: case.witness.len() - inputs,
        num_constraints: case.constraints,
        a_num_non_zero: 0,
        b_num_non_zero: 0,
        c_num_non_zero: 0,
        a,
        b,
        c: Vec::new(),
    };
    let for_ark = [matrices.a.clone(), matrices.b.clone(), Vec::new()];
    let (r, s) = (Field::from(0x1234_5678u64), Field::from(0x9abc_def0u64));
    let (r, s) = (r * r * r * r, s * s * s * s);
    let witness = case.witness.as_slice();

    let ours = || {
        prover
            .prove_blinded(witness, [r, s])
            .expect("the witness is the key's")
            .to_bytes()
            .to_vec()
    };
    let ark = || {
        let (inputs, rows) = (inputs, case.constraints);
        type Ark = Groth16<Bn254, CircomReduction>;
        let made = Ark::create_proof_with_reduction_and_matrices(&key, r, s, &for_ark, inputs, rows, witness);
        bytes(&made.expect("ark-groth16 proves"))
    };
    let taceo = || {
        type Taceo = taceo_groth16::Groth16<Bn254>;
        let made = Taceo::prove::<taceo_groth16::CircomReduction>(&key, r, s, &matrices, witness);
        bytes(&made.expect("taceo-groth16 proves"))
    };
    let contenders: [(&'static str, &dyn Fn() -> Vec<u8>); 3] = [
        ("covenant", &ours),
        ("ark-groth16 0.6", &ark),
        ("taceo-groth16 0.2.2", &taceo),
    ];
    let expected = ark();
    let all = in_turns(&contenders.map(|(name, _)| name), rounds, |place| {
        let (name, action) = contenders[place];
        let (proof, took) = took(action);
        if proof == expected {
            return Ok((took, 0));
        }
        Err(Error::from(format!("{name} made another proof than ark-groth16")))
    })?;
    let mut lines = report("inside: wires to proof", &all);
    let own: Vec<Took> = (0..rounds).map(|_| took(&case.own).1).collect();
    let own = Rounds {
        name: "covenant, prove() as a whole",
        took: own,
        peak_kb: 0,
    };
    lines.extend(report("with checks, wires, self-check", &[own]));
    Ok(lines)
}
