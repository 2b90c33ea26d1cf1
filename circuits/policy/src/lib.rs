//! What banks ask and enterprises hold, in integers: figures and schemas, statements, the policy language with its compiler,
//! plain-language rendering, and plain evaluation with margins. No cryptography, no floating point, no I/O, no clock.

pub mod program;
pub mod refusal;
pub mod statement;
