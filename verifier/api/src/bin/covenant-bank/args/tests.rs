//! The arguments as a whole.

use super::*;
use clap::CommandFactory as _;

#[test]
fn the_arguments_hold_together() {
    Args::command().debug_assert();
}
