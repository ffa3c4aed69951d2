//! Small drawings beside figures.

use super::markup::Markup;

/// A bar of one share, with its figure beside it as text.
pub(super) fn bar(page: &mut Markup, part: u64, whole: u64) {
    let share = if whole == 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) };
    page.raw("<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">")
        .raw("<rect class=\"bar-all\" width=\"100\" height=\"6\"/>")
        .open("rect", &[("class", "bar-part"), ("width", &format!("{:.2}", share * 100.0)), ("height", "6")])
        .raw("</rect></svg>");
}

/// A severity as shape, word and colour.
pub(super) fn severity(page: &mut Markup, severity: &str) {
    let known = match severity {
        "critical" => "badge critical",
        "high" => "badge high",
        "medium" => "badge medium",
        "low" => "badge low",
        _ => "badge",
    };
    page.element("span", known, severity);
}
