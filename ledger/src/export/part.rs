//! Parts of an export, for mirrors: what follows the entries that they hold.
//!
//! ```text
//! file    = "covenant-export-part/v1" 0A · header · checkpoint? · (entry · body · checkpoint?)* · blob* · end
//! ```
//!
//! A part begins where a checkpoint stands, which it repeats, and ends with another, so that it can be checked before it is kept. Its links begin anew, and its blobs
//! are those that came with its entries.

use std::io::Write;
use std::ops::Range;

use super::{Exported, Records, Scope};
use crate::cbor::Writer;
use crate::check;
use crate::errors::LedgerError;
use crate::hash::Hash;
use crate::ledger::Ledger;
use crate::state;
use crate::store::Table;

/// The first line, without its newline.
pub const FORMAT: &str = "covenant-export-part/v1";

impl Ledger {
    /// Where the part ends that begins with this entry: at the last checkpoint that covers at most so many entries more, or at the next one.
    ///
    /// # Errors
    /// Fails when no checkpoint has exactly `from` entries (but for 0), when there is no such entry yet, or when the store is damaged.
    pub fn part_end(&self, from: u64, entries_max: u64) -> Result<u64, LedgerError> {
        let size = self.checkpoint().size();
        if from >= size {
            return Err(LedgerError::absent(format!("entry {from}")));
        }
        if from > 0 {
            self.checkpoint_at(from)?;
        }
        let most = from.saturating_add(entries_max);
        let mut end = None;
        for key in check::keys_after(
            self.store.as_ref(),
            Table::Checkpoints,
            Some(from.to_be_bytes().to_vec()),
        ) {
            let next = check::number_key(&key?, Table::Checkpoints)?;
            if next > size || next > most && end.is_some() {
                break;
            }
            end = Some(next);
        }
        end.ok_or_else(|| LedgerError::damaged("the checkpoints", "the last one is missing"))
    }

    /// Writes the part of the log from this entry on, up to `to`, as [`Ledger::part_end`] gives it.
    ///
    /// # Errors
    /// Fails when the store is damaged, or `out` cannot be written.
    pub fn export_part(
        &self,
        out: &mut dyn Write,
        scope: &Scope<'_>,
        from: u64,
        to: u64,
    ) -> Result<Exported, LedgerError> {
        let mut out = Records::new(out);
        out.raw(FORMAT.as_bytes())?;
        out.raw(b"\n")?;
        let mut header = Writer::default();
        header
            .array(4)
            .text(&self.key().to_string())
            .unsigned(from)
            .unsigned(to);
        self.seal_header(header, scope, &mut out)?;
        let blobs = self.brought(from..to)?;
        self.write_entries(from..to, blobs.into_iter().map(Ok), scope, out)
    }

    /// The names of the blobs that these entries brought, ascending.
    fn brought(&self, range: Range<u64>) -> Result<Vec<Hash>, LedgerError> {
        let mut names = Vec::new();
        let before = range
            .start
            .checked_sub(1)
            .map(|before| state::brought_key(before, &Hash([0xff; 32])).to_vec());
        for key in check::keys_after(self.store.as_ref(), Table::Brought, before) {
            let (index, name) = state::split_brought(&key?)
                .ok_or_else(|| LedgerError::damaged("table brought", "a key has the wrong form"))?;
            if index >= range.end {
                break;
            }
            names.push(name);
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}
