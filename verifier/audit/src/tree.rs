//! The Merkle tree of RFC 6962 §2.1: roots from leaves in a stream, and inclusion proofs (RFC 9162 §2.1.3.2).

use crate::hash::{self, Hash};

/// The most hashes of an inclusion proof.
pub const PROOF_HASHES_MAX: usize = 65;

/// The tree over the leaves so far, as the roots of its complete subtrees: one for each bit of the size.
#[derive(Debug, Clone, Default)]
pub struct Frontier {
    size: u64,
    /// From the largest subtree to the smallest.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree whose complete subtrees have these roots, from the largest to the smallest; `None` where a tree of this size has not as many.
    pub fn of(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() as u64 == u64::from(size.count_ones())).then_some(Self { size, peaks })
    }

    /// The roots of its complete subtrees.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut peak = leaf;
        // Each trailing one of the size is a subtree as large as the one in hand.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                peak = hash::node(&left, &peak);
            }
        }
        self.peaks.push(peak);
        self.size += 1;
    }

    /// The root; that of no leaves is the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return hash::of(&[]);
        };
        peaks.fold(*last, |right, left| hash::node(left, &right))
    }
}

/// The root that an inclusion proof leads to from a leaf; `None` where the tree has no such leaf, or the proof another
/// length than the tree demands.
pub fn root_from_inclusion(index: u64, size: u64, leaf: Hash, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut root = leaf;
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            root = hash::node(sibling, &root);
            // A node at the right edge without a sibling rises until it has one.
            let rise = if place & 1 == 1 { 0 } else { place.trailing_zeros() };
            place = place.checked_shr(rise).unwrap_or(0);
            last = last.checked_shr(rise).unwrap_or(0);
        } else {
            root = hash::node(&root, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Whether a proof shows that the tree of the first `old` leaves is the beginning of that of the first `new` (RFC 9162 §2.1.4.2). From
/// the empty tree and to the same tree the proof is empty.
pub fn consistent(old: u64, old_root: Hash, new: u64, new_root: Hash, proof: &[Hash]) -> bool {
    if old > new || (new == 0 && new_root != hash::of(&[])) {
        return false;
    }
    if old == 0 {
        return proof.is_empty() && old_root == hash::of(&[]);
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    // A complete old tree is itself the first node of the path.
    let mut path: Vec<Hash> = Vec::with_capacity(proof.len() + 1);
    if old.is_power_of_two() {
        path.push(old_root);
    }
    path.extend_from_slice(proof);
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    let rise = (old - 1).trailing_ones();
    let mut place = (old - 1).checked_shr(rise).unwrap_or(0);
    let mut last = (new - 1).checked_shr(rise).unwrap_or(0);
    let (mut from_old, mut from_new) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            from_old = hash::node(sibling, &from_old);
            from_new = hash::node(sibling, &from_new);
            let rise = if place & 1 == 1 { 0 } else { place.trailing_zeros() };
            place = place.checked_shr(rise).unwrap_or(0);
            last = last.checked_shr(rise).unwrap_or(0);
        } else {
            from_new = hash::node(&from_new, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && from_old == old_root && from_new == new_root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root by the definition of RFC 6962 §2.1.
    fn root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash::of(&[]),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                hash::node(&root(left), &root(right))
            }
        }
    }

    /// The audit path by the definition of RFC 6962 §2.1.1.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut path, other) = if index < left.len() {
            (path(index, left), root(right))
        } else {
            (path(index - left.len(), right), root(left))
        };
        path.push(other);
        path
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|i| hash::leaf(&i.to_be_bytes())).collect()
    }

    #[test]
    fn the_frontier_is_the_definition() {
        let mut frontier = Frontier::default();
        let leaves = leaves(130);
        for (size, leaf) in leaves.iter().enumerate() {
            assert_eq!((frontier.size(), frontier.root()), (size as u64, root(&leaves[..size])));
            frontier.push(*leaf);
        }
        assert_eq!(frontier.root(), root(&leaves));
    }

    #[test]
    fn inclusion_holds_for_the_one_place_and_proof() {
        for size in 1..40 {
            let leaves = leaves(size as u64);
            for index in 0..size {
                let proof = path(index, &leaves);
                let lead = |at: usize, of: usize, proof: &[Hash]| {
                    root_from_inclusion(at as u64, of as u64, leaves[index], proof)
                };
                assert_eq!(lead(index, size, &proof), Some(root(&leaves)), "{index} of {size}");
                assert_eq!(lead(size, size, &proof), None);
                let longer = [&proof[..], &[hash::ZEROS]].concat();
                assert_eq!(lead(index, size, &longer), None);
                if let Some((_, shorter)) = proof.split_last() {
                    assert_eq!(lead(index, size, shorter), None);
                }
                for other in (0..size).filter(|other| *other != index) {
                    assert_ne!(
                        lead(other, size, &proof),
                        Some(root(&leaves)),
                        "{index} as {other} of {size}"
                    );
                }
            }
        }
        let huge = root_from_inclusion(u64::MAX - 1, u64::MAX, hash::ZEROS, &[]);
        assert_eq!(huge, None);
    }
}
