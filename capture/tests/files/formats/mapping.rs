//! Mappings: what nobody knows, by patterns, columns and pointers.

use std::sync::Arc;

use offpath_capture::{InputFormat, Mapping, Options};

use super::{MAY, format, header, lines_of};
use crate::reading::{Outcome, read_with};

pub(crate) fn mapped(build: impl FnOnce(&mut Mapping)) -> Options {
    let mut mapping = Mapping::default();
    build(&mut mapping);
    assert_eq!(mapping.missing(), None);
    Options { mapping: Some(Arc::new(mapping)), ..Options::default() }
}

#[test]
fn mappings_read_what_nobody_knows() {
    let fields = [
        ("time", "when"),
        ("method", "verb"),
        ("path", "where"),
        ("user", "who"),
        ("session", "sid"),
        ("duration_ms", "took"),
    ];
    let check = |outcome: &Outcome| {
        assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
        let e = &outcome.exchanges[0];
        assert_eq!(lines_of(outcome), ["POST /orders/7 201"]);
        assert_eq!((e.time.0, e.end.unwrap().0, e.log.user.as_deref()), (MAY, MAY + 250_000, Some("bob")));
        assert_eq!(header(e, "cookie"), Some("session=s1"));
    };
    let pattern = mapped(|mapping| {
        mapping
            .pattern(r"^(?<when>.{19}) (?<who>\w+)/(?<sid>\w+): (?<verb>\w+) (?<where>\S+) took (?<took>\d+)$")
            .unwrap();
        fields.iter().for_each(|(target, place)| mapping.field(target, place).unwrap());
        mapping.value("status", "201").unwrap();
        mapping.time_format("%d.%m.%Y %H:%M:%S", 7200).unwrap();
    });
    let text = "17.05.2026 10:05:32 bob/s1: POST /orders/7 took 250\n";
    let outcome = read_with(text, &pattern);
    check(&outcome);
    assert_eq!(format(&outcome), InputFormat::Mapped);
    let outcome = read_with(format!("{text}another line\n"), &pattern);
    outcome.says(&["line 2", "pattern does not match"]);
    assert_eq!(outcome.not_read("unparsed_line"), 1);

    let columns = mapped(|mapping| {
        mapping.columns(';', None).unwrap();
        fields.iter().for_each(|(target, place)| mapping.field(target, place).unwrap());
        mapping.field("status", "code").unwrap();
    });
    check(&read_with(
        "when;who;sid;verb;where;took;code\n2026-05-17T08:05:32Z;bob;s1;POST;\"/orders/7\";250;201\n",
        &columns,
    ));

    let json = mapped(|mapping| {
        for (target, place) in [
            ("time", "/e/when"),
            ("method", "/e/verb"),
            ("path", "/e/where"),
            ("user", "/who/0"),
            ("session", "/sid"),
            ("duration_ms", "/took"),
            ("status", "/code"),
        ] {
            mapping.field(target, place).unwrap();
        }
    });
    let record = r#"{"method":"GET","e":{"when":"2026-05-17T08:05:32Z","verb":"POST","where":"/orders/7"},"who":["bob"],"sid":"s1","took":250,"code":201,"status":500}"#;
    check(&read_with(record, &json));
    check(&read_with(format!("[\n{record}\n]"), &json));
}

#[test]
fn a_heading_that_is_missing_is_said() {
    let mut mapping = Mapping::default();
    mapping.columns(',', None).unwrap();
    for (target, column) in [("time", "when"), ("method", "verb"), ("path", "where"), ("user", "who")] {
        mapping.field(target, column).unwrap();
    }
    let options = Options { mapping: Some(Arc::new(mapping)), ..Options::default() };
    let rows = "2026-05-17T08:05:32Z,POST,/orders/o1,201,anna.schmidt@example.com,tok_live_51Habc\n".repeat(3);
    let read = read_with(format!("When,verb,where,code,who,token\n{rows}"), &options);
    assert_eq!((read.exchanges.len(), read.errors.len()), (3, 0), "{:?}", read.errors);
    for first in ["", "when,verb,path,code,who,token\n"] {
        let outcome = read_with(format!("{first}{rows}"), &options);
        assert!(outcome.exchanges.is_empty());
        outcome.says(&["first line should name the columns", "(verb, when, where, who)", "heading"]);
        assert!(!outcome.errors.join("").contains("51Habc") && !outcome.errors.join("").contains("anna"));
    }
}

#[test]
fn what_a_mapping_is_not_for_is_read_as_without_it() {
    let json = mapped(|mapping| {
        for (target, place) in [("time", "when"), ("method", "verb"), ("path", "where"), ("status", "status")] {
            mapping.field(target, place).unwrap();
        }
    });
    let own = r#"{"when":"2026-05-17T08:05:32Z","verb":"POST","where":"/orders/7"}"#;
    let known = r#"{"time":"2026-05-17T08:05:32Z","method":"GET","path":"/orders/8","status":200}"#;
    let combined = r#"10.0.0.1 - - [17/May/2026:08:05:33 +0000] "GET /orders/9 HTTP/1.1" 200 1 "-" "curl""#;
    let outcome = read_with(format!("{own}\n{known}\n{combined}\n"), &json);
    assert_eq!(lines_of(&outcome), ["POST /orders/7 0", "GET /orders/8 200", "GET /orders/9 200"]);
    assert!(outcome.errors.is_empty());

    let pattern = mapped(|mapping| {
        mapping.pattern(r"^(?<when>\S+) (?<verb>\w+) (?<where>\S+)$").unwrap();
        for (target, place) in [("time", "when"), ("method", "verb"), ("path", "where")] {
            mapping.field(target, place).unwrap();
        }
    });
    let own = "2026-05-17T08:05:32Z POST /orders/7";
    let outcome = read_with(format!("{own}\n{known}\n{combined}\nanother line\n"), &pattern);
    assert_eq!(lines_of(&outcome), ["POST /orders/7 0", "GET /orders/8 200", "GET /orders/9 200"]);
    assert_eq!(outcome.not_read("unparsed_line"), 1);
}

#[test]
fn a_misspelt_place_is_named_and_a_name_by_hand_counts_beside_it() {
    let build = |mapping: &mut Mapping| {
        for (target, place) in [("time", "when"), ("method", "verb"), ("path", "lco")] {
            mapping.field(target, place).unwrap();
        }
    };
    let text = r#"{"when":"2026-05-17T08:05:32Z","verb":"POST","loc":"/orders/7","method":"GET"}"#;
    let outcome = read_with(text, &mapped(build));
    outcome.says(&["none of the mapping's fields for the target, `lco`", "did you mean `loc`?"]);
    let by_hand = Options { log_fields: [("target".to_owned(), "loc".to_owned())].into(), ..mapped(build) };
    assert_eq!(lines_of(&read_with(text, &by_hand)), ["POST /orders/7 0"]);
}
