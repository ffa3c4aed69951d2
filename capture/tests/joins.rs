//! Calls joined over exchanges: MCP answers on other streams, GraphQL queries whose text came with another request.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use offpath_capture::{BlindSpot, Exchange, Joins, Options, Settled, Sink, Source, calls};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[derive(Default)]
struct Kept(Vec<Exchange>);

impl Sink for Kept {
    fn exchange(&mut self, exchange: Exchange) -> ControlFlow<()> {
        self.0.push(exchange);
        ControlFlow::Continue(())
    }

    fn blind_spot(&mut self, _: BlindSpot) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn progress(&mut self, _: u64) {}
}

/// One exchange of a HAR file that begins at a second and lasts so many.
#[derive(Clone)]
struct Entry<'a> {
    at: u32,
    lasts: u32,
    method: &'a str,
    path: &'a str,
    session: Option<&'a str>,
    sent: Option<Value>,
    status: u16,
    kind: &'a str,
    answer: String,
}

impl Entry<'_> {
    fn har(&self) -> Value {
        let mut headers = vec![json!({"name": "Content-Type", "value": "application/json"})];
        headers.extend(self.session.map(|session| json!({"name": "Mcp-Session-Id", "value": session})));
        let mut request = json!({"method": self.method, "url": format!("https://api.example{}", self.path),
            "httpVersion": "HTTP/1.1", "headers": headers});
        if let Some(sent) = &self.sent {
            request["postData"] = json!({"mimeType": "application/json", "text": sent.to_string()});
        }
        json!({"startedDateTime": format!("2026-09-01T08:{:02}:{:02}.000Z", self.at / 60, self.at % 60),
            "time": self.lasts * 1000, "request": request,
            "response": {"status": self.status, "headers": [{"name": "Content-Type", "value": self.kind}],
                "content": {"size": self.answer.len(), "mimeType": self.kind, "text": self.answer}}})
    }
}

fn read(entries: &[Entry<'_>]) -> Vec<Exchange> {
    let entries: Vec<Value> = entries.iter().map(Entry::har).collect();
    let log = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
    let source = Source::in_memory("t.har", log.to_string().into_bytes()).unwrap();
    let mut kept = Kept::default();
    let report = source.read(&Options::default(), &mut kept);
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    kept.0
}

/// A tool's call that is taken without an answer.
fn tool(at: u32, session: &'static str, id: u32, name: &str) -> Entry<'static> {
    let sent = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": {}}});
    let session = Some(session).filter(|session| !session.is_empty());
    Entry {
        at,
        lasts: 1,
        method: "POST",
        path: "/mcp",
        session,
        sent: Some(sent),
        status: 202,
        kind: "text/plain",
        answer: String::new(),
    }
}

fn stream(at: u32, lasts: u32, session: &'static str, answers: &[Value]) -> Entry<'static> {
    let answer = answers.iter().map(|answer| format!("event: message\ndata: {answer}\n\n")).collect();
    Entry {
        at,
        lasts,
        method: "GET",
        path: "/mcp",
        session: Some(session),
        sent: None,
        status: 200,
        kind: "text/event-stream",
        answer,
    }
}

fn result(id: u32, state: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": {"structuredContent": {"state": state}}})
}

/// `operation outcome result` of each call, by time, and the number of answers without a call.
fn told(sources: Vec<Vec<Exchange>>, budget: usize) -> (Vec<String>, u64) {
    let (mut free, mut left) = (Vec::new(), Vec::new());
    for exchanges in sources {
        let mut joins = Joins::new(budget);
        exchanges.into_iter().for_each(|exchange| free.extend(joins.take(exchange)));
        left.push(joins.finish());
    }
    let Settled { exchanges, strays, .. } = Joins::settle(left);
    free.extend(exchanges);
    free.sort_by_key(|exchange| (exchange.time, exchange.key));
    let line = |call: offpath_capture::Call| {
        let result = call.result.as_deref().unwrap_or("-");
        format!("{} {} {result}", call.operation(), call.outcome.as_str())
    };
    (free.iter().flat_map(|exchange| calls(exchange).calls).map(line).collect(), strays)
}

#[test]
fn an_answer_on_another_stream_of_the_session_is_the_answer() {
    let entries = [
        tool(1, "s1", 7, "refund"),
        tool(2, "s2", 7, "other"),
        tool(3, "s1", 8, "lost"),
        // It asks, answers, and answers what nobody here asked.
        stream(
            0,
            60,
            "s1",
            &[json!({"jsonrpc": "2.0", "id": 1, "method": "roots/list"}), result(7, "done"), result(99, "stray")],
        ),
    ];
    let expected =
        ["mcp tool refund accepted {\"state\":\"done\"}", "mcp tool other unknown -", "mcp tool lost unknown -"];
    let exchanges = read(&entries);
    let (lines, strays) = told(vec![exchanges.clone()], 1 << 20);
    assert_eq!(
        lines.iter().filter(|line| line.contains("tool")).collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
    assert_eq!(strays, 1);
    let joined = Joins::settle(vec![{
        let mut joins = Joins::new(1 << 20);
        let free: Vec<Exchange> = exchanges.into_iter().flat_map(|exchange| joins.take(exchange)).collect();
        assert_eq!(free.iter().filter(|exchange| exchange.elsewhere.is_some()).count(), 1);
        assert!(free.iter().filter(|e| e.elsewhere.is_some()).all(|e| e.response_origin.is_some()));
        joins.finish()
    }]);
    assert_eq!(joined.exchanges.len(), 2);
}

#[test]
fn a_stream_that_went_on_after_a_break_answers_what_was_cut() {
    let mut cut = tool(1, "s1", 7, "refund");
    (cut.status, cut.kind) = (200, "text/event-stream");
    cut.answer = "id: 5\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n".to_owned();
    let resumed = stream(5, 10, "s1", &[result(7, "done")]);
    let (lines, strays) = told(vec![read(&[cut, resumed])], 1 << 20);
    assert!(lines.contains(&"mcp tool refund accepted {\"state\":\"done\"}".to_owned()), "{lines:?}");
    assert_eq!(strays, 0);
}

#[test]
fn the_older_transport_answers_on_the_stream_that_named_the_endpoint() {
    let mut call = tool(2, "", 7, "refund");
    call.path = "/messages?sessionId=abc";
    let mut other = tool(3, "", 7, "other");
    other.path = "/messages?sessionId=xyz";
    for endpoint in ["/messages?sessionId=abc", "https://api.example/messages?sessionId=abc", "messages?sessionId=abc"]
    {
        let mut open = stream(1, 60, "s", &[result(7, "done")]);
        (open.path, open.session) = ("/sse", None);
        open.answer = format!("event: endpoint\ndata: {endpoint}\n\n{}", open.answer);
        let entries = read(&[open]).into_iter().chain(read(&[
            Entry {
                path: call.path,
                sent: call.sent.clone(),
                kind: call.kind,
                answer: String::new(),
                ..tool(2, "", 7, "refund")
            },
            Entry {
                path: other.path,
                sent: other.sent.clone(),
                kind: other.kind,
                answer: String::new(),
                ..tool(3, "", 7, "other")
            },
        ]));
        let (lines, _) = told(vec![entries.collect()], 1 << 20);
        assert_eq!(lines, ["mcp tool refund accepted {\"state\":\"done\"}", "mcp tool other unknown -"], "{endpoint}");
    }
}

#[test]
fn an_id_used_again_is_answered_in_order_and_no_old_stream_answers_it() {
    let entries = [
        tool(1, "s1", 7, "first"),
        tool(20, "s1", 7, "second"),
        stream(0, 10, "s1", &[result(7, "one"), result(7, "replayed")]),
        stream(15, 30, "s1", &[json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -1}})]),
    ];
    let (lines, strays) = told(vec![read(&entries)], 1 << 20);
    assert_eq!(lines, ["mcp tool first accepted {\"state\":\"one\"}", "mcp tool second failed -"]);
    assert_eq!(strays, 1, "what was replayed answers nothing");
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn query(at: u32, hash: &str, text: Option<&str>) -> Entry<'static> {
    let mut sent =
        json!({"variables": {"o": "o1"}, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    if let Some(text) = text {
        sent["query"] = json!(text);
    }
    let answer = json!({"data": {"pay": {"id": "p1"}}}).to_string();
    Entry {
        at,
        lasts: 1,
        method: "POST",
        path: "/q",
        session: None,
        sent: Some(sent),
        status: 200,
        kind: "application/json",
        answer,
    }
}

#[test]
fn a_hash_is_named_by_the_text_that_came_with_it_once_and_by_no_other() {
    let text = "mutation Pay($o: ID!) { pay(order: $o) { id } }";
    let own = hash(text);
    // Somebody registers a harmless text under the hash of another one.
    let entries = [
        query(1, &own, None),
        query(2, &own, Some("{ me { id } }")),
        query(3, &own, Some(text)),
        query(4, &own, None),
        query(5, &hash("unseen"), None),
    ];
    let pay = "graphql mutation pay accepted {\"id\":\"p1\"}";
    let unseen = format!("graphql persisted {} accepted {{\"pay\":{{\"id\":\"p1\"}}}}", hash("unseen"));
    let exchanges = read(&entries);
    let (lines, _) = told(vec![exchanges.clone()], 1 << 20);
    assert_eq!(lines[0], pay);
    assert!(lines[1].starts_with("graphql query me"), "what is sent is what is run: {lines:?}");
    assert_eq!(lines[2..], [pay.to_owned(), pay.to_owned(), unseen]);
    // By GET, as caches like it.
    let target = format!(
        "/q?variables=%7B%22o%22%3A%22o1%22%7D&extensions=%7B%22persistedQuery%22%3A%7B%22version%22%3A1%2C%22sha256Hash%22%3A%22{own}%22%7D%7D"
    );
    let path = Box::leak(target.into_boxed_str());
    let get = Entry { method: "GET", path, sent: None, ..query(9, &own, None) };
    let (lines, _) = told(vec![read(&[get]), exchanges], 1 << 20);
    assert_eq!(lines.last().unwrap(), pay, "{lines:?}");
}

/// A mutation that says so much of what it calls that nothing of it can be left out.
fn full(name: &str, len: usize) -> String {
    let around = format!("mutation M($v:T=\"\"){{{name}}}");
    around.replacen("\"\"", &format!("\"{}\"", "x".repeat(len - around.len())), 1)
}

#[test]
fn a_text_is_kept_up_to_a_length_and_a_batch_may_name_it_often() {
    for (text, outcome) in [(full("pay", 64 << 10), "mutation pay"), (full("pay", (64 << 10) + 1), "persisted")] {
        let asked = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash(&text)}}});
        let batch = Entry { sent: Some(json!([asked, asked, asked])), ..query(3, "", None) };
        let own = query(2, &hash(&text), Some(&text));
        // Whichever comes first.
        for entries in [[own.clone(), batch.clone()], [Entry { at: 1, ..batch }, own]] {
            let (lines, _) = told(vec![read(&entries)], 1 << 20);
            assert_eq!(lines.len(), 4, "{lines:?}");
            let named = lines.iter().filter(|line| line.starts_with(&format!("graphql {outcome}"))).count();
            assert_eq!(named, if outcome == "persisted" { 3 } else { 4 }, "{lines:?}");
        }
    }
}

#[test]
fn what_says_nothing_of_what_is_called_makes_no_text_too_long() {
    let padding = "x".repeat(70_000);
    for text in [
        format!("mutation M {{ pay }}\n#{padding}"),
        format!("mutation M {{ pay {{ {padding} }} }}"),
        format!("mutation M @a(b: \"{padding}\") {{ pay {} }}", " ".repeat(70_000)),
        format!("\"\"\"{padding}\"\"\" mutation M {{ pay }}"),
    ] {
        let entries = [query(1, &hash(&text), Some(&text)), query(2, &hash(&text), None)];
        let (lines, _) = told(vec![read(&entries)], 1 << 20);
        assert_eq!(lines, ["graphql mutation pay accepted {\"id\":\"p1\"}"; 2]);
    }
}

#[test]
fn texts_are_kept_whatever_share_of_the_budget_a_source_has_and_those_without_room_are_counted() {
    let text = |number: usize| full(&format!("pay{number}"), 60 << 10);
    let mut joins = Joins::new(1 << 10);
    let take = |joins: &mut Joins, entry| -> Vec<Exchange> {
        read(&[entry]).into_iter().flat_map(|exchange| joins.take(exchange)).collect()
    };
    let short = "mutation M { pay }";
    take(&mut joins, query(1, &hash(short), Some(short)));
    for number in 0..100 {
        // Twice, as a client does that sends its texts always: no more is kept of it.
        for _ in 0..2 {
            take(&mut joins, query(1, &hash(&text(number)), Some(&text(number))));
        }
    }
    let kept = (4 << 20) / (text(10).len() + 64);
    let known = |joins: &mut Joins, text: &str| {
        let free = take(joins, query(2, &hash(text), None));
        free.iter().any(|exchange| exchange.elsewhere.is_some())
    };
    assert!(known(&mut joins, short), "a hundred long texts do not shut out a short one");
    let told: Vec<bool> =
        [0, 99 - kept, 100 - kept, 99].iter().map(|number| known(&mut joins, &text(*number))).collect();
    assert_eq!(told, [false, false, true, true], "the last long ones are kept, and what waits has its own bound");
    let settled = Joins::settle(vec![joins.finish()]);
    assert_eq!((settled.refused, settled.unnamed), (100 - kept as u64, 2));
}

#[test]
fn what_waits_is_bounded_and_all_of_it_goes_on() {
    let template = read(&[tool(1, "s1", 7, "refund")]).remove(0);
    let mut joins = Joins::new(64 << 10);
    let (mut free, number) = (0, 20_000);
    for id in 0..number {
        let mut exchange = template.clone();
        exchange.key = id;
        free += joins.take(exchange).len() as u64;
        assert!(id < 1_000 || free > id - 500, "few wait");
    }
    // Answers that nobody asked for are bounded as well.
    let answers: Vec<Value> = (0..2_000).map(|id| result(id + 1_000, "stray")).collect();
    for exchange in read(&[stream(0, 9, "s2", &answers)]) {
        free += joins.take(exchange).len() as u64;
    }
    let Settled { exchanges, strays, .. } = Joins::settle(vec![joins.finish()]);
    assert_eq!((free + exchanges.len() as u64, strays), (number + 1, 2_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_the_input_is_cut_and_ordered_the_joins_are_the_same(
        calls in proptest::collection::vec((0_u32..3, any::<bool>()), 1..8),
        places in proptest::collection::vec((0_usize..3, any::<u16>()), 12),
    ) {
        let sessions = ["s0", "s1", "s2"];
        let mut entries = Vec::new();
        let mut answers: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for ((session, answered), id) in calls.iter().zip(0_u32..) {
            let session = sessions[*session as usize];
            entries.push(tool(id + 1, session, id, &format!("tool_{id}")));
            if *answered {
                answers.entry(session).or_default().push(result(id, "done"));
            }
        }
        entries.extend(answers.iter().map(|(session, answers)| stream(0, 60, session, answers)));
        let exchanges = read(&entries);
        let whole = told(vec![exchanges.clone()], 1 << 20);
        prop_assert_eq!(whole.0.iter().filter(|line| line.contains("accepted")).count(), calls.iter().filter(|(_, answered)| *answered).count());
        let mut placed: Vec<_> = exchanges.into_iter().zip(&places).collect();
        placed.sort_by_key(|(_, (_, order))| *order);
        let mut sources = vec![Vec::new(), Vec::new(), Vec::new()];
        placed.into_iter().for_each(|(exchange, (source, _))| sources[*source].push(exchange));
        prop_assert_eq!(told(sources, 1 << 20), whole);
    }
}
