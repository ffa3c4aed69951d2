//! # Many accounts in step (`FLOW-CLONE`)
//!
//! ## What it finds
//! Accounts that take the same steps in the same order and in the same time, from one context. Needs no model.
//!
//! ## Why it matters
//! One program behind many accounts gets round every limit that is by account: vouchers, places in a queue, goods in
//! short supply. Lists: API6, OAT-005, OAT-019, CWE-799.
//!
//! ## How it decides
//! By address and program, rounds of 4 writes or more by different accounts, 8 or more within an hour, of which nine of
//! ten take the same time to a tenth of it. People who do the same at one counter or in one class take very different
//! times. Agents and services are meant to act for many and are left out, and clocks of seconds do not suffice.
//! Confidence is at most 0.60; behind an undeclared proxy it is for review (0.40). One finding a way.
//!
//! ## When it is wrong
//! A test that creates its accounts. A machine at a counter that does the steps for each customer.
//!
//! ## Example
//! ```text
//! 10:00:00 u1  order  basket:1  201
//! 10:01:00 u2  order  basket:2  201
//! expected: accounts that each go their own way; observed: 8 accounts that take the same 4 steps in 10s each
//! => medium accepted: accounts move in step, u2 among them: 8 accounts that take the same 4 steps in 10s each
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "FLOW-CLONE",
    title: "Many accounts in step",
    check: Check::Clones,
    severity: Severity::Medium,
    taxonomy: &["API6", "OAT-005", "OAT-019", "CWE-799"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("flow_clone.rs"),
    sentence: |context| { format!("accounts move in step, {} among them: {}", context.actor(), context.observed("many")) },
    why: |context| { format!("Seen were {}. One program most likely holds all of them, and each limit by account counts it many times.", context.observed("many accounts alike")) },
    fix: |context| { format!("Look at how these accounts came to be; limit {} by device, payment and address as well as by account.", context.endpoint()) },
};
