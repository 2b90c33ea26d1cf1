//! The tree against its definition written down naively, against published vectors, and against another implementation.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

/// Nodes in memory.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) edge: Edge,
    nodes: BTreeMap<(u32, u64), Hash>,
}

impl Memory {
    pub(crate) fn append(&mut self, leaf: Hash) {
        let nodes = &mut self.nodes;
        self.edge.append(leaf, |node| {
            let before = nodes.insert((node.level, node.index), node.hash);
            assert_eq!(before, None, "a node completes once");
        });
    }

    fn of(leaves: &[Hash]) -> Self {
        let mut memory = Self::default();
        leaves.iter().for_each(|leaf| memory.append(*leaf));
        memory
    }
}

impl Nodes for Memory {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        Ok(self.nodes[&(level, index)])
    }
}

/// RFC 6962 §2.1, word for word.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_root(),
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            Hash::node(&mth(&leaves[..k]), &mth(&leaves[k..]))
        }
    }
}

/// RFC 6962 §2.1.1, word for word.
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    if m < k {
        [path(m, &leaves[..k]), vec![mth(&leaves[k..])]].concat()
    } else {
        [path(m - k, &leaves[k..]), vec![mth(&leaves[..k])]].concat()
    }
}

/// RFC 6962 §2.1.2, word for word.
fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    if m <= k {
        [subproof(m, &leaves[..k], whole), vec![mth(&leaves[k..])]].concat()
    } else {
        [subproof(m - k, &leaves[k..], false), vec![mth(&leaves[..k])]].concat()
    }
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count as u64).map(|i| Hash::leaf(&i.to_be_bytes())).collect()
}

fn ok<T>(value: Result<T, Infallible>) -> T {
    value.unwrap_or_else(|never| match never {})
}

/// The eight leaves and roots that certificate-transparency-go and its predecessors test with.
#[test]
fn published_roots() {
    let inputs: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut memory = Memory::default();
    for (size, expected) in roots.iter().enumerate() {
        assert_eq!(memory.edge.root().to_string(), *expected, "size {size}");
        assert_eq!(ok(root(&memory, size as u64)).to_string(), *expected, "size {size}");
        if let Some(input) = inputs.get(size) {
            memory.append(Hash::leaf(input));
        }
    }
}

/// Every proof of every tree up to 70 leaves is the definition's, and verifies.
#[test]
fn small_trees_exhaustively() {
    let all = leaves(70);
    let memory = Memory::of(&all);
    for size in 0..=all.len() {
        let tree = &all[..size];
        let expected = mth(tree);
        let n = size as u64;
        assert_eq!(ok(root(&memory, n)), expected);
        assert_eq!(ok(Edge::load(&memory, n)).root(), expected);
        for (index, leaf) in tree.iter().enumerate() {
            let proof = ok(inclusion(&memory, index as u64, n)).expect("a leaf");
            assert_eq!(proof, path(index, tree), "{index} of {size}");
            assert!(proof.len() <= PROOF_HASHES_MAX);
            assert_eq!(verify_inclusion(leaf, index as u64, n, &proof, &expected), Ok(()));
        }
        assert_eq!(ok(inclusion(&memory, n, n)), None);
        for old in 1..=size {
            let proof = ok(consistency(&memory, old as u64, n)).expect("not reversed");
            assert_eq!(proof, subproof(old, tree, true), "{old} to {size}");
            let old_root = mth(&all[..old]);
            assert_eq!(verify_consistency(old as u64, &old_root, n, &expected, &proof), Ok(()));
        }
        assert_eq!(ok(consistency(&memory, n + 1, n)), None);
        assert_eq!(verify_consistency(0, &Hash::empty_root(), n, &expected, &[]), Ok(()));
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let all = leaves(7);
    let memory = Memory::of(&all);
    let root = memory.edge.root();
    let proof = path(3, &all);
    assert_eq!(
        verify_inclusion(&all[3], 7, 7, &proof, &root),
        Err(ProofError::BeyondSize { index: 7, size: 7 })
    );
    assert_eq!(
        verify_inclusion(&all[3], 3, 7, &proof[1..], &root),
        Err(ProofError::Length { found: 2 })
    );
    let long = [proof.as_slice(), &[Hash::ZERO]].concat();
    assert_eq!(
        verify_inclusion(&all[3], 3, 7, &long, &root),
        Err(ProofError::Length { found: 4 })
    );
    assert_eq!(verify_inclusion(&all[2], 3, 7, &proof, &root), Err(ProofError::Root));

    let proof = subproof(3, &all, true);
    let old = mth(&all[..3]);
    let verify = |old_root: &Hash, proof: &[Hash]| verify_consistency(3, old_root, 7, &root, proof);
    assert_eq!(verify(&root, &proof), Err(ProofError::Root));
    assert_eq!(verify(&old, &[]), Err(ProofError::Length { found: 0 }));
    assert_eq!(verify(&old, &proof[..2]), Err(ProofError::Length { found: 2 }));
    let long = [proof.as_slice(), &[Hash::ZERO]].concat();
    assert_eq!(verify(&old, &long), Err(ProofError::Length { found: 5 }));
    assert_eq!(
        verify_consistency(7, &root, 3, &old, &[]),
        Err(ProofError::Reversed { old: 7, new: 3 })
    );
    assert_eq!(verify_consistency(7, &old, 7, &root, &[]), Err(ProofError::Root));
    assert_eq!(
        verify_consistency(7, &root, 7, &root, &[Hash::ZERO]),
        Err(ProofError::Length { found: 1 })
    );
    assert_eq!(verify_consistency(0, &root, 7, &root, &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(0, &root, 0, &root, &[]), Err(ProofError::Root));
}

/// The largest sizes neither overflow nor loop.
#[test]
fn extreme_sizes_end() {
    for (index, size) in [
        (0, u64::MAX),
        (u64::MAX - 1, u64::MAX),
        (1 << 63, u64::MAX),
        (1 << 63, (1 << 63) + 1),
    ] {
        for length in 0..70 {
            let proof = vec![Hash::ZERO; length];
            let refused = verify_inclusion(&Hash::ZERO, index, size, &proof, &Hash::ZERO);
            assert!(refused == Err(ProofError::Root) || refused == Err(ProofError::Length { found: length }));
            let refused = verify_consistency(index.max(1), &Hash::ZERO, size, &Hash::ZERO, &proof);
            assert!(refused == Err(ProofError::Root) || refused == Err(ProofError::Length { found: length }));
        }
    }
}

/// The other implementation's tree over the same leaves.
struct Oracle(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Oracle {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes
            .iter()
            .map(|index| self.0[usize::try_from(*index).expect("small")])
            .collect())
    }
}

impl Oracle {
    fn of(records: &[Vec<u8>]) -> Self {
        let mut oracle = Self(Vec::new());
        for (n, record) in (0..).zip(records) {
            let new = tlog_tiles::stored_hashes(n, record, &oracle).expect("hashes");
            oracle.0.extend(new);
        }
        oracle
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Roots and proofs are those of `tlog_tiles`, and each accepts the other's.
    #[test]
    fn another_implementation_agrees(
        records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 1..200),
        picks in any::<[prop::sample::Index; 3]>(),
    ) {
        let oracle = Oracle::of(&records);
        let hashes: Vec<Hash> = records.iter().map(|record| Hash::leaf(record)).collect();
        let memory = Memory::of(&hashes);
        let size = 1 + picks[0].index(records.len()) as u64;
        let index = picks[1].index(usize::try_from(size).unwrap()) as u64;
        let old = 1 + picks[2].index(usize::try_from(size).unwrap()) as u64;
        let theirs = |hash: Hash| tlog_tiles::Hash(hash.0);
        let our_root = ok(root(&memory, size));
        prop_assert_eq!(tlog_tiles::tree_hash(size, &oracle).unwrap(), theirs(our_root));

        let proof = ok(inclusion(&memory, index, size)).unwrap();
        let their_proof: Vec<_> = proof.iter().copied().map(theirs).collect();
        prop_assert_eq!(&tlog_tiles::prove_record(size, index, &oracle).unwrap(), &their_proof);
        let leaf = theirs(hashes[usize::try_from(index).unwrap()]);
        prop_assert!(tlog_tiles::check_record(&their_proof, size, theirs(our_root), index, leaf).is_ok());

        let proof = ok(consistency(&memory, old, size)).unwrap();
        let their_proof: Vec<_> = proof.iter().copied().map(theirs).collect();
        prop_assert_eq!(&tlog_tiles::prove_tree(size, old, &oracle).unwrap(), &their_proof);
    }

    /// A patch knows what every proof about its new leaves needs, wherever the old edge lay.
    #[test]
    fn a_patch_suffices(old in 0usize..300, added in 1usize..100) {
        let all = leaves(old + added);
        let memory = Memory::of(&all);
        let before = ok(Edge::load(&memory, old as u64));
        prop_assert_eq!(before.root(), mth(&all[..old]));
        let mut patch = Patch::new(before);
        all[old..].iter().for_each(|leaf| patch.append(*leaf));
        let size = (old + added) as u64;
        prop_assert_eq!(patch.edge().root(), mth(&all));
        for node in patch.nodes() {
            prop_assert_eq!(ok(memory.node(node.level, node.index)), node.hash);
        }
        for index in old..old + added {
            let proof = inclusion(&patch, index as u64, size).expect("in the patch");
            prop_assert_eq!(proof, Some(path(index, &all)));
        }
        let proof = consistency(&patch, old as u64, size).expect("in the patch");
        let expected = if old == 0 { Vec::new() } else { subproof(old, &all, true) };
        prop_assert_eq!(proof, Some(expected));
    }

    /// No proof verifies for another leaf, index, size or root, nor with a changed hash.
    #[test]
    fn forgeries_are_refused(size in 2usize..200, pick: prop::sample::Index, bit in 0usize..256, other in 1u64..400) {
        let all = leaves(size);
        let index = pick.index(size);
        let proof = path(index, &all);
        let root = mth(&all);
        let (n, i) = (size as u64, index as u64);
        let mut changed = proof.clone();
        let at = pick.index(proof.len());
        changed[at].0[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(verify_inclusion(&all[index], i, n, &changed, &root), Err(ProofError::Root));
        if other != n && verify_inclusion(&all[index], i, other, &proof, &root).is_ok() {
            // The path of a leaf may be the same in a tree of another size; its root never is.
            prop_assert_eq!(path(index, &leaves(usize::try_from(other).unwrap())).len(), proof.len());
        }
        if other != i {
            prop_assert!(verify_inclusion(&all[index], other, n, &proof, &root).is_err());
        }
    }
}
