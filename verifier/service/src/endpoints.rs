//! A handler per file, but for a bank's filings, which are all alike. Each reads like its description: who may call, what is looked up,
//! what is answered.

pub mod answers;
pub mod bank;
pub mod enterprise;
pub mod healthz;
pub mod ledger;
pub mod log;
pub mod log_keys;
pub mod metrics;
pub mod openapi;
pub mod readyz;
pub mod refusals;
pub mod schema;
pub mod schemas;
