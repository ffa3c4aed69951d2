//! Calls written one by one, as a HAR or a log has them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::token;

/// Calls of a HAR, a minute apart.
#[derive(Default)]
pub(crate) struct Calls(Vec<Value>);

/// A request and its answer.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) sent: Vec<(&'a str, String)>,
    pub(crate) form: Option<&'a str>,
    pub(crate) json: Option<Value>,
    pub(crate) status: u16,
    pub(crate) answered: Vec<(&'a str, String)>,
    pub(crate) body: Option<Value>,
}

impl Default for Call<'_> {
    fn default() -> Self {
        let (sent, answered) = (Vec::new(), Vec::new());
        Call {
            method: "POST",
            host: "api.example",
            path: "/",
            sent,
            form: None,
            json: None,
            status: 200,
            answered,
            body: None,
        }
    }
}

/// A header that shows these claims.
pub(crate) fn bearer(claims: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {}", token(claims)))
}

impl Calls {
    pub(crate) fn add(&mut self, call: Call<'_>) {
        let minute = self.0.len();
        let headers = |named: &[(&str, String)]| -> Vec<Value> {
            named.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
        };
        let mut request = json!({"method": call.method, "url": format!("https://{}{}", call.host, call.path),
            "httpVersion": "HTTP/1.1", "headers": headers(&call.sent), "cookies": [], "queryString": [],
            "headersSize": -1, "bodySize": 0});
        if let Some(form) = call.form {
            let mime = "application/x-www-form-urlencoded";
            request["postData"] = json!({"mimeType": mime, "text": form});
            let headers = request["headers"].as_array_mut().unwrap();
            headers.push(json!({"name": "Content-Type", "value": mime}));
        }
        if let Some(body) = call.json {
            request["postData"] = json!({"mimeType": "application/json", "text": body.to_string()});
            let headers = request["headers"].as_array_mut().unwrap();
            headers.push(json!({"name": "Content-Type", "value": "application/json"}));
        }
        let mut answered = headers(&call.answered);
        if call.body.is_some() {
            answered.push(json!({"name": "Content-Type", "value": "application/json"}));
        }
        let text = call.body.map(|body| body.to_string()).unwrap_or_default();
        self.0.push(json!({
            "startedDateTime": format!("2026-05-{:02}T{:02}:{:02}:00.000Z", 4 + minute / 1_440, minute / 60 % 24, minute % 60),
            "time": 5, "request": request,
            "response": {"status": call.status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": answered,
                "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": text.len(),
                "content": {"size": text.len(), "mimeType": "application/json", "text": text}},
            "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1},
        }));
    }

    pub(crate) fn write(self, file: &Path) {
        let log = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": self.0}});
        fs::write(file, log.to_string()).unwrap();
    }
}

/// A line of a log in JSON.
pub(crate) fn logged(at: usize, host: &str, user: &str, call: (&str, String), status: u16, roles: &[&str]) -> String {
    let time = format!("2026-05-{:02}T{:02}:{:02}:00Z", 4 + at / 1_440, at / 60 % 24, at % 60);
    let line = json!({"time": time, "remote_addr": "10.0.0.1", "remote_user": user, "http_host": host, "roles": roles,
        "request_method": call.0, "request_uri": call.1, "status": status, "body_bytes_sent": 10});
    line.to_string() + "\n"
}
