//! Findings as CSV for spreadsheets: the flat part, with cells that a spreadsheet would run made harmless.

use std::io::Write;

use super::{Finding, text};

pub(crate) const COLUMNS: [&str; 24] = [
    "id",
    "fingerprint",
    "rule",
    "title",
    "severity",
    "confidence",
    "verdict",
    "time",
    "principal",
    "agent",
    "client",
    "object_type",
    "object_id",
    "case",
    "activity",
    "expected",
    "observed",
    "suppressed",
    "also",
    "group",
    "evidence_hash",
    "baseline",
    "returned",
    "class",
];

/// Writes a header line and one line a finding, in the order given.
///
/// # Errors
/// Those of the output.
pub fn write(findings: &[Finding], output: &mut dyn Write) -> Result<(), ::csv::Error> {
    let mut writer = ::csv::Writer::from_writer(output);
    writer.write_record(COLUMNS)?;
    for finding in findings {
        writer.write_record(cells(finding).map(|cell| harmless(&cell)))?;
    }
    writer.flush()?;
    Ok(())
}

fn cells(finding: &Finding) -> [String; 24] {
    let given = |value: Option<&String>| value.cloned().unwrap_or_default();
    [
        finding.id.clone(),
        finding.fingerprint.clone(),
        finding.rule.clone(),
        finding.title.clone(),
        finding.severity.clone(),
        finding.confidence.to_string(),
        finding.verdict.as_str().to_owned(),
        finding.time.clone(),
        given(finding.actor.principal.as_ref()),
        given(finding.actor.agent.as_ref()),
        given(finding.actor.client.as_ref()),
        given(finding.object.as_ref().map(|object| &object.object_type)),
        given(finding.object.as_ref().map(|object| &object.id)),
        given(finding.case.as_ref()),
        finding.activity.clone(),
        finding.expected.join("; "),
        finding.observed.join("; "),
        given(finding.suppressed.as_ref()),
        finding.also.iter().map(|also| also.rule.as_str()).collect::<Vec<_>>().join("; "),
        finding.group.clone(),
        finding.evidence_hash.clone(),
        finding.baseline.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        given(finding.returned.as_ref()),
        finding.actor.class.clone(),
    ]
}

/// Escapes what would steer the reader's screen, and keeps a spreadsheet from taking the cell for a formula.
pub fn harmless(cell: &str) -> String {
    let shown = text::display(cell);
    // Leading blanks do not keep a spreadsheet from seeing the sign behind them.
    if shown.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{shown}")
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn every_line_has_every_column_and_no_formula() {
        let mut bytes = Vec::new();
        write(&[sample("F1", "high", 0.5, 0), sample("F2", "low", 1.0, 1)], &mut bytes).unwrap();
        let mut reader = ::csv::Reader::from_reader(bytes.as_slice());
        assert_eq!(reader.headers().unwrap().len(), COLUMNS.len());
        let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(&rows[0][8], "'=cmd|'/c calc'!A0");
        assert_eq!(&rows[0][16], "refund_request; a\\u{a}b\\u{202e}\"");
        assert_eq!(&rows[0][5], "0.5");
    }

    #[test]
    fn signs_behind_blanks_are_seen() {
        assert_eq!(harmless("  =1+1"), "'  =1+1");
        assert_eq!(harmless("a=1"), "a=1");
        assert_eq!(harmless(""), "");
    }
}
