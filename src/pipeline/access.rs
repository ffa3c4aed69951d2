//! The access review as rows that are shown.

use std::sync::Arc;

use crate::compare::access::{self, MANY, Review};
use crate::correlate::Pseudonyms;
use crate::event::rfc3339;
use crate::report::Access;

/// Microseconds in a day.
const DAY: i64 = 86_400_000_000;

/// Identities, then credentials, each with most requests first.
pub(super) fn rows(review: &Review, pseudonyms: Option<&Pseudonyms>) -> Vec<Access> {
    let hidden = |name: &Arc<str>| pseudonyms.map_or_else(|| name.to_string(), |p| p.person(name).to_string());
    // A credential is told by the beginning of its keyed hash, as everywhere.
    let hash = |name: &Arc<str>| name.get(..16).unwrap_or(name).to_owned();
    let mut identities: Vec<Access> = review
        .identities()
        .map(|(name, access, unused)| row("identity", hidden(name), access, &unused, pseudonyms))
        .collect();
    let mut credentials: Vec<Access> = review
        .credentials()
        .map(|(name, access, unused)| row("credential", hash(name), access, &unused, pseudonyms))
        .collect();
    for rows in [&mut identities, &mut credentials] {
        rows.sort_by(|a, b| (b.requests, &a.name).cmp(&(a.requests, &b.name)));
    }
    identities.append(&mut credentials);
    identities
}

fn row(
    what: &str,
    name: String,
    access: &access::Access,
    unused: &[&Arc<str>],
    pseudonyms: Option<&Pseudonyms>,
) -> Access {
    let shown = |text: &Arc<str>| pseudonyms.map_or_else(|| text.to_string(), |p| p.name(text).to_string());
    let host = |text: &Arc<str>| pseudonyms.map_or_else(|| text.to_string(), |p| p.host(text).to_string());
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts
    };
    // Of a token without a time of issue the age is how long it was seen.
    let begin = access.issued.unwrap_or(access.first.0).min(access.first.0);
    Access {
        what: what.to_owned(),
        name,
        kind: (!access.kind.is_empty()).then(|| access.kind.to_string()),
        evidence: access.evidence.as_str().to_owned(),
        first: rfc3339(access.first.0),
        last: rfc3339(access.last.0),
        issued: access.issued.map(rfc3339),
        expires: access.expires.map(rfc3339),
        age_days: u64::try_from(access.last.0.saturating_sub(begin) / DAY).unwrap_or(0),
        scopes: sorted(access.scopes.iter().map(shown).collect()),
        unused_scopes: sorted(unused.iter().map(|scope| shown(scope)).collect()),
        roles: sorted(access.roles.iter().map(shown).collect()),
        operations: operations(access, &host),
        hosts: sorted(access.hosts.keys().map(host).collect()),
        requests: access.requests,
        accepted: access.accepted,
        refused: access.refused,
        writes: access.writes,
        addresses: access.addresses.len() as u64,
        programs: access.programs.len() as u64,
        others: access.others.len() as u64,
        many: MANY as u64,
        pace: pace(access).to_owned(),
    }
}

/// What it used; of one name at several hosts, each with its host.
fn operations(access: &access::Access, host: &dyn Fn(&Arc<str>) -> String) -> Vec<String> {
    let alike = |name: &Arc<str>| access.operations.iter().filter(|(other, _)| other == name).count();
    let told = access.operations.iter().map(|(name, at)| match alike(name) {
        1 => name.to_string(),
        _ if at.is_empty() => name.to_string(),
        _ => format!("{name} at {}", host(at)),
    });
    told.collect()
}

/// What works so, by the programs that say what they are and by the hours of the day.
fn pace(access: &access::Access) -> &'static str {
    let around_the_clock = access.hours.count_ones() >= 20;
    match (access.by_people, access.by_programs) {
        _ if around_the_clock => "around the clock",
        (0, 0) => "unknown",
        (people, programs) if people > programs => "person",
        _ => "program",
    }
}
