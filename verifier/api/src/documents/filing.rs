//! A bank files a document with a log: which document, where, and as which of its acts.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::types::{Hex32, LogOrigin};

/// A filing, signed by the party whose word the document is.
///
/// The document's own signature says what the party decided. The filing says that it is to stand in this log, in this stream,
/// as this party's n-th act: so that nobody can record it elsewhere or again, and an act that a log leaves out leaves a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filing {
    /// The log's origin.
    pub log: LogOrigin,
    /// The stream that it begins or continues: 32 bytes that were once chosen at random.
    pub stream: Hex32,
    /// The party's own sequence number in this log: from 0, without gaps.
    pub number: u64,
    /// The document's id.
    pub document: Hex32,
}

impl Document for Filing {
    const TYPE: &'static str = "filing";
}
