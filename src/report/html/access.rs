//! Who has access: identities and credentials with what they may do and did, folded away among the notes.

use crate::report::access;
use crate::report::figure::count;
use crate::report::summary::Access;

use super::markup::Markup;

/// Rows of each table.
const SHOWN: usize = 100;

/// The access review; nothing where nobody was told.
pub(super) fn section(rows: &[Access]) -> String {
    let mut page = Markup::default();
    if rows.is_empty() {
        return page.finish();
    }
    page.element("h3", "", "Access");
    for line in access::lines(rows) {
        page.element("p", "small", &line);
    }
    for (what, title) in [("identity", "Identities"), ("credential", "Credentials")] {
        let rows: Vec<&Access> = rows.iter().filter(|row| row.what == what).collect();
        if rows.is_empty() {
            continue;
        }
        page.raw("<details><summary>").text(title).raw("</summary>");
        if rows.len() > SHOWN {
            let all = count(rows.len() as u64);
            page.element(
                "p",
                "small",
                &format!("Showing the {SHOWN} most used of {all}: offpath show access lists all."),
            );
        }
        page.raw("<div class=\"scroll\"><table><thead><tr>");
        for name in access::HEAD {
            page.open("th", &[("scope", "col")]).text(name).close("th");
        }
        page.raw("</tr></thead><tbody>");
        for row in rows.into_iter().take(SHOWN) {
            page.raw("<tr>");
            access::cells(row).iter().for_each(|cell| {
                page.element("td", "", cell);
            });
            page.raw("</tr>");
        }
        page.raw("</tbody></table></div></details>");
    }
    page.finish()
}
