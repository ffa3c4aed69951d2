//! # Change without a second person (`CH-NOREVIEW`)
//!
//! ## What it finds
//! One person who changed the workflow (a rule, a limit, a template) and put the change in force.
//!
//! ## Why it matters
//! Who may edit and publish the rules needs none of the abuse that the rules prevent. Lists: CWE-654, CWE-841, API5,
//! T1484, CM-3, CM-5, AC-5. By an agent also: ASI03.
//!
//! ## How it decides
//! A constraint `distinct_persons: [edit, publish], per: T` with `family: change`, decided as for SOD; an agent counts as
//! the person for whom it acts. Both steps are calls of the interface by which the workflow is administered, and T is what
//! is changed.
//!
//! ## When it is wrong
//! The review is kept in another system (a merge request), or the change is an emergency with a review afterwards.
//!
//! ## Example
//! ```text
//! 10:00:00 carol  edit_rule     rule:r_7  200
//! > 10:05:00 carol  publish_rule  rule:r_7  200
//! constraint: two-eyes; expected: another person; observed: carol
//! => high accepted: carol performed publish_rule on rule r_7 without a second person: the rule two-eyes wants different persons
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "CH-NOREVIEW",
    title: "Change without a second person",
    check: Check::ChangeUnreviewed,
    severity: Severity::High,
    taxonomy: &["CWE-654", "CWE-841", "API5", "T1484", "CM-3", "CM-5", "AC-5"],
    agent_taxonomy: &["ASI03"],
    rests_on: Identity::Everyone,
    source: include_str!("ch_noreview.rs"),
    sentence: |context| { format!("{} without a second person: {} wants different persons", context.lead(), context.rule_name("a rule")) },
    why: |context| { format!("{} was done by who had made the change: nobody else has seen what is in force now.", context.activity()) },
    fix: |context| { format!("In {}, refuse with 403 who made the change, and keep who reviewed it.", context.endpoint()) },
};
