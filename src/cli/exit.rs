//! Exit codes: each means one thing, and the last line on standard error says it in words.

use std::fmt;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, nothing at or above `--fail-on`.
    Done(String),
    /// 1: done, findings at or above `--fail-on`.
    Findings(String),
    /// 2: could not start: flags, model, input names or output place wrong.
    CannotStart(String),
    /// 3: some input unreadable, or a limit hit; outputs are written and marked.
    Incomplete(String),
    /// 4: nothing judged: no exchange, no step that a lifecycle or constraint of the model speaks of, or sources that carry nothing to judge it by.
    Nothing(String),
}

impl Exit {
    /// The process's exit code.
    pub fn code(&self) -> u8 {
        match self {
            Exit::Done(_) => 0,
            Exit::Findings(_) => 1,
            Exit::CannotStart(_) => 2,
            Exit::Incomplete(_) => 3,
            Exit::Nothing(_) => 4,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Exit::Done(why)
        | Exit::Findings(why)
        | Exit::CannotStart(why)
        | Exit::Incomplete(why)
        | Exit::Nothing(why)) = self;
        write!(f, "exit {}: {why}", self.code())
    }
}

/// What each exit code means, for `--help` and `explain`.
pub(super) const MEANINGS: [(u8, &str); 6] = [
    (0, "done; nothing at or above --fail-on"),
    (
        1,
        "done; findings (with --baseline: new ones; of verify: open ones) at or above --fail-on (--exit-zero maps this one to 0)",
    ),
    (
        2,
        "could not start: a flag, the model, the suppression file (--strict-suppressions: one of it unused or expired), an input's name or the output place is wrong",
    ),
    (
        3,
        "incomplete: some input unreadable, more than 1 % of its bytes lost, or a case too large to judge whole; outputs are written and marked; wins over 1 (--allow-incomplete removes it)",
    ),
    (
        4,
        "nothing judged: no exchange was found, no step that the model judges, or nothing in the sources to judge it by; of verify: no finding exercised; of drift: too few cases to compare",
    ),
    (101, "a bug in offpath: the message says how to report it"),
];
