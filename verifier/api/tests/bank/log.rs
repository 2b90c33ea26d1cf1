//! The rules of a log: a whole story that they admit, and one forged record for every rule, each refused by that rule alone. What
//! is forged is otherwise honest: properly signed, filed in turn, and beside it the honest record is admitted at the same place.

mod applicant;
mod bodies;
mod commands;
mod deciding;
mod filing;
mod judged;
mod keys;
mod story;
