//! A synthetic statement of any size with three public inputs: a chain of Poseidon hashes over numbers of 64 bits, and their sum.
//! About 305 rows a link, a fifth of its wires bits, as circuits of this kind are.

use covenant_gadgets::circuit::{Circuit, Field, Result, Var};
use covenant_gadgets::poseidon::{hash, hash_var};
use covenant_gadgets::range::enforce_range;
use covenant_gadgets::rows::{constant, enforce_product, linear};
use covenant_proofs::statement::Statement;

/// Rows of a link: Poseidon of two inputs, and a range.
const ROWS: usize = 240 + 65;

/// A chain whose program fills a domain of 2^LOG.
pub struct Chain<const LOG: u32>;

/// What is known of a chain.
pub struct Ends {
    first: Field,
    last: Field,
    sum: Field,
}

/// Numbers that do not make up the chain.
#[derive(Debug)]
pub struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the numbers do not lead from the first hash to the last")
    }
}

impl std::error::Error for Broken {}

impl<const LOG: u32> Chain<LOG> {
    const LINKS: usize = ((1 << LOG) - 8) / ROWS;

    /// A true claim.
    pub fn claim() -> (Ends, Vec<u64>) {
        let step = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (n % 48);
        let numbers: Vec<u64> = (1..=Self::LINKS as u64).map(step).collect();
        (Self::ends(Field::from(7u64), &numbers), numbers)
    }

    fn ends(first: Field, numbers: &[u64]) -> Ends {
        Ends {
            first,
            last: numbers.iter().fold(first, |state, n| hash(&[state, Field::from(*n)])),
            sum: numbers.iter().map(|n| Field::from(*n)).sum(),
        }
    }
}

impl<const LOG: u32> Statement for Chain<LOG> {
    const ID: &'static str = "covenant/bench-chain/v1";
    type Public = Ends;
    type Witness = Vec<u64>;
    type Violation = Broken;

    fn input_names() -> Vec<String> {
        ["first", "last", "sum"].map(String::from).to_vec()
    }

    fn policy_inputs() -> usize {
        0
    }

    fn inputs(public: &Ends) -> Vec<Field> {
        vec![public.first, public.last, public.sum]
    }

    fn check(public: &Ends, witness: &Vec<u64>) -> std::result::Result<(), Broken> {
        let ends = Self::ends(public.first, witness);
        let holds = witness.len() == Self::LINKS && ends.last == public.last && ends.sum == public.sum;
        if holds { Ok(()) } else { Err(Broken) }
    }

    fn enforce(circuit: &mut Circuit, inputs: &[Var], witness: Option<(&Ends, &Vec<u64>)>) -> Result<()> {
        let [first, last, sum] = inputs else {
            return Err(ark_relations::gr1cs::SynthesisError::ArityMismatch);
        };
        let mut state = first.clone();
        let mut numbers = Vec::with_capacity(Self::LINKS);
        for link in 0..Self::LINKS {
            let value = witness.and_then(|(_, numbers)| numbers.get(link).copied().map(Field::from));
            let number = circuit.witness(value)?;
            circuit.rule("number-range", |c| enforce_range(c, &number, 64))?;
            state = circuit.rule("link", |c| hash_var(c, &[state, number.clone()]))?;
            numbers.push(number);
        }
        let one = Field::from(1u64);
        circuit.rule("last", |c| enforce_product(c, &state, &constant(1u64), last))?;
        circuit.rule("sum", |c| {
            let terms: Vec<(Field, &Var)> = numbers.iter().map(|number| (one, number)).collect();
            let total = linear(c, &terms, Field::from(0u64))?;
            enforce_product(c, &total, &constant(1u64), sum)
        })
    }
}
