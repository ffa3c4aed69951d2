//! A second application, which shares nothing with the scenario: halls of venues are hired. Two tenants by path, slugs,
//! nested numbers, codes in capitals, numbers that mean an invoice here and a member there, forms, cookies, opaque
//! tokens, Basic and keys, `camelCase` and `snake_case`. Its events are those of browsers and programs of some weeks.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::score::Score;
use crate::seen::events;
use crate::support::archive;

/// What really happened in one exchange.
pub(crate) struct Real {
    /// Whoever acted.
    pub(crate) actor: Option<String>,
    /// Whether it is a login: who asks has shown no credential yet.
    pub(crate) enters: bool,
    /// What it was about.
    pub(crate) object: Option<String>,
    /// Method and template of the path.
    pub(crate) template: String,
}

/// The application: its traffic, and the truth of it in the same order.
pub(crate) struct Hire {
    random: u64,
    /// Milliseconds since it opened.
    now: u64,
    entries: Vec<Value>,
    pub(crate) real: Vec<Real>,
    bookings: u64,
    invoices: u64,
}

/// Who asks, and how the server knows.
#[derive(Clone)]
struct Person {
    name: String,
    tenant: &'static str,
    header: Option<(&'static str, String)>,
}

const VENUES: [&str; 12] = [
    "old-mill",
    "town-hall",
    "sun-terrace",
    "boat-house",
    "glass-loft",
    "corn-exchange",
    "river-barn",
    "wool-store",
    "clock-tower",
    "rose-garden",
    "salt-works",
    "tram-depot",
];

impl Hire {
    pub(crate) fn new(seed: u64) -> Hire {
        Hire { random: seed | 1, now: 0, entries: Vec::new(), real: Vec::new(), bookings: 0, invoices: 0 }
    }

    /// A number below `n`, by Marsaglia's xorshift.
    fn below(&mut self, n: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % n
    }

    /// Text of so many letters and digits that nobody chose.
    fn noise(&mut self, letters: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(letters[self.below(letters.len() as u64) as usize])).collect()
    }

    fn hex(&mut self, length: usize) -> String {
        self.noise(b"0123456789abcdef", length)
    }

    /// One exchange: who, what is called by which template, on what, with what body, and the answer.
    fn call(&mut self, who: Option<&Person>, (method, path, template): (&str, &str, &str), sent: Sent, answer: Answer) {
        self.now += 200 + self.below(40_000);
        let time = jiff::Timestamp::from_millisecond(1_790_000_000_000 + self.now as i64).unwrap();
        let mut headers = vec![json!({"name": "User-Agent", "value": "browser/1"})];
        let header = who.and_then(|who| who.header.clone());
        headers.extend(header.map(|(name, value)| json!({"name": name, "value": value})));
        let mut request = json!({
            "method": method, "url": format!("https://hire.example{path}"), "httpVersion": "HTTP/1.1",
            "queryString": [], "cookies": [], "headersSize": -1, "bodySize": -1,
        });
        let body = match sent {
            Sent::Nothing => None,
            Sent::Json(body) => Some(("application/json", body.to_string())),
            Sent::Form(body) => Some(("application/x-www-form-urlencoded", body)),
        };
        if let Some((kind, text)) = body {
            headers.push(json!({"name": "Content-Type", "value": kind}));
            request["postData"] = json!({"mimeType": kind, "text": text});
        }
        request["headers"] = json!(headers);
        let told = answer.headers.iter().map(|(name, value)| json!({"name": name, "value": value}));
        let text = if answer.body.is_null() { String::new() } else { answer.body.to_string() };
        self.entries.push(json!({
            "startedDateTime": time.to_string(), "time": 9, "request": request, "cache": {},
            "response": {"status": answer.status, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": told.chain([json!({"name": "Content-Type", "value": "application/json"})]).collect::<Vec<_>>(),
                "content": {"size": text.len(), "mimeType": "application/json", "text": text},
                "redirectURL": "", "headersSize": -1, "bodySize": -1},
            "timings": {"send": 0, "wait": 9, "receive": 0},
        }));
        let actor = who.map(|who| format!("{} of {}", who.name, who.tenant));
        let enters = who.is_some_and(|who| who.header.is_none());
        self.real.push(Real { actor, enters, object: answer.about, template: format!("{method} {template}") });
    }

    /// Somebody enters: by a form and a cookie, by JSON and an opaque token, with Basic, or with a key.
    fn enter(&mut self, number: u64) -> Person {
        let tenant = ["north", "south"][(number % 2) as usize];
        let name = format!("{}{number}", ["kim", "lou", "max", "ned", "ora"][(number % 5) as usize]);
        let mut who = Person { name: name.clone(), tenant, header: None };
        match number % 10 {
            0 => who.header = Some(("X-Api-Key", format!("hk_{}", self.hex(24)))),
            // The words of a user and a password in the alphabet of Basic.
            1 => who.header = Some(("Authorization", format!("Basic {}", base64(&format!("{name}:pass word"))))),
            2..6 => {
                let cookie = self.hex(32);
                let path = format!("/{tenant}/session");
                let answer = Answer::of(303, Value::Null).with("Location", format!("/{tenant}/dashboard"));
                let answer = answer.with("Set-Cookie", format!("hire_sess={cookie}; Path=/; HttpOnly"));
                let form = Sent::Form(format!("login={name}&passphrase=pass+word"));
                self.call(Some(&who), ("POST", &path, &path), form, answer);
                who.header = Some(("Cookie", format!("theme=dark; hire_sess={cookie}")));
                self.call(
                    Some(&who),
                    ("GET", &format!("/{tenant}/dashboard"), &format!("/{tenant}/dashboard")),
                    Sent::Nothing,
                    Answer::of(200, json!({"unread": 3})),
                );
            }
            _ => {
                let token = self.hex(40);
                let path = format!("/{tenant}/auth/sign-in");
                let told =
                    json!({"accessToken": token, "expiresIn": 3600, "member": {"userName": name, "locale": "en"}});
                let sent = Sent::Json(json!({"userName": name, "password": "pass word"}));
                self.call(Some(&who), ("POST", &path, &path), sent, Answer::of(200, told));
                who.header = Some(("Authorization", format!("Bearer {token}")));
            }
        }
        who
    }

    /// Somebody looks around and hires a hall.
    fn visit(&mut self, who: &Person) {
        let t = who.tenant;
        let venue = VENUES[(self.below(6) * 2) as usize + usize::from(t == "south")];
        let list = json!([{"slug": venue, "capacity": 120, "open": true}]);
        self.call(
            Some(who),
            ("GET", &format!("/{t}/venues?page=2"), &format!("/{t}/venues")),
            Sent::Nothing,
            Answer::of(200, list),
        );
        let page = json!({"slug": venue, "name": "Old and new", "capacity": 120, "rating": 4});
        let (path, template) = (format!("/{t}/venues/{venue}"), format!("/{t}/venues/{{venue}}"));
        self.call(
            Some(who),
            ("GET", &path, &template),
            Sent::Nothing,
            Answer::of(200, page).about(format!("venue:{venue}")),
        );
        let hall = 1 + self.below(4);
        let answer = Answer::of(200, json!({"seats": 10 * hall, "stage": hall == 2, "floor": 1}));
        let (path, template) = (format!("{path}/halls/{hall}"), format!("{template}/halls/{{hall}}"));
        self.call(Some(who), ("GET", &path, &template), Sent::Nothing, answer.about(format!("hall:{venue}/{hall}")));
        if self.below(4) > 0 {
            self.hire(who, venue, hall);
        }
        let member = 1 + self.below(60);
        let told = json!({"member_id": member, "newsletter": true});
        let (path, template) = (format!("/{t}/members/{member}"), format!("/{t}/members/{{member}}"));
        self.call(
            Some(who),
            ("PATCH", &path, &template),
            Sent::Json(json!({"newsletter": true})),
            Answer::of(200, told).about(format!("member:{member}")),
        );
    }

    fn hire(&mut self, who: &Person, venue: &str, hall: u64) {
        let t = who.tenant;
        self.bookings += 1;
        let code = format!("{}{:03}", self.noise(b"ABCDEFGHJKLMNPQRSTUVWXYZ", 2), self.bookings % 1_000);
        let about = || format!("booking:{code}");
        let state = |state: &str| json!({"booking": {"ref": code, "state": state, "nights": 2}});
        let sent = Sent::Json(json!({"venueSlug": venue, "hallNo": hall, "guests": 40, "from": "2026-10-01"}));
        let base = format!("/{t}/bookings");
        let made = Answer::of(201, state("held")).with("Location", format!("{base}/{code}"));
        self.call(Some(who), ("POST", &base, &base), sent, made.about(about()));
        let (own, template) = (format!("{base}/{code}"), format!("{base}/{{booking}}"));
        for _ in 0..self.below(3) {
            self.call(
                Some(who),
                ("GET", &own, &template),
                Sent::Nothing,
                Answer::of(200, state("held")).about(about()),
            );
        }
        if self.below(9) == 0 {
            let refused = Answer::of(409, json!({"error": {"code": "too_late"}}));
            self.call(
                Some(who),
                ("POST", &format!("{own}/cancellation"), &format!("{template}/cancellation")),
                Sent::Nothing,
                refused.about(about()),
            );
        }
        let form = Sent::Form(format!("amount=120.00&currency=EUR&note=for+{code}"));
        self.call(
            Some(who),
            ("POST", &format!("{own}/deposit"), &format!("{template}/deposit")),
            form,
            Answer::of(200, state("confirmed")).about(about()),
        );
        self.invoices += 1;
        let number = self.invoices;
        let invoice =
            json!({"invoice_id": number, "booking_ref": code, "lines": [{"sku": "hall", "count": 2}], "paid": false});
        let (path, template) = (format!("/{t}/invoices/{number}"), format!("/{t}/invoices/{{invoice}}"));
        self.call(
            Some(who),
            ("GET", &path, &template),
            Sent::Nothing,
            Answer::of(200, invoice).about(format!("invoice:{number}")),
        );
        let (path, template) = (format!("/{t}/documents?invoice_id={number}&format=pdf"), format!("/{t}/documents"));
        self.call(
            Some(who),
            ("GET", &path, &template),
            Sent::Nothing,
            Answer::of(200, json!({"pages": 2})).about(format!("invoice:{number}")),
        );
    }

    /// So many people, each with some visits.
    pub(crate) fn opened(seed: u64, people: u64) -> Hire {
        let mut hire = Hire::new(seed);
        let mut inside = Vec::new();
        for number in 0..people {
            let who = hire.enter(number);
            inside.push(who);
            for _ in 0..5 {
                let who = inside[hire.below(inside.len() as u64) as usize].clone();
                hire.visit(&who);
            }
            hire.call(None, ("GET", "/healthz", "/healthz"), Sent::Nothing, Answer::of(200, json!({"status": "up"})));
        }
        hire
    }

    /// Its traffic as a HAR file.
    pub(crate) fn write(&self) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hire.har");
        archive::write(&file, &self.entries);
        (folder, file)
    }
}

enum Sent {
    Nothing,
    Json(Value),
    Form(String),
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
    about: Option<String>,
}

impl Answer {
    fn of(status: u16, body: Value) -> Answer {
        Answer { status, headers: Vec::new(), body, about: None }
    }

    fn with(mut self, name: &'static str, value: String) -> Answer {
        self.headers.push((name, value));
        self
    }

    fn about(self, object: String) -> Answer {
        Answer { about: Some(object), ..self }
    }
}

/// Base64 with its padding.
fn base64(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunk = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let letter = |n: usize| char::from(LETTERS[(bits >> (18 - 6 * n)) as usize & 63]);
        (0..4).map(|n| if n <= chunk.len() { letter(n) } else { '=' }).collect::<String>()
    };
    text.as_bytes().chunks(3).map(chunk).collect()
}

#[test]
fn another_application_is_told_as_rightly() {
    for seed in [5, 1_234_567] {
        let hire = Hire::opened(seed, 40);
        let (_folder, file) = hire.write();
        let events = events(&file, None);
        assert_eq!(events.len(), hire.real.len());
        let pairs = || events.iter().zip(&hire.real);
        let objects = Score::of(pairs().map(|(told, real)| (told.object(), real.object.as_deref())));
        let known = pairs().filter(|(told, real)| !real.enters || told.who().is_some());
        let actors = Score::of(known.map(|(told, real)| (told.who(), real.actor.as_deref())));
        let wrong = pairs().filter(|(told, real)| told.object() != real.object.as_deref());
        for (told, real) in wrong.take(8) {
            eprintln!("{} {}: about {:?}, told {:?}", told.method, told.path, real.object, told.objects);
        }
        actors.assert("hire, actors");
        objects.assert("hire, objects");
        let mut types: BTreeMap<&str, usize> = BTreeMap::new();
        let named = events.iter().flat_map(|event| &event.objects).filter_map(|object| object.split_once(':'));
        named.for_each(|(name, _)| *types.entry(name).or_default() += 1);
        eprintln!("hire, types: {types:?}");
    }
}
