//! Opening a ledger: making a new one, or checking that the one that is there holds what it acknowledged.
//!
//! Checked every time: whose ledger it is, that head, tree and signed checkpoint say the same, that nothing which was acknowledged is
//! missing, and everything about the last entries. The rest is checked by [`crate::Ledger::check`], which reads the whole log.

use std::ops::Range;

use crate::check;
use crate::checkpoint::{CheckpointSigner, SignedCheckpoint};
use crate::draft::Blinding;
use crate::entry::Entry;
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::lookups;
use crate::note::{LogKey, SIGNATURE_PREFIX};
use crate::state::{self, Head, Mark, lookups_of};
use crate::store::{Batch, FORMAT, META_FORMAT, NODES_TOGETHER, Store, StoredNodes, Table, node_key, other_format};
use crate::tree::{self, Edge, Nodes};
use crate::witness::WitnessPolicy;

/// A ledger as it was found.
pub(crate) struct Found {
    pub(crate) head: Head,
    pub(crate) edge: Edge,
    pub(crate) blinding: Blinding,
    pub(crate) checkpoint: SignedCheckpoint,
}

/// Opens what is there, or makes a new ledger where there is none, if it is given a blinding secret for it.
pub(crate) fn open(
    store: &dyn Store,
    signer: &mut CheckpointSigner,
    fresh: Option<Blinding>,
    tail: u64,
) -> Result<Found, LedgerError> {
    let mark = store.mark()?;
    if state::head(store)?.is_none() {
        if mark.is_some() {
            return Err(LedgerError::damaged("the head", "it is missing"));
        }
        let fresh = fresh.ok_or_else(|| LedgerError::damaged("the head", "it is missing"))?;
        create(store, signer, &fresh)?;
    }
    let head = state::head(store)?.ok_or_else(|| LedgerError::damaged("the head", "it is missing"))?;
    whose(store, signer.key())?;
    let blinding = store.get(Table::Meta, state::META_BLINDING)?;
    let blinding = blinding.and_then(|bytes| bytes.try_into().ok()).map(Blinding);
    let blinding = blinding.ok_or_else(|| LedgerError::damaged("the blinding secret", "it is missing"))?;

    let nodes = StoredNodes(store);
    if store.get(Table::Checkpoints, &head.size.to_be_bytes())?.is_none() {
        let place = format!("the head, or the checkpoint of size {}", head.size);
        return Err(LedgerError::damaged(place, "the head's size has no checkpoint"));
    }
    let checkpoint = checkpoint(store, head.size, signer.key())?;
    let edge = Edge::load(&nodes, head.size)?;
    if edge.root() != head.root {
        return Err(wrong_root(store, &nodes, &head, &edge, &checkpoint)?);
    }
    if *checkpoint.root() != head.root {
        return Err(LedgerError::mismatch(
            "the last checkpoint",
            &head.root,
            checkpoint.root(),
        ));
    }
    acknowledged(store, &nodes, &head, mark)?;
    end(store, &nodes, &head, tail)?;
    signer
        .resume(&checkpoint)
        .map_err(|error| LedgerError::damaged("the last checkpoint", error.to_string()))?;
    Ok(Found {
        head,
        edge,
        blinding,
        checkpoint,
    })
}

/// What is wrong where the stored nodes do not make the head's root: the head, if the signed checkpoint is of those nodes; otherwise the
/// node that is not what its children make, or not its entry's hash.
fn wrong_root(
    store: &dyn Store,
    nodes: &StoredNodes<'_>,
    head: &Head,
    edge: &Edge,
    signed: &SignedCheckpoint,
) -> Result<LedgerError, LedgerError> {
    if *signed.root() == edge.root() {
        return Ok(LedgerError::mismatch("the head's root", signed.root(), &head.root));
    }
    let mut end = 0;
    for level in (0..u64::BITS).rev().filter(|level| head.size >> level & 1 == 1) {
        let index = end >> level;
        end += 1 << level;
        let found = nodes.node(level, index)?;
        let own = match level.checked_sub(1) {
            Some(below) => Hash::node(&nodes.node(below, 2 * index)?, &nodes.node(below, 2 * index + 1)?),
            None => Hash::leaf(&store.get(Table::Entries, &index.to_be_bytes())?.unwrap_or_default()),
        };
        if own != found {
            return Ok(LedgerError::mismatch(check::node_place(level, index), &own, &found));
        }
    }
    Ok(LedgerError::mismatch("the tree's root", &head.root, &edge.root()))
}

/// Writes an empty log.
fn create(store: &dyn Store, signer: &mut CheckpointSigner, blinding: &Blinding) -> Result<(), LedgerError> {
    let head = Head::empty();
    let signed = signer
        .sign(head.size, head.root, &[])
        .map_err(|error| LedgerError::damaged("the first checkpoint", error.to_string()))?;
    let mut batch = Batch::default();
    batch.put(Table::Meta, META_FORMAT, FORMAT);
    batch.put(Table::Meta, state::META_KEY, signer.key().to_string());
    batch.put(Table::Meta, state::META_BLINDING, blinding.0);
    batch.put(Table::Meta, state::META_HEAD, head.encode());
    batch.put(Table::Checkpoints, head.size.to_be_bytes(), signed.note());
    store.commit(batch)
}

/// Refuses the ledger of another log, or of another format.
fn whose(store: &dyn Store, key: &LogKey) -> Result<(), LedgerError> {
    other_format(store.get(Table::Meta, META_FORMAT)?)?;
    let found = store
        .get(Table::Meta, state::META_KEY)?
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let found = found.ok_or_else(|| LedgerError::damaged("the log's key", "it is missing"))?;
    let expected = key.to_string();
    if found != expected {
        return Err(LedgerError::OtherLog { found, expected });
    }
    Ok(())
}

/// The stored checkpoint of this size, checked.
pub(crate) fn checkpoint(store: &dyn Store, size: u64, key: &LogKey) -> Result<SignedCheckpoint, LedgerError> {
    let place = || format!("the checkpoint of size {size}");
    let note = store.get(Table::Checkpoints, &size.to_be_bytes())?;
    let note = note.and_then(|bytes| String::from_utf8(bytes).ok());
    let note = note.ok_or_else(|| LedgerError::damaged(place(), "it is missing"))?;
    let signed = SignedCheckpoint::open(note, key).map_err(|error| LedgerError::damaged(place(), error.to_string()))?;
    if signed.size() != size {
        return Err(LedgerError::damaged(
            place(),
            format!("it is of size {}", signed.size()),
        ));
    }
    Ok(signed)
}

/// How many signature lines the stored checkpoint of this size has; none where there is no such checkpoint.
pub(crate) fn checkpoint_lines(store: &dyn Store, size: u64) -> Result<usize, LedgerError> {
    let note = store.get(Table::Checkpoints, &size.to_be_bytes())?.unwrap_or_default();
    let note = String::from_utf8_lossy(&note).into_owned();
    Ok(note.lines().filter(|line| line.starts_with(SIGNATURE_PREFIX)).count())
}

/// The last checkpoint that was published under this policy: what readers see until the last one of all is cosigned. The empty log's
/// where none was.
pub(crate) fn published(
    store: &dyn Store,
    key: &LogKey,
    policy: &WitnessPolicy,
) -> Result<SignedCheckpoint, LedgerError> {
    if let Some(size) = state::published(store)? {
        let checkpoint = checkpoint(store, size, key)?;
        if policy.check(checkpoint.note(), key).is_ok() {
            return Ok(checkpoint);
        }
    }
    checkpoint(store, 0, key)
}

/// What was acknowledged must be there, and be the same.
fn acknowledged(
    store: &dyn Store,
    nodes: &StoredNodes<'_>,
    head: &Head,
    mark: Option<Vec<u8>>,
) -> Result<(), LedgerError> {
    let place = "the mark of what was acknowledged";
    let Some(mark) = mark else {
        if head.size > 0 {
            return Err(LedgerError::damaged(place, "it is missing"));
        }
        // The creation was not finished.
        let mark = Mark {
            size: head.size,
            root: head.root,
        };
        return store.set_mark(&mark.encode());
    };
    let mark = Mark::decode(&mark).ok_or_else(|| LedgerError::damaged(place, "its sum is wrong"))?;
    if mark.size > head.size {
        return Err(LedgerError::TailLost {
            acknowledged: mark.size,
            found: head.size,
        });
    }
    let root = tree::root(nodes, mark.size)?;
    if root != mark.root {
        return Err(LedgerError::mismatch(
            format!("the tree of the first {} entries", mark.size),
            &mark.root,
            &root,
        ));
    }
    Ok(())
}

/// Checks the last entries in full, and that nothing follows them.
fn end(store: &dyn Store, nodes: &StoredNodes<'_>, head: &Head, tail: u64) -> Result<(), LedgerError> {
    let covered = lookups::covered(store, head.size)?;
    let mut before: Option<(Entry, Hash)> = None;
    for index in head.size.saturating_sub(tail.max(1))..head.size {
        let (entry, hash) = stored(store, nodes, index)?;
        follows(before.as_ref(), &entry)?;
        indexed(store, &entry, &hash, covered)?;
        before = Some((entry, hash));
    }
    let (last, time_ms) = before.map_or((Hash::ZERO, 0), |(entry, hash)| (hash, entry.time_ms));
    if last != head.last {
        return Err(LedgerError::mismatch("the last entry", &head.last, &last));
    }
    if time_ms != head.time_ms {
        return Err(LedgerError::damaged(
            "the last entry's time",
            format!("expected {}, found {time_ms}", head.time_ms),
        ));
    }
    let end = head.size.checked_sub(1).map(u64::to_be_bytes);
    if let Some((key, _)) = store.after(Table::Entries, end.as_ref().map(<[u8; 8]>::as_slice))? {
        let what = format!("an entry under the key {} follows it", check::hex(&key));
        return Err(LedgerError::damaged("the head", what));
    }
    Ok(())
}

/// One entry, checked against its place in the tree.
pub(crate) fn stored(store: &dyn Store, nodes: &StoredNodes<'_>, index: u64) -> Result<(Entry, Hash), LedgerError> {
    let place = || format!("entry {index}");
    let bytes = store.get(Table::Entries, &index.to_be_bytes())?;
    let bytes = bytes.ok_or_else(|| LedgerError::damaged(place(), "it is missing"))?;
    let entry = Entry::decode(&bytes).map_err(|error| LedgerError::damaged(place(), error.to_string()))?;
    if entry.index != index {
        return Err(LedgerError::damaged(
            place(),
            format!("it says that it is entry {}", entry.index),
        ));
    }
    let (hash, leaf) = (Hash::leaf(&bytes), nodes.node(0, index)?);
    if hash != leaf {
        return Err(LedgerError::mismatch(place(), &leaf, &hash));
    }
    Ok((entry, hash))
}

/// Entries that follow each other, each checked like a single one, but read together.
pub(crate) fn stored_from(store: &dyn Store, range: Range<u64>) -> Result<Vec<(Entry, Hash)>, LedgerError> {
    let count = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let mut places = range.clone();
    let mut found = Vec::with_capacity(count);
    store.visit(Table::Entries, &range.start.to_be_bytes(), count, &mut |key, bytes| {
        let Some(index) = places.next().filter(|index| index.to_be_bytes() == key) else {
            places = 0..0;
            return;
        };
        let entry = Entry::decode(bytes).ok().filter(|entry| entry.index == index);
        found.extend(entry.map(|entry| (entry, Hash::leaf(bytes))));
    })?;
    let nodes = StoredNodes(store);
    let mut leaves = leaves(store, range.clone())?.into_iter();
    let same = |(_, hash): &(Entry, Hash)| leaves.next() == Some(*hash);
    if found.len() < count || !found.iter().all(same) {
        // What is wrong is said of the entry that it is wrong with.
        for index in range.clone() {
            stored(store, &nodes, index)?;
        }
        let place = format!("the entries from {} on", range.start);
        return Err(LedgerError::damaged(place, "read together they are others"));
    }
    Ok(found)
}

/// The leaves of the tree in this range, as far as they are there.
fn leaves(store: &dyn Store, range: Range<u64>) -> Result<Vec<Hash>, LedgerError> {
    let first = range.start / NODES_TOGETHER * NODES_TOGETHER;
    let rows = range.end.saturating_sub(first).div_ceil(NODES_TOGETHER);
    let mut leaves = Vec::new();
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    store.visit(Table::Nodes, &node_key(0, first), rows, &mut |_, row| {
        leaves.extend(row.as_chunks::<32>().0.iter().copied().map(Hash));
    })?;
    let skipped = usize::try_from(range.start - first).unwrap_or(usize::MAX);
    Ok(leaves.split_off(leaves.len().min(skipped)))
}

/// An entry continues the one before it.
pub(crate) fn follows(before: Option<&(Entry, Hash)>, entry: &Entry) -> Result<(), LedgerError> {
    let place = || format!("entry {}", entry.index);
    let Some((previous, hash)) = before else {
        if entry.index == 0 && entry.previous != Hash::ZERO {
            return Err(LedgerError::mismatch(place(), &Hash::ZERO, &entry.previous));
        }
        return Ok(());
    };
    if entry.previous != *hash {
        return Err(LedgerError::mismatch(place(), hash, &entry.previous));
    }
    if entry.time_ms < previous.time_ms {
        return Err(LedgerError::damaged(place(), "its time is before the previous entry's"));
    }
    Ok(())
}

/// What is stored beside an entry agrees with it: body, unique keys, and the look-ups of the first `covered` entries.
pub(crate) fn indexed(store: &dyn Store, entry: &Entry, hash: &Hash, covered: u64) -> Result<(), LedgerError> {
    let index = entry.index;
    let place = |what: &str| format!("{what} of entry {index}");
    match state::body(store, index)? {
        None => return Err(LedgerError::damaged(place("the body"), "it is missing")),
        Some(Some(opening)) if opening.hash() != entry.body_hash => {
            return Err(LedgerError::mismatch(
                place("the body"),
                &entry.body_hash,
                &opening.hash(),
            ));
        }
        Some(_) => {}
    }
    for digest in &entry.unique {
        if state::unique(store, digest)? != Some(index) {
            return Err(LedgerError::damaged(
                place("a unique key"),
                format!("{digest} is not recorded for it"),
            ));
        }
    }
    let whats = ["the hash", "the body's hash", "the place in its stream"];
    for (what, key) in whats.into_iter().zip(lookups_of(entry, hash)) {
        if index < covered && state::lookup(store, &key)? != Some(index) {
            return Err(LedgerError::damaged(place(what), "it is not recorded for look-up"));
        }
    }
    Ok(())
}
