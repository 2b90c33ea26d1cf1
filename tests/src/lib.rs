//! Tests that belong to no single crate: the house rules, and what crosses several rooms. Everything lies under `tests/`; here is
//! only what those tests and the benches share.

pub mod company;
pub mod fixture;
pub mod keys;
pub mod load;
pub mod offices;
pub mod programs;
pub mod repository;
pub mod service;
