//! Each table holds a row for whatever needs one, and no other: a row that nothing accounts for was put there, or is another whose key was
//! changed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Summary, keys, number_key, rows_after};
use crate::entry::StreamId;
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::lookups;
use crate::recovery::{checkpoint_lines, stored};
use crate::state::{self, Covered, Head, LOOKUPS_COVERED, LOOKUPS_EACH, StreamHead, lookups_of};
use crate::store::{META_FORMAT, NODES_TOGETHER, Row, Store, StoredNodes, Table};
use crate::tiles::{Layer, TILE_HEIGHT, TILE_WIDTH, Tile};

/// Rows that a run which was cut short can leave, at most: three of each entry. More are too many.
const ROWS_LEFT_MAX: usize = 3 << 20;

/// Blobs are what their names say, and are listed with the entries that brought them.
pub(super) fn counted(store: &dyn Store, size: u64, summary: &mut Summary) -> Result<(), LedgerError> {
    for key in keys(store, Table::Blobs) {
        let name = Hash::from_slice(&key?).ok_or_else(|| LedgerError::damaged("a blob", "its name is not 32 bytes"))?;
        let Some((first, blob)) = state::blob(store, &name)?.filter(|(first, _)| *first < size) else {
            continue;
        };
        let found = Hash::of(&[&blob]);
        if found != name {
            return Err(LedgerError::mismatch("a blob", &name, &found));
        }
        let listed = store.get(Table::Brought, &state::brought_key(first, &name))?;
        if listed.is_none_or(|value| !value.is_empty()) {
            let what = format!("it is not listed with entry {first}");
            return Err(LedgerError::damaged(format!("blob {name}"), what));
        }
        summary.blobs += 1;
    }
    Ok(())
}

/// Shows each row that the table of look-ups has of the first `size` entries, as far as it covers them, and any that has the wrong form; says
/// first how many entries it covers. How many rows are of later entries. What a run that was cut short left does not count, and must be of
/// its entries all the same.
pub(super) fn look_ups(
    store: &dyn Store,
    size: u64,
    covers: impl FnOnce(u64),
    each: &mut dyn FnMut(&[u8], &[u8]),
) -> Result<u64, LedgerError> {
    let (mut covers, mut covered, mut beyond) = (Some(covers), 0, 0);
    let mut left: Vec<Row> = Vec::new();
    store.visit(Table::Lookups, &[], usize::MAX, &mut |key, value| {
        let says = Covered::decode(value).filter(|_| key == LOOKUPS_COVERED);
        if let Some(covers) = covers.take() {
            covered = says.map_or(0, |says| says.size);
            covers(covered);
        }
        match state::looked_up(key, value) {
            Some(index) if index >= size => beyond += 1,
            Some(index) if index >= covered && left.len() < ROWS_LEFT_MAX => left.push((key.to_vec(), value.to_vec())),
            None if says.is_some() => {}
            _ => each(key, value),
        }
    })?;
    for row in left {
        if !accounted(store, Table::Lookups, size, &BTreeMap::new(), &row)? {
            return Err(strange(Table::Lookups, &row));
        }
    }
    Ok(beyond)
}

fn strange(table: Table, (key, _): &Row) -> LedgerError {
    let place = format!("table {}, key {}", table.name(), hex(key));
    LedgerError::damaged(place, "no entry accounts for it")
}

/// How many rows each other table must have where nothing is beyond `head`.
fn expected(head: &Head, summary: &Summary) -> [(Table, u64); 8] {
    let nodes = (0..u64::BITS)
        .map(|level| (head.size >> level).div_ceil(NODES_TOGETHER))
        .sum();
    [
        (Table::Entries, head.size),
        (Table::Bodies, head.size),
        (Table::Nodes, nodes),
        (Table::Unique, summary.unique),
        (Table::StreamHeads, summary.streams),
        (Table::Blobs, summary.blobs),
        (Table::Brought, summary.blobs),
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
    if !counts.contains_key(&Table::Lookups) {
        let (mut covered, mut found) = (0, 0);
        let beyond = look_ups(store, head.size, |size| covered = size, &mut |_, _| found += 1)?;
        if found + beyond != LOOKUPS_EACH * covered {
            return Err(stranger(store, Table::Lookups, head.size, streams)?
                .unwrap_or_else(|| LedgerError::damaged("table lookups", "rows are missing")));
        }
    }
    lookups::covered(store, head.size)?;
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
            return Ok(Some(strange(table, &row)));
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
        Table::Blobs => state::split_numbered(value.clone()).is_some_and(|(first, _)| first < size),
        Table::Brought => match state::split_brought(key) {
            Some((index, name)) => state::blob(store, &name)?.is_some_and(|(first, _)| first == index && index < size),
            None => false,
        },
        Table::Lookups => {
            let found = entry(state::looked_up(key, value))?;
            found.is_some_and(|(entry, hash)| lookups_of(&entry, &hash).iter().any(|of| of[..] == key[..]))
                || key == LOOKUPS_COVERED
        }
        Table::Cells | Table::Meta => true,
    })
}

/// The single values are those that there are; the last published checkpoint is no earlier one than the last that was cosigned.
fn meta(store: &dyn Store, head: &Head) -> Result<(), LedgerError> {
    let known = [
        META_FORMAT,
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
