//! Tests of the stage: exchanges built by hand, extracted and resolved.

mod actors;
mod binding;
mod calls;
mod canary;
mod continued;
mod exchanges;
mod identity;
mod laws;
mod logins;
mod objects;
mod outcome;
mod shared_keys;
mod unsaid;

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use offpath_capture::{
    Body, Carries, Endpoint, Exchange, Headers, Incomplete, LogFacts, Origin, Place, Protocol, Request, Response,
    Timestamp,
};

use super::{Directory, Extractor, HashKey};
use crate::event::Event;
use crate::model::expression::{Node, Operator};
use crate::model::{
    Activity, ActivityId, ActivityObject, ActorNaming, AttributeRule, CheckOptions, Expression, IdentityPath, Matcher,
    Model, ObjectAttribute, ObjectType, ObjectTypeId, OwnerRule, Path, Root, Segment,
};

pub(super) fn key() -> HashKey {
    HashKey::new(b"tests")
}

/// An exchange under construction: `post("/orders").at(5).bearer(..).json(..).answers(201, ..)`.
#[derive(Clone, Debug)]
pub(super) struct Made(pub(super) Exchange);

pub(super) fn made(method: &str, target: &str) -> Made {
    let request = Request {
        method: method.into(),
        scheme: None,
        host: Some("api.acme.example:8080".into()),
        target: target.into(),
        headers: Headers::default(),
        body: Body::Absent,
        end: None,
    };
    let all = Carries { request_headers: true, response_headers: true, request_bodies: true, response_bodies: true };
    Made(Exchange {
        key: 1,
        protocol: Protocol::Http1,
        connection: None,
        stream: 0,
        client: Some(Endpoint { ip: IpAddr::from([10, 0, 0, 1]), port: Some(50_000) }),
        server: None,
        print: None,
        time: Timestamp(0),
        end: None,
        tick: 1,
        request: Some(request),
        response: None,
        pushed: false,
        grpc: None,
        web_socket: None,
        elsewhere: None,
        log: LogFacts::default(),
        carries: all,
        incomplete: Vec::new(),
        origin: Origin::new("capture.har".into(), Place::Entry { index: 0, offset: 0 }),
        response_origin: None,
    })
}

fn present(text: &str) -> Body {
    let len = text.len() as u64;
    Body::Present { bytes: text.into(), wire_len: len, decoded_len: len, whole: true }
}

impl Made {
    pub(super) fn at(mut self, seconds: i64) -> Made {
        self.0.time = Timestamp(seconds * 1_000_000);
        self.0.end = Some(Timestamp(seconds * 1_000_000 + 1_000));
        self.0.key = 1_000 + seconds as u64;
        self
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Made {
        let request = self.0.request.as_mut().unwrap();
        request.headers.push(name.as_bytes(), value.as_bytes());
        self
    }

    pub(super) fn bearer(self, claims: &str) -> Made {
        self.header("Authorization", &format!("Bearer {}", jwt(claims)))
    }

    pub(super) fn json(mut self, body: &str) -> Made {
        self.0.request.as_mut().unwrap().body = present(body);
        self.header("Content-Type", "application/json")
    }

    pub(super) fn answers(mut self, status: u16, body: &str) -> Made {
        let mut headers = Headers::default();
        headers.push(b"Content-Type", b"application/json");
        let body = if body.is_empty() { Body::Absent } else { present(body) };
        self.0.response = Some(Response { status, headers, body, start: None });
        self
    }

    pub(super) fn answer_header(mut self, name: &str, value: &str) -> Made {
        self.0.response.as_mut().unwrap().headers.push(name.as_bytes(), value.as_bytes());
        self
    }

    /// The same exchange as a log shows it that names only the template of its path.
    pub(super) fn templated(mut self) -> Made {
        self.0.incomplete.push(Incomplete::PathTemplate);
        self.logged(Some("alice"), &[])
    }

    /// The same exchange as a gateway's JSON log shows it: no headers but `Location`, no bodies.
    pub(super) fn logged(mut self, user: Option<&str>, fields: &[(&str, &str)]) -> Made {
        let request = self.0.request.as_mut().unwrap();
        request.headers = Headers::default();
        request.body = Body::Unknown { size: None };
        if let Some(response) = &mut self.0.response {
            let location = response.headers.get("location").map(<[u8]>::to_vec);
            response.headers = Headers::default();
            location.into_iter().for_each(|l| response.headers.push(b"Location", &l));
            response.body = Body::Unknown { size: None };
        }
        self.0.carries = Carries::default();
        self.0.log.user = user.map(Into::into);
        self.0.log.fields = fields.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        self.0.origin = Origin::new("access.jsonl".into(), Place::Line { number: 1, offset: 0 });
        self
    }
}

pub(super) fn jwt(claims: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2lnbmF0dXJl", encode(r#"{"alg":"HS256","typ":"JWT"}"#), encode(claims))
}

/// Extracts and resolves all exchanges together.
pub(super) fn resolved(model: Option<Model>, exchanges: &[Made]) -> Vec<Event> {
    resolved_by(&Extractor::new(model.map(Arc::new), key()), exchanges)
}

pub(super) fn resolved_by(extractor: &Extractor, exchanges: &[Made]) -> Vec<Event> {
    let mut directory = Directory::new();
    let mut events = Vec::new();
    for exchange in exchanges {
        let extracted = extractor.extract(&exchange.0);
        directory.add(extracted.facts);
        events.extend(extracted.events);
    }
    let resolver = directory.freeze();
    events.iter_mut().for_each(|e| resolver.resolve(e));
    events
}

pub(super) fn one(model: Option<Model>, exchange: Made) -> Event {
    let mut events = resolved(model, &[exchange]);
    assert_eq!(events.len(), 1);
    events.remove(0)
}

/// A path by its text, for exchange roots only.
pub(super) fn path(text: &str) -> Path {
    let (root, fields) = text.split_once('.').unwrap_or((text, ""));
    let root = match root {
        "path" => Root::PathParameter,
        "query" => Root::Query,
        "req" => Root::RequestBody,
        "res" => Root::ResponseBody,
        "header" => Root::RequestHeader,
        "res_header" => Root::ResponseHeader,
        "cookie" => Root::Cookie,
        "jwt" => Root::Jwt,
        "host" => Root::Host,
        "log" => Root::Log,
        "actor" => Root::Actor,
        "target" => Root::Message,
        other => panic!("{other}"),
    };
    Path { text: text.into(), root, fields: fields.split('.').filter(|f| !f.is_empty()).map(Into::into).collect() }
}

pub(super) fn paths(texts: &[&str]) -> Vec<Path> {
    texts.iter().map(|t| path(t)).collect()
}

pub(super) fn value_of(text: &str) -> Expression {
    Expression { text: text.into(), node: Node::Path(path(text)) }
}

pub(super) fn equals(text: &str, value: &str) -> Expression {
    let constant = Node::Constant(crate::event::Value::Text(value.into()));
    let node = Node::Binary(Operator::Equal, Box::new(Node::Path(path(text))), Box::new(constant));
    Expression { text: format!("{text} == '{value}'").into(), node }
}

pub(super) fn activity(name: &str, calls: &[&str], objects: &[u16]) -> Activity {
    let matcher = |call: &&str| {
        let (method, template) = call.split_once(' ').unwrap();
        let template = template.split('/').filter(|s| !s.is_empty()).map(|s| {
            match s.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                Some(name) => Segment::Parameter(name.into()),
                None => Segment::Literal(s.into()),
            }
        });
        Matcher { method: Some(method.into()), template: template.collect(), host: None, call: None, condition: None }
    };
    Activity {
        name: name.into(),
        matchers: calls.iter().map(matcher).collect(),
        unseen: false,
        objects: objects.iter().map(|i| ActivityObject { object_type: ObjectTypeId(*i), key: Vec::new() }).collect(),
        read: calls.iter().all(|c| c.starts_with("GET")),
        ok: None,
        signed: false,
        attributes: Vec::new(),
        idempotency: None,
        bind: Vec::new(),
        each: None,
    }
}

/// Orders and refunds: 0 and 1.
pub(super) fn model() -> Model {
    let order = ObjectType {
        name: "order".into(),
        key: paths(&["path.orderId", "res.order.id", "req.orderId"]),
        tenant: paths(&["res.order.tenantId"]),
        within_tenant: false,
        owner: Some(OwnerRule { set_by: Some(ActivityId(1)), value: path("actor.principal") }),
        state: paths(&["res.order.status"]),
        attributes: vec![ObjectAttribute {
            name: "total".into(),
            value: AttributeRule::Exchange(value_of("res.order.total")),
        }],
        parent: None,
        built_in: None,
    };
    let refund = ObjectType {
        name: "refund".into(),
        key: paths(&["path.refundId", "res.refund.id"]),
        tenant: Vec::new(),
        within_tenant: false,
        owner: None,
        state: paths(&["res.refund.status"]),
        attributes: vec![ObjectAttribute {
            name: "amount".into(),
            value: AttributeRule::Exchange(value_of("req.amount")),
        }],
        parent: Some((ObjectTypeId(0), paths(&["res.refund.orderId", "path.orderId"]))),
        built_in: None,
    };
    let mut login = activity("login", &["POST /login"], &[]);
    login.bind = vec![(path("cookie.sid"), path("res.user.id"))];
    let mut cancel = activity("cancel", &["PATCH /orders/{orderId}"], &[0]);
    cancel.matchers[0].condition = Some(equals("req.status", "cancelled"));
    let mut webhook = activity("psp_ok", &["POST /hooks/psp"], &[0]);
    webhook.objects[0].key = paths(&["req.metadata.orderId"]);
    webhook.ok = Some(equals("req.type", "payment.succeeded"));
    let mut pay = activity("pay", &["POST /orders/{orderId}/payment"], &[0]);
    pay.attributes = vec![("amount".into(), value_of("req.amount"))];
    let mut bulk = activity("ship_all", &["POST /shipments"], &[0]);
    bulk.each = Some(path("req.ids"));
    Model {
        id: "shop".into(),
        version: "1".into(),
        owner: None,
        hash: String::new(),
        file: "model.yaml".into(),
        in_force: (None, None),
        actors: ActorNaming {
            identify: vec![
                IdentityPath { path: path("jwt.sub"), bound_by: None },
                IdentityPath { path: path("cookie.sid"), bound_by: Some(ActivityId(0)) },
                IdentityPath { path: path("header.x-api-key"), bound_by: None },
            ],
            agent: paths(&["jwt.act.sub"]),
            tenant: paths(&["jwt.tid", "host.label.1"]),
            kinds: vec![("service".into(), vec![equals("jwt.gty", "client-credentials")])],
            default_kind: "human".into(),
            roles_from: paths(&["jwt.roles"]),
            default_role: Some("customer".into()),
            role_map: [("fin".into(), "approver".into())].into(),
            trusted_proxies: Vec::new(),
        },
        object_types: vec![order, refund],
        activities: vec![
            login,
            activity("create", &["POST /orders"], &[0]),
            activity("view", &["GET /orders/{orderId}"], &[0]),
            pay,
            cancel,
            webhook,
            activity("refund_request", &["POST /orders/{orderId}/refunds"], &[1]),
            activity("refund_approve", &["POST /refunds/{refundId}/approve"], &[1]),
            bulk,
        ],
        lifecycles: Vec::new(),
        constraints: Vec::new(),
        delegations: Vec::new(),
        check: CheckOptions::default(),
        draft: false,
        captured_paths: paths(&["req.note", "header.x-channel"]),
        documents: Vec::new(),
    }
}
