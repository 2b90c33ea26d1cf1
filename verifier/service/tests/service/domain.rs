//! The main job by HTTP, every refusal on its way, and races: real documents, real proofs.

mod enterprise;
mod house;
mod place;

mod batches;
mod evidence;
mod idempotency;
mod journey;
mod lists;
mod privacy;
mod proofs;
mod races;
mod refusals;
