//! Parts of a log (`covenant-export-part/v1`), read behind the entries that are held already.
//!
//! All is checked that [`super::read`] checks, but for what rests on every entry before: which streams there are, and whether a unique
//! key stands twice.

use std::io::Read;

use super::checkpoints::Seen;
use super::{Chain, Header, Summary, Visitor, opened};
use crate::findings::{Finding, HEADER, Place, Stopped};
use crate::hash::Hash;
use crate::tree::Frontier;

/// The first line of a part.
pub(crate) const FIRST_LINE: &[u8] = b"covenant-export-part/v1\n";

/// Where entries end, and others go on.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    /// The tree of all entries but the last.
    pub tree: Frontier,
    /// The hash of the last one.
    pub last: Option<Hash>,
    /// Its time, in Unix milliseconds.
    pub time: u64,
}

impl Edge {
    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.tree.size() + u64::from(self.last.is_some())
    }

    /// The tree of all of them.
    pub fn whole(&self) -> Frontier {
        let mut tree = self.tree.clone();
        self.last.into_iter().for_each(|last| tree.push(last));
        tree
    }
}

/// Reads a part that goes on behind these entries, and whose checkpoints go on behind this link; where its entries end.
///
/// # Errors
/// As [`super::read`].
pub fn read(input: impl Read, edge: &Edge, link: Hash, visitor: &mut dyn Visitor) -> Result<(Summary, Edge), Stopped> {
    let (mut pass, from) = opened(input, visitor, FIRST_LINE, false)?;
    if from != edge.size() {
        let what = format!("a part from entry {from} on");
        let finding = Finding::new(&HEADER, Place::Header, 0, what);
        return Err(finding.expected(format!("from entry {} on", edge.size())).into());
    }
    let header: Header = pass.header.clone();
    pass.visitor.header(&header)?;
    pass.chain = Chain::behind(edge);
    pass.seen = Seen::behind(from, link);
    let read = pass.entries().and_then(|()| pass.tail());
    let summary = pass.with_checkpoints(read)?;
    Ok((summary, pass.chain.edge()))
}
