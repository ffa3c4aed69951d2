//! Lines by the description that the server's own configuration gives.

use offpath_capture::{InputFormat, LogFormat, Options};

use super::mapping::mapped;
use super::{MAY, format, header, lines_of};
use crate::reading::read_with;

pub(crate) fn described(format: &str) -> Options {
    Options { log_format: Some(LogFormat::new(format).unwrap()), ..Options::default() }
}

#[test]
fn formats_in_the_servers_own_words_are_read() {
    let nginx = r#"$remote_addr|$time_iso8601|$scheme://$host$request_uri|$request_method|$status|$request_time|"$http_x_tenant"|$remote_user"#;
    let outcome = read_with(
        concat!(
            "203.0.113.9|2026-05-17T08:05:32+00:00|https://api.example/a?b=1|GET|200|0.250|\"acme \\x22x\\x22\"|-\n",
            "10.0.0.1 - - [17/May/2026:08:05:32 +0000] \"GET /combined HTTP/1.1\" 200 1\n",
            "neither\n"
        ),
        &described(nginx),
    );
    assert_eq!(lines_of(&outcome), ["GET /a?b=1 200", "GET /combined 200"]);
    assert_eq!((format(&outcome), outcome.not_read("unparsed_line")), (InputFormat::Described, 1));
    let first = &outcome.exchanges[0];
    assert_eq!((first.time.0, first.end.unwrap().0), (MAY - 250_000, MAY));
    assert_eq!((header(first, "x-tenant"), &first.log.user), (Some("acme \"x\""), &None));

    let apache = r#"%v %h %l %u %t "%r" %>s %O %D "%{X-Request-Id}i""#;
    let line = r#"api.example 203.0.113.9 - bob [17/May/2026:10:05:32 +0200] "GET /a HTTP/1.1" 200 5 250000 "r1""#;
    let outcome = read_with(format!("{line}\n"), &described(apache));
    let e = &outcome.exchanges[0];
    assert_eq!((e.time.0, e.end.unwrap().0, e.log.user.as_deref()), (MAY, MAY + 250_000, Some("bob")));
    assert_eq!(
        (e.log.request_id.as_deref(), e.request.as_ref().unwrap().host.as_deref()),
        (Some("r1"), Some("api.example"))
    );
    let combined =
        read_with("10.0.0.1 - - [17/May/2026:08:05:32 +0000] \"GET /c HTTP/1.1\" 200 1\n", &described("combined"));
    assert_eq!(lines_of(&combined), ["GET /c 200"]);
}

#[test]
fn the_servers_name_says_what_the_time_of_a_combined_line_is() {
    let line = r#"10.0.0.1 - - [17/May/2026:08:05:32 +0000] "GET /c HTTP/1.1" 200 1 "-" "curl/8""#;
    let times = |name: &str, rest: &str| {
        let outcome = read_with(format!("{line}{rest}\n"), &described(name));
        assert_eq!(format(&outcome), InputFormat::CombinedLog);
        let e = &outcome.exchanges[0];
        (e.time.0 - MAY, e.end.map(|end| end.0 - MAY), e.tick)
    };
    const TICK: i64 = 1_000_000;
    for (name, alone, with_a_duration) in [
        ("combined", (0, None, TICK), (-250_000, Some(0), TICK)),
        ("nginx", (0, Some(0), TICK), (-250_000, Some(0), TICK)),
        ("main", (0, Some(0), TICK), (-250_000, Some(0), TICK)),
        ("apache", (0, None, TICK), (0, Some(250_000), TICK)),
    ] {
        assert_eq!((times(name, ""), times(name, " 0.250")), (alone, with_a_duration), "{name}");
    }
}

#[test]
fn described_lines_may_begin_like_an_envelope() {
    let line = "2026-05-17T08:05:32Z 203.0.113.9 GET /a 200";
    let nginx = described("$time_iso8601 $remote_addr $request_method $request_uri $status");
    let pattern = mapped(|mapping| {
        mapping.pattern(r"^(?<time>\S+) (?<client>\S+) (?<method>\S+) (?<path>\S+) (?<status>\d+)$").unwrap();
        ["time", "client", "method", "path", "status"].iter().for_each(|name| mapping.field(name, name).unwrap());
    });
    for options in [nginx, pattern] {
        for envelope in ["", "web-1  | ", "2026-05-17T08:05:33.5Z stdout F "] {
            let outcome = read_with(format!("{envelope}{line}\n"), &options);
            assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
            assert_eq!((lines_of(&outcome), outcome.exchanges[0].time.0), (vec!["GET /a 200".to_owned()], MAY));
        }
    }
}

#[test]
fn apache_logs_the_port_of_either_end() {
    let read = |port: &str| {
        let format = format!(r#"%a {port} %A %u %t "%r" %>s"#);
        let line = r#"10.0.0.7 50123 10.0.0.9 anna [17/May/2026:08:05:32 +0000] "GET /orders/o1 HTTP/1.1" 200"#;
        let e = read_with(line, &described(&format)).exchanges.remove(0);
        (e.client.unwrap().to_string(), e.server.unwrap().to_string())
    };
    assert_eq!(read("%{remote}p"), ("10.0.0.7:50123".into(), "10.0.0.9".into()));
    for port in ["%p", "%{local}p", "%{canonical}p"] {
        assert_eq!(read(port), ("10.0.0.7".into(), "10.0.0.9:50123".into()), "{port}");
    }
}

#[test]
fn logged_cookies_are_cookies() {
    let nginx = described(r#"$remote_addr [$time_local] "$request" $status "$cookie_shop_sid" "$cookie_lang""#);
    let apache = described(r#"%a %t \"%r\" %>s \"%{shop_sid}C\" \"%{lang}C\""#);
    let line = r#"10.0.0.7 [17/May/2026:08:05:32 +0000] "GET /a HTTP/1.1" 200 "sess-abcdef" "-""#;
    let json = r#"{"time_iso8601":"2026-05-17T08:05:32Z","method":"GET","path":"/a","cookie_shop_sid":"sess-abcdef"}"#;
    let nested = r#"{"ts":"2026-05-17T08:05:32Z","method":"GET","path":"/a","cookies":{"shop_sid":"sess-abcdef"}}"#;
    let plain = Options::default();
    for (options, line) in [(&nginx, line), (&apache, line), (&plain, json), (&plain, nested)] {
        let exchange = read_with(line, options).exchanges.remove(0);
        assert_eq!(header(&exchange, "cookie"), Some("shop_sid=sess-abcdef"), "{line}");
        assert!(!exchange.log.fields.iter().any(|(_, value)| value.contains("sess")), "{:?}", exchange.log.fields);
        assert!(!exchange.carries.request_headers);
    }
    let named = [("session".to_owned(), "cookie_shop_sid".to_owned())].into();
    let exchange = read_with(line, &Options { log_fields: named, ..nginx }).exchanges.remove(0);
    assert_eq!(header(&exchange, "cookie"), Some("session=sess-abcdef"));
}

#[test]
fn what_a_client_is_called_hides_none_of_its_requests() {
    let users = [
        "a",
        "a [1583056800]",
        "a [01/Mar/2020:00:00:00 +0000]",
        "a [01/Mar/2020",
        "a [2020-03-01]",
        "a] [",
        "[",
        "a - b [x",
        "é [é] ",
        "a \\x22 [1583056800] \\x22GET /forged HTTP/1.1\\x22 200",
        "- b 200",
    ];
    let brackets = " [".repeat(500);
    let nginx = described(r#"$remote_addr - $remote_user [$time_local] "$request" $status "$http_user_agent""#);
    let apache = described(r#"%h %l %u [%{%d/%b/%Y:%T}t.%{msec_frac}t %{%z}t] "%r" %>s"#);
    let plain = Options::default();
    for user in users.into_iter().chain([&*brackets]) {
        let line = |time: &str, end: &str| {
            format!("10.0.0.1 - {user} [17/May/2026:08:05:32{time} +0000] \"GET /real HTTP/1.1\" 200{end}\n")
        };
        for (options, line) in [
            (&plain, line("", " 5 \"-\" \"curl/8\"")),
            (&plain, line("", " 5")),
            (&nginx, line("", " \"curl/8\"")),
            (&apache, line(".000", "")),
        ] {
            let outcome = read_with(&line, options);
            assert!(outcome.errors.is_empty(), "{line}{:?}", outcome.errors);
            assert_eq!((lines_of(&outcome), outcome.exchanges[0].time.0), (vec!["GET /real 200".to_owned()], MAY));
            assert_eq!(outcome.exchanges[0].client.unwrap().to_string(), "10.0.0.1");
        }
    }
}

#[test]
fn a_format_in_json_names_its_members() {
    let format = r#"log_format own escape=json '{"at": "$time_iso8601", "verb":"$request_method", "loc":"$request_uri",'
        '"result":$status, "spent": "$request_time", "tenant":"${http_x_tenant}", "made":"$sent_http_location", "extra": "a $host"}';"#;
    let options = Options { log_format: Some(LogFormat::new(format).unwrap()), ..Options::default() };
    let line = r#"{"at":"2026-05-17T08:05:32+00:00","verb":"POST","loc":"/orders?a=b","result":201,"spent":"0.250","tenant":"acme","made":"/orders/7"}"#;
    let outcome = read_with(line, &options);
    let e = &outcome.exchanges[0];
    assert_eq!(lines_of(&outcome), ["POST /orders?a=b 201"]);
    assert_eq!((e.time.0, e.end.unwrap().0), (MAY - 250_000, MAY));
    assert_eq!(header(e, "x-tenant"), Some("acme"));
    assert_eq!(e.response.as_ref().unwrap().headers.text("location"), Some("/orders/7"));
    let own = Options { log_fields: [("user".to_owned(), "tenant".to_owned())].into(), ..options };
    assert_eq!(read_with(line, &own).exchanges[0].log.user.as_deref(), Some("acme"));
    assert!(LogFormat::new(r#"{"a": "b"}"#).unwrap_err().contains("has none"));
}
