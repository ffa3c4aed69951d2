//! JSON of gateways by its names, and routes in the place of paths.

use offpath_capture::{Incomplete, InputFormat};

use super::{MAY, header, line_of, one};
use crate::reading::read_content;

#[test]
fn json_of_gateways_is_read_by_its_names() {
    let kong = r#"{"request":{"method":"GET","uri":"/a?b=1","url":"http://api.example:8000/a?b=1","size":"75","querystring":{"b":"1"},"headers":{"host":"api.example","x-tenant":"acme"},"id":"r1"},"response":{"status":200,"size":"434","headers":{"location":"/n"}},"latencies":{"request":250,"kong":9,"proxy":240},"client_ip":"203.0.113.9","started_at":1779005132000,"consumer":{"id":"c1","username":"shop-app"},"route":{"id":"x"}}"#;
    let e = one(kong, InputFormat::JsonLog);
    assert_eq!(
        (line_of(&e), e.time.0, e.end.unwrap().0),
        (("GET".into(), "/a?b=1".into(), Some(200)), MAY, MAY + 250_000)
    );
    assert_eq!(
        (header(&e, "x-tenant"), e.log.client_id.as_deref(), e.log.request_id.as_deref()),
        (Some("acme"), Some("c1"), Some("r1"))
    );

    let cloudfront = r#"{"date":"2026-05-17","time":"08:05:32","x-edge-location":"FRA6","c-ip":"203.0.113.9","cs-method":"GET","cs(Host)":"d1.cloudfront.net","cs-uri-stem":"/a","sc-status":"200","cs(User-Agent)":"curl/8","cs-uri-query":"b=1","x-host-header":"api.example","time-taken":"0.250"}"#;
    let e = one(cloudfront, InputFormat::JsonLog);
    assert_eq!(
        (line_of(&e), e.time.0, e.end.unwrap().0),
        (("GET".into(), "/a?b=1".into(), Some(200)), MAY - 250_000, MAY)
    );
    assert_eq!(
        (header(&e, "user-agent"), e.request.as_ref().unwrap().host.as_deref()),
        (Some("curl/8"), Some("api.example"))
    );

    let haproxy = r#"{"time_accept":"17/May/2026:08:05:32.500","client_ip":"203.0.113.9","client_port":"4711","http_method":"GET","http_path":"/a","http_query":"?b=1","status_code":"200","bytes_read":"120","active_time":"250","backend":"be"}"#;
    let e = one(haproxy, InputFormat::JsonLog);
    assert_eq!(
        (line_of(&e), e.time.0, e.end.unwrap().0),
        (("GET".into(), "/a?b=1".into(), Some(200)), MAY + 500_000, MAY + 750_000)
    );
}

#[test]
fn a_path_template_is_known_as_one() {
    let gateway = r#"{"requestId":"r1","requestTime":"17/May/2026:08:05:32 +0000","httpMethod":"POST","resourcePath":"/orders/{id}","status":"201"}"#;
    let spans = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":2,"startTimeUnixNano":"1779005132000000000","endTimeUnixNano":"1779005132018000000","attributes":[{"key":"http.request.method","value":{"stringValue":"POST"}},{"key":"http.route","value":{"stringValue":"/orders/:id"}},{"key":"http.response.status_code","value":{"intValue":"201"}}]}]}]}]}"#;
    let called_path = gateway.replace("resourcePath", "path");
    for (content, format) in
        [(gateway, InputFormat::JsonLog), (spans, InputFormat::Otlp), (&called_path, InputFormat::JsonLog)]
    {
        let exchange = one(content, format);
        assert_eq!(line_of(&exchange), ("POST".into(), "/orders/{id}".into(), Some(201)), "{content}");
        assert_eq!(exchange.incomplete, [Incomplete::PathTemplate], "{content}");
    }
    let whole = one(&gateway.replace("/{id}", ""), InputFormat::JsonLog);
    assert_eq!((line_of(&whole).1, whole.incomplete), ("/orders".into(), vec![]));
    let both = gateway.replace(r#""status""#, r#""path":"/orders/7","status""#);
    let both = one(&both, InputFormat::JsonLog);
    assert_eq!((line_of(&both).1, both.incomplete), ("/orders/7".into(), vec![]));
    let any = read_content(gateway.replace("/orders/{id}", "/{proxy+}") + "\n");
    assert_eq!((any.exchanges.len(), any.not_read("unparsed_line")), (0, 1));
    any.says(&["a route that fits any path", "`$context.path`", "`url.path`"]);
}
