//! Each table holds a row for whatever needs one, and no other: a row that nothing accounts for was put there, or is another whose key was
//! changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Summary, keys, number_key, rows_after};
use crate::entry::StreamId;
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::recovery::{checkpoint_lines, stored};
use crate::state::{self, Head, StreamHead};
use crate::store::{NODES_TOGETHER, Row, Store, StoredNodes, Table};
use crate::tiles::{Layer, TILE_HEIGHT, TILE_WIDTH, Tile};

/// Blobs are what their names say.
pub(super) fn counted(store: &dyn Store, size: u64, summary: &mut Summary) -> Result<(), LedgerError> {
    for key in keys(store, Table::Blobs) {
        let name = Hash::from_slice(&key?).ok_or_else(|| LedgerError::damaged("a blob", "its name is not 32 bytes"))?;
        let Some((_, blob)) = state::blob(store, &name)?.filter(|(first, _)| *first < size) else {
            continue;
        };
        let found = Hash::of(&[&blob]);
        if found != name {
            return Err(LedgerError::mismatch("a blob", &name, &found));
        }
        summary.blobs += 1;
    }
    Ok(())
}

/// How many rows each table must have where nothing is beyond `head`.
fn expected(head: &Head, summary: &Summary) -> [(Table, u64); 9] {
    let nodes = (0..u64::BITS)
        .map(|level| (head.size >> level).div_ceil(NODES_TOGETHER))
        .sum();
    [
        (Table::Entries, head.size),
        (Table::Bodies, head.size),
        (Table::Nodes, nodes),
        (Table::Unique, summary.unique),
        (Table::StreamHeads, summary.streams),
        (Table::StreamEntries, head.size),
        (Table::Blobs, summary.blobs),
        (Table::Lookups, 2 * head.size),
        (Table::Checkpoints, head.checkpoints),
    ]
}

/// Every table holds what it should, and no more. Rows of some were counted before.
pub(super) fn whole(
    store: &dyn Store,
    head: &Head,
    summary: &Summary,
    streams: &BTreeMap<StreamId, StreamHead>,
    counts: &BTreeMap<Table, u64>,
) -> Result<(), LedgerError> {
    for (table, expected) in expected(head, summary) {
        let mut found = 0;
        match counts.get(&table) {
            Some(counted) => found = *counted,
            None => store.visit(table, &[], usize::MAX, &mut |_, _| found += 1)?,
        }
        // One whose key says that it is of more entries than there are was not looked at before.
        let unseen = table == Table::Checkpoints && summary.checkpoints != expected;
        if found != expected || unseen {
            return Err(stranger(store, table, head.size, streams)?.unwrap_or_else(|| {
                let what = format!("{found} rows are there, expected {expected}");
                LedgerError::damaged(format!("table {}", table.name()), what)
            }));
        }
    }
    for (stream, last) in streams {
        if state::stream_head(store, stream)? != Some(*last) {
            return Err(LedgerError::damaged(
                format!("stream {stream}"),
                "its end is not recorded",
            ));
        }
    }
    meta(store, head)
}

/// The first row of a table that nothing accounts for.
fn stranger(
    store: &dyn Store,
    table: Table,
    size: u64,
    streams: &BTreeMap<StreamId, StreamHead>,
) -> Result<Option<LedgerError>, LedgerError> {
    for row in rows_after(store, table, None) {
        let row = row?;
        if !accounted(store, table, size, streams, &row).unwrap_or(false) {
            let place = format!("table {}, key {}", table.name(), hex(&row.0));
            return Ok(Some(LedgerError::damaged(place, "no entry accounts for it")));
        }
    }
    Ok(None)
}

/// Whether an entry accounts for a row.
fn accounted(
    store: &dyn Store,
    table: Table,
    size: u64,
    streams: &BTreeMap<StreamId, StreamHead>,
    (key, value): &Row,
) -> Result<bool, LedgerError> {
    let entry = |index: Option<u64>| {
        let index = index.filter(|index| *index < size);
        index.map(|index| stored(store, &StoredNodes(store), index)).transpose()
    };
    Ok(match table {
        Table::Entries | Table::Bodies => number_key(key, table)? < size,
        Table::Checkpoints => number_key(key, table)? <= size,
        Table::Nodes => key
            .split_first()
            .and_then(|(level, index)| Some((u32::from(*level), state::number(index)?)))
            .is_some_and(|(level, row)| {
                let nodes = size.checked_shr(level).unwrap_or(0);
                let nodes = nodes.saturating_sub(row.saturating_mul(NODES_TOGETHER));
                nodes > 0 && value.len() as u64 == nodes.min(NODES_TOGETHER) * 32
            }),
        Table::Unique => entry(state::number(value))?
            .is_some_and(|(entry, _)| entry.unique.iter().any(|unique| unique.0[..] == key[..])),
        Table::StreamHeads => streams.keys().any(|stream| stream.0[..] == key[..]),
        Table::StreamEntries => entry(state::number(value))?
            .is_some_and(|(entry, _)| state::stream_key(&entry.stream, entry.sequence) == *key),
        Table::Blobs => state::split_numbered(value.clone()).is_some_and(|(first, _)| first < size),
        Table::Lookups => entry(Some(state::lookup_index(key)?))?.is_some_and(|(entry, hash)| {
            [(state::Lookup::Entry, hash), (state::Lookup::Body, entry.body_hash)]
                .iter()
                .any(|(of, hash)| state::lookup_key(*of, hash, entry.index) == *key)
        }),
        Table::Cells | Table::Meta => true,
    })
}

/// The single values are those that there are; the last published checkpoint is no earlier one than the last that was cosigned.
fn meta(store: &dyn Store, head: &Head) -> Result<(), LedgerError> {
    let known = [
        state::META_FORMAT,
        state::META_KEY,
        state::META_BLINDING,
        state::META_HEAD,
        state::META_PUBLISHED,
    ];
    for key in keys(store, Table::Meta) {
        let key = key?;
        if !known.contains(&key.as_slice()) {
            let place = format!("table meta, key {}", hex(&key));
            return Err(LedgerError::damaged(place, "it is none of the ledger's"));
        }
    }
    let mut cosigned = None;
    for key in keys(store, Table::Checkpoints) {
        let size = number_key(&key?, Table::Checkpoints)?;
        if checkpoint_lines(store, size)? > 1 {
            cosigned = Some(size);
        }
    }
    let published = state::published(store)?;
    let place = "the size of the last published checkpoint";
    match published {
        None if cosigned.is_some() => Err(LedgerError::damaged(place, "it is missing")),
        Some(size) if size > head.size || checkpoint_lines(store, size)? == 0 || Some(size) < cosigned => Err(
            LedgerError::damaged(place, format!("{size} was published neither last nor at all")),
        ),
        _ => Ok(()),
    }
}

/// A node by its place in the tree, and by the tile that it is served in, if it is.
pub(crate) fn node_place(level: u32, index: u64) -> String {
    let node = format!("node {index} of level {level}");
    if !level.is_multiple_of(TILE_HEIGHT) {
        return node;
    }
    let layer = u8::try_from(level / TILE_HEIGHT).ok().map(Layer::Hashes);
    let tile = layer.and_then(|layer| Tile::new(layer, index / TILE_WIDTH, TILE_WIDTH as u16));
    tile.map_or(node.clone(), |tile| format!("{node}, in tile/{tile}"))
}

/// In hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
