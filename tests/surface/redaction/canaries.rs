//! Secrets of their own in every place of archives, logs and packets.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::traffic::MODEL;
use crate::support::archive::har;
use crate::support::wire::{self, Wire};

/// Planted secrets, each with its place.
#[derive(Default)]
pub(super) struct Canaries {
    planted: Vec<(String, String)>,
}

impl Canaries {
    /// A secret that looks like a word: its place alone tells it.
    fn word(&mut self, place: &str) -> String {
        let number = self.planted.len();
        self.planted.push((place.to_owned(), format!("zqcanary{number}q")));
        format!("zqcanary{number}q")
    }

    /// A secret that looks like one, for places where words are shown.
    fn token(&mut self, place: &str) -> String {
        let number = self.planted.len();
        let secret = format!("Qz{number}xkP7vXw3RtY9uBn5MdLs8Fg2HjKcVaTe6Wo4Zi1");
        self.planted.push((place.to_owned(), secret.clone()));
        secret
    }

    pub(super) fn count(&self) -> usize {
        self.planted.len()
    }

    /// Fails where one of them is in a text, as it is or in base64.
    pub(super) fn none_in(&self, text: &str, of: &str) {
        for (place, secret) in &self.planted {
            for spelt in [secret.clone(), STANDARD.encode(secret), URL_SAFE_NO_PAD.encode(secret)] {
                let at = text.find(&spelt);
                let around = at.map(|at| text.get(at.saturating_sub(60)..at + spelt.len() + 10));
                assert!(at.is_none(), "the secret of {place} is in {of}: {around:?}");
            }
        }
    }

    /// Writes an archive, two logs and a capture full of secrets, and the model to judge them by.
    pub(super) fn plant(&mut self, folder: &Path) {
        fs::write(folder.join("traffic.har"), self.archive()).unwrap();
        fs::write(folder.join("traffic.log"), self.combined()).unwrap();
        fs::write(folder.join("traffic.json"), self.json_log()).unwrap();
        let capture = [wire::header(), packets(self, 40_000), self.http2()].concat();
        fs::write(folder.join("traffic.pcap"), capture).unwrap();
        fs::write(folder.join("hostile.model.yaml"), MODEL).unwrap();
    }

    /// Headers that carry credentials, or whatever a client likes.
    fn headers(&mut self, of: &str) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        for (name, before) in [
            ("Authorization", "Bearer "),
            ("Proxy-Authorization", "Basic "),
            ("X-Api-Key", ""),
            ("X-Auth-Token", ""),
            ("X-Csrf-Token", ""),
            ("X-Amz-Security-Token", ""),
            ("X-Hub-Signature", "sha256="),
            ("X-Whatever", ""),
            ("Accept-Language", ""),
            ("If-None-Match", ""),
            ("Idempotency-Key", ""),
            ("Sec-WebSocket-Protocol", "bearer, "),
            ("Mcp-Session-Id", ""),
            ("Last-Event-ID", ""),
            ("Forwarded", "for=10.9.9.9;by="),
        ] {
            let secret = self.word(&format!("{of}, header {name}"));
            // The scheme wants base64.
            let secret = if before == "Basic " { STANDARD.encode(format!("dorothea:{secret}")) } else { secret };
            headers.push((name.to_owned(), format!("{before}{secret}")));
        }
        for name in ["User-Agent", "X-Request-Id", "X-Consumer-Username", "X-Tenant-Id", "Origin"] {
            headers.push((name.to_owned(), self.token(&format!("{of}, header {name}"))));
        }
        let cookies = ["cookie sid", "cookie theme"].map(|place| self.word(&format!("{of}, {place}")));
        headers.push(("Cookie".to_owned(), format!("sid={}; theme={}", cookies[0], cookies[1])));
        let parts =
            ["user info", "password", "token", "fragment"].map(|part| self.word(&format!("{of}, referer's {part}")));
        let [user, password, token, fragment] = parts;
        let referer = format!("https://{user}:{password}@h.example/a?token={token}#{fragment}");
        headers.push(("Referer".to_owned(), referer));
        headers
    }

    fn answer_headers(&mut self, of: &str) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        for name in ["Set-Cookie", "WWW-Authenticate", "X-Session-Token", "ETag", "X-Anything"] {
            headers.push((name.to_owned(), format!("sid={}; Path=/", self.word(&format!("{of}, header {name}")))));
        }
        let (key, token) = (self.token(&format!("{of}, location")), self.word(&format!("{of}, location's token")));
        headers.push(("Location".to_owned(), format!("/orders/{key}?access_token={token}")));
        headers
    }

    /// A target with secrets in its path, its query and behind it.
    fn target(&mut self, of: &str) -> String {
        let mut target = format!("/orders/ord_77001;jsessionid={}/payment?page=2", self.word(&format!("{of}, matrix")));
        for name in ["access_token", "api_key", "pwd", "sig", "user[password]"] {
            target += &format!("&{name}={}", self.word(&format!("{of}, query {name}")));
        }
        for name in ["q", "next"] {
            target += &format!("&{name}={}", self.token(&format!("{of}, query {name}")));
        }
        let (variables, literal) = (self.word(&format!("{of}, variables")), self.word(&format!("{of}, literal")));
        target += &format!("&variables=%7B%22password%22%3A%22{variables}%22%7D");
        target += &format!("&query=%7B%20login(password%3A%22{literal}%22)%7Bid%7D%20%7D");
        target + &format!("#{}", self.word(&format!("{of}, fragment")))
    }

    fn json(&mut self, of: &str) -> Value {
        json!({
            "username": "zoe", "password": self.word(&format!("{of}, password")), "free": self.word(&format!("{of}, free")),
            "note": self.token(&format!("{of}, note")), "list": [{"x": self.word(&format!("{of}, list"))}],
            "token": self.word(&format!("{of}, token")), "card": "4111 1111 1111 1111",
        })
    }

    /// Kind, body and its type.
    fn bodies(&mut self) -> Vec<(&'static str, String, String)> {
        let graphql = json!({
            "query": format!("mutation login {{ login(password: \"{}\", note: \"{}\") {{ id }} }} # {}",
                self.word("graphql literal"), self.word("graphql other literal"), self.word("graphql comment")),
            "variables": {"password": self.word("graphql variable"), "free": self.word("graphql other variable")},
            "extensions": {"x": self.word("graphql extension")},
        });
        let mcp = json!({"jsonrpc": "2.0", "id": self.token("mcp id"), "method": "tools/call", "params": {"name": "pay_order",
            "arguments": {"password": self.word("mcp argument"), "free": self.word("mcp other argument")},
            "_meta": {"progressToken": self.word("mcp meta")}}});
        let multipart = format!(
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{}\r\n--b\r\nContent-Disposition: form-data; \
             name=\"file\"; filename=\"{}\"\r\nX-Part: {}\r\n\r\n{}\r\n--b--\r\n",
            self.word("multipart field"),
            self.word("multipart file name"),
            self.word("multipart header"),
            self.word("multipart file"),
        );
        let form = format!("username=zoe&password={}&free={}", self.word("form"), self.word("form's other field"));
        let xml = format!("<a token=\"{}\">{}</a>", self.word("xml attribute"), self.word("xml text"));
        vec![
            ("/orders/ord_77002", self.json("json").to_string(), "application/json".to_owned()),
            ("/graphql", graphql.to_string(), "application/json".to_owned()),
            ("/mcp", mcp.to_string(), "application/json".to_owned()),
            ("/upload", multipart, "multipart/form-data; boundary=b".to_owned()),
            ("/login", form, "application/x-www-form-urlencoded".to_owned()),
            ("/soap", xml, "text/xml".to_owned()),
            ("/broken", format!("{{\"password\": \"{}", self.word("broken json")), "application/json".to_owned()),
        ]
    }

    fn entry(&mut self, second: usize, target: &str, request: (&str, &str), answer: (&str, &str)) -> Value {
        let of = format!("entry {second}");
        let named = |headers: Vec<(String, String)>| -> Vec<Value> {
            headers.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
        };
        let (user, password) = (self.word(&format!("{of}, user info")), self.word(&format!("{of}, its password")));
        let query = json!([{"name": "secret", "value": self.word(&format!("{of}, list of the query"))}]);
        let cookies = json!([{"name": "sid", "value": self.word(&format!("{of}, list of cookies"))}]);
        json!({
            "startedDateTime": format!("2026-03-01T10:00:{second:02}.000Z"), "time": 5,
            "comment": self.word(&format!("{of}, comment")), "pageref": self.word(&format!("{of}, page")),
            "request": {"method": "POST", "url": format!("https://{user}:{password}@h.example{target}"), "httpVersion": "HTTP/1.1",
                "headers": named(self.headers(&of)), "queryString": query, "cookies": cookies, "headersSize": -1, "bodySize": -1,
                "comment": self.word(&format!("{of}, request's comment")),
                "postData": {"mimeType": request.0, "text": request.1, "comment": self.word(&format!("{of}, body's comment")),
                    "params": [{"name": "password", "value": self.word(&format!("{of}, parameter")),
                        "fileName": self.word(&format!("{of}, parameter's file name"))}]}},
            "response": {"status": 200, "statusText": self.word(&format!("{of}, reason")), "httpVersion": "HTTP/1.1",
                "headers": named(self.answer_headers(&of)), "cookies": [],
                "content": {"size": 1, "mimeType": answer.0, "text": answer.1},
                "redirectURL": format!("/x?token={}", self.word(&format!("{of}, redirect"))), "headersSize": -1, "bodySize": -1},
            "cache": {"comment": self.word(&format!("{of}, cache"))}, "timings": {"send": 1, "wait": 3, "receive": 1},
            "connection": "443", "_initiator": {"url": self.word(&format!("{of}, initiator"))},
        })
    }

    fn archive(&mut self) -> String {
        let mut entries = Vec::new();
        for (second, (path, body, mime)) in self.bodies().into_iter().enumerate() {
            let answer = self.json(&format!("answer {second}")).to_string();
            entries.push(self.entry(second, path, (&mime, &body), ("application/json", &answer)));
        }
        let target = self.target("archive");
        let stream = format!("id: {}\ndata: {{\"token\":\"{}\"}}\n\n", self.word("event id"), self.word("event data"));
        entries.push(self.entry(20, &target, ("application/json", "{}"), ("text/event-stream", &stream)));
        let mut socket = self.entry(21, "/socket", ("text/plain", ""), ("text/plain", ""));
        socket["request"]["method"] = "GET".into();
        socket["response"]["status"] = 101.into();
        let said =
            json!({"action": "login", "token": self.word("said in an archive"), "free": self.word("said freely")});
        socket["_webSocketMessages"] =
            json!([{"type": "send", "time": 1_772_359_222.0, "opcode": 1, "data": said.to_string()}]);
        entries.push(socket);
        let mut archive: Value = serde_json::from_str(&har(&entries)).unwrap();
        archive["log"]["comment"] = self.word("archive's comment").into();
        archive["log"]["creator"]["comment"] = self.word("creator's comment").into();
        archive["log"]["pages"] = json!([{"id": "p", "title": self.word("page's title"), "startedDateTime": "2026-03-01T10:00:00Z",
            "pageTimings": {}}]);
        archive.to_string()
    }

    fn combined(&mut self) -> String {
        let (target, referer) = (self.target("log"), self.word("log's referer"));
        let target = target.split('#').next().unwrap_or_default().to_owned();
        let agent = self.word("log's agent");
        format!(
            "10.0.0.7 - dorothea [01/Mar/2026:11:00:00 +0000] \"POST {target} HTTP/1.1\" 200 5 \"https://h/?token={referer}\" \"{agent}\"\n\
             10.0.0.7 - dorothea [01/Mar/2026:11:00:01 +0000] \"{} HTTP/1.1\" 400 5 \"-\" \"x\"\n",
            self.word("log's broken line")
        )
    }

    fn json_log(&mut self) -> String {
        let (target, body) = (self.target("json log"), self.json("json log's body"));
        let record = json!({
            "time_iso8601": "2026-03-01T12:00:00+00:00", "request_method": "POST", "request_uri": target, "status": 201,
            "remote_addr": "10.0.0.8", "http_authorization": format!("Bearer {}", self.word("log's authorization")),
            "http_cookie": format!("sid={}", self.word("log's cookie")), "cookie_sid": self.word("log's one cookie"),
            "http_x_api_key": self.word("log's key"), "http_user_agent": self.word("log's agent"), "request_body": body,
            "msg": self.word("log's message"), "details": {"secret": self.word("log's field"), "free": self.word("log's free field")},
            "upstream_token": self.word("log's token"), "session_id": self.word("log's session"),
        });
        format!(
            "{record}\n{{\"msg\": \"{}\"}}\nnothing {}\n",
            self.word("log's other record"),
            self.word("log's other line")
        )
    }

    /// A call of gRPC over HTTP/2 without TLS, with metadata, a message and trailers.
    fn http2(&mut self) -> Vec<u8> {
        let literal = |name: &str, value: &str| {
            [&[0, name.len() as u8][..], name.as_bytes(), &[value.len() as u8], value.as_bytes()].concat()
        };
        let frame = |kind: u8, flags: u8, payload: &[u8]| {
            [&(payload.len() as u32).to_be_bytes()[1..], &[kind, flags, 0, 0, 0, u8::from(kind != 4)], payload].concat()
        };
        let asked = [
            literal(":method", "POST"),
            literal(":scheme", "http"),
            literal(":path", "/shop.Orders/Pay"),
            literal(":authority", "h.example"),
            literal("content-type", "application/grpc"),
            literal("te", "trailers"),
            literal("authorization", &format!("Bearer {}", self.word("grpc authorization"))),
            literal("x-free-bin", &STANDARD.encode(self.word("grpc metadata"))),
        ];
        let message = |said: &str| {
            let field = [&[0x0a, said.len() as u8][..], said.as_bytes()].concat();
            [&[0][..], &(field.len() as u32).to_be_bytes(), &field].concat()
        };
        let (sent, got) = (self.word("grpc message"), self.word("grpc answer"));
        let trailers = [
            literal("grpc-status", "0"),
            literal("grpc-message", &self.word("grpc status message")),
            literal("x-session-token", &self.word("grpc trailer")),
        ];
        let mut wire = Wire::new(50_000);
        let client = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, &[]),
            frame(1, 4, &asked.concat()),
            frame(0, 1, &message(&sent)),
        ];
        let headers = [literal(":status", "200"), literal("content-type", "application/grpc")];
        let server = [
            frame(4, 0, &[]),
            frame(1, 4, &headers.concat()),
            frame(0, 0, &message(&got)),
            frame(1, 5, &trailers.concat()),
        ];
        [wire.packet(0, &client.concat()), wire.packet(1, &server.concat())].concat()
    }
}

/// One connection over which HTTP/1 is spoken, with trailers, and then a WebSocket.
pub(super) fn packets(canaries: &mut Canaries, port: u16) -> Vec<u8> {
    let of = "packets";
    let lines = |headers: Vec<(String, String)>| -> String {
        headers.into_iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
    };
    let (body, answer) = (canaries.json(of).to_string(), canaries.json("packets' answer").to_string());
    let (user, target) = (canaries.word("absolute form's user info"), canaries.target(of));
    let request = format!(
        "POST http://{user}@h.example{target} HTTP/1.1\r\nHost: h.example\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nTrailer: X-Token\r\n{}\r\n{:x};{}\r\n{body}\r\n0\r\nX-Token: {}\r\nX-Free: {}\r\n\r\n",
        lines(canaries.headers(of)),
        body.len(),
        canaries.word("chunk extension"),
        canaries.word("trailer"),
        canaries.word("other trailer"),
    );
    let response = format!(
        "HTTP/1.1 200 {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n{}\r\n{:x}\r\n{answer}\r\n0\r\nX-Session: {}\r\n\r\n",
        canaries.word("reason"),
        lines(canaries.answer_headers(of)),
        answer.len(),
        canaries.word("answer's trailer"),
    );
    let upgrade = format!(
        "GET /socket?token={} HTTP/1.1\r\nHost: h.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        canaries.word("socket's query")
    );
    let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let said =
        json!({"action": "login", "password": canaries.word("said"), "free": canaries.word("said freely")}).to_string();
    let heard = json!({"token": canaries.word("heard")}).to_string();
    // Masked with zeros, which leaves the text as it is.
    let frame = |text: &str, masked: u8| {
        let length = [&[0x81, masked | 126][..], &(text.len() as u16).to_be_bytes()].concat();
        let length = if text.len() < 126 { vec![0x81, masked | text.len() as u8] } else { length };
        let mask: &[u8] = if masked > 0 { &[0; 4] } else { &[] };
        [&length, mask, text.as_bytes()].concat()
    };
    let mut wire = Wire::new(port);
    [
        wire.packet(0, request.as_bytes()),
        wire.packet(1, response.as_bytes()),
        wire.packet(0, upgrade.as_bytes()),
        wire.packet(1, switched.as_bytes()),
        wire.packet(0, &frame(&said, 0x80)),
        wire.packet(1, &frame(&heard, 0)),
    ]
    .concat()
}
