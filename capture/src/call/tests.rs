//! Calls in whole exchanges, after the examples of the protocols' specifications.

mod bounds;
mod graphql;
mod rpc;

use super::*;
use crate::{Body, Carries, Headers, LogFacts, Origin, Place, Protocol, Request, Response, Timestamp};

fn headers(fields: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::default();
    fields.iter().for_each(|(name, value)| headers.push(name.as_bytes(), value.as_bytes()));
    headers
}

fn body(text: &str, whole: bool) -> Body {
    let len = text.len() as u64;
    Body::Present { bytes: text.as_bytes().to_vec(), wire_len: len, decoded_len: len, whole }
}

fn exchange(line: &str, fields: &[(&str, &str)], sent: &str, answer: Option<(u16, &str, &str)>) -> Exchange {
    let (method, target) = line.split_once(' ').unwrap();
    Exchange {
        key: 1,
        protocol: Protocol::Http1,
        connection: None,
        stream: 0,
        client: None,
        server: None,
        print: None,
        time: Timestamp(0),
        end: None,
        tick: 1,
        request: Some(Request {
            method: method.to_owned(),
            scheme: None,
            host: None,
            target: target.to_owned(),
            headers: headers(fields),
            body: if sent.is_empty() { Body::Absent } else { body(sent, true) },
            end: None,
        }),
        response: answer.map(|(status, kind, text)| Response {
            status,
            headers: headers(&[("Content-Type", kind)]),
            body: body(text, true),
            start: None,
        }),
        pushed: false,
        grpc: None,
        web_socket: None,
        elsewhere: None,
        log: LogFacts::default(),
        carries: Carries::default(),
        incomplete: Vec::new(),
        origin: Origin::new("t".into(), Place::Entry { index: 0, offset: 0 }),
        response_origin: None,
    }
}

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

fn post(target: &str, sent: &str, answer: &str) -> Vec<Call> {
    let line = format!("POST {target}");
    calls(&exchange(&line, JSON, sent, Some((200, "application/json", answer)))).calls
}

/// `operation arguments outcome:code`, for each call.
fn told(calls: &[Call]) -> Vec<String> {
    calls
        .iter()
        .map(|call| {
            let arguments = call.arguments.as_deref().unwrap_or("?");
            let code = call.outcome.code().map(|code| format!(":{code}")).unwrap_or_default();
            format!("{} {arguments} {}{code}", call.operation(), call.outcome.as_str())
        })
        .collect()
}
