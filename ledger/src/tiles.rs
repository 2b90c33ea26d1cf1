//! Tiles (C2SP `tlog-tiles`): the tree and the entries cut into pieces that never change, under names that everybody can compute.
//!
//! ```text
//! tile/<level>/<index>[.p/<width>]      256 hashes; those of level l are the nodes of height 8 l
//! tile/entries/<index>[.p/<width>]      256 entries, each behind its length in two bytes, big-endian
//! ```
//!
//! The last tile of a level is partial until it is full, and bears its width. A partial tile is the beginning of every wider one of
//! its index, so a width that any size of the log ever had can be served for good.

use std::fmt;

/// Hashes or entries of a full tile.
pub const TILE_WIDTH: u64 = 256;
/// Levels of the tree that one level of tiles spans.
pub const TILE_HEIGHT: u32 = 8;
/// The highest level that a path may name.
const LEVEL_MAX: u8 = 63;

/// What is cut into tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The tree's nodes of height 8 times this.
    Hashes(u8),
    /// The entries.
    Entries,
}

/// A tile's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    layer: Layer,
    index: u64,
    /// 1 to 256.
    width: u16,
}

impl Tile {
    /// The tile of this name, where there can be one.
    pub fn new(layer: Layer, index: u64, width: u16) -> Option<Self> {
        let level = match layer {
            Layer::Hashes(level) => level,
            Layer::Entries => 0,
        };
        (level <= LEVEL_MAX && (1..=TILE_WIDTH).contains(&u64::from(width))).then_some(Self { layer, index, width })
    }

    /// Reads the path that follows `tile/`, written in the one way.
    pub fn parse(path: &str) -> Option<Self> {
        let (layer, rest) = path.split_once('/')?;
        let layer = match layer {
            "entries" => Layer::Entries,
            level => Layer::Hashes(level.parse().ok()?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (
                index,
                width.parse().ok().filter(|width| u64::from(*width) < TILE_WIDTH)?,
            ),
            None => (rest, TILE_WIDTH as u16),
        };
        let index = index.split('/').try_fold(0u64, |index, group| {
            let digits = group.strip_prefix('x').unwrap_or(group);
            let plain = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
            let group = plain.then(|| digits.parse::<u64>().ok()).flatten()?;
            index.checked_mul(1000)?.checked_add(group)
        })?;
        Self::new(layer, index, width).filter(|tile| tile.to_string() == path)
    }

    /// What it is cut from.
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// Its place in its level, counted from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether nothing can be added to it.
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// The first hash or entry in it, by its place in the level; `None` beyond 2^64.
    pub fn first(&self) -> Option<u64> {
        self.index.checked_mul(TILE_WIDTH)
    }

    /// The level of its nodes in the tree; `None` for entries.
    pub fn node_level(&self) -> Option<u32> {
        match self.layer {
            Layer::Hashes(level) => Some(TILE_HEIGHT * u32::from(level)),
            Layer::Entries => None,
        }
    }

    /// Whether a tree of this size has it, or had it when it was smaller.
    pub fn is_in(&self, size: u64) -> bool {
        let nodes = size.checked_shr(self.node_level().unwrap_or(0)).unwrap_or(0);
        let end = self.first().and_then(|first| first.checked_add(u64::from(self.width)));
        end.is_some_and(|end| end <= nodes)
    }

    /// The tiles of a tree of this size: all full ones and the last partial one, level by level, then the entries.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        let levels = (0..=7u8).map(Layer::Hashes).chain([Layer::Entries]);
        levels.flat_map(move |layer| {
            let shift = match layer {
                Layer::Hashes(level) => TILE_HEIGHT * u32::from(level),
                Layer::Entries => 0,
            };
            let nodes = size >> shift;
            let full = (0..nodes / TILE_WIDTH).filter_map(move |index| Self::new(layer, index, TILE_WIDTH as u16));
            let width = u16::try_from(nodes % TILE_WIDTH).unwrap_or(0);
            full.chain(Self::new(layer, nodes / TILE_WIDTH, width))
        })
    }
}

/// The path that follows `tile/`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Layer::Hashes(level) => write!(f, "{level}/")?,
            Layer::Entries => f.write_str("entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", groups.first().copied().unwrap_or(0))?;
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        let tile = |layer, index, width| Tile::new(layer, index, width).expect("a tile").to_string();
        assert_eq!(tile(Layer::Hashes(0), 1_234_067, 256), "0/x001/x234/067");
        assert_eq!(tile(Layer::Entries, 0, 1), "entries/000.p/1");
        assert_eq!(tile(Layer::Hashes(63), 1000, 255), "63/x001/000.p/255");
        for bad in [
            "",
            "0",
            "0/",
            "0/0",
            "00/000",
            "+1/000",
            "0/x000/000",
            "0/000/000",
            "0/x001/x000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p/",
            "0/000.p",
            "64/000",
            "entries/x01/000",
            "entries/-01",
            "data/000",
            "0/000/",
            "/0/000",
            "0/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert_eq!(Tile::parse(bad), None, "{bad}");
        }
    }

    /// The specification's own examples of sizes.
    #[test]
    fn a_tree_has_the_tiles_that_its_size_demands() {
        let of = |size, layer| {
            let tiles: Vec<Tile> = Tile::all(size).filter(|tile| tile.layer == layer).collect();
            let full = tiles.iter().filter(|tile| tile.is_full()).count();
            (full, tiles.iter().find(|tile| !tile.is_full()).map(|tile| tile.width))
        };
        assert_eq!(of(70_000, Layer::Hashes(0)), (273, Some(112)));
        assert_eq!(of(70_000, Layer::Hashes(1)), (1, Some(17)));
        assert_eq!(of(70_000, Layer::Hashes(2)), (0, Some(1)));
        assert_eq!(of(70_000, Layer::Entries), (273, Some(112)));
        assert_eq!(of(256, Layer::Hashes(0)), (1, None));
        assert_eq!(of(256, Layer::Hashes(1)), (0, Some(1)));
        assert_eq!(Tile::all(0).count(), 0);
        assert!(Tile::all(70_000).all(|tile| tile.is_in(70_000)));
        assert!(!Tile::parse("0/273.p/113").expect("a tile").is_in(70_000));
        assert!(!Tile::parse("63/000").expect("a tile").is_in(u64::MAX));
    }

    proptest! {
        #[test]
        fn a_path_is_read_back(level in 0u8..=63, index: u64, width in 1u16..=256, entries: bool) {
            let layer = if entries { Layer::Entries } else { Layer::Hashes(level) };
            let tile = Tile::new(layer, index, width).expect("a tile");
            prop_assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
            // The other implementation writes and reads the same, under Go's name for entries.
            let path = format!("tile/8/{tile}").replace("tile/8/entries/", "tile/8/data/");
            let theirs = tlog_tiles::Tile::new(8, if entries { 0 } else { level }, index, u32::from(width), entries);
            prop_assert_eq!(theirs.path(), path.clone());
            prop_assert_eq!(tlog_tiles::Tile::from_path(&path).is_ok(), true);
        }
    }
}
