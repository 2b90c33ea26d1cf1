//! BLAKE2b-512 (RFC 7693, no key) whose unfinished state can be written down and taken up again: a contribution to powers of tau keeps
//! the hash over its points in that form. The libraries keep their state to themselves, so the compression is our own, tested against
//! theirs. All else hashes with the library.

use crate::formats::ptau::UNFINISHED_BYTES;

/// Bytes of a block.
const BLOCK: usize = 128;
/// RFC 7693, section 2.6: the initial state, the fractional parts of the square roots of the first eight primes.
const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];
/// RFC 7693, section 2.7: the order of the words in each round; rounds 10 and 11 are as 0 and 1.
const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const ROUNDS: usize = 12;
/// Which words each of the eight mixings of a round takes: columns, then diagonals.
const MIXED: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// A running hash.
#[derive(Clone)]
pub(super) struct Blake2b {
    state: [u64; 8],
    buffer: [u8; BLOCK],
    /// Bytes in the buffer; a full one waits until more comes, since the last block is compressed otherwise.
    filled: usize,
    /// Bytes that were compressed.
    compressed: u64,
}

impl Blake2b {
    pub(super) fn new() -> Self {
        let mut state = IV;
        // Digest of 64 bytes, no key, fan-out and depth 1.
        state[0] ^= 0x0101_0040;
        Self {
            state,
            buffer: [0; BLOCK],
            filled: 0,
            compressed: 0,
        }
    }

    /// Takes in bytes. Whole blocks are compressed where they lie, and only the rest enters the buffer, whose old bytes stay behind
    /// it: these are written down with the state, and are so the same as in snarkjs' files.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.filled == BLOCK {
                self.compressed += BLOCK as u64;
                let block = self.buffer;
                self.compress(&block, false);
                self.filled = 0;
            }
            if self.filled == 0 {
                while let Some((block, rest)) = bytes.split_first_chunk::<BLOCK>().filter(|(_, rest)| !rest.is_empty())
                {
                    self.compressed += BLOCK as u64;
                    self.compress(block, false);
                    bytes = rest;
                }
            }
            let (taken, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            if let Some(room) = self.buffer.get_mut(self.filled..self.filled + taken.len()) {
                room.copy_from_slice(taken);
            }
            self.filled += taken.len();
            bytes = rest;
        }
    }

    pub(super) fn finish(mut self) -> [u8; 64] {
        let mut block = self.buffer;
        block.iter_mut().skip(self.filled).for_each(|b| *b = 0);
        self.compressed = self.compressed.wrapping_add(self.filled as u64);
        self.compress(&block, true);
        let mut out = [0; 64];
        for (bytes, word) in out.chunks_exact_mut(8).zip(self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        out
    }

    /// The state: the buffer, the eight words, bytes compressed (of which snarkjs keeps 32 bits), bytes in the buffer.
    pub(super) fn unfinished(&self) -> [u8; UNFINISHED_BYTES] {
        let mut out = [0; UNFINISHED_BYTES];
        let words = self.state.iter().copied();
        let counts = [self.compressed & u64::from(u32::MAX), self.filled as u64];
        let (buffer, rest) = out.split_at_mut(BLOCK);
        buffer.copy_from_slice(&self.buffer);
        for (bytes, word) in rest.chunks_exact_mut(8).zip(words.chain(counts)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        out
    }

    /// Takes a state up again; `None` where the buffer would hold more than a block.
    pub(super) fn resumed(from: &[u8; UNFINISHED_BYTES]) -> Option<Self> {
        let (buffer, rest) = from.split_first_chunk::<BLOCK>()?;
        let mut words = rest.chunks_exact(8).map(|w| w.try_into().map_or(0, u64::from_le_bytes));
        let mut state = [0; 8];
        state.iter_mut().zip(&mut words).for_each(|(to, from)| *to = from);
        let (compressed, filled) = (words.next()?, usize::try_from(words.next()?).ok()?);
        (filled <= BLOCK).then_some(Self {
            state,
            buffer: *buffer,
            filled,
            compressed,
        })
    }

    fn compress(&mut self, block: &[u8; BLOCK], last: bool) {
        let mut m = [0; 16];
        for (word, bytes) in m.iter_mut().zip(block.chunks_exact(8)) {
            *word = bytes.try_into().map_or(0, u64::from_le_bytes);
        }
        let mut v = [0; 16];
        v[..8].copy_from_slice(&self.state);
        v[8..].copy_from_slice(&IV);
        v[12] ^= self.compressed;
        if last {
            v[14] = !v[14];
        }
        for round in 0..ROUNDS {
            let order = &SIGMA[round % 10];
            for (place, [a, b, c, d]) in MIXED.into_iter().enumerate() {
                v[a] = v[a].wrapping_add(v[b]).wrapping_add(m[order[2 * place]]);
                v[d] = (v[d] ^ v[a]).rotate_right(32);
                v[c] = v[c].wrapping_add(v[d]);
                v[b] = (v[b] ^ v[c]).rotate_right(24);
                v[a] = v[a].wrapping_add(v[b]).wrapping_add(m[order[2 * place + 1]]);
                v[d] = (v[d] ^ v[a]).rotate_right(16);
                v[c] = v[c].wrapping_add(v[d]);
                v[b] = (v[b] ^ v[c]).rotate_right(63);
            }
        }
        for (k, word) in self.state.iter_mut().enumerate() {
            *word ^= v[k] ^ v[k + 8];
        }
    }
}

#[cfg(test)]
mod tests {
    use blake2::{Blake2b512, Digest as _};

    use super::*;

    #[test]
    fn hashes_are_those_of_the_library_however_the_bytes_come() {
        let bytes: Vec<u8> = (0..1_000u32).map(|i| (i * 7 + i / 251) as u8).collect();
        for length in [0, 1, 63, 127, 128, 129, 255, 256, 257, 384, 1_000] {
            let expected: [u8; 64] = Blake2b512::digest(&bytes[..length]).into();
            for piece in [1, 31, 64, 127, 128, 129, 500, 1_000] {
                let mut hash = Blake2b::new();
                for bytes in bytes[..length].chunks(piece) {
                    hash.update(bytes);
                    // Written down and taken up again after every piece.
                    hash = Blake2b::resumed(&hash.unfinished()).unwrap();
                }
                assert_eq!(hash.finish(), expected, "{length} bytes in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_state_with_more_than_a_block_is_none() {
        let mut state = Blake2b::new().unfinished();
        state[BLOCK + 72] = 129;
        assert!(Blake2b::resumed(&state).is_none());
    }
}
