//! What the coverage does not cover: operations that are no activity of the model.

use crate::report::figure::count;
use crate::report::summary::RunSummary;
use crate::report::unmodelled;

use super::markup::Markup;

/// Names in the table.
const SHOWN: usize = 100;

/// Writes what is no activity of the model, and its names folded away.
pub(super) fn write(page: &mut Markup, run: &RunSummary) {
    let operations = run.unmodelled.as_ref().map(|found| found.operations.as_slice()).unwrap_or_default();
    for line in [unmodelled::events(run), unmodelled::messages(run)].into_iter().flatten() {
        page.element("p", "small", &line);
    }
    if operations.is_empty() {
        return;
    }
    page.raw("<details><summary>What is no activity of the model</summary>");
    if operations.len() > SHOWN {
        let all = count(operations.len() as u64);
        page.element("p", "small", &format!("Showing the {SHOWN} most frequent of {all}."));
    }
    page.raw(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Operation</th><th scope=\"col\" class=\"n\">Calls</th>\
         <th scope=\"col\" class=\"n\">Refused</th><th scope=\"col\" class=\"n\">Events</th><th scope=\"col\">Why</th>\
         <th scope=\"col\">First place</th></tr></thead><tbody>",
    );
    for operation in operations.iter().take(SHOWN) {
        page.raw("<tr><th scope=\"row\">").element("code", "", &operation.name).raw("</th>");
        for number in [operation.calls, operation.refused, operation.events] {
            page.element("td", "n", &count(number));
        }
        page.element("td", "", unmodelled::why(operation)).element("td", "", &operation.first).raw("</tr>");
    }
    page.raw("</tbody></table></div></details>");
}
