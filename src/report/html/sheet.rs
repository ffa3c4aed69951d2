//! A sheet as a page of its own: the report's style, and no script at all.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::report::sheet::Sheet;

use super::STYLE;
use super::markup::Markup;

/// Writes the page.
pub(in crate::report) fn sheet(sheet: &Sheet) -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'");
    let mut page = Markup::default();
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)])
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>offpath: ")
        .text(&sheet.title)
        .raw("</title><style>")
        .raw(STYLE)
        .raw("</style></head><body><main>")
        .element("h1", "", &sheet.title);
    if !sheet.facts.is_empty() {
        page.raw("<dl class=\"pairs\">");
        for (name, text) in &sheet.facts {
            page.element("dt", "", name).raw("<dd>");
            prose(&mut page, text);
            page.raw("</dd>");
        }
        page.raw("</dl>");
    }
    for table in sheet.shown() {
        page.element("h2", "", table.name)
            .raw("<div class=\"scroll\" tabindex=\"0\"><table class=\"sheet\"><thead><tr>");
        for name in &table.head {
            page.element_with("th", &[("scope", "col")], name);
        }
        page.raw("</tr></thead><tbody>");
        for row in &table.rows {
            page.raw("<tr>");
            for cell in row {
                page.element("td", "", cell);
            }
            page.raw("</tr>");
        }
        page.raw("</tbody></table></div>");
    }
    page.raw("</main><footer><p>Times are UTC.</p></footer></body></html>\n");
    page.finish()
}

/// Text in which what stands between two backticks is code, as rules write it.
fn prose(page: &mut Markup, text: &str) {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A backtick without its other: it came from the traffic.
        page.text(text);
        return;
    }
    for (at, part) in parts.into_iter().enumerate() {
        if at % 2 == 1 {
            page.element("code", "", part);
        } else {
            page.text(part);
        }
    }
}
