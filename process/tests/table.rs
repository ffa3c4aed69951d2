//! Event logs as CSV: columns by their names, times by their shapes, what trips other readers, what is damaged.

use offpath_process::{ColumnNames, Columns, CsvReader, EventLog, LogError, LogLimits, Problem, csv_columns};
use proptest::prelude::*;

fn read(reader: &CsvReader, text: &[u8]) -> Result<(EventLog, Columns, Vec<Problem>), LogError> {
    let mut log = EventLog::default();
    let (columns, problems) = reader.read("log.csv", text, &mut log)?;
    Ok((log, columns, problems))
}

fn told(log: &EventLog) -> Vec<(String, Vec<String>)> {
    let names = |events: &[offpath_process::Event]| {
        events.iter().map(|event| log.activities.name(event.activity).to_owned()).collect()
    };
    log.traces().map(|trace| (trace.case.unwrap_or_default().to_owned(), names(trace.events))).collect()
}

fn case(name: &str, events: &[&str]) -> (String, Vec<String>) {
    (name.to_owned(), events.iter().map(|event| (*event).to_owned()).collect())
}

#[test]
fn columns_are_found_by_their_usual_names_and_rows_by_their_case_and_time() {
    let text = b"\xef\xbb\xbfCase ID;Activity;Complete Timestamp;org:resource\r\n\
        2;a;2026-03-01 10:00;Ann\r\n1;\"b; \"\"late\"\"\";2026-03-01 12:00;\r\n1;a;2026-03-01 11:00;Bob\r\n\
        NA;a;2026-03-01 09:00;NA\r\n2;\"two\nlines\";2026-03-01 10:00;Ann\r\n";
    let (log, columns, problems) = read(&CsvReader::default(), text).unwrap();
    assert_eq!(problems, []);
    assert_eq!((columns.case.as_str(), columns.activity.as_str()), ("Case ID", "Activity"));
    assert_eq!(
        (columns.time.as_deref(), columns.resource.as_deref()),
        (Some("Complete Timestamp"), Some("org:resource"))
    );
    assert_eq!(told(&log), [case("2", &["a", "two\nlines"]), case("1", &["a", "b; \"late\""]), case("NA", &["a"])]);
    assert_eq!(log.resources.iter().collect::<Vec<_>>(), ["Ann", "Bob", "NA"]);
    assert!(csv_columns(text).is_some());
    assert_eq!(csv_columns(b"time,method,path\n"), None);
    assert!(csv_columns(b"case:concept:name,concept:name,time:timestamp").is_some());
}

#[test]
fn columns_are_those_that_are_said() {
    let said = |case: &str, activity: &str, time: Option<&str>| CsvReader {
        columns: ColumnNames {
            case: Some(case.to_owned()),
            activity: Some(activity.to_owned()),
            time: time.map(ToOwned::to_owned),
        },
        ..CsvReader::default()
    };
    let text = b"sep=|\nticket|what|when|activity\n7|open|30-12-2010:11.02|x\n7|close|29-12-2010:11.02|y\n";
    let (log, columns, problems) = read(&said("ticket", "what", Some("when")), text).unwrap();
    assert_eq!((problems.as_slice(), columns.activity.as_str()), (&[][..], "what"));
    assert_eq!(told(&log), [case("7", &["close", "open"])]);
    let (log, columns, _) = read(&said("ticket", "what", None), text).unwrap();
    assert_eq!((told(&log), columns.time), (vec![case("7", &["open", "close"])], None));
    let error = read(&said("ticket", "why", None), text).unwrap_err();
    assert_eq!(error.cause, "there is no column \"why\"; its columns are \"ticket\", \"what\", \"when\", \"activity\"");
    let error = read(&CsvReader::default(), text).unwrap_err();
    assert!(error.to_string().contains("log.csv, line 1: no column is called as one of the case is"), "{error}");
    for (nothing, words) in [(&b""[..], "no header"), (b"\xff\xfec\0", "UTF-16")] {
        let error = read(&CsvReader::default(), nothing).unwrap_err();
        assert!(error.cause.contains(words), "{error}");
    }
}

#[test]
fn days_and_months_are_told_by_the_whole_column() {
    let table = |dates: &[&str]| {
        let rows: String = dates.iter().enumerate().map(|(at, date)| format!("1,e{at},{date}\n")).collect();
        read(&CsvReader::default(), format!("case,activity,time\n{rows}").as_bytes()).unwrap()
    };
    let order = |dates: &[&str]| {
        let (log, _, problems) = table(dates);
        (told(&log)[0].1.join(" "), problems.iter().map(|one| one.cause.clone()).collect::<Vec<_>>())
    };
    assert_eq!(order(&["02/03/2026", "01/04/2026", "13/03/2026"]), ("e0 e2 e1".to_owned(), vec![]));
    assert_eq!(order(&["02/03/2026", "01/04/2026", "03/13/2026"]), ("e1 e0 e2".to_owned(), vec![]));
    let (unsaid, problems) = order(&["02/03/2026", "01/04/2026"]);
    assert_eq!((unsaid.as_str(), problems.len()), ("e0 e1", 1));
    assert!(problems[0].contains("the day or the month"), "{problems:?}");
}

#[test]
fn what_is_damaged_is_named_with_its_line() {
    let text = b"case,activity,time\n1,a,2026-03-01T10:00:00Z\n,b,2026-03-01T10:00:00Z\n1,c,soon\n1,\"d, e,f\n\
        1,g,h,2026-03-01T10:00:00Z\n";
    let (log, _, problems) = read(&CsvReader::default(), text).unwrap();
    assert_eq!(told(&log), [case("1", &["a", "c", "d, e,f\n1,g,h,2026-03-01T10:00:00Z\n"])]);
    let found: Vec<(u64, bool, &str)> = problems.iter().map(|one| (one.line, one.lost, one.cause.as_str())).collect();
    assert_eq!(found, [(3, true, "a row has no case"), (4, false, "a time is no time")]);
    let (_, _, problems) = read(&CsvReader::default(), b"case,activity\n1,a,b\n1,\xff\n1,\n").unwrap();
    let causes: Vec<&str> = problems.iter().map(|one| one.cause.as_str()).collect();
    assert_eq!(causes, ["a row has more cells than the header", "a cell is no UTF-8", "a row has no activity"]);
}

#[test]
fn limits_end_the_reading_and_are_said() {
    let rows: String = (0..10).map(|at| format!("c{at},a{at}\n")).collect();
    let text = format!("case,activity\n{rows}");
    let most = LogLimits::default();
    for limits in [LogLimits { events: 3, ..most }, LogLimits { traces: 3, ..most }, LogLimits { names: 3, ..most }] {
        let (log, _, problems) = read(&CsvReader { limits, ..CsvReader::default() }, text.as_bytes()).unwrap();
        assert!(log.len() == 3 && problems[0].lost, "{problems:?}");
    }
    // A quote that is never closed does not gather the rest of the file.
    let open = format!("case,activity\n1,\"{}", "x".repeat(1 << 20));
    let reader = CsvReader { limits: LogLimits { token: 1 << 16, ..most }, ..CsvReader::default() };
    let (_, _, problems) = read(&reader, open.as_bytes()).unwrap();
    assert!(problems[0].lost && problems[0].cause.contains("is a quote never closed?"), "{problems:?}");
}

proptest! {
    #[test]
    fn cells_are_read_as_a_writer_of_csv_wrote_them(
        rows in prop::collection::vec(("[A-Z,;\"\n é|]{1,6}", "[a-z,;\"\n\t]{1,6}"), 1..8),
        separator in prop::sample::select(vec![b',', b';', b'\t', b'|']),
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
        writer.write_record(["case", "activity"]).unwrap();
        rows.iter().for_each(|(case, activity)| writer.write_record([case, activity]).unwrap());
        let (log, _, problems) = read(&CsvReader::default(), &writer.into_inner().unwrap()).unwrap();
        prop_assert_eq!(problems, []);
        let mut expected: Vec<(String, Vec<String>)> = Vec::new();
        for (case, activity) in rows {
            match expected.iter_mut().find(|(known, _)| *known == case) {
                Some((_, events)) => events.push(activity),
                None => expected.push((case, vec![activity])),
            }
        }
        prop_assert_eq!(told(&log), expected);
    }

    #[test]
    fn no_bytes_stop_the_program(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = [b"case,activity,time\n".as_slice(), &bytes].concat();
        let _ = read(&CsvReader::default(), &text);
        let _ = read(&CsvReader::default(), &bytes);
        let _ = csv_columns(&bytes);
    }

    #[test]
    fn no_time_stops_the_program(text in "[0-9/.:, TZ+aApPmMjdDec-]{0,24}") {
        let _ = read(&CsvReader::default(), format!("case,activity,time\n1,a,\"{text}\"\n").as_bytes());
    }
}
