//! What `show` says, as tables that any format can hold: CSV, Markdown, and a page of HTML without a script.

use std::io::{self, Write};

use crate::finding::{Finding, csv::harmless};

use super::figure::{count, counted};
use super::html;
use super::markdown::plain;
use super::place::places;
use super::summary::{Access, CaseFindings, CaseTimeline, Gap, UnmodelledOperation, UnmodelledSummary};
use super::{unmodelled, verdict_name};

/// A title, facts and tables. The first table is the data; CSV holds no other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub(super) title: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) tables: Vec<SheetTable>,
}

/// One table of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SheetTable {
    pub(super) name: &'static str,
    pub(super) head: &'static [&'static str],
    pub(super) rows: Vec<Vec<String>>,
}

/// A table without what would only take room.
pub(super) struct ShownTable<'a> {
    pub(super) name: &'static str,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<&'a str>>,
}

impl Sheet {
    /// The events of a case, actor or object, and the findings about it.
    pub fn timeline(case: &CaseTimeline, findings: &[Finding]) -> Sheet {
        let about = case.about(findings);
        Sheet {
            title: format!("{}: {}", case.case, counted(case.events.len() as u64, "event", "events")),
            facts: Vec::new(),
            tables: vec![events(case, &about), list(&about)],
        }
    }

    /// One finding with its evidence, and the case around it.
    pub fn finding(finding: &Finding, case: Option<&CaseTimeline>, findings: &[Finding]) -> Sheet {
        let mut facts = vec![
            ("Finding", finding.id.clone()),
            ("Rule", finding.rule.clone()),
            ("Severity", finding.severity.clone()),
            ("Verdict", verdict_name(finding.verdict).to_owned()),
            ("Confidence", format!("{:.2}", finding.confidence)),
            ("Terms", finding.terms.join("; ")),
            ("Expected", finding.expected.join(" → ")),
            ("Seen", finding.observed.join(" → ")),
            ("Who", finding.actor.principal.clone().unwrap_or_else(|| "not identified".to_owned())),
            ("Case", finding.case.clone().unwrap_or_default()),
            ("Why", finding.why.clone()),
            ("To fix", finding.fix.clone()),
        ];
        facts.retain(|(_, text)| !text.is_empty());
        let mut tables = vec![evidence(finding)];
        tables.extend(case.map(|case| events(case, &case.about(findings))));
        Sheet { title: finding.title.clone(), facts, tables }
    }

    /// The cases that findings are about; `all` cases were compared.
    pub fn cases(cases: &[CaseFindings], all: u64) -> Sheet {
        let row = |case: &CaseFindings| {
            vec![
                case.severity.clone(),
                case.findings.to_string(),
                case.case.clone(),
                case.first.clone(),
                case.rules.join(", "),
            ]
        };
        Sheet {
            title: format!("{} of {} with findings", count(cases.len() as u64), counted(all, "case", "cases")),
            facts: Vec::new(),
            tables: vec![SheetTable {
                name: "Cases",
                head: &["severity", "findings", "case", "first", "rules"],
                rows: cases.iter().map(row).collect(),
            }],
        }
    }

    /// What was not seen, by input and connection.
    pub fn gaps(gaps: &[Gap]) -> Sheet {
        let row = |gap: &Gap| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            vec![
                gap.count.to_string(),
                gap.words(),
                gap.bytes.to_string(),
                gap.share.map(|share| share.to_string()).unwrap_or_default(),
                text(&gap.from),
                text(&gap.to),
                gap.ends(),
                text(&gap.protocol),
                text(&gap.server_name),
                text(&gap.tls_version),
                text(&gap.alpn),
                text(&gap.fingerprint),
                gap.input.clone(),
                text(&gap.origin),
            ]
        };
        Sheet {
            title: "What was not seen".to_owned(),
            facts: Vec::new(),
            tables: vec![SheetTable {
                name: "Gaps",
                head: &[
                    "count",
                    "what",
                    "bytes",
                    "share",
                    "from",
                    "to",
                    "connection",
                    "carries",
                    "server name",
                    "TLS",
                    "ALPN",
                    "JA4",
                    "input",
                    "first place",
                ],
                rows: gaps.iter().map(row).collect(),
            }],
        }
    }

    /// Who has access, and what of it is used.
    pub fn access(rows: &[Access]) -> Sheet {
        let row = |row: &Access| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            vec![
                row.what.clone(),
                row.name.clone(),
                text(&row.kind),
                row.evidence.clone(),
                row.first.clone(),
                row.last.clone(),
                text(&row.issued),
                text(&row.expires),
                row.age_days.to_string(),
                row.requests.to_string(),
                row.accepted.to_string(),
                row.refused.to_string(),
                row.writes.to_string(),
                row.addresses.to_string(),
                row.programs.to_string(),
                row.others.to_string(),
                row.pace.clone(),
                row.scopes.join(" "),
                row.unused_scopes.join(" "),
                row.roles.join(" "),
                row.hosts.join(" "),
                row.operations.join("; "),
            ]
        };
        Sheet {
            title: "Who has access".to_owned(),
            facts: Vec::new(),
            tables: vec![SheetTable {
                name: "Access",
                head: &[
                    "what",
                    "name",
                    "kind",
                    "told by",
                    "first",
                    "last",
                    "issued",
                    "expires",
                    "age in days",
                    "requests",
                    "accepted",
                    "refused",
                    "writes",
                    "addresses",
                    "programs",
                    "shared by or with",
                    "pace",
                    "scopes",
                    "unused scopes",
                    "roles",
                    "hosts",
                    "operations",
                ],
                rows: rows.iter().map(row).collect(),
            }],
        }
    }

    /// What is no activity of the model, by name.
    pub fn unmatched(found: &UnmodelledSummary) -> Sheet {
        let row = |operation: &UnmodelledOperation| {
            vec![
                operation.calls.to_string(),
                operation.refused.to_string(),
                operation.events.to_string(),
                operation.name.clone(),
                unmodelled::why(operation).to_owned(),
                operation.first.clone(),
            ]
        };
        Sheet {
            title: format!("{} no activity of the model", counted(found.events, "event is", "events are")),
            facts: Vec::new(),
            tables: vec![SheetTable {
                name: "Unmodelled",
                head: &["calls", "refused", "events", "what", "why", "first place"],
                rows: found.operations.iter().map(row).collect(),
            }],
        }
    }

    /// Tables as people read them: without empty ones, and without columns in which no row says anything.
    pub(super) fn shown(&self) -> impl Iterator<Item = ShownTable<'_>> {
        self.tables.iter().filter(|table| !table.rows.is_empty()).map(|table| {
            let says =
                |column: &usize| table.rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.is_empty()));
            let kept: Vec<usize> = (0..table.head.len()).filter(says).collect();
            ShownTable {
                name: table.name,
                head: kept.iter().filter_map(|column| table.head.get(*column).copied()).collect(),
                rows: table
                    .rows
                    .iter()
                    .map(|row| kept.iter().filter_map(|column| row.get(*column).map(String::as_str)).collect())
                    .collect(),
            }
        })
    }

    /// The first table as CSV, cells that a spreadsheet would run made harmless.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        for table in self.tables.iter().take(1) {
            writer.write_record(table.head)?;
            for row in &table.rows {
                writer.write_record(row.iter().map(|cell| harmless(cell)))?;
            }
        }
        writer.flush()
    }

    /// Everything as Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("## {}\n", plain(&self.title));
        if !self.facts.is_empty() {
            out.push('\n');
        }
        for (name, text) in &self.facts {
            out.push_str(&format!("- **{name}**: {}\n", plain(text)));
        }
        for table in self.shown() {
            out.push_str(&format!("\n### {}\n\n| {} |\n", table.name, table.head.join(" | ")));
            out.push_str(&format!("|{}\n", "---|".repeat(table.head.len())));
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(|cell| plain(cell)).collect();
                out.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
        }
        out
    }

    /// Everything as one HTML file that loads and runs nothing.
    pub fn html(&self) -> String {
        html::sheet(self)
    }
}

fn events(case: &CaseTimeline, about: &[&Finding]) -> SheetTable {
    let overlapping = case.overlapping();
    let rules = |id: &str| {
        let deviates = |finding: &&&Finding| finding.evidence.iter().any(|e| e.role == "deviating" && e.event == id);
        about.iter().filter(deviates).map(|finding| finding.rule.as_str()).collect::<Vec<_>>().join(", ")
    };
    let rows = case.events.iter().zip(overlapping).map(|(event, overlapping)| {
        vec![
            event.time.clone(),
            if event.duration > 0 { format!("{:.3}", event.duration as f64 / 1_000.0) } else { String::new() },
            if overlapping { "yes" } else { "" }.to_owned(),
            event.principal.clone().unwrap_or_else(|| "not identified".to_owned()),
            event.agent.clone().unwrap_or_default(),
            event.activity.clone(),
            event.status.map(|status| status.to_string()).unwrap_or_default(),
            event.outcome.clone(),
            event.state.join(", "),
            rules(&event.id),
            event.request.clone(),
            event.origin.clone(),
        ]
    });
    SheetTable {
        name: "Events",
        head: &[
            "time",
            "took, ms",
            "overlaps",
            "actor",
            "agent",
            "activity",
            "status",
            "outcome",
            "state after",
            "deviates",
            "request",
            "place",
        ],
        rows: rows.collect(),
    }
}

fn evidence(finding: &Finding) -> SheetTable {
    let rows = finding.evidence.iter().map(|event| {
        vec![
            event.role.clone(),
            event.time.clone(),
            event.who().unwrap_or_else(|| "not identified".to_owned()),
            event.activity.clone(),
            event.status.map(|status| status.to_string()).unwrap_or_default(),
            format!("{} {}", event.method, event.path),
            event.origin.clone(),
            event.offset.to_string(),
        ]
    });
    SheetTable {
        name: "Evidence",
        head: &["role", "time", "actor", "activity", "status", "request", "place", "byte"],
        rows: rows.collect(),
    }
}

fn list(about: &[&Finding]) -> SheetTable {
    let rows = about.iter().map(|finding| {
        vec![
            finding.standing().to_owned(),
            finding.rule.clone(),
            finding.id.clone(),
            finding.title.clone(),
            places(&finding.evidence),
        ]
    });
    SheetTable { name: "Findings", head: &["severity", "rule", "id", "finding", "places"], rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_text_cannot_leave_its_cell() {
        let gap = Gap {
            input: "=cmd|'/c calc'!A0".into(),
            kind: "error".into(),
            reason: "<script>|\n".into(),
            count: 2,
            ..Gap::default()
        };
        let sheet = Sheet::gaps(&[gap]);
        let mut csv = Vec::new();
        sheet.csv(&mut csv).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        assert!(!csv.contains(",=cmd"), "{csv}");
        assert_eq!(sheet.markdown().lines().filter(|line| line.starts_with("| ")).count(), 2);
        let html = sheet.html();
        assert!(!html.contains("connection</th>"), "no row has one");
        assert!(!html.contains("<script") && html.contains("default-src &#39;none&#39;; style-src &#39;sha256-"));
    }
}
