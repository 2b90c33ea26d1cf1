//! A log's working memory in memory: for who replays a log, and for tests of the rules.

use std::collections::BTreeMap;

use covenant_policy::refusal::Refusal;
use sha2::{Digest as _, Sha256};

use super::record::Record;
use super::rules::Plan;
use super::view::{Cell, State, damaged};
use crate::refusals::{ALREADY_RECORDED, LOG_DAMAGED};
use crate::types::Hex32;

/// Cells, bodies, blobs and claims, as the records so far leave them.
#[derive(Default)]
pub struct Memory {
    cells: BTreeMap<Vec<u8>, Cell>,
    bodies: Vec<Vec<u8>>,
    blobs: BTreeMap<Hex32, Vec<u8>>,
    claims: BTreeMap<Vec<u8>, u64>,
}

impl Memory {
    /// The index of the next entry.
    pub fn size(&self) -> u64 {
        self.bodies.len() as u64
    }

    /// Makes a blob known, before the record that names it.
    pub fn add_blob(&mut self, bytes: Vec<u8>) {
        self.blobs.insert(Hex32(Sha256::digest(&bytes).into()), bytes);
    }

    /// Does what a plan says, as the next entry.
    ///
    /// # Errors
    /// `already-recorded` where something that it claims was claimed, `log-damaged` where a cell changed since the plan was
    /// made; then nothing is done.
    pub fn apply(&mut self, plan: Plan) -> Result<u64, Refusal> {
        let index = self.size();
        if let Some(earlier) = plan.unique.iter().find_map(|claim| self.claims.get(claim)) {
            return Err(Refusal::new(&ALREADY_RECORDED, format!("in entry {earlier}")));
        }
        let now = |name: &Vec<u8>| self.cells.get(name).map(|cell| cell.version);
        if plan.expect.iter().any(|(name, version)| now(name) != *version) {
            return Err(Refusal::new(&LOG_DAMAGED, "a cell changed between plan and entry"));
        }
        self.claims.extend(plan.unique.into_iter().map(|claim| (claim, index)));
        for (name, value) in plan.set {
            self.cells.insert(name, Cell { version: index, value });
        }
        self.bodies.push(plan.body);
        Ok(index)
    }
}

impl State for Memory {
    fn cell(&self, name: &[u8]) -> Result<Option<Cell>, Refusal> {
        Ok(self.cells.get(name).cloned())
    }

    fn record(&self, index: u64) -> Result<Record, Refusal> {
        let place = usize::try_from(index).ok();
        let body = place.and_then(|place| self.bodies.get(place));
        Record::from_bytes(body.ok_or_else(|| damaged(index, "record"))?)
    }

    fn blob(&self, sha256: &Hex32) -> Result<Vec<u8>, Refusal> {
        self.blobs
            .get(sha256)
            .cloned()
            .ok_or_else(|| Refusal::new(&LOG_DAMAGED, format!("blob {sha256} is missing")))
    }
}
