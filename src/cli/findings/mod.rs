//! `offpath findings`: what is done with the findings of a run once it is over.

mod baseline;
mod list;
mod stale;
mod suppress;

use super::args::{Findings, FindingsOf};
use super::{Console, Ended};

/// Runs the command.
pub(super) fn run(args: &Findings, console: &Console) -> Ended {
    match &args.what {
        FindingsOf::List(args) => list::run(args, console),
        FindingsOf::Suppress(args) => suppress::run(args, console),
        FindingsOf::Stale(args) => stale::run(args, console),
        FindingsOf::Baseline(args) => baseline::run(args, console),
    }
}
