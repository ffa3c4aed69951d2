//! Records that were left out of a log as another's, and may be requests: one sentence a log.

use offpath_capture::{SourceReport, UnlikeRecords};

/// Logs that get a sentence each.
const MOST: usize = 3;

/// The warnings about all sources, in their order.
pub(super) fn warnings(sources: &[SourceReport]) -> Vec<String> {
    let unlike: Vec<&UnlikeRecords> = sources.iter().flat_map(|source| &source.unlike).collect();
    let mut warnings: Vec<String> = unlike.iter().take(MOST).map(|records| sentence(records)).collect();
    if unlike.len() > MOST {
        warnings.push(format!("records of {} more logs were left out that may be requests", unlike.len() - MOST));
    }
    warnings
}

fn sentence(unlike: &UnlikeRecords) -> String {
    let UnlikeRecords { input, records, alike, requests, what, remedy } = unlike;
    let alike = if *alike > 0 { format!(", {alike} of which hold a method") } else { String::new() };
    format!(
        "{records} of {} records of {input} were left out as another log's{alike}: {what}; if they are requests, {remedy}",
        records + requests
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_logs_are_named_and_the_rest_counted() {
        let unlike = |number: u64| UnlikeRecords {
            input: format!("{number}.log"),
            records: 200,
            alike: number,
            requests: 3,
            what: "line 4 has no known field for the method (its fields: ts, op)".to_owned(),
            remedy: "name it with `--log-field method=FIELD`".to_owned(),
        };
        let sources: Vec<SourceReport> =
            (0..5).map(|number| SourceReport { unlike: vec![unlike(number)], ..SourceReport::default() }).collect();
        let warnings = warnings(&sources);
        assert_eq!(warnings.len(), 4);
        assert_eq!(
            warnings[0],
            "200 of 203 records of 0.log were left out as another log's: line 4 has no known field for the method (its \
             fields: ts, op); if they are requests, name it with `--log-field method=FIELD`"
        );
        assert!(warnings[1].contains("another log's, 1 of which hold a method: "), "{}", warnings[1]);
        assert_eq!(warnings[3], "records of 2 more logs were left out that may be requests");
    }
}
