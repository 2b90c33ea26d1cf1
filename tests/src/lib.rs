//! Tests that belong to no single crate: the house rules, and what crosses several rooms. Everything lies under `tests/`; here is
//! only what those tests share.

pub mod repository;
