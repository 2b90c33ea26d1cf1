//! The client against a real listener that gives canned answers: faults of the network and of whoever answers, and that
//! what comes back is held against what was sent.

mod answers;
mod faults;
mod scene;
mod server;
