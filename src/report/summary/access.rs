//! The lines of `access.jsonl`.

use serde::{Deserialize, Serialize};

/// What one identity or credential may do and did: one line of `access.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// `identity` or `credential`.
    pub what: String,
    /// Its name; of a credential the beginning of its keyed hash.
    pub name: String,
    /// `human`, `service`, `agent` ... where it is known.
    pub kind: Option<String>,
    /// How the actor was told, at best.
    pub evidence: String,
    /// First time that it was seen, RFC 3339 UTC.
    pub first: String,
    /// Last time.
    pub last: String,
    /// When its oldest token was issued, as it says.
    pub issued: Option<String>,
    /// The latest end of one.
    pub expires: Option<String>,
    /// Days from its issue, else from when it was first seen, to when it was last seen.
    pub age_days: u64,
    /// Scopes that its tokens have.
    pub scopes: Vec<String>,
    /// Of these, those that others made use of and this one did not.
    pub unused_scopes: Vec<String>,
    /// Roles.
    pub roles: Vec<String>,
    /// Operations that it used.
    pub operations: Vec<String>,
    /// Hosts that accepted it.
    pub hosts: Vec<String>,
    /// Requests.
    pub requests: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Refused.
    pub refused: u64,
    /// Accepted writes.
    pub writes: u64,
    /// Distinct addresses.
    pub addresses: u64,
    /// Distinct programs.
    pub programs: u64,
    /// Credentials of an identity, identities by a credential.
    pub others: u64,
    /// The number that counts of distinct things and lists end at.
    pub many: u64,
    /// `person`, `program`, `around the clock` or `unknown`.
    pub pace: String,
}
