//! Reading XES and PNML: dialects, damage, bounds.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::io::Write as _;

use offpath_process::{
    Event, EventLog, LogLimits, Model, ModelError, ModelLimits, Net, NetError, PnmlError, Problem, XesReader,
    read_pnml, write_xes,
};
use proptest::prelude::*;

const LOG: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- a log -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="x"/>
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <classifier name="A" keys="concept:name lifecycle:transition"/>
  <float key="meta"><float key="concept:name" value="1"/></float>
  <trace>
    <string key="concept:name" value="NA"/>
    <event>
      <string key="concept:name" value="sign &amp; send"><string key="concept:name" value="nested"/></string>
      <string key="org:resource" value="Ann"/>
      <string key="lifecycle:transition" value="start"/>
      <date key="time:timestamp" value="2010-12-30T14:32:00.000+01:00"/>
      <list key="concept:name"><values><string key="concept:name" value="listed"/></values></list>
    </event>
    <event><string value="pay" key="concept:name"/></event>
  </trace>
  <trace/>
  <trace><event><string key="concept:name" value="pay"/></event><string key="concept:name" value="2"/></trace>
</log>
"#;

fn read(bytes: &[u8]) -> (EventLog, Vec<Problem>) {
    let mut log = EventLog::default();
    let problems = XesReader::default().read("x.xes", bytes, &mut log).unwrap();
    (log, problems)
}

/// Cases with the names of their events.
fn told(log: &EventLog) -> Vec<(Option<String>, Vec<String>)> {
    let names = |trace: offpath_process::Trace<'_>| {
        trace.events.iter().map(|event| log.activities.name(event.activity).to_owned()).collect()
    };
    log.traces().map(|trace| (trace.case.map(ToOwned::to_owned), names(trace))).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_log_is_read_plain_and_packed() {
    let expected = [
        (Some("NA".to_owned()), vec!["sign & send".to_owned(), "pay".to_owned()]),
        (None, Vec::new()),
        (Some("2".to_owned()), vec!["pay".to_owned()]),
    ];
    for bytes in [LOG.as_bytes().to_vec(), gzip(LOG.as_bytes()), LOG.replace("<log", "<log \n").into_bytes()] {
        let (log, problems) = read(&bytes);
        assert_eq!(told(&log), expected);
        assert_eq!(problems, []);
        let first = log.events().first().unwrap();
        assert_eq!(first.time, Some(1_293_715_920_000_000));
        assert_eq!(first.resource.map(|number| log.resources.name(number)), Some("Ann"));
        assert_eq!(log.events().get(1).unwrap().time, None);
    }
}

#[test]
fn a_classifier_joins_attributes() {
    let reader = XesReader {
        classifier: vec!["concept:name".to_owned(), "lifecycle:transition".to_owned()],
        ..XesReader::default()
    };
    let mut log = EventLog::default();
    let problems = reader.read("x.xes", LOG.as_bytes(), &mut log).unwrap();
    let names: Vec<&str> = log.activities.iter().collect();
    assert_eq!(names, ["sign & send+start", "pay+"]);
    assert_eq!(
        problems.iter().map(|problem| (problem.line, problem.count, problem.lost)).collect::<Vec<_>>(),
        [(17, 2, false)]
    );
}

#[test]
fn latin_one_is_read_and_other_encodings_are_refused() {
    let head = r#"<?xml version="1.0" encoding="ISO-8859-1"?><log><trace><event><string key="concept:name" value=""#;
    let mut bytes = head.as_bytes().to_vec();
    bytes.extend_from_slice(b"Pr\xfcfung\"/></event></trace></log>");
    assert_eq!(told(&read(&bytes).0), [(None, vec!["Prüfung".to_owned()])]);
    let utf16 = head.replace("ISO-8859-1", "UTF-16");
    let error = XesReader::default().read("x.xes", utf16.as_bytes(), &mut EventLog::default()).unwrap_err();
    assert!(error.to_string().contains("save it as UTF-8"), "{error}");
}

#[test]
fn damage_is_named_and_whole_traces_are_kept() {
    let cut = LOG.find("<trace><event>").unwrap() + 20;
    for bytes in [LOG.as_bytes()[..cut].to_vec(), gzip(&LOG.as_bytes()[..cut])] {
        let (log, problems) = read(&bytes);
        assert_eq!(log.len(), 2);
        assert!(problems.iter().any(|problem| problem.lost && problem.line >= 20), "{problems:?}");
    }
    let packed = gzip(LOG.repeat(20).as_bytes());
    let error = XesReader::default().read("x.xes", &packed[..packed.len() / 100], &mut EventLog::default());
    assert!(error.is_err());
    let timed = LOG.replace("2010-12-30T", "yesterday ");
    let (log, problems) = read(timed.as_bytes());
    assert_eq!(log.len(), 3);
    assert!(problems.iter().all(|problem| !problem.lost) && problems.len() == 1, "{problems:?}");
}

#[test]
fn what_is_no_log_is_refused() {
    for text in ["", "hello", "<html><body/></html>", "{\"a\":1}"] {
        let error = XesReader::default().read("x.xes", text.as_bytes(), &mut EventLog::default()).unwrap_err();
        assert!(error.to_string().contains("is it an XES event log"), "{error}");
    }
}

#[test]
fn limits_end_the_reading_and_say_so() {
    let event = r#"<event><string key="concept:name" value="a"/></event>"#;
    let text = format!("<log>{}</log>", format!("<trace>{}</trace>", event.repeat(10)).repeat(10));
    let limited = |limits| {
        let mut log = EventLog::default();
        let reader = XesReader { limits, ..XesReader::default() };
        let problems = reader.read("x.xes", text.as_bytes(), &mut log).unwrap();
        assert!(problems.iter().all(|problem| problem.lost));
        (log.len(), problems.len())
    };
    let limits = LogLimits::default();
    assert_eq!(limited(limits), (10, 0));
    assert_eq!(limited(LogLimits { events: 35, ..limits }), (3, 1));
    assert_eq!(limited(LogLimits { traces: 4, ..limits }), (4, 1));
    assert_eq!(limited(LogLimits { names: 0, ..limits }), (0, 1));
    let long = format!(r#"<log><trace><string key="concept:name" value="{}"/></trace></log>"#, "x".repeat(1 << 20));
    let reader = XesReader { limits: LogLimits { token: 1 << 10, ..limits }, ..XesReader::default() };
    let problems =
        reader.read("x.xes", std::io::BufReader::with_capacity(64, long.as_bytes()), &mut EventLog::default());
    assert!(problems.unwrap().iter().any(|problem| problem.cause.contains("longer than 1024 bytes")));
    let deep = format!("<log>{}", "<a>".repeat(100_000));
    assert!(read(deep.as_bytes()).1.iter().any(|problem| problem.cause.contains("deep")));
}

#[test]
fn what_is_left_out_is_said() {
    let orphan = LOG.replace("  <trace/>", "  <event><string key=\"concept:name\" value=\"pay\"/></event>");
    let (log, problems) = read(orphan.as_bytes());
    assert_eq!((log.len(), log.events().len()), (2, 3));
    assert!(problems.len() == 1 && problems[0].lost && problems[0].cause.contains("in no trace"), "{problems:?}");
    let long = LOG.replace("value=\"pay\"", &format!("value=\"{}\"", "x".repeat(70_000)));
    let (log, problems) = read(long.as_bytes());
    assert_eq!((log.len(), log.activities.bytes()), (3, "sign & send".len()));
    assert!(problems.iter().any(|problem| problem.lost && problem.count == 2), "{problems:?}");
    let head = r#"<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "pay">]>"#;
    let entity = format!("{head}{}", LOG.lines().skip(1).collect::<String>().replace("value=\"pay\"", "value=\"&a;\""));
    let (log, problems) = read(entity.as_bytes());
    assert!(log.activities.iter().any(|name| name == "&a;"));
    assert!(problems.len() == 1 && !problems[0].lost && problems[0].cause.contains("reference"), "{problems:?}");
}

fn pnml(body: &str) -> Result<Net, PnmlError> {
    read_pnml(format!("<pnml><net id=\"n\">{body}</net></pnml>").as_bytes())
}

const SEQUENCE: &str = r#"<page id="g"><place id="p"/><place id="q"/><page id="h">
  <transition id="t"><name><text>a</text></name></transition><arc id="1" source="p" target="t"/></page>
  <arc id="2" source="t" target="q"/></page>"#;

#[test]
fn a_net_begins_and_ends_where_it_says_or_where_it_must() {
    let net = pnml(SEQUENCE).unwrap();
    assert_eq!(net.labels(), ["a"]);
    assert_eq!((net.places()[0].initial, net.finals()), (1, &[vec![0, 1]][..]));
    let two = SEQUENCE.replace("<page id=\"h\">", "<place id=\"r\"/><page id=\"h\">");
    assert!(matches!(pnml(&two), Err(PnmlError::Net(NetError::NoStart(2)))));
    let marked =
        two.replace("<place id=\"p\"/>", "<place id=\"p\"><initialMarking><text> 1 </text></initialMarking></place>");
    assert!(matches!(pnml(&marked), Err(PnmlError::Net(NetError::NoEnd(2)))));
    let ends = "<finalmarkings><marking><place idref=\"q\"><text>1</text></place></marking>\
                <marking><place idref=\"p\"><text>0</text></place><place idref=\"r\"><text>2</text></place></marking></finalmarkings>";
    let net = pnml(&(marked + ends)).unwrap();
    assert_eq!(net.finals(), [vec![0, 1, 0], vec![0, 0, 2]]);
}

#[test]
fn a_net_may_end_empty() {
    let drain = SEQUENCE.replace("<place id=\"q\"/>", "").replace("<arc id=\"2\" source=\"t\" target=\"q\"/>", "");
    assert!(matches!(pnml(&drain), Err(PnmlError::Net(NetError::NoEnd(0)))));
    let bare = "<finalmarkings><marking/></finalmarkings>";
    assert_eq!(pnml(&(drain + bare)).unwrap().finals(), [vec![0]]);
    // Beside a place where the net would end, only what names a place counts.
    assert_eq!(pnml(&format!("{SEQUENCE}{bare}")).unwrap().finals(), [vec![0, 1]]);
    let zero = "<finalmarkings><marking><place idref=\"p\"><text>0</text></place></marking></finalmarkings>";
    assert_eq!(pnml(&format!("{SEQUENCE}{zero}")).unwrap().finals(), [vec![0, 0]]);
    assert_eq!(pnml(&format!("{SEQUENCE}<finalmarkings/>")).unwrap().finals(), [vec![0, 1]]);
}

#[test]
fn silent_duplicate_and_weighted_are_read() {
    let body = r#"<place id="p"><initialMarking><text>Default,300</text></initialMarking></place><place id="q"/>
      <referencePlace id="r" ref="q"/>
      <transition id="t"><name><text>a</text></name></transition>
      <transition id="u"><name><text>a</text></name><toolspecific tool="ProM" activity="$invisible$"/></transition>
      <transition id="v"/>
      <transition id="w"><name><text>a &lt;b&gt;</text></name></transition>
      <arc id="1" source="p" target="t"><inscription><text>300</text></inscription></arc>
      <arc id="2" source="t" target="r"/><arc id="3" source="p" target="u"/><arc id="4" source="p" target="u"/>
      <arc id="5" source="u" target="q"/><arc id="6" source="p" target="v"/><arc id="7" source="p" target="w"/>
      <finalmarkings><marking><place idref="q"><text>1</text></place></marking></finalmarkings>"#;
    let net = pnml(body).unwrap();
    let labels: Vec<Option<&str>> = net.transitions().iter().map(|t| t.label.as_deref()).collect();
    assert_eq!(labels, [Some("a"), None, None, Some("a <b>")]);
    assert_eq!((net.places()[0].initial, &net.transitions()[0].inputs), (300, &vec![(0, 300)]));
    assert_eq!(net.transitions()[0].outputs, [(1, 1)]);
    assert_eq!(net.transitions()[1].inputs, [(0, 2)]);
}

#[test]
fn nets_that_make_no_sense_are_refused_with_a_reason() {
    let told = |body: &str| pnml(body).unwrap_err().to_string();
    assert!(told("").contains("no transition"));
    assert!(told(&SEQUENCE.replace("target=\"q\"", "target=\"x\"")).contains("\"x\""));
    assert!(told(&SEQUENCE.replace("id=\"q\"", "id=\"p\"")).contains("two nodes"));
    let inhibitor = SEQUENCE.replace("target=\"t\"/>", "target=\"t\"><type value=\"inhibitor\"/></arc>");
    assert!(told(&inhibitor).contains("inhibitor"));
    assert!(told(&SEQUENCE.replace(">a<", ">a&b;<")).contains("&b; is not known"));
    assert!(read_pnml(&b"<html/>"[..]).unwrap_err().to_string().contains("is it PNML"));
    assert!(read_pnml(&b"<pnml><net id=\"n\"><place id=\"p\">"[..]).unwrap_err().to_string().contains("cut off"));
}

#[test]
fn a_place_that_grows_is_named() {
    let body = r#"<place id="p"><name><text>the source</text></name></place><place id="q"><name><text>the heap</text></name></place>
      <place id="e"/>
      <transition id="t"><name><text>a</text></name></transition><transition id="u"><name><text>b</text></name></transition>
      <arc id="1" source="p" target="t"/><arc id="2" source="t" target="p"/><arc id="3" source="t" target="q"/>
      <arc id="4" source="p" target="u"/><arc id="5" source="u" target="e"/>
      <finalmarkings><marking><place idref="e"><text>1</text></place></marking></finalmarkings>"#;
    let body = body.replacen("<place id=\"p\">", "<place id=\"p\"><initialMarking><text>1</text></initialMarking>", 1);
    let error = Model::new(&pnml(&body).unwrap(), ModelLimits::default()).unwrap_err();
    assert_eq!(error, ModelError::Unbounded("the heap".to_owned()));
    let dead = body.replace("source=\"u\" target=\"e\"", "source=\"u\" target=\"q\"");
    let bounded = dead.replace("<arc id=\"3\" source=\"t\" target=\"q\"/>", "");
    assert_eq!(Model::new(&pnml(&bounded).unwrap(), ModelLimits::default()).unwrap_err(), ModelError::NoEnd);
}

/// Names with all that XML has to escape, and none that it cannot hold.
fn name() -> impl Strategy<Value = String> {
    "[a-c&<>\"'\t\n\r é]{0,6}"
}

type Written = (String, Option<String>, Option<String>, Option<i64>);

fn event() -> impl Strategy<Value = Written> {
    let time = -62_000_000_000_000_000..250_000_000_000_000_000_i64;
    (name(), prop::option::of(name()), prop::option::of(name()), prop::option::of(time))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// What is written is read again, with every name and time.
    #[test]
    fn a_written_log_is_read_again(
        traces in prop::collection::vec((prop::option::of(name()), prop::collection::vec(event(), 0..6)), 0..6),
    ) {
        let mut log = EventLog::default();
        for (case, events) in &traces {
            let events: Vec<Event> = events
                .iter()
                .map(|(activity, resource, transition, time)| Event {
                    activity: log.activities.intern(activity),
                    resource: resource.as_ref().map(|name| log.resources.intern(name)),
                    transition: transition.as_ref().map(|name| log.transitions.intern(name)),
                    time: *time,
                })
                .collect();
            log.push(case.as_deref(), events);
        }
        let mut bytes = Vec::new();
        write_xes(&log, &mut bytes).unwrap();
        let (again, problems) = read(&bytes);
        prop_assert_eq!(problems, []);
        prop_assert_eq!(told(&again), told(&log));
        prop_assert_eq!(again.events(), log.events());
        prop_assert!(again.resources.iter().eq(log.resources.iter()) && again.transitions.iter().eq(log.transitions.iter()));
    }

    /// Whatever happens to the bytes: nothing panics, and whole traces before the damage stay what they were.
    #[test]
    fn damaged_files_are_read_or_refused(
        at in 0..LOG.len(),
        with in prop::collection::vec(any::<u8>(), 0..6),
        removed in 0..40_usize,
        packed in any::<bool>(),
    ) {
        let mut bytes = LOG.as_bytes().to_vec();
        let end = (at + removed).min(bytes.len());
        bytes.splice(at..end, with.iter().copied());
        let mut log = EventLog::default();
        let input = if packed { gzip(&bytes) } else { bytes };
        let _ = XesReader::default().read("x.xes", input.as_slice(), &mut log);
        let whole = LOG.find("</trace>").unwrap() + "</trace>".len();
        if at >= whole {
            let (damaged, whole) = (told(&log), told(&read(LOG.as_bytes()).0));
            prop_assert_eq!(damaged.first(), whole.first());
        }
        let mut net = format!("<pnml><net id=\"n\">{SEQUENCE}</net></pnml>").into_bytes();
        let (from, to) = (at.min(net.len()), (at + removed).min(net.len()));
        net.splice(from..to, with.iter().copied());
        if let Ok(net) = read_pnml(net.as_slice()) {
            let _ = Model::new(&net, ModelLimits { markings: 1_000, edges: 10_000, ..ModelLimits::default() });
        }
    }
}
