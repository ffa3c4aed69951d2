//! The report page: size, safety, stable bytes, and what a browser makes of it.

mod sample;

use std::path::PathBuf;

use offpath::finding::Finding;
use offpath::report::{CaseTimeline, RunSummary, html};

fn page(run: &RunSummary, findings: &[Finding], cases: &[CaseTimeline]) -> String {
    let mut bytes = Vec::new();
    html(run, findings, cases, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn writes_a_sample_where_asked() {
    let Some(folder) = std::env::var_os("OFFPATH_SAMPLE_REPORT").map(PathBuf::from) else { return };
    let findings = sample::findings(200);
    std::fs::write(folder.join("report.html"), page(&sample::run(), &findings, &sample::cases(&findings))).unwrap();
    std::fs::write(folder.join("large.html"), page(&sample::run(), &sample::findings(100_000), &[])).unwrap();
}
