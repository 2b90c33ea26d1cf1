//! The Merkle tree of RFC 6962 §2.1 and RFC 9162 §2.1, over SHA-256.
//!
//! A node `(level, index)` is complete when it covers the `2^level` leaves from `index · 2^level` on; only complete nodes are
//! stored, and they never change. Everything else — roots, proofs — is folded from at most 64 of them.
//!
//! - [`Edge`] is the right edge of a tree: what appending needs to know. It yields the nodes that became complete.
//! - [`Patch`] is an edge and what was appended to it: enough for every proof that concerns only the new leaves.
//! - [`root`], [`inclusion`], [`consistency`] read stored nodes; [`verify_inclusion`], [`verify_consistency`] read nothing.

#[cfg(test)]
pub(crate) mod tests;

use crate::errors::ProofError;
use crate::hash::Hash;

/// The most hashes that a proof can hold: one for each level of a tree of 2^64 leaves, and one more for consistency.
pub const PROOF_HASHES_MAX: usize = 65;

/// Where complete nodes are read from.
pub trait Nodes {
    /// Why a node cannot be had.
    type Error;

    /// The complete node `index` of `level` (leaves are level 0).
    ///
    /// # Errors
    /// Fails when the node is not there or cannot be read.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// A node that became complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// 0 for leaves.
    pub level: u32,
    /// Counted from the left, within its level.
    pub index: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The right edge of a tree: its size, and its maximal complete subtrees from left to right.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Edge {
    size: u64,
    /// One for each bit that is set in `size`, the largest first.
    subtrees: Vec<Hash>,
}

impl Edge {
    /// The edge of the tree of the first `size` leaves.
    ///
    /// # Errors
    /// Fails when a node is not there.
    pub fn load<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let mut subtrees = Vec::new();
        let mut covered = 0u64;
        for level in (0..u64::BITS).rev().filter(|level| size >> level & 1 == 1) {
            subtrees.push(nodes.node(level, covered >> level)?);
            covered |= 1 << level;
        }
        Ok(Self { size, subtrees })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf by its hash, and tells `complete` every node that thereby became complete, the leaf first.
    pub fn append(&mut self, leaf: Hash, mut complete: impl FnMut(Node)) {
        let mut hash = leaf;
        let mut level = 0;
        let mut index = self.size;
        complete(Node { level, index, hash });
        // Each trailing one of the size is a complete subtree that the new one completes to the next level.
        while index & 1 == 1 {
            let Some(left) = self.subtrees.pop() else { break };
            hash = Hash::node(&left, &hash);
            level += 1;
            index >>= 1;
            complete(Node { level, index, hash });
        }
        self.subtrees.push(hash);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut from_right = self.subtrees.iter().rev();
        let Some(last) = from_right.next() else {
            return Hash::empty_root();
        };
        from_right.fold(*last, |right, left| Hash::node(left, &right))
    }

    /// The complete subtree that covers exactly this node, if it is part of the edge.
    fn subtree(&self, level: u32, index: u64) -> Option<Hash> {
        let present = level < u64::BITS && self.size >> level & 1 == 1;
        // The subtree of this bit begins after those of all higher bits, so it is the last complete node of its level.
        let at = self.size.checked_shr(level).unwrap_or(0).checked_sub(1)?;
        let larger = self.size.checked_shr(level + 1).unwrap_or(0).count_ones() as usize;
        (present && index == at)
            .then(|| self.subtrees.get(larger).copied())
            .flatten()
    }
}

/// An edge and the nodes that completed since: every proof about the leaves appended since can be read from it, because the left
/// neighbours on their paths are either new or lie on the old edge.
#[derive(Clone, Debug)]
pub struct Patch {
    before: Edge,
    edge: Edge,
    /// For each level, the index of the first new node and the new nodes from there on.
    levels: Vec<(u64, Vec<Hash>)>,
}

impl Patch {
    /// Nothing appended yet.
    pub fn new(edge: Edge) -> Self {
        Self {
            before: edge.clone(),
            edge,
            levels: Vec::new(),
        }
    }

    /// Appends a leaf by its hash.
    pub fn append(&mut self, leaf: Hash) {
        let Self { edge, levels, .. } = self;
        edge.append(leaf, |node| {
            // Levels are filled from the bottom, so the next unknown level is the one after the last.
            if levels.len() == node.level as usize {
                levels.push((node.index, Vec::new()));
            }
            if let Some((_, hashes)) = levels.get_mut(node.level as usize) {
                hashes.push(node.hash);
            }
        });
    }

    /// The edge before anything was appended.
    pub fn before(&self) -> &Edge {
        &self.before
    }

    /// The edge as it is now.
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// The nodes that became complete.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        (0..).zip(&self.levels).flat_map(|(level, (first, hashes))| {
            (*first..).zip(hashes).map(move |(index, hash)| Node {
                level,
                index,
                hash: *hash,
            })
        })
    }
}

/// A node that neither is new nor lies on the old edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotInPatch;

impl Nodes for Patch {
    type Error = NotInPatch;

    fn node(&self, level: u32, index: u64) -> Result<Hash, NotInPatch> {
        let new = || {
            let (first, hashes) = self.levels.get(level as usize)?;
            hashes.get(usize::try_from(index.checked_sub(*first)?).ok()?).copied()
        };
        new().or_else(|| self.before.subtree(level, index)).ok_or(NotInPatch)
    }
}

/// The largest power of two below `size`, which is at least 2: where RFC 6962 splits a tree.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The root of the `size` leaves from `start` on, where `start` is a multiple of a power of two that is at least `size`.
fn subtree<N: Nodes + ?Sized>(nodes: &N, start: u64, size: u64) -> Result<Hash, N::Error> {
    if size.is_power_of_two() {
        let level = size.trailing_zeros();
        return nodes.node(level, start >> level);
    }
    let left = split(size);
    Ok(Hash::node(
        &nodes.node(left.trailing_zeros(), start >> left.trailing_zeros())?,
        &subtree(nodes, start + left, size - left)?,
    ))
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// Fails when a node is not there.
pub fn root<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    if size == 0 {
        return Ok(Hash::empty_root());
    }
    subtree(nodes, 0, size)
}

/// The proof that leaf `index` is in the tree of the first `size` leaves (RFC 6962 §2.1.1), from the leaf upwards. `None` when there
/// is no such leaf.
///
/// # Errors
/// Fails when a node is not there.
pub fn inclusion<N: Nodes + ?Sized>(nodes: &N, index: u64, size: u64) -> Result<Option<Vec<Hash>>, N::Error> {
    if index >= size {
        return Ok(None);
    }
    let mut path = Vec::new();
    let (mut start, mut width) = (0, size);
    while width > 1 {
        let left = split(width);
        if index - start < left {
            path.push(subtree(nodes, start + left, width - left)?);
            width = left;
        } else {
            path.push(subtree(nodes, start, left)?);
            start += left;
            width -= left;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// The proof that the tree of the first `old` leaves is the beginning of that of the first `new` (RFC 6962 §2.1.2). Empty for `old` 0
/// and for `old` equal to `new`; `None` when `old` is larger.
///
/// # Errors
/// Fails when a node is not there.
pub fn consistency<N: Nodes + ?Sized>(nodes: &N, old: u64, new: u64) -> Result<Option<Vec<Hash>>, N::Error> {
    if old > new {
        return Ok(None);
    }
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Ok(Some(path));
    }
    let (mut start, mut width) = (0, new);
    // `old - start` leaves of the subtree are old; the walk ends where all of them are.
    while old - start < width {
        let left = split(width);
        if old - start <= left {
            path.push(subtree(nodes, start + left, width - left)?);
            width = left;
        } else {
            path.push(subtree(nodes, start, left)?);
            start += left;
            width -= left;
        }
    }
    // What the verifier does not have yet: the old tree itself it has, its rightmost part it does not.
    if start > 0 {
        path.push(subtree(nodes, start, width)?);
    }
    path.reverse();
    Ok(Some(path))
}

/// On which side of the path a proof's hash lies.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// Walks from node `at` of a level, whose last node is `last`, up to the root: `step` is told each hash of the path and on which
/// side it lies. Whether the path led exactly to the root.
fn climb(mut at: u64, mut last: u64, path: &[Hash], mut step: impl FnMut(Side, &Hash)) -> bool {
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            step(Side::Left, sibling);
            // A node at the right edge has no neighbour to the right: it is lifted until it has one to the left.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            step(Side::Right, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0
}

/// Checks a proof of inclusion (RFC 9162 §2.1.3.2).
///
/// # Errors
/// Says whether there is no such leaf, the proof's length is wrong, or it leads to another root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::BeyondSize { index, size });
    }
    let mut hash = *leaf;
    let whole = climb(index, size - 1, proof, |side, sibling| {
        hash = match side {
            Side::Left => Hash::node(sibling, &hash),
            Side::Right => Hash::node(&hash, sibling),
        };
    });
    if !whole {
        return Err(ProofError::Length { found: proof.len() });
    }
    if hash != *root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// Checks a proof of consistency (RFC 9162 §2.1.4.2).
///
/// # Errors
/// Says whether the sizes are reversed, the proof's length is wrong, or it leads to another root than either given one.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let length = || ProofError::Length { found: proof.len() };
    if old > new {
        return Err(ProofError::Reversed { old, new });
    }
    if old == 0 || old == new {
        if !proof.is_empty() {
            return Err(length());
        }
        let expected = if old == 0 { Hash::empty_root() } else { *new_root };
        let empty_new = new == 0 && *new_root != Hash::empty_root();
        return if *old_root == expected && !empty_new {
            Ok(())
        } else {
            Err(ProofError::Root)
        };
    }
    let (seed, path) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or_else(length)?
    };
    // The seed is the last complete subtree of the old tree: the path starts above the levels that it covers.
    let covered = old.trailing_zeros();
    let (mut from_old, mut from_new) = (*seed, *seed);
    let whole = climb(
        (old - 1) >> covered,
        (new - 1) >> covered,
        path,
        |side, sibling| match side {
            Side::Left => {
                from_old = Hash::node(sibling, &from_old);
                from_new = Hash::node(sibling, &from_new);
            }
            // What lies to the right came later: the old tree does not have it.
            Side::Right => from_new = Hash::node(&from_new, sibling),
        },
    );
    if !whole {
        return Err(length());
    }
    if from_old != *old_root || from_new != *new_root {
        return Err(ProofError::Root);
    }
    Ok(())
}
