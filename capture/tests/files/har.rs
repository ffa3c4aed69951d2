//! HAR files as writers write them.

use offpath_capture::{Body, Exchange, Incomplete, Protocol, Timestamp};

use crate::reading::{Outcome, read_content};

const NEW_YEAR: i64 = 1_577_836_800_000_000;

fn har(entries: &str) -> Outcome {
    let outcome = read_content(format!(
        "\u{feff}{{\"log\": {{\"version\": \"1.3\", \"pages\": [{{}}], \"entries\": [{entries}]}}}}"
    ));
    assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    outcome
}

fn one(entry: &str) -> Exchange {
    har(entry).exchanges.into_iter().next().unwrap()
}

#[test]
fn a_full_entry_fills_an_exchange() {
    let e = one(
        r#"{"startedDateTime":"2020-01-01T05:30:00.250+0530","time":50,"connection":"443","serverIPAddress":"[2001:db8::1]","_clientAddress":"10.0.0.9",
        "request":{"method":"POST","url":"https://u:p@a.example:8443/o?x=1#f","httpVersion":"h2","headers":[{"name":":method","value":"POST"},{"name":":authority","value":"b.example"},{"name":"X-A","value":"1"}],"postData":{"mimeType":"application/json","text":"{\"a\":1}"},"bodySize":7},
        "response":{"status":"201","headers":[{"name":"Location","value":"/o/1"}],"content":{"size":3,"text":"AAEC","encoding":"base64"},"bodySize":-1},
        "timings":{"blocked":-1,"dns":null,"connect":"5","send":5,"wait":20,"receive":20}}"#,
    );
    let at = |ms: i64| Some(Timestamp(NEW_YEAR + 250_000 + ms * 1000));
    assert_eq!((Some(e.time), e.end, e.tick), (at(0), at(50), 1000));
    assert_eq!(
        (e.server.unwrap().to_string(), e.client.unwrap().to_string()),
        ("[2001:db8::1]:8443".into(), "10.0.0.9".into())
    );
    let (request, response) = (e.request.unwrap(), e.response.unwrap());
    assert_eq!((request.end, response.start), (at(10), at(30)));
    assert_eq!((request.scheme.as_deref(), request.host.as_deref()), (Some("https"), Some("b.example")));
    assert_eq!((&*request.target, request.headers.len()), ("/o?x=1", 2));
    assert_eq!(request.body.bytes(), Some(&b"{\"a\":1}"[..]));
    assert_eq!((response.status, response.body.bytes()), (201, Some(&[0, 1, 2][..])));
    assert_eq!(e.protocol, Protocol::Http2);
    assert!(e.carries.request_headers && e.carries.response_bodies && e.incomplete.is_empty());
}

#[test]
fn only_method_and_url_are_needed() {
    let outcome = har(r#"{"request":{"method":"GET","url":"https://a.example"}},
        {"startedDateTime":null,"time":null,"request":{"method":"GET","url":"/rel","headers":null,"postData":null},"response":null,"timings":null,"cache":[]}"#);
    assert_eq!(outcome.irregular("no_start_time"), 2);
    for e in &outcome.exchanges {
        assert!(e.response.is_none() && e.incomplete == [Incomplete::NoResponse]);
        assert!(!e.carries.request_headers);
    }
    assert_eq!(outcome.exchanges[0].request.as_ref().unwrap().target, "/");
}

#[test]
fn a_time_that_cannot_be_read_is_another_thing_than_none() {
    let outcome = har(r#"{"startedDateTime":"22/11/2026 10:00","request":{"method":"get","url":"https://a.example"}},
        {"startedDateTime":"2026-11-22T10:00:00Z","request":{"method":"patch","url":"https://a.example"}}"#);
    assert_eq!((outcome.irregular("unreadable_start_time"), outcome.irregular("no_start_time")), (1, 0));
    let methods: Vec<_> = outcome.exchanges.iter().map(|e| e.request.as_ref().unwrap().method.clone()).collect();
    assert_eq!(methods, ["GET", "patch"]);
}

#[test]
fn entries_without_method_or_url_are_broken_ones() {
    let text = r#"{"log":{"entries":[{"request":{"method":"GET"}},{"request":{"url":"https://a/"}},{"x":1},null,5,{"request":{"method":"GET","url":"https://a/"}}]}}"#;
    let outcome = read_content(text);
    assert_eq!((outcome.exchanges.len(), outcome.not_read("broken_entry"), outcome.records()), (1, 5, 6));
    outcome.says(&["entry #0 at line 1, column 20", "has no `request.url`"]);
}

#[test]
fn status_zero_is_no_response() {
    for status in ["0", "null", "\"\"", "-1", "99"] {
        let e =
            one(&format!(r#"{{"request":{{"method":"GET","url":"https://a/"}},"response":{{"status":{status}}}}}"#));
        assert!(e.response.is_none(), "{status}");
    }
}

#[test]
fn a_body_is_present_absent_or_unknown() {
    let response = |status: u16, rest: &str| {
        let entry = format!(
            r#"{{"request":{{"method":"GET","url":"https://a/"}},"response":{{"status":{status},"headers":[],{rest}}}}}"#
        );
        one(&entry).response.unwrap().body
    };
    assert_eq!(response(200, r#""content":{"size":9}"#), Body::Unknown { size: Some(9) });
    assert_eq!(response(200, r#""content":{"size":9,"text":""}"#), Body::Unknown { size: Some(9) });
    assert_eq!(response(200, r#""content":{"size":-1}"#), Body::Unknown { size: None });
    assert_eq!(response(200, r#""content":{"size":0}"#), Body::Absent);
    assert_eq!(response(204, r#""content":{"size":-1}"#), Body::Absent);
    assert_eq!(response(200, r#""content":{"size":2,"text":"hi"}"#).bytes(), Some(&b"hi"[..]));
    let broken = one(
        r#"{"request":{"method":"GET","url":"https://a/"},"response":{"status":200,"content":{"text":"%%%","encoding":"base64"}}}"#,
    );
    assert_eq!(broken.incomplete, [Incomplete::UndecodableBody]);
    assert_eq!(broken.response.unwrap().body.bytes(), Some(&b"%%%"[..]));
}

#[test]
fn posted_parameters_become_a_form_again() {
    let outcome = har(
        r#"{"request":{"method":"POST","url":"https://a/","postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a b","value":"1&2=ä"},{"name":"c","value":null}]}}}"#,
    );
    assert_eq!(outcome.irregular("body_rebuilt_from_params"), 1);
    let body = &outcome.exchanges[0].request.as_ref().unwrap().body;
    assert_eq!(body.bytes(), Some(&b"a+b=1%262%3D%C3%A4&c="[..]));
    let kind = |outcome: &Outcome| {
        outcome.exchanges[0].request.as_ref().unwrap().headers.text("content-type").map(str::to_owned)
    };
    assert_eq!(kind(&outcome).as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!(outcome.irregular("content_type_rebuilt"), 1);
    let post = |data: &str, headers: &str| {
        har(&format!(
            r#"{{"request":{{"method":"POST","url":"https://a/","headers":[{headers}],"postData":{{{data}}}}}}}"#
        ))
    };
    let said = r#"{"name":"content-type","value":"text/plain"}"#;
    assert_eq!(kind(&post(r#""mimeType":"application/json","text":"a=1""#, said)).as_deref(), Some("text/plain"));
    assert_eq!(kind(&post(r#""mimeType":"text/x; a=b","text":"a=1""#, "")).as_deref(), Some("text/x; a=b"));
    let bare = post(r#""params":[{"name":"a","value":"1"}]"#, "");
    assert_eq!(kind(&bare).as_deref(), Some("application/x-www-form-urlencoded"));
    for nothing in [r#""mimeType":"","text":"a=1""#, r#""text":"a=1""#, r#""mimeType":"x-unknown","text":"a""#] {
        assert_eq!(kind(&post(nothing, "")), None, "{nothing}");
    }
    let upload = one(
        r#"{"request":{"method":"POST","url":"https://a/","bodySize":99,"postData":{"mimeType":"multipart/form-data; boundary=x","params":[{"name":"f","fileName":"a.png"}]}}}"#,
    );
    assert_eq!(upload.request.unwrap().body, Body::Unknown { size: Some(99) });
}

#[test]
fn cookies_outside_of_the_headers_are_put_back() {
    let outcome = har(
        r#"{"request":{"method":"GET","url":"https://a/","headers":[],"cookies":[{"name":"sid","value":"1"},{"name":"b","value":"2"}]}}"#,
    );
    assert_eq!(outcome.exchanges[0].request.as_ref().unwrap().headers.text("cookie"), Some("sid=1; b=2"));
    assert_eq!(outcome.irregular("cookie_header_rebuilt"), 1);
}

#[test]
fn what_is_no_exchange_is_counted() {
    let outcome = har(
        r#"{"request":{"method":"GET","url":"data:text/css,x"}},{"request":{"method":"GET","url":"blob:https://a/1"}},
        {"request":{"method":"GET","url":"wss://a/ws"},"response":{"status":101}}"#,
    );
    assert_eq!((outcome.exchanges.len(), outcome.not_read("not_http_url")), (1, 2));
    assert_eq!(outcome.records(), 3);
}

/// Chrome's and mitmproxy's entries have one form.
#[test]
fn messages_of_websockets_are_read() {
    let outcome = har(r#"{"startedDateTime":"2026-03-01T12:00:00.000Z","_resourceType":"websocket",
        "request":{"method":"GET","url":"wss://a/ws","httpVersion":"HTTP/1.1"},"response":{"status":101},
        "_webSocketMessages":[
        {"type":"send","time":1772366401.25,"opcode":1,"data":"{\"id\":\"ö\"}"},
        {"type":"receive","time":1772366401.5,"opcode":2,"data":"AAEC/w=="},
        {"type":"receive","time":1772366402,"opcode":2,"data":"no base64!"},
        {"type":"error","time":1772366403,"opcode":-1,"data":"closed"},
        {"type":"send","data":"without time"},{"type":"receive","opcode":8}, 7, null]}"#);
    let read: Vec<_> = outcome
        .messages
        .iter()
        .map(|m| (m.sender.as_str(), m.kind.as_str(), m.number, m.time.0 - m.exchange.time.0, m.payload.bytes()))
        .collect();
    let json: &[u8] = "{\"id\":\"ö\"}".as_bytes();
    let expected = [
        ("client", "text", 0, 1_250_000, Some(json)),
        ("server", "binary", 0, 1_500_000, Some(&[0, 1, 2, 255][..])),
        ("server", "binary", 1, 2_000_000, None),
        ("client", "text", 1, 0, Some(b"without time")),
        ("server", "close", 2, 0, None),
    ];
    assert_eq!(read, expected);
    assert_eq!(outcome.messages[2].incomplete.len(), 1);
    let socket = outcome.exchanges[0].web_socket.unwrap();
    assert_eq!((socket.sent, socket.received, socket.frames), (2, 2, 0));
    let counts = outcome.reports[0].websocket;
    assert_eq!((counts.connections, counts.messages, counts.bytes), (1, 4, json.len() as u64 + 4 + 12));
}

#[test]
fn wrappers_and_documents_one_after_the_other_are_read() {
    let entry = r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://a/"}}]}}"#;
    for text in [
        format!("onInputData({entry});\n"),
        entry.to_owned(),
        format!("{entry}\n\n"),
        format!("{{\"x\":[{{}}],\n{}", &entry[1..]),
    ] {
        let outcome = read_content(&text);
        assert_eq!((outcome.exchanges.len(), outcome.errors.len()), (1, 0), "{text} {:?}", outcome.errors);
    }
    let two = read_content(format!("{entry}\n{entry}\n"));
    assert_eq!((two.exchanges.len(), two.errors.len()), (2, 0));
    assert_ne!(two.exchanges[0].key, two.exchanges[1].key);
}

#[test]
fn entries_are_read_without_the_document_around_them() {
    let entry = |id: u32| {
        format!(
            r#"{{"_initiator":{{"type":"other"}},"startedDateTime":"2026-11-22T10:00:0{id}Z","time":12,
            "request":{{"method":"POST","url":"https://a.example/o/{id}","headers":[{{"name":"Authorization","value":"Bearer t{id}"}}],
            "postData":{{"mimeType":"application/json","text":"{{\"n\":{id}}}"}}}},"response":{{"status":201,"content":{{"text":"ok"}}}}}}"#
        )
    };
    let entries: Vec<String> = (1..=3).map(entry).collect();
    let lines: Vec<String> = entries.iter().map(|entry| entry.replace('\n', " ")).collect();
    let whole = har(&entries.join(",")).exchanges;
    let said = |exchanges: &[Exchange]| {
        let of = |e: &Exchange| {
            let (request, response) = (e.request.clone().unwrap(), e.response.clone().unwrap());
            (e.time, request.target, request.headers.len(), request.body.bytes().map(<[u8]>::to_vec), response.status)
        };
        exchanges.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!((whole.len(), said(&whole)[0].2), (3, 2));
    let log = r#""version":"1.2","creator":{"name":"x","version":"1"},"pages":[{"id":"entries"}]"#;
    for content in [
        lines.join("\n"),
        lines.join("\n") + "\n",
        entries.join("\n"),
        format!("[{}]", entries.join(",")),
        format!("\u{feff} [\n{}\n]\n", lines.join(",\n")),
        format!("{{{log},\"entries\":[{}]}}", lines.join(",")),
        format!("{{{log},\n\"entries\": [\n{}]\n,\"comment\":1}}", entries.join(",")),
    ] {
        let outcome = read_content(&content);
        assert!(outcome.errors.is_empty(), "{content}: {:?}", outcome.errors);
        assert_eq!(said(&outcome.exchanges), said(&whole), "{content}");
    }
    let broken = [&lines[0], r#"{"startedDateTime":7,"request":{"method":"GET","url":"/b"]}"#, &lines[2]].join("\n");
    let outcome = read_content(broken);
    assert_eq!((said(&outcome.exchanges).len(), outcome.errors.len()), (2, 1), "{:?}", outcome.errors);
}

#[test]
fn a_log_with_members_that_are_called_alike_stays_a_log() {
    for line in [
        r#"{"request":{"method":"GET","uri":"/o/1","host":"a"},"ts":1763805600.5,"status":200,"duration":0.1}"#,
        r#"{"time":"2026-11-22T10:00:00Z","request":"GET /o/1 HTTP/1.1","status":200}"#,
        r#"{"entries":[{"insertId":"a","timestamp":"2026-11-22T10:00:00Z","httpRequest":{"requestMethod":"GET","requestUrl":"https://a/o/1","status":200}}]}"#,
    ] {
        let outcome = read_content(format!("{line}\n"));
        assert_eq!(outcome.exchanges.len(), 1, "{line}: {:?}", outcome.errors);
        assert!(!outcome.exchanges[0].carries.request_headers, "{line}");
    }
}

#[test]
fn the_files_of_several_people_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let har = |path: &str| {
        format!(
            "{{\"log\":{{\"entries\":[{{\"request\":{{\"method\":\"GET\",\"url\":\"https://a.example{path}\"}}}}]}}}}"
        )
    };
    let names: Vec<String> = ["alice", "bob", "nobody"]
        .map(|name| {
            let path = folder.path().join(format!("{name}.har"));
            std::fs::write(&path, har(&format!("/{name}"))).unwrap();
            path.to_string_lossy().into_owned()
        })
        .into();
    let actors = [(names[0].clone(), "alice".to_owned()), (names[1].clone(), "bob".to_owned())].into();
    let options = offpath_capture::Options { actors, ..Default::default() };
    let outcome = crate::reading::read_names(&names, &options);
    let found: Vec<_> =
        outcome.exchanges.iter().map(|e| (&*e.request.as_ref().unwrap().target, e.log.user.as_deref())).collect();
    assert_eq!(found, [("/alice", Some("alice")), ("/bob", Some("bob")), ("/nobody", None)]);
}

#[test]
fn a_query_apart_from_the_url_is_part_of_the_target() {
    let read = |url: &str| {
        let har = format!(
            r#"{{"log":{{"entries":[{{"startedDateTime":"2026-05-17T08:05:32Z","request":{{"method":"GET","url":"{url}","queryString":[{{"name":"order","value":"o 1&2"}},{{"name":"é","value":""}}],"headers":[]}},"response":{{"status":200}}}}]}}}}"#
        );
        let outcome = read_content(har);
        (outcome.exchanges[0].request.as_ref().unwrap().target.clone(), outcome.irregular("query_not_in_url"))
    };
    assert_eq!(read("https://a.example/pay"), ("/pay?order=o+1%262&%C3%A9=".into(), 1));
    assert_eq!(read("https://a.example/pay?"), read("https://a.example/pay"));
    assert_eq!(read("https://a.example/pay?order=o2"), ("/pay?order=o2".into(), 0));
}

/// An entry with this request's and this content's members.
fn entry(request: &str, content: &str) -> Outcome {
    read_content(format!(
        r#"{{"log":{{"entries":[{{"startedDateTime":"2026-05-17T08:05:32","request":{{"method":"POST","url":"https://a.example/pay","bodySize":-1{request}}},"response":{{"status":200,"bodySize":-1,"content":{{{content}}}}}}}]}}}}"#
    ))
}

#[test]
fn bodies_that_are_elsewhere_are_unknown_and_told() {
    let unknown = Body::Unknown { size: None };
    for (request, wanted) in [
        ("", Body::Absent),
        (r#","postData":null"#, Body::Absent),
        (r#","postData":{"mimeType":"","text":""}"#, Body::Absent),
        (r#","postData":"a=b""#, unknown.clone()),
        (r#","postData":[{"a":1}]"#, unknown.clone()),
        (r#","postData":{"mimeType":"application/json"}"#, unknown.clone()),
        (r#","postData":{"mimeType":"application/json","text":{"a":1}}"#, unknown.clone()),
        (r#","postData":{"mimeType":"application/json","_file":"a.json"}"#, unknown.clone()),
        (r#","postData":{"mimeType":"multipart/form-data","params":[{"name":"a","value":"b"}]}"#, unknown.clone()),
    ] {
        let outcome = entry(request, r#""size":0"#);
        let body = &outcome.exchanges[0].request.as_ref().unwrap().body;
        assert_eq!(*body, wanted, "{request}");
        assert_eq!(outcome.not_read("body_not_in_har"), u64::from(wanted == unknown), "{request}");
        assert_eq!(outcome.irregular("time_without_zone"), 1);
    }
    for (content, told) in [(r#""size":5"#, 1), (r#""size":0,"_file":"a.json""#, 1), (r#""size":2,"text":"{}""#, 0)] {
        assert_eq!(entry("", content).not_read("body_not_in_har"), told, "{content}");
    }
    for post in [r#"{"mimeType":"application/json","_file":"a.json"}"#, r#""a=b""#, r#"{"text":"","params":[]}"#] {
        let outcome = read_content(format!(
            r#"{{"log":{{"entries":[{{"startedDateTime":"2026-05-17T08:05:32Z","request":{{"method":"POST","url":"https://a.example/pay","bodySize":0,"postData":{post}}},"response":{{"status":200,"bodySize":-1,"content":{{"size":0}}}}}}]}}}}"#
        ));
        let wanted = if post.contains("text") { Body::Absent } else { unknown.clone() };
        assert_eq!(
            outcome.exchanges[0].request.as_ref().unwrap().body,
            wanted,
            "no size says what is elsewhere: {post}"
        );
    }
}

#[test]
fn an_archive_is_no_log() {
    let line = "10.0.0.1 - - [17/May/2026:08:05:32 +0000] \"GET /a HTTP/1.1\" 200 5\n";
    let outcome = read_content(format!("PK\u{3}\u{4}\u{14}\0\0\0access.log\n{line}{line}"));
    assert!(outcome.exchanges.is_empty());
    outcome.says(&["ZIP archive", "unpack it"]);
}
