//! # One credential in two environments (`ENV-MIX`)
//!
//! ## What it finds
//! One credential that a system takes both in production and where things are tried. Needs no model.
//!
//! ## Why it matters
//! Where things are tried, more people have access and less is watched: who finds a credential there is in production.
//! Lists: NHI8, API8, CWE-653, SC-7.
//!
//! ## How it decides
//! By credential, two hosts whose names are the same but for a part that says that it is no production (`test`,
//! `staging`, `dev`, `qa`, `uat`, `sandbox` and the like, below the domain), each of which accepted it `uses` (3) times
//! or more. Confidence is at most 0.60; of a person's credential it is for review (0.45). One finding a credential. Of 64
//! hosts or more some are not kept: where those that are show no pair, the coverage says that it could not be judged.
//!
//! ## When it is wrong
//! A clone of production for a drill. A host whose name says something else. A server that does not read what it is
//! sent.
//!
//! ## Example
//! ```text
//! 10:00:00 service:robot  edit  order:1  200
//! expected: a credential for one environment; observed: api.shop.example and api.staging.shop.example
//! => medium accepted: service:robot uses one credential in two environments: api.shop.example and api.staging.shop.example
//! ```

use super::{Identity, Rule};
use crate::compare::Check;
use crate::model::Severity;

pub(super) static RULE: Rule = Rule {
    id: "ENV-MIX",
    title: "One credential in two environments",
    check: Check::EnvironmentMix,
    severity: Severity::Medium,
    taxonomy: &["NHI8", "API8", "CWE-653", "SC-7"],
    agent_taxonomy: &[],
    rests_on: Identity::Nobody,
    source: include_str!("env_mix.rs"),
    sentence: |context| { format!("{} uses one credential in two environments: {}", context.actor(), context.observed("both")) },
    why: |context| { format!("Expected was {}; seen were {}. What is lost in one opens the other.", context.expected("one"), context.observed("another")) },
    fix: |_| { "Let each environment have an issuer or keys of its own, and refuse tokens of another (`iss`, `aud`).".to_owned() },
};
