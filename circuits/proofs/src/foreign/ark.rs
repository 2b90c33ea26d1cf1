//! A `.zkey` as ark-groth16's proving key and back, so that provers built on arkworks run on the very same key and matrices.

use ark_bn254::Bn254;
use ark_ff::One as _;
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_relations::gr1cs::Matrix;
use covenant_gadgets::circuit::Field;

use crate::formats::zkey::{Entry, Header, Transcript, Zkey};

impl Zkey {
    /// The key, and the rows of A and B, as ark-groth16 takes them. The public inputs' rows are left out: it adds them itself.
    pub fn to_ark(&self) -> (ProvingKey<Bn254>, [Matrix<Field>; 2]) {
        let points = self.verifying_points();
        let rows = self.entries.iter().map(|e| e.row as usize + 1).max().unwrap_or(0);
        let constraints = rows.saturating_sub(self.header.public as usize + 1);
        let mut ab = [vec![Vec::new(); constraints], vec![Vec::new(); constraints]];
        for entry in &self.entries {
            let matrix = ab.get_mut(entry.matrix as usize);
            if let Some(row) = matrix.and_then(|m| m.get_mut(entry.row as usize)) {
                row.push((entry.coefficient, entry.wire as usize));
            }
        }
        let key = ProvingKey {
            vk: VerifyingKey {
                alpha_g1: points.alpha,
                beta_g2: points.beta,
                gamma_g2: points.gamma,
                delta_g2: points.delta,
                gamma_abc_g1: points.ic,
            },
            beta_g1: self.header.beta_g1,
            delta_g1: self.header.delta_g1,
            a_query: self.a.clone(),
            b_g1_query: self.b_g1.clone(),
            b_g2_query: self.b_g2.clone(),
            h_query: self.h.clone(),
            l_query: self.l.clone(),
        };
        (key, ab)
    }

    /// A key that ark-groth16 generated under [`CircomReduction`](crate::qap::CircomReduction) for these rows of A and B, without
    /// a transcript. Nothing is checked.
    pub fn from_ark(key: &ProvingKey<Bn254>, ab: [&Matrix<Field>; 2]) -> Self {
        let inputs = key.vk.gamma_abc_g1.len();
        let constraints = ab.iter().map(|matrix| matrix.len()).max().unwrap_or(0);
        let mut entries = Vec::new();
        let entry = |matrix: usize, row: usize, wire: usize, coefficient| Entry {
            matrix: matrix as u32,
            row: row as u32,
            wire: wire as u32,
            coefficient,
        };
        for row in 0..constraints {
            for (which, matrix) in ab.into_iter().enumerate() {
                let terms = matrix.get(row).into_iter().flatten();
                entries.extend(terms.map(|(coefficient, wire)| entry(which, row, *wire, *coefficient)));
            }
        }
        entries.extend((0..inputs).map(|input| entry(0, constraints + input, input, Field::one())));
        Self {
            header: Header {
                wires: key.a_query.len() as u32,
                public: inputs as u32 - 1,
                domain: key.h_query.len() as u32,
                alpha_g1: key.vk.alpha_g1,
                beta_g1: key.beta_g1,
                beta_g2: key.vk.beta_g2,
                gamma_g2: key.vk.gamma_g2,
                delta_g1: key.delta_g1,
                delta_g2: key.vk.delta_g2,
            },
            ic: key.vk.gamma_abc_g1.clone(),
            entries,
            a: key.a_query.clone(),
            b_g1: key.b_g1_query.clone(),
            b_g2: key.b_g2_query.clone(),
            l: key.l_query.clone(),
            h: key.h_query.clone(),
            transcript: Transcript {
                circuit_hash: [0; 64],
                contributions: Vec::new(),
            },
        }
    }
}
