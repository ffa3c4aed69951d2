//! Logins: what binds a credential to a subject, and what ends that.

use std::sync::Arc;

use super::body::Wanted;
use super::credential::{self, Hash, HashKey};
use super::facts::{Binding, BoundTo};
use super::jwt::Claims;
use super::reading::{Bodies, Reading};
use super::redact::Masker;
use crate::event::{Actor, Evidence, Value};
use crate::model::expression::{Bound, Scope};
use crate::model::{Activity, Path, Root};

const LOGIN_WORDS: [&str; 12] = [
    "login",
    "signin",
    "sign-in",
    "sign_in",
    "session",
    "sessions",
    "token",
    "tokens",
    "auth",
    "authenticate",
    "authentication",
    "logon",
];
const LOGOUT_WORDS: [&str; 7] = ["logout", "signout", "sign-out", "sign_out", "logoff", "revoke", "end_session"];
const PROOFS: [&str; 8] = ["password", "passwd", "pwd", "otp", "grant_type", "code", "pin", "assertion"];
const NAMES: [&str; 7] = ["username", "user_name", "login", "email", "user", "userId", "user_id"];
const TOKENS: [&str; 10] = [
    "access_token",
    "accessToken",
    "token",
    "refresh_token",
    "refreshToken",
    "session_token",
    "sessionToken",
    "jwt",
    "auth_token",
    "authToken",
];
const ID_TOKENS: [&str; 3] = ["id_token", "idToken", "access_token"];
const USER_PATHS: [&str; 9] =
    ["user.id", "user.userId", "userId", "user_id", "user.sub", "sub", "user.username", "username", "user.name"];
const WEAK_USER_PATHS: [&str; 3] = ["id", "user.email", "email"];
/// Objects in which requests and responses wrap their content.
const WRAPPERS: [&str; 5] = ["", "data.", "result.", "user.", "credentials."];

/// Names of roles in the answer to a login.
const ROLES: [&str; 6] = ["roles", "role", "authorities", "groups", "permissions", "scope"];

/// Bindings that one exchange makes.
#[derive(Default)]
pub(super) struct Bindings {
    pub(super) made: Vec<(Hash, Binding)>,
    /// Credentials that stop standing for anybody.
    pub(super) ended: Vec<Hash>,
    /// Who logged in.
    pub(super) subject: Option<Arc<str>>,
}

impl Bindings {
    /// The actor of the exchange that made them: whoever logged in, where nothing better than the answer says who.
    pub(super) fn named(&self, actor: Actor) -> Actor {
        let Some(subject) = self.subject.as_ref().filter(|_| actor.evidence < Evidence::Bound) else { return actor };
        let mut actor = Actor { principal: Some(subject.clone()), evidence: Evidence::Bound, ..actor };
        let roles = self.made.iter().find_map(|(_, binding)| binding.roles.clone());
        actor.take_roles(roles.as_deref());
        actor.tenant = actor.tenant.or_else(|| self.made.iter().find_map(|(_, binding)| binding.tenant.clone()));
        actor
    }
}

/// Body paths that tell a login without a model.
pub(super) fn wanted() -> Bodies {
    let (mut request, mut response) = (Wanted::new(), Wanted::new());
    let add = |to: &mut Wanted, path: String| to.add(&path.split('.').collect::<Vec<_>>());
    for wrapper in WRAPPERS {
        for name in PROOFS.iter().chain(&NAMES).chain(&["refresh_token", "refreshToken"]) {
            add(&mut request, format!("{wrapper}{name}"));
        }
        for name in TOKENS.iter().chain(&ID_TOKENS).chain(&USER_PATHS).chain(&WEAK_USER_PATHS) {
            add(&mut response, format!("{wrapper}{name}"));
        }
    }
    role_paths().for_each(|path| add(&mut response, path));
    ["success", "ok", "error", "errors"].iter().for_each(|name| add(&mut response, (*name).to_owned()));
    Bodies { request, response, ..Bodies::new() }
}

/// Paths into the answer to a login that may lead to roles.
pub(super) fn role_paths() -> impl Iterator<Item = String> {
    WRAPPERS
        .iter()
        .chain(&["data.user.", "result.user."])
        .flat_map(|at| ROLES.iter().map(move |name| format!("{at}{name}")))
}

/// Whether a request may be a login by its method and path alone.
pub(super) fn looks_like_login(reading: &Reading<'_>) -> bool {
    matches!(reading.method(), "POST" | "PUT") && has_word(reading, &LOGIN_WORDS) && !has_word(reading, &LOGOUT_WORDS)
}

fn has_word(reading: &Reading<'_>, words: &[&str]) -> bool {
    reading.target.segments.iter().any(|s| words.iter().any(|w| s.eq_ignore_ascii_case(w)))
}

/// Bindings by the model's `bind`, for an accepted event.
pub(super) fn declared(reading: &Reading<'_>, activity: &Activity, key: &HashKey, masker: &Masker) -> Bindings {
    let mut bindings = Bindings::default();
    for (credential, subject) in &activity.bind {
        let Some(subject) = super::identity::masked_text(reading, subject, masker) else { continue };
        let Some((hash, issued)) = credential_at(reading, credential, key) else { continue };
        bindings
            .made
            .push((hash, Binding { to: BoundTo::Subject(subject.clone()), issued, roles: None, tenant: None }));
        bindings.subject.get_or_insert(subject);
    }
    bindings
}

/// A credential named by the model, and whether the response issued it.
fn credential_at(reading: &Reading<'_>, path: &Path, key: &HashKey) -> Option<(Hash, bool)> {
    let first = path.fields.first().map(|f| &**f).unwrap_or_default();
    if path.root == Root::Cookie {
        let set = reading.set_cookies().filter(|c| c.name == first && !c.deletes).last();
        if let Some(set) = set {
            let kept = reading.cookie(first) == Some(set.value);
            return Some((key.credential(set.value), !kept));
        }
        return reading.cookie(first).map(|value| (key.credential(value), false));
    }
    let Bound::Exactly(Value::Text(text)) = reading.value(path) else { return None };
    let token = text.rsplit(' ').next().filter(|t| !t.is_empty())?;
    Some((key.credential(token.as_bytes()), matches!(path.root, Root::ResponseBody | Root::ResponseHeader)))
}

/// Bindings of an exchange that looks like a login: a proof in the request, a 2xx, a credential in the response and a
/// subject. A failed login binds nothing.
pub(super) fn inferred(reading: &Reading<'_>, key: &HashKey, masker: &Masker) -> Bindings {
    let accepted = reading.outcome_status().is_some_and(|s| (200..300).contains(&s));
    if !accepted || !request_has(reading, &PROOFS) || failed(reading) {
        return Bindings::default();
    }
    let issued: Vec<Arc<str>> = response_texts(reading, &TOKENS);
    let mut credentials: Vec<(Hash, bool)> = issued.iter().map(|t| (key.credential(t.as_bytes()), true)).collect();
    for cookie in reading.set_cookies().filter(|c| !c.deletes && credential::is_session_cookie(c.name)) {
        credentials.push((key.credential(cookie.value), reading.cookie(cookie.name) != Some(cookie.value)));
    }
    if credentials.is_empty() {
        return Bindings::default();
    }
    let old = request_texts(reading, &["refresh_token", "refreshToken"]).into_iter().next();
    let subject = login_subject(reading).map(|s| masker.shared(&s));
    let to = match (&subject, old) {
        (Some(subject), _) => BoundTo::Subject(subject.clone()),
        (None, Some(old)) => BoundTo::SameAs(key.credential(old.as_bytes())),
        (None, None) => return Bindings::default(),
    };
    let binding = |issued| Binding { to: to.clone(), issued, roles: None, tenant: None };
    let made = credentials.into_iter().map(|(hash, issued)| (hash, binding(issued))).collect();
    Bindings { made, ended: Vec::new(), subject }
}

/// Credentials that an accepted logout, or a deleted session cookie, ends.
pub(super) fn ended(reading: &Reading<'_>, shown: &[credential::Shown], key: &HashKey) -> Vec<Hash> {
    let logout = has_word(reading, &LOGOUT_WORDS)
        || (reading.method() == "DELETE"
            && reading.target.segments.last().is_some_and(|s| matches!(&**s, "session" | "me" | "current"))
            && has_word(reading, &["session", "sessions"]));
    if logout {
        return shown
            .iter()
            .filter(|s| matches!(s.kind, credential::Kind::Bearer | credential::Kind::Cookie))
            .map(|s| s.hash)
            .collect();
    }
    let deleted = reading.set_cookies().filter(|c| c.deletes && credential::is_session_cookie(c.name));
    deleted.filter_map(|c| reading.cookie(c.name)).map(|value| key.credential(value)).collect()
}

fn failed(reading: &Reading<'_>) -> bool {
    let says = |name: &str| match reading.response_value(&[name]) {
        Bound::Exactly(value) => Some(value),
        _ => None,
    };
    ["success", "ok"].iter().any(|n| says(n) == Some(Value::Bool(false)))
        || ["error", "errors"].iter().any(|n| match says(n) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::List(items)) => !items.is_empty(),
            Some(_) => true,
        })
}

fn login_subject(reading: &Reading<'_>) -> Option<Arc<str>> {
    let strong = || response_texts(reading, &USER_PATHS).into_iter().next();
    let claimed = || {
        response_texts(reading, &ID_TOKENS).iter().find_map(|t| Claims::parse(t.as_bytes())?.text("sub")).map(Arc::from)
    };
    // The `id` that a session or token resource returns is its own, not the user's.
    let last = reading.target.segments.last().map(|s| s.to_ascii_lowercase()).unwrap_or_default();
    let own = last.starts_with("session") || last.starts_with("token");
    let weak =
        || response_texts(reading, if own { &WEAK_USER_PATHS[1..] } else { &WEAK_USER_PATHS }).into_iter().next();
    let sent = || request_texts(reading, &NAMES).into_iter().next();
    strong().or_else(claimed).or_else(weak).or_else(sent)
}

fn request_has(reading: &Reading<'_>, names: &[&str]) -> bool {
    values(names, |fields| reading.request_value(fields)).next().is_some()
}

fn request_texts(reading: &Reading<'_>, names: &[&str]) -> Vec<Arc<str>> {
    values(names, |fields| reading.request_value(fields)).filter_map(as_text).collect()
}

fn response_texts(reading: &Reading<'_>, names: &[&str]) -> Vec<Arc<str>> {
    values(names, |fields| reading.response_value(fields)).filter_map(as_text).collect()
}

/// Known, present values at these paths, in order of the names; wrapped ones after bare ones.
fn values<'n>(names: &'n [&str], get: impl Fn(&[&str]) -> Bound + 'n) -> impl Iterator<Item = Value> + 'n {
    let paths = names.iter().flat_map(|name| WRAPPERS.iter().map(move |wrapper| format!("{wrapper}{name}")));
    paths.filter_map(move |path| match get(&path.split('.').collect::<Vec<_>>()) {
        Bound::Exactly(Value::Null) | Bound::AtLeast(_) | Bound::Unknown => None,
        Bound::Exactly(value) => Some(value),
    })
}

fn as_text(value: Value) -> Option<Arc<str>> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}
