//! Any traffic fits its own draft.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lawful_if_any;

/// Random traffic of a random API: the server follows an automaton of its own, loosely.
struct World {
    random: u64,
    entries: Vec<Value>,
    /// What this API's answers look like.
    wraps: bool,
    states: u64,
    /// One answer in so many tells a state that nobody moved to; never when 0.
    lies: u64,
}

impl World {
    fn new(seed: u64) -> World {
        let mut world = World { random: seed | 1, entries: Vec::new(), wraps: false, states: 0, lies: 0 };
        world.wraps = world.below(2) == 0;
        world.states = world.below(5);
        world.lies = [0, 0, 6][world.below(3) as usize];
        world
    }

    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        // Marsaglia's xorshift.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % n
    }

    fn answer(&mut self, kind: &str, id: &str, state: u64) -> String {
        let lie = self.lies > 0 && self.below(self.lies) == 0;
        let state = if lie { self.below(4) } else { state };
        let mut fields = json!({"id": id});
        if self.states > 0 {
            fields["status"] = json!(["new", "Paid", "on hold", "no"][(state % self.states.min(4)) as usize]);
        }
        if self.wraps { json!({ kind: fields }).to_string() } else { fields.to_string() }
    }

    fn call(&mut self, at: u64, method: &str, path: &str, status: u64, body: String, sent: Option<Value>) {
        let lasts = self.below(1_500);
        let time = jiff_like(at);
        let kept = self.below(12) > 0;
        let mut request = json!({
            "method": method, "url": format!("https://api.example{path}"), "httpVersion": "HTTP/1.1",
            "headers": [{"name": "X-User", "value": "u"}], "queryString": [], "cookies": [],
            "headersSize": -1, "bodySize": -1,
        });
        if let Some(sent) = sent {
            request["postData"] = json!({"mimeType": "application/json", "text": sent.to_string()});
        }
        let content = if kept && !body.is_empty() {
            json!({"size": body.len(), "mimeType": "application/json", "text": body})
        } else {
            json!({"size": 0, "mimeType": "application/json"})
        };
        self.entries.push(json!({
            "startedDateTime": time, "time": lasts,
            "request": request,
            "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "headers": [], "cookies": [],
                "content": content, "redirectURL": "", "headersSize": -1, "bodySize": -1},
            "cache": {}, "timings": {"send": 0, "wait": lasts, "receive": 0},
        }));
    }

    /// One object's life, with a part of its own here and there.
    fn live(&mut self, number: u64) {
        let kind = ["job", "event", "box"][self.below(3) as usize];
        let id = match self.below(3) {
            0 => format!("{}", 1_000 + number),
            1 => format!("k_{number:06}"),
            _ => format!("{number}"),
        };
        let path = format!("/v1/{}/{id}", if kind == "box" { "boxes".to_owned() } else { format!("{kind}s") });
        let collection = path.rsplit_once('/').unwrap().0.to_owned();
        let mut at = self.below(60_000);
        let mut state = 0;
        if self.below(5) > 0 {
            let body = self.answer(kind, &id, state);
            self.call(at, "POST", &collection, 201, body, Some(json!({"n": 1})));
        }
        for _ in 0..self.below(9) {
            at += self.below(2_000);
            let refused = self.below(8) == 0;
            let status = if refused { [403, 409, 500][self.below(3) as usize] } else { 200 };
            let moves = self.below(4);
            let body = self.answer(kind, &id, state);
            match self.below(7) {
                0 | 1 => self.call(at, "GET", &path, status, body, None),
                2 => self.call(at, "DELETE", &path, if refused { status } else { 204 }, String::new(), None),
                3 => {
                    let part = self.below(6);
                    let body = self.answer("part", &part.to_string(), part);
                    let under = format!("{path}/parts");
                    if self.below(2) == 0 {
                        self.call(at, "POST", &under, status, body, Some(json!({"n": 1})));
                    } else {
                        self.call(at, "PUT", &format!("{under}/{part}"), status, body, Some(json!({"n": 2})));
                    }
                }
                4 => self.call(
                    at,
                    "POST",
                    "/hooks",
                    status,
                    "{}".to_owned(),
                    Some(json!({ "ref": {format!("{kind}Id"): id} })),
                ),
                _ => {
                    state = if refused { state } else { state + moves };
                    let body = self.answer(kind, &id, state);
                    let step = ["pay", "ship", "hold"][self.below(3) as usize];
                    self.call(at, "POST", &format!("{path}/{step}"), status, body, Some(json!({"n": moves})));
                }
            }
        }
    }

    fn har(mut self, objects: u64) -> String {
        (0..objects).for_each(|number| self.live(number));
        json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": self.entries}})
            .to_string()
    }
}

/// Milliseconds of one day as a HAR writes them, cut to whole seconds now and then so that events tie.
fn jiff_like(millis: u64) -> String {
    let (seconds, rest) = (millis / 1_000, if millis.is_multiple_of(3) { 0 } else { millis % 1_000 });
    format!("2026-09-07T06:{:02}:{:02}.{rest:03}Z", seconds / 60 % 60, seconds % 60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_traffic_fits_its_own_draft(seed in any::<u64>(), objects in 1u64..40) {
        let folder = tempfile::tempdir().unwrap();
        let har = folder.path().join("t.har");
        fs::write(&har, World::new(seed).har(objects)).unwrap();
        let draft = lawful_if_any(&[&har]);
        prop_assert!(draft.is_some() || objects < 8, "{objects} objects give a draft");
    }
}
