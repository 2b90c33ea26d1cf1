//! A small statement for this crate's tests, and variants of it that misbehave.
//!
//! Order: total = price · quantity, quantity below 2^16, total ≤ limit, tag = (quantity + salt) · salt.

use ark_r1cs_std::fields::FieldVar as _;
use ark_relations::gr1cs::SynthesisError;
use covenant_gadgets::circuit::{Circuit, Field, Result, Var, zero};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use crate::keys::{KeyPolicy, ProvingKey, development};
use crate::statement::Statement;

/// Accepts development keys.
pub(crate) const ALLOW: KeyPolicy = KeyPolicy {
    allow_development: true,
};
/// Refuses them.
pub(crate) const REFUSE: KeyPolicy = KeyPolicy {
    allow_development: false,
};

#[derive(Clone)]
pub(crate) struct Public {
    pub(crate) limit: u32,
    pub(crate) price: u32,
    pub(crate) total: u32,
    pub(crate) tag: u64,
}

#[derive(Clone)]
pub(crate) struct Witness {
    pub(crate) quantity: u32,
    pub(crate) salt: u32,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("product: total is not price times quantity")]
    Product,
    #[error("quantity-range: quantity is above 65535")]
    Range,
    #[error("limit: total is above the limit")]
    Limit,
    #[error("tag: tag is not (quantity + salt) times salt")]
    Tag,
}

/// The honest statement.
pub(crate) struct Order;

pub(crate) fn honest() -> (Public, Witness) {
    (
        Public {
            limit: 1000,
            price: 7,
            total: 840,
            tag: 625,
        },
        Witness { quantity: 120, salt: 5 },
    )
}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn key() -> ProvingKey {
    development::<Order>("tests").unwrap()
}

fn bits(circuit: &mut Circuit, value: Option<u64>, count: u32) -> Result<Var> {
    let mut sum = zero();
    for i in 0..count {
        let bit = circuit.witness(value.map(|v| Field::from(v >> i & 1)))?;
        bit.mul_equals(&bit, &bit)?;
        sum += bit * Field::from(1u64 << i);
    }
    Ok(sum)
}

fn equal(left: &Var, right: &Var) -> Result<()> {
    left.mul_equals(&Var::one(), right)
}

impl Statement for Order {
    const ID: &'static str = "covenant/test-order/v1";
    type Public = Public;
    type Witness = Witness;
    type Violation = Violation;

    fn input_names() -> Vec<String> {
        ["limit", "price", "total", "tag"].map(String::from).to_vec()
    }

    fn policy_inputs() -> usize {
        2
    }

    fn inputs(p: &Public) -> Vec<Field> {
        vec![p.limit.into(), p.price.into(), p.total.into(), p.tag.into()]
    }

    fn check(p: &Public, w: &Witness) -> std::result::Result<(), Violation> {
        let checks = [
            (
                u64::from(p.price) * u64::from(w.quantity) == u64::from(p.total),
                Violation::Product,
            ),
            (w.quantity < 1 << 16, Violation::Range),
            (p.total <= p.limit, Violation::Limit),
            (
                (u64::from(w.quantity) + u64::from(w.salt)) * u64::from(w.salt) == p.tag,
                Violation::Tag,
            ),
        ];
        checks
            .into_iter()
            .find(|(holds, _)| !holds)
            .map_or(Ok(()), |(_, violation)| Err(violation))
    }

    fn enforce(circuit: &mut Circuit, inputs: &[Var], values: Option<(&Public, &Witness)>) -> Result<()> {
        let [limit, price, total, tag] = inputs else {
            return Err(SynthesisError::ArityMismatch);
        };
        let quantity = circuit.witness(values.map(|(_, w)| w.quantity.into()))?;
        let salt = circuit.witness(values.map(|(_, w)| w.salt.into()))?;
        circuit.rule("product", |_| price.mul_equals(&quantity, total))?;
        circuit.rule("quantity-range", |c| {
            let sum = bits(c, values.map(|(_, w)| w.quantity.into()), 16)?;
            equal(&sum, &quantity)
        })?;
        circuit.rule("limit", |c| {
            let room = values.map(|(p, _)| u64::from(p.limit).wrapping_sub(p.total.into()));
            let sum = bits(c, room, 32)?;
            equal(&sum, &(limit - total))
        })?;
        circuit.rule("tag", |_| (&quantity + &salt).mul_equals(&salt, tag))
    }
}

/// Declares a variant of [`Order`]: its id, its check, and what its circuit adds.
macro_rules! variant {
    ($name:ident, $id:expr, $check:expr, $more:expr) => {
        pub(crate) struct $name;

        impl Statement for $name {
            const ID: &'static str = $id;
            type Public = Public;
            type Witness = Witness;
            type Violation = Violation;

            fn input_names() -> Vec<String> {
                Order::input_names()
            }
            fn policy_inputs() -> usize {
                Order::policy_inputs()
            }
            fn inputs(p: &Public) -> Vec<Field> {
                Order::inputs(p)
            }
            fn check(p: &Public, w: &Witness) -> std::result::Result<(), Violation> {
                $check(p, w)
            }
            fn enforce(circuit: &mut Circuit, inputs: &[Var], values: Option<(&Public, &Witness)>) -> Result<()> {
                Order::enforce(circuit, inputs, values)?;
                $more(circuit, inputs)
            }
        }
    };
}

variant!(Lying, Order::ID, |_, _| Ok(()), |_, _| Ok(()));
variant!(Other, "covenant/test-other/v1", Order::check, |_, _| Ok(()));
variant!(MoreRows, Order::ID, |_, _| Ok(()), |c: &mut Circuit, inputs: &[Var]| {
    c.rule("more", |_| {
        (inputs[1].double()? - &inputs[1] - &inputs[1]).mul_equals(&inputs[2], &zero())
    })
});
variant!(MoreWires, Order::ID, Order::check, |c: &mut Circuit, _| c
    .witness(Some(Field::from(1u64)))
    .map(drop));
variant!(
    OwnInput,
    "covenant/test-own-input/v1",
    Order::check,
    |c: &mut Circuit, _| { c.input(Some(Field::from(1u64))).map(drop) }
);
variant!(Uncomputable, Order::ID, Order::check, |c: &mut Circuit, _| c
    .witness(None)
    .map(drop));

/// [`Order`] under the same id with one public input less.
pub(crate) struct FewerInputs;

impl Statement for FewerInputs {
    const ID: &'static str = Order::ID;
    type Public = Public;
    type Witness = Witness;
    type Violation = Violation;

    fn input_names() -> Vec<String> {
        ["limit", "price", "total"].map(String::from).to_vec()
    }
    fn policy_inputs() -> usize {
        2
    }
    fn inputs(p: &Public) -> Vec<Field> {
        vec![p.limit.into(), p.price.into(), p.total.into()]
    }
    fn check(_: &Public, _: &Witness) -> std::result::Result<(), Violation> {
        Ok(())
    }
    fn enforce(circuit: &mut Circuit, inputs: &[Var], values: Option<(&Public, &Witness)>) -> Result<()> {
        let [_, price, total] = inputs else {
            return Err(SynthesisError::ArityMismatch);
        };
        let quantity = circuit.witness(values.map(|(_, w)| w.quantity.into()))?;
        circuit.rule("product", |_| price.mul_equals(&quantity, total))
    }
}
