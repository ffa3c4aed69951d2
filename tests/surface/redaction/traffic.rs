//! An archive full of credentials, personal data and names, and its model.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Never to be seen, at any level. Most look like nothing: only their place tells them.
pub(super) const SECRETS: [&str; 19] = [
    "zq-bearer-9",
    "zq-cookie-1",
    "zq-apikey-2",
    "zq-querytoken-3",
    "zq-password-4",
    "zq-pin-5",
    "zq-setcookie-6",
    "zq-answertoken-7",
    "zq-basicpass-8",
    "zq-reset-10",
    "zq-invite-11",
    "zq-session-12",
    "zq-querykey-13",
    "zq-matrix-14",
    "zq-refererpass-15",
    "zq-proxy-16",
    "4111111111111111",
    "4111 1111 1111 1111",
    "Zk3v9Qm1Xc7Bn5Lp8Rt2Wd6Yg4Hj0Fs3",
];

/// Shown with `keep` alone.
pub(super) const PERSONAL: [&str; 4] =
    ["mia.person@example.com", "+491701234567", "DE89370400440532013000", "mia.person%40example.com"];

/// Names of actors and keys of objects: not shown with `hash`.
pub(super) const NAMES: [&str; 10] = [
    "wilhelmina",
    "orderkeyone",
    "orderkeytwo",
    "gustavo",
    "tenantnordwind",
    "clientkiosk",
    "robotagent",
    "dorothea",
    "freetextname",
    "refundkey",
];

pub(super) const MODEL: &str = r#"offpath: 1
workflow: {id: hostile, version: 1}
actors:
  tenant: [jwt.tid]
  agent: [jwt.act.sub]
  roles: {from: jwt.roles, default: customer}
objects:
  order:
    key: [path.order, res.id]
    tenant: [res.tenant]
    owner: {value: res.owner}
    state: [res.status]
    attrs: {note: req.note, card: req.card, total: "money(req.total, 'EUR')"}
  refund: {key: [path.refund], parent: {order: path.order}}
  invitation: {key: [path.code]}
activities:
  create: {http: "POST /orders/{order}", object: order, attrs: {phone: req.phone, iban: req.iban, mail: req.mail, token: req.token, when: target, ref: header.referer}}
  pay:    {http: "POST /orders/{order}/payment", object: order}
  ship:   {http: "POST /orders/{order}/shipment", object: order}
  refund: {http: "POST /orders/{order}/refunds/{refund}", object: [refund, order]}
  read:   {http: "GET /orders/{order}", object: order, read: true}
  accept: {http: "POST /invite/{code}", object: invitation}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions:
      - {activity: create, from: none, to: new}
      - {activity: pay, from: new, to: paid, by: [dorothea]}
      - {activity: ship, from: paid, to: shipped}
constraints:
  - {id: own, same: [order.owner, actor.principal], activities: [read, ship], severity: high}
  - {id: phone, never: refund, after: create, per: order}
"#;

pub(super) fn jwt(subject: &str) -> String {
    let claims = json!({"sub": subject, "tid": "tenantnordwind", "azp": "clientkiosk", "roles": ["cs"], "act": {"sub": "robotagent"}});
    token(&claims)
}

pub(super) fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({"alg": "HS256"})), part(claims), URL_SAFE_NO_PAD.encode("zq-signature"))
}

pub(super) fn entry(
    second: u32,
    method: &str,
    target: &str,
    subject: &str,
    status: u16,
    body: &Value,
    answer: &Value,
) -> Value {
    let named = |(name, value): (&str, String)| json!({"name": name, "value": value});
    let request = [
        ("Host", "tenantnordwind.example".to_owned()),
        ("Authorization", format!("Bearer {}", jwt(subject))),
        ("Cookie", "sid=zq-cookie-1; other=x".to_owned()),
        ("X-Api-Key", "zq-apikey-2".to_owned()),
        ("Proxy-Authorization", "Bearer zq-proxy-16".to_owned()),
        ("X-Auth-Token", "zq-bearer-9".to_owned()),
        ("Referer", "https://h.example/?password=zq-refererpass-15".to_owned()),
        ("User-Agent", "wilhelmina's browser".to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ];
    let response =
        [("Set-Cookie", "sid=zq-setcookie-6; Path=/".to_owned()), ("Content-Type", "application/json".to_owned())];
    json!({
        "startedDateTime": format!("2026-03-01T10:00:{second:02}.000Z"), "time": 5,
        "request": {"method": method, "url": format!("https://tenantnordwind.example{target}"), "httpVersion": "HTTP/1.1",
            "headers": request.into_iter().map(named).collect::<Vec<_>>(), "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
            "postData": {"mimeType": "application/json", "text": body.to_string()}},
        "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": response.into_iter().map(named).collect::<Vec<_>>(), "cookies": [],
            "content": {"size": 1, "mimeType": "application/json", "text": answer.to_string()}, "redirectURL": "", "headersSize": -1, "bodySize": -1},
        "cache": {}, "timings": {"send": 1, "wait": 3, "receive": 1}
    })
}

/// An archive of hostile traffic, and a log beside it.
pub(super) fn traffic(folder: &Path) {
    let body = json!({"password": "zq-password-4", "pin": "zq-pin-5", "token": "zq-querytoken-3", "phone": "+491701234567", "iban": "DE89370400440532013000",
        "mail": "mia.person@example.com", "card": "4111 1111 1111 1111", "note": "freetextname Zk3v9Qm1Xc7Bn5Lp8Rt2Wd6Yg4Hj0Fs3", "total": "12.50"});
    let answer = |key: &str| json!({"id": key, "tenant": "tenantnordwind", "owner": "wilhelmina", "status": "new", "access_token": "zq-answertoken-7"});
    let query = "?access_token=zq-querytoken-3&partnerKey=zq-querykey-13&who=mia.person%40example.com&name=wilhelmina&card=4111111111111111";
    let entries = [
        entry(1, "POST", &format!("/orders/orderkeyone{query}"), "wilhelmina", 201, &body, &answer("orderkeyone")),
        entry(2, "POST", "/orders/orderkeyone/payment", "gustavo", 200, &body, &answer("orderkeyone")),
        entry(
            3,
            "POST",
            "/orders/orderkeytwo;jsessionid=zq-matrix-14",
            "wilhelmina",
            201,
            &body,
            &answer("orderkeytwo"),
        ),
        entry(
            4,
            "POST",
            "/orders/orderkeytwo/shipment",
            "gustavo",
            200,
            &body,
            &json!({"id": "orderkeytwo", "status": "shipped"}),
        ),
        entry(5, "GET", "/orders/orderkeytwo", "gustavo", 200, &body, &answer("orderkeytwo")),
        entry(6, "POST", "/orders/orderkeytwo/refunds/refundkey", "gustavo", 200, &body, &answer("orderkeytwo")),
        entry(7, "POST", "/invite/zq-invite-11", "gustavo", 200, &body, &json!({})),
        entry(8, "POST", "/password/reset/zq-reset-10", "gustavo", 200, &body, &json!({})),
        entry(9, "GET", "/people/wilhelmina/session/zq-session-12", "gustavo", 200, &body, &json!({})),
    ];
    let archive = json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}});
    fs::write(folder.join("traffic.har"), archive.to_string()).unwrap();
    let basic = STANDARD.encode("dorothea:zq-basicpass-8");
    let log = format!(
        "10.0.0.7 - dorothea [01/Mar/2026:11:00:00 +0000] \"POST /orders/orderkeyone/shipment?pwd=zq-password-4 HTTP/1.1\" 200 5 \"https://h.example/?token=zq-querytoken-3&x={basic}\" \"x\"\n"
    );
    fs::write(folder.join("traffic.log"), log).unwrap();
    fs::write(folder.join("hostile.model.yaml"), MODEL).unwrap();
}
