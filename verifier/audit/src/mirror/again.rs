//! Whether the log still serves the bytes that were mirrored: some entries, drawn anew in each run, are asked for again.

use std::fs::File;
use std::ops::Range;

use covenant_api::refusals::FILE_UNREADABLE;
use covenant_policy::refusal::Refusal;
use rand::{Rng as _, RngCore};

use super::place::Place;
use super::upstream::Upstream;
use crate::export::{Walk, mark};
use crate::findings::{Finding, MIRROR_OTHER, Place as Where};
use crate::hash;

/// Entries of a full tile.
const TILE_WIDTH: u64 = 256;

/// What was asked for again.
pub(super) struct Asked {
    /// How many entries.
    pub(super) entries: u64,
    /// What came.
    pub(super) tile: Vec<u8>,
    /// What is wrong with it.
    pub(super) finding: Option<Finding>,
}

/// Asks for one tile of the first `size` entries.
///
/// # Errors
/// What keeps it from being read.
pub(super) fn ask(log: &dyn Upstream, place: &Place, size: u64, rng: &mut dyn RngCore) -> Result<Asked, Refusal> {
    let full = size / TILE_WIDTH;
    let (index, width) = if full == 0 {
        (0, size)
    } else {
        (rng.gen_range(0..full), TILE_WIDTH)
    };
    let tile = log.tile(&name(index, width))?;
    let first = index * TILE_WIDTH;
    let held = entries(place, first..first + width)?;
    let mut rest = tile.as_slice();
    let mut finding = None;
    for (number, mine) in (first..).zip(&held) {
        let taken = take(&mut rest);
        if taken == Some(mine.as_slice()) {
            continue;
        }
        let shown = |bytes: Option<&[u8]>| bytes.map_or("nothing".to_owned(), |bytes| hash::leaf(bytes).to_string());
        let what = format!("the log serves an entry with the hash {}", shown(taken));
        let found = Finding::new(&MIRROR_OTHER, Where::Entry(number), 0, what);
        finding = Some(found.expected(format!("{}, as it was mirrored", shown(Some(mine)))));
        break;
    }
    if finding.is_none() && !rest.is_empty() {
        let what = "the log serves more in a tile than its entries";
        finding = Some(Finding::new(&MIRROR_OTHER, Where::Entry(first), 0, what));
    }
    Ok(Asked {
        entries: width,
        tile,
        finding,
    })
}

/// The next entry of a tile, behind its length.
fn take<'t>(rest: &mut &'t [u8]) -> Option<&'t [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    Some(entry)
}

/// A tile's name (C2SP `tlog-tiles`).
fn name(index: u64, width: u64) -> String {
    let mut groups = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let partial = if width < TILE_WIDTH {
        format!(".p/{width}")
    } else {
        String::new()
    };
    format!("entries/{}{partial}", groups.join("/"))
}

/// The mirrored entries of this range.
fn entries(place: &Place, range: Range<u64>) -> Result<Vec<Vec<u8>>, Refusal> {
    let (mut found, mut end) = (Vec::new(), 0);
    for part in place.parts() {
        // One that lies across others is not of those that were checked.
        if part.from != end {
            continue;
        }
        end = part.to;
        if part.from >= range.end || range.start >= part.to {
            continue;
        }
        let path = part.entries();
        let unreadable = |error: std::io::Error| Refusal::new(&FILE_UNREADABLE, error.to_string()).at(path.display());
        let mut walk = Walk::new(File::open(&path).map_err(unreadable)?);
        let (mut content, mut index) = (Vec::new(), part.from);
        while let Some((mark, _)) = walk.next(&mut content).map_err(unreadable)? {
            if index >= range.end {
                break;
            }
            if mark == mark::ENTRY {
                if range.contains(&index) {
                    found.push(content.clone());
                }
                index += 1;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_have_the_names_of_the_format() {
        assert_eq!(name(0, 5), "entries/000.p/5");
        assert_eq!(name(7, 256), "entries/007");
        assert_eq!(name(1_234_067, 256), "entries/x001/x234/067");
    }
}
