//! # Program that also administers (`PERM-ADMIN`)
//!
//! ## What it finds
//! A service, agent or key whose work is another, and that writes where accounts, roles and rights are administered.
//! Needs no model.
//!
//! ## Why it matters
//! Whoever gets hold of its credential can give himself any right. Lists: NHI5, API5, CWE-250, CWE-269, AC-6. By an
//! agent also: ASI03.
//!
//! ## How it decides
//! By actor of the kind service, by an agent or by a key: accepted writes below paths such as `/admin`, `/roles`,
//! `/permissions` or `/iam`, of at most `share` (20%) of its writes, beside `others` (10) or more. A program of which
//! more is administration is there for it. Always for review (0.45): what it is for, no traffic says. One finding an
//! actor.
//!
//! ## When it is wrong
//! A job that sets up customers, roles included. A path whose words mean something else.
//!
//! ## Example
//! ```text
//! 10:00:00 service:robot  grant  role:1  200
//! expected: a program with the rights of its work; observed: 2 of 40 writes administer
//! => medium accepted: service:robot also administers: 2 of 40 writes administer
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "PERM-ADMIN",
    title: "Program that also administers",
    check: Check::AdminUse,
    severity: Severity::Medium,
    taxonomy: &["NHI5", "API5", "CWE-250", "CWE-269", "AC-6"],
    agent_taxonomy: &["ASI03"],
    rests_on: Identity::Actor,
    source: include_str!("perm_admin.rs"),
    sentence: |context| { format!("{} also administers: {}", context.actor(), context.observed("another")) },
    why: |context| { format!("Expected was {}; seen was: {}.", context.expected("one"), context.observed("another")) },
    fix: |context| { format!("Take the administration from {}, or give it to a program of its own with a credential of its own.", context.actor()) },
};
