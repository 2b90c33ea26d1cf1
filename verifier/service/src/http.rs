//! What all handlers share: [`problem`], the one shape in which the service says no; [`extract`], what may come in and how much of it;
//! [`caller`], who asks; and [`layers`], what surrounds every call.

pub mod caller;
pub mod extract;
pub mod id;
pub mod layers;
pub mod problem;
pub mod rate;
pub mod request_id;
pub mod status;

pub use caller::{Auditor, Bank, Caller};
pub use problem::Problem;
