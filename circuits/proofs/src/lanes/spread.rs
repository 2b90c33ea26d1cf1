//! One number for all lanes, kept in 40 bytes: what roots of unity are read from.

use std::marker::PhantomData;

use ark_ff::fields::models::fp::{Fp, MontBackend};
use ark_ff::{AdditiveGroup as _, MontConfig};

use super::constants::split;
use super::{Ifma, Lanes};

/// A field element that is to stand in all lanes.
#[derive(Clone, Copy)]
pub struct Spread<C> {
    limbs: [u64; 5],
    field: PhantomData<C>,
}

impl<C: MontConfig<4>> Spread<C> {
    /// Of a field element of arkworks.
    pub fn new(value: &Fp<MontBackend<C, 4>, 4>) -> Self {
        // Times 16, from the radix 2^256 to 2^260.
        let mut value = *value;
        for _ in 0..4 {
            value.double_in_place();
        }
        Self {
            limbs: split(value.0.0),
            field: PhantomData,
        }
    }

    /// The number in all lanes.
    #[inline(always)]
    pub fn lanes(&self, ifma: Ifma) -> Lanes<C> {
        Lanes::constant(ifma, self.limbs, 1000)
    }
}
