//! `show access`: who has access, what for, since when, and what of it is not used.

use crate::report::access;
use crate::report::figure::counted;
use crate::report::summary::Access;

use super::screen::{Look, Screen};
use super::table::Table;

/// Rows of each table.
const SHOWN: usize = 100;
/// Columns that are numbers.
const NUMBERS: [usize; 4] = [5, 6, 7, 8];

const fn head(first: &'static str) -> [&'static str; 12] {
    [
        first,
        "KIND",
        "TOLD BY",
        "FIRST",
        "LAST",
        "AGE",
        "REQUESTS",
        "WRITES",
        "ADDRESSES",
        "SHARED",
        "PACE",
        "UNUSED SCOPES",
    ]
}

/// Identities, then credentials, most requests first.
pub fn access(rows: &[Access], screen: &Screen) -> String {
    if rows.is_empty() {
        return screen.paragraph("Access", "nobody was told by more than an address");
    }
    let mut out: String = access::lines(rows).iter().map(|line| screen.paragraph("Access", line)).collect();
    for (what, head) in [("identity", head("IDENTITY")), ("credential", head("CREDENTIAL"))] {
        let rows: Vec<&Access> = rows.iter().filter(|row| row.what == what).collect();
        if rows.is_empty() {
            continue;
        }
        let mut table = Table::new(&head, &NUMBERS).wrapping();
        for row in rows.iter().take(SHOWN) {
            table.row(access::cells(row).map(|text| (Look::Plain, text)).to_vec());
        }
        out.push('\n');
        out.push_str(&table.render(screen));
        if rows.len() > SHOWN {
            let more = counted((rows.len() - SHOWN) as u64, "line", "lines");
            out.push_str(&screen.paragraph("", &format!("{more} more: --format csv lists all")));
        }
    }
    out
}
