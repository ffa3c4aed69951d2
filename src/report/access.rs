//! The access review in words: one row an identity or credential, whatever shows it.

use super::figure::{count, counted};
use super::summary::Access;

/// Columns.
pub(super) const HEAD: [&str; 12] = [
    "name",
    "kind",
    "told by",
    "first",
    "last",
    "age",
    "requests",
    "writes",
    "addresses",
    "shared",
    "pace",
    "unused scopes",
];

/// The cells of a row.
pub(super) fn cells(row: &Access) -> [String; 12] {
    let many = |number: u64| if number >= row.many { format!("{} or more", count(number)) } else { count(number) };
    let other = if row.what == "identity" { ("credential", "credentials") } else { ("identity", "identities") };
    [
        row.name.clone(),
        row.kind.clone().unwrap_or_default(),
        row.evidence.clone(),
        day(&row.first),
        day(&row.last),
        counted(row.age_days, "day", "days"),
        count(row.requests),
        count(row.writes),
        many(row.addresses),
        if row.others == 0 { String::new() } else { counted(row.others, other.0, other.1) },
        row.pace.clone(),
        row.unused_scopes.join(", "),
    ]
}

/// What all rows say together.
pub(super) fn lines(rows: &[Access]) -> Vec<String> {
    let of = |what: &str| rows.iter().filter(|row| row.what == what).count() as u64;
    let unused = rows.iter().filter(|row| row.what == "identity" && !row.unused_scopes.is_empty()).count() as u64;
    let mut lines = vec![format!(
        "{} and {} were seen",
        counted(of("identity"), "identity", "identities"),
        counted(of("credential"), "credential", "credentials")
    )];
    if unused > 0 {
        let have = if unused == 1 { "identity has" } else { "identities have" };
        lines.push(format!("{} {have} scopes of which others made use, and it did not", count(unused)));
    }
    lines
}

/// The day of an instant.
fn day(time: &str) -> String {
    time.get(..10).unwrap_or(time).to_owned()
}
