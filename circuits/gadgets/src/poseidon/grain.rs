//! The Grain generator of Poseidon's round constants and matrix (appendix E of the Poseidon paper): a shift register of 80 bits,
//! whose bits are taken in pairs, the second of each where the first is 1.
//!
//! Sixteen steps are taken at once, since the youngest tap is 18 bits from the end, and what four pairs give is looked up. Every
//! program makes parameters when it starts: one bit at a time they took a twentieth of a proof.

use ark_ff::{BigInt, PrimeField as _};

use crate::circuit::Field;

/// Bits of a field element.
const BITS: usize = Field::MODULUS_BIT_SIZE as usize;
/// Steps taken at once.
const STEPS: u32 = 16;
/// For each eight bits, which are four pairs with the first bit lowest: the bits that are taken, the first one highest, and how many.
const TAKEN: [(u64, u32); 256] = {
    let mut taken = [(0, 0); 256];
    let mut byte = 0;
    while byte < 256 {
        let mut place = 0;
        while place < 8 {
            if byte >> place & 1 == 1 {
                let (bits, count) = taken[byte];
                taken[byte] = (bits << 1 | (byte >> (place + 1) & 1) as u64, count + 1);
            }
            place += 2;
        }
        byte += 1;
    }
    taken
};
/// Steps whose bits are not used.
const DISCARDED: u32 = 160;

/// The generator.
pub(super) struct Grain {
    /// The next bit lowest.
    state: u128,
    /// Bits that were taken and not used, the next one highest, and how many.
    made: u64,
    left: u32,
}

impl Grain {
    /// For a width of `width` lanes.
    pub(super) fn new(width: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        let (mut state, mut place) = (0, 0);
        // A prime field; x to a power; bits of the prime, width, full and partial rounds; ones. Each most significant bit first.
        let parts = [
            (1, 2),
            (0, 4),
            (BITS, 12),
            (width, 12),
            (full_rounds, 10),
            (partial_rounds, 10),
            ((1 << 30) - 1, 30),
        ];
        for (value, bits) in parts {
            for bit in (0..bits).rev() {
                state |= ((value >> bit & 1) as u128) << place;
                place += 1;
            }
        }
        let mut grain = Self {
            state,
            made: 0,
            left: 0,
        };
        for _ in 0..DISCARDED / STEPS {
            grain.step();
        }
        grain
    }

    /// The next numbers below the modulus; larger ones are passed over.
    pub(super) fn numbers(&mut self, count: usize) -> Vec<Field> {
        let mut numbers = Vec::with_capacity(count);
        while numbers.len() < count {
            numbers.extend(Field::from_bigint(self.integer()));
        }
        numbers
    }

    /// The next numbers, modulo the modulus.
    pub(super) fn numbers_reduced(&mut self, count: usize) -> Vec<Field> {
        let bytes = |integer: BigInt<4>| integer.0.map(u64::to_le_bytes).concat();
        (0..count)
            .map(|_| Field::from_le_bytes_mod_order(&bytes(self.integer())))
            .collect()
    }

    /// Takes sixteen steps; the new bits, the first one lowest.
    fn step(&mut self) -> u128 {
        let s = self.state;
        let new = (s ^ s >> 13 ^ s >> 23 ^ s >> 38 ^ s >> 51 ^ s >> 62) & ((1 << STEPS) - 1);
        self.state = s >> STEPS | new << (80 - STEPS);
        new
    }

    /// A number of as many bits as the modulus, the most significant one first.
    fn integer(&mut self) -> BigInt<4> {
        let mut limbs = [0; 4];
        let mut missing = BITS as u32;
        for limb in limbs.iter_mut().rev() {
            let wanted = (missing - 1) % 64 + 1;
            *limb = self.bits(wanted);
            missing -= wanted;
        }
        BigInt::new(limbs)
    }

    /// The next bits, the first one highest; at most 64.
    fn bits(&mut self, wanted: u32) -> u64 {
        let (mut bits, mut missing) = (0, wanted);
        loop {
            let used = missing.min(self.left);
            self.left -= used;
            bits = bits << used | self.made >> self.left & ((1 << used) - 1);
            missing -= used;
            if missing == 0 {
                return bits;
            }
            let new = self.step() as usize;
            let ((first, some), (second, more)) = (TAKEN[new & 255], TAKEN[new >> 8]);
            (self.made, self.left) = (first << more | second, some + more);
        }
    }
}
