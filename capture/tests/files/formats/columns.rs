//! Columns under a heading: W3C, CloudFront, Zeek.

use offpath_capture::InputFormat;

use super::{MAY, SECOND, clean, header, line_of, lines_of, one};
use crate::reading::read_content;

#[test]
fn iis_headings_may_change_in_the_middle() {
    let outcome = clean(
        concat!(
            "#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2026-05-17 08:05:32\r\n",
            "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) ",
            "cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n",
            "2026-05-17 08:05:32 10.0.0.4 POST /orders/7 q=a+b&c=%20 443 CORP\\bob 203.0.113.9 Mozilla/5.0+(X11) - 201 0 0 250\r\n",
            "#Fields: time c-ip date cs-method cs-uri-stem sc-status\r\n",
            "08:05:33 203.0.113.9 2026-05-17 GET /orders 200\r\n",
        ),
        InputFormat::W3c,
    );
    assert_eq!(lines_of(&outcome), ["POST /orders/7?q=a+b&c=%20 201", "GET /orders 200"]);
    let first = &outcome.exchanges[0];
    assert_eq!((first.time.0, first.end.unwrap().0, first.tick), (MAY - 250_000, MAY, SECOND));
    assert_eq!(
        (first.log.user.as_deref(), header(first, "user-agent")),
        (Some("CORP\\bob"), Some("Mozilla/5.0 (X11)"))
    );
    assert_eq!(first.server.unwrap().to_string(), "10.0.0.4:443");
    assert_eq!(outcome.exchanges[1].end.unwrap().0, MAY + SECOND);
    assert_eq!(outcome.exchanges[1].origin.to_string().rsplit('#').next(), Some("line=7"));
}

#[test]
fn a_line_that_does_not_fit_its_heading_is_said() {
    let outcome =
        read_content("#Fields: date time cs-method cs-uri-stem\n2026-05-17 08:05:32 GET /a\n2026-05-17 08:05:32 GET\n");
    assert_eq!((outcome.exchanges.len(), outcome.not_read("unparsed_line"), outcome.records()), (1, 1, 2));
    outcome.says(&["line 3", "3 columns", "names 4"]);
    read_content("#Fields: date time x-event\n2026-05-17 08:05:32 start\n").says(&["W3C", "cs-method"]);
}

#[test]
fn cloudfront_is_read() {
    let e = one(
        concat!(
            "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) ",
            "cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes ",
            "time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status ",
            "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len ",
            "sc-range-start sc-range-end\n",
            "2026-05-17\t08:05:32\tFRA6-C1\t900\t203.0.113.9\tPUT\td111.cloudfront.net\t/a%20b\t200\t-\tMozilla/5.0%20(X11)\tx=1\t",
            "sid=7;%20t=1\tMiss\tID==\tapi.example\thttps\t120\t0.500\t-\tTLSv1.3\tAES\tMiss\tHTTP/2.0\t-\t-\t41234\t0.400\tMiss\t",
            "application/json\t532\t-\t-\n",
        ),
        InputFormat::W3c,
    );
    assert_eq!(line_of(&e), ("PUT".into(), "/a%20b?x=1".into(), Some(200)));
    assert_eq!((e.time.0, e.end.unwrap().0), (MAY - 500_000, MAY));
    assert_eq!(e.request.as_ref().unwrap().host.as_deref(), Some("api.example"));
    assert_eq!((header(&e, "user-agent"), header(&e, "cookie")), (Some("Mozilla/5.0 (X11)"), Some("sid=7; t=1")));
    assert_eq!(
        (e.client.unwrap().to_string(), e.log.request_id.as_deref()),
        ("203.0.113.9:41234".into(), Some("ID=="))
    );
}

const ZEEK: &str = concat!(
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n#open\t2026-05-17-08-00-00\n",
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\treferrer\tversion\tuser_agent\t",
    "request_body_len\tresponse_body_len\tstatus_code\tstatus_msg\tusername\tpassword\n",
    "#types\ttime\tstring\taddr\tport\taddr\tport\tcount\tstring\tstring\tstring\tstring\tstring\tstring\tcount\tcount\tcount\tstring\tstring\tstring\n",
    "1779005132.250001\tCx\t203.0.113.9\t41234\t10.0.0.4\t80\t1\tGET\tapi.example\t/a\\x09b\t-\t1.1\tcurl/8\t0\t532\t200\tOK\tbob\tsecret1\n",
    "1779005133.000000\tCy\t203.0.113.9\t41235\t10.0.0.4\t80\t1\t-\t-\t-\t-\t-\t-\t0\t0\t400\tBad\t-\t-\n",
    "#close\t2026-05-17-09-00-00\n",
);

#[test]
fn zeek_is_read_as_columns_and_as_json() {
    let outcome = clean(ZEEK, InputFormat::Zeek);
    assert_eq!((outcome.not_read("malformed_request"), outcome.records()), (1, 2));
    let json = one(
        r#"{"ts":1779005132.250001,"uid":"Cx","id.orig_h":"203.0.113.9","id.orig_p":41234,"id.resp_h":"10.0.0.4","id.resp_p":80,"method":"GET","host":"api.example","uri":"/a\tb","version":"1.1","user_agent":"curl/8","status_code":200,"username":"bob"}"#,
        InputFormat::JsonLog,
    );
    for e in [&outcome.exchanges[0], &json] {
        assert_eq!(line_of(e), ("GET".into(), "/a\tb".into(), Some(200)));
        assert_eq!((e.time.0, e.end, e.tick), (MAY + 250_001, None, 1));
        assert_eq!((e.client.unwrap().to_string(), e.server.unwrap().port), ("203.0.113.9:41234".into(), Some(80)));
        assert_eq!((e.log.user.as_deref(), header(e, "user-agent")), (Some("bob"), Some("curl/8")));
    }
    assert!(!format!("{:?}", outcome.exchanges).contains("secret1"));
    read_content("#separator \\x09\n#path\tconn\n#fields\tts\tuid\n1.0\tC\n").says(&["Zeek log without requests"]);
}

#[test]
fn a_time_of_day_belongs_to_the_day_of_its_heading() {
    let log = "#Software: Microsoft Internet Information Services 10.0\n#Date: 2026-05-17 08:00:00\n#Fields: time c-ip cs-method cs-uri-stem sc-status\n08:05:32 10.0.0.9 GET /x 200\n";
    assert_eq!(one(log, InputFormat::W3c).time.0, MAY);
    let dated = log.replace("#Fields: time", "#Fields: date time").replace("\n08:05", "\n2026-05-17 08:05");
    assert_eq!(one(&dated.replace("#Date: 2026-05-17", "#Date: 2020-01-01"), InputFormat::W3c).time.0, MAY);
}
