//! `show` without a name: the cases that findings are about.

use crate::report::figure::{count, counted, utc};
use crate::report::summary::CaseFindings;

use super::screen::{Look, Screen, severity_look};
use super::table::Table;

/// Cases in the table.
const SHOWN: usize = 50;

/// Cases with findings, worst first; `all` cases were compared.
pub fn cases(cases: &[CaseFindings], all: u64, screen: &Screen) -> String {
    let others = all.saturating_sub(cases.len() as u64);
    if cases.is_empty() {
        return screen.paragraph("Cases", &format!("no finding is about any of {}", counted(all, "case", "cases")));
    }
    let mut table = Table::new(&["SEVERITY", "FINDINGS", "CASE", "FIRST, UTC", "RULES"], &[1]).wrapping();
    for case in cases.iter().take(SHOWN) {
        table.row(vec![
            (severity_look(&case.severity), case.severity.clone()),
            (Look::Plain, count(case.findings)),
            (Look::Cyan, case.case.clone()),
            (Look::Plain, utc(&case.first)),
            (Look::Plain, case.rules.join(", ")),
        ]);
    }
    let mut out = table.render(screen);
    if cases.len() > SHOWN {
        let more = counted((cases.len() - SHOWN) as u64, "case", "cases");
        out.push_str(&screen.paragraph("", &format!("{more} more with findings: --format csv lists all")));
    }
    out.push_str(&screen.paragraph("Others", &counted(others, "case without a finding", "cases without a finding")));
    out
}
