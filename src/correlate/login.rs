//! Logins: what binds a credential to a subject, and what ends that.

mod attempt;
mod continued;
mod exchange;
mod names;
mod pair;
mod unsaid;
mod words;

use std::sync::Arc;

use memchr::memmem;
use offpath_capture::CallOutcome;

pub(super) use self::attempt::{Attempt, attempt, spent};
pub(super) use self::continued::continued;
use self::continued::signed_up;
use self::names::{
    CODES, ENDS, EXTENSIONS, HALF_TOKENS, ID_TOKENS, LOGIN_CALLS, LOGIN_STEMS, LOGIN_WORDS, LOGOUT_WORDS, MESSAGES,
    MOST_RENEWAL, NAMES, OLD_TOKENS, PASSWORDS, PROOFS, REFRESH, RENEWALS, REVOCATIONS, REVOKED, ROLES, SIGN_UPS,
    TOKEN_HEADERS, TOKENS, TRUTHS, USER_PATHS, WEAK_USER_PATHS, WRAPPERS,
};
use self::pair::Pair;
pub(super) use self::unsaid::{Unsaid, may_give, place, unsaid};
use self::words::{bare, says_yes, welcomes};

use super::body::Wanted;
use super::credential::{self, Hash, HashKey, Keys, Kind, Shown};
use super::facts::{Acting, Binding, BoundTo};
use super::jwt::Claims;
use super::reading::{Bodies, Reading};
use super::redact::Masker;
use super::target::Target;
use crate::event::{TokenExchange, Value};
use crate::model::expression::{Bound, Scope};
use crate::model::{Activity, Path, Root};

/// What was given out at a path that says nothing of logins.
pub(super) struct Perhaps {
    /// Hash of where that was.
    pub(super) place: u64,
    /// What it binds if the path is a login's; nothing where it was given to who sent no name and secret.
    pub(super) made: Vec<(Hash, Binding)>,
}

/// Bindings that one exchange makes.
#[derive(Default)]
pub(super) struct Bindings {
    pub(super) made: Vec<(Hash, Binding)>,
    /// New values of sessions that go on.
    pub(super) continued: Vec<(Hash, Binding)>,
    /// What it binds if the path is a login's, which says nothing of it.
    pub(super) perhaps: Option<Perhaps>,
    /// Credentials that stop standing for anybody, and how surely.
    pub(super) ended: Vec<(Hash, BoundTo)>,
    /// The request is for a way in or out, which is open to those too whose session has ended.
    pub(super) enters: bool,
    /// Who logged in.
    pub(super) subject: Option<Arc<str>>,
    /// Claims of the token that named the subject: what it does with the token is done under them.
    pub(super) claims: Option<Claims>,
    /// The session from before the login goes on after it.
    pub(super) kept: bool,
    /// A client logged in for itself.
    pub(super) client: bool,
    /// Who acts by the new credentials, and what for.
    pub(super) acting: Acting,
    /// The token was given for another one.
    pub(super) exchanged: Option<TokenExchange>,
}

/// Body paths that tell a login without a model.
pub(super) fn wanted() -> Bodies {
    let (mut request, mut response) = (Wanted::new(), Wanted::new());
    let add = |to: &mut Wanted, path: String| to.add(&path.split('.').collect::<Vec<_>>());
    for wrapper in WRAPPERS {
        let asked = PROOFS
            .iter()
            .chain(&NAMES)
            .chain(&OLD_TOKENS)
            .chain(&HALF_TOKENS)
            .chain(&["client_id", "state"])
            .chain(&exchange::ASKED);
        for name in asked {
            add(&mut request, format!("{wrapper}{name}"));
        }
        let told = TOKENS.iter().chain(&HALF_TOKENS).chain(&ID_TOKENS).chain(&USER_PATHS).chain(&WEAK_USER_PATHS);
        for name in told.chain(&NAMES) {
            add(&mut response, format!("{wrapper}{name}"));
        }
    }
    role_paths().for_each(|path| add(&mut response, path));
    ENDS.iter()
        .chain(&CODES)
        .chain(&MESSAGES)
        .chain(&[exchange::ISSUED])
        .for_each(|name| add(&mut response, (*name).to_owned()));
    Bodies { request, response, ..Bodies::new() }
}

/// Paths into the answer to a login that may lead to roles.
pub(super) fn role_paths() -> impl Iterator<Item = String> {
    WRAPPERS
        .iter()
        .chain(&["data.user.", "result.user."])
        .flat_map(|at| ROLES.iter().map(move |name| format!("{at}{name}")))
}

/// Whether a request may be a login by its method and path, or the name of its call, alone.
pub(super) fn looks_like_login(reading: &Reading<'_>) -> bool {
    if let Some(call) = reading.call {
        let name = bare(&call.name);
        return LOGIN_CALLS.iter().any(|word| name.contains(word)) && !is_logout(&name);
    }
    let posts = matches!(reading.method(), "POST" | "PUT") || is_callback(reading);
    posts && words(reading).any(|word| is_login(&word)) && !words(reading).any(|word| is_logout(&word))
}

/// Whether a request at a path that says nothing of it may renew a token: it sends one to refresh it with, and the answer
/// gives a token.
pub(super) fn trades_for_a_token(reading: &Reading<'_>) -> bool {
    sends_refresh(reading) && unsaid::may_give_token(reading)
}

/// Whether anything that the request sends is called a refresh token: a field of its body, a cookie or a header.
fn sends_refresh(reading: &Reading<'_>) -> bool {
    let refresh = |name: &str| bare(name).contains("refresh");
    let request = reading.exchange.request.as_ref();
    let header = |(name, value): (&[u8], &[u8])| !value.is_empty() && std::str::from_utf8(name).is_ok_and(refresh);
    let body = request.and_then(|request| request.body.bytes()).filter(|body| body.len() <= MOST_RENEWAL);
    body.is_some_and(|body| REFRESH.iter().any(|name| memmem::find(body, name).is_some()))
        || reading.cookies().any(|(name, value)| !value.is_empty() && refresh(name))
        || request.is_some_and(|request| request.headers.iter().any(header))
}

/// Whether an exchange renews a token: its answer gives a new one for a refresh token, or at a path that says so. The access
/// token beside it may be over.
pub(super) fn renews(reading: &Reading<'_>) -> bool {
    let posts = reading.call.is_some() || matches!(reading.method(), "POST" | "PUT");
    let gives = || response_texts(reading, &TOKENS).iter().any(|token| token.len() >= 8);
    let asked = || words(reading).any(|word| RENEWALS.iter().any(|stem| word.starts_with(stem)));
    posts && (sends_refresh(reading) || asked()) && gives()
}

/// Whether a request comes back from an identity provider: `GET /callback?code=...&state=...`.
fn is_callback(reading: &Reading<'_>) -> bool {
    let sent = |name: &str| reading.target.parameter(name).is_some_and(|value| !value.is_empty());
    reading.method() == "GET" && sent("code") && sent("state")
}

/// Whether a request is for logging in or out, or for a new token: who makes it may have none that serves. A word on the
/// way to something else (`/sessions/7/bookings`, `/auth/orders`) does not make it so.
pub(super) fn is_for_tokens(reading: &Reading<'_>) -> bool {
    let ends = || words(reading).last().is_some_and(|word| is_login(&word));
    let proves = || request_has(reading, &PROOFS) || request_has(reading, &OLD_TOKENS);
    is_entrance(reading) || looks_like_login(reading) && (reading.call.is_some() || ends() || proves())
}

fn is_login(word: &str) -> bool {
    LOGIN_WORDS.contains(&word) || LOGIN_STEMS.iter().any(|stem| word.starts_with(stem) || word.ends_with(stem))
}

fn is_logout(word: &str) -> bool {
    LOGOUT_WORDS.contains(&word) || REVOCATIONS.contains(&word)
}

/// Whether a path is that of a logout or of a token's revocation, by its last segment.
fn is_way_out(reading: &Reading<'_>) -> bool {
    let last = words(reading).last().unwrap_or_default();
    LOGOUT_WORDS.contains(&last.as_str())
        || REVOCATIONS.contains(&last.as_str()) && words(reading).any(|word| REVOKED.contains(&word.as_str()))
}

/// Whether a path is that of a login's or logout's page, which answers everybody.
pub(super) fn is_entrance(reading: &Reading<'_>) -> bool {
    let last = words(reading).last().unwrap_or_default();
    LOGIN_STEMS.contains(&last.as_str()) || is_way_out(reading)
}

/// Segments of the path without what is no letter or digit, and without the end of a page's name.
fn words<'r>(reading: &'r Reading<'_>) -> impl Iterator<Item = String> + 'r {
    reading.target.segments.iter().map(|segment| {
        let stem = match segment.rsplit_once('.') {
            Some((stem, end)) if EXTENSIONS.iter().any(|known| end.eq_ignore_ascii_case(known)) => stem,
            _ => segment,
        };
        bare(stem)
    })
}

/// Bindings by the model's `bind`, for an accepted event.
pub(super) fn declared(reading: &Reading<'_>, activity: &Activity, key: &HashKey, masker: &Masker) -> Bindings {
    let mut bindings = Bindings::default();
    for (credential, subject) in &activity.bind {
        let Some(subject) = super::identity::masked_text(reading, subject, masker) else { continue };
        let Some((hash, issued)) = credential_at(reading, credential, key) else { continue };
        bindings.made.push((hash, Binding::to(BoundTo::Subject(subject.clone()), issued)));
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

/// Bindings of an exchange that looks like a login: a proof in the request, an answer that takes it, a credential in the
/// response, and a subject or an older credential that the new one stands in for. A failed login binds nothing.
pub(super) fn inferred(reading: &Reading<'_>, shown: &[Shown], keys: Keys<'_>, masker: &Masker) -> Bindings {
    let key = keys.hash;
    let old = old_tokens(reading, key);
    let pair = Pair::of(reading);
    let proved = request_has(reading, &PROOFS) || pair.is_some() || !old.is_empty() || is_let_in(reading, shown);
    // Who shows a session and no password gets another token for the same one.
    let renews = !request_has(reading, &PASSWORDS) && pair.is_none();
    let sessions: Vec<Hash> = opaque(shown).map(|s| s.hash).collect();
    let session = sessions.first();
    // Who is logged in may sign up somebody else: the new token is that one's, the session goes on.
    let for_another = session.is_some() && words(reading).any(|word| SIGN_UPS.contains(&word.as_str()));
    let signs_up = session.copied().filter(|_| for_another);
    let session = session.filter(|_| renews);
    if !is_taken(reading) || failed(reading) || !(proved || session.is_some()) {
        return Bindings::default();
    }
    if let Some(exchange) = exchange::read(reading, shown, keys, masker) {
        return exchanged(exchange, issued_tokens(reading, key));
    }
    let (claims, subject, merely_sent) = subject(reading, shown, pair);
    // Without a proof, whoever is named need not be who asks: an administrator may ask for a token of another's.
    let subject = subject.filter(|_| proved || claims.is_some());
    let client = is_client_grant(reading);
    let mut credentials = issued_tokens(reading, key);
    // What anybody may have sent names nobody where the answer says anything in words but that it was taken: in how many
    // languages a login fails, no list tells.
    let name = subject.as_deref();
    let heard = !merely_sent || !credentials.is_empty() || is_told(reading, name) || !says_else(reading, name);
    if !for_another && heard && (reading.call.is_none() || credentials.is_empty()) {
        credentials.extend(issued_cookies(reading, key));
    }
    let mut kept = credentials.iter().any(|(_, issued)| !issued);
    if credentials.is_empty() && proved && !for_another && is_told(reading, name) {
        let cookies = shown.iter().filter(|s| s.kind == Kind::Cookie);
        credentials = cookies.map(|s| (s.hash, false)).collect();
        kept = !credentials.is_empty();
    }
    let told = is_told(reading, name);
    let subject = subject.map(|name| masker.shared(&name));
    let signed_up = match (signs_up.filter(|_| proved && heard), &subject) {
        (Some(session), Some(subject)) => {
            let kept = if told { shown } else { &[] };
            signed_up(issued_cookies(reading, key).collect(), kept, session, subject)
        }
        _ => Vec::new(),
    };
    let to = match (&subject, old.as_slice(), session) {
        (Some(subject), ..) => BoundTo::Subject(subject.clone()),
        (None, [first, second, ..], _) => BoundTo::SameAsEither(*first, *second),
        (None, [one], _) => BoundTo::SameAs(*one),
        // Any client can show another credential beside its own.
        (None, [], Some(first)) => match sessions.get(1) {
            Some(second) => BoundTo::SameAsEither(*first, *second),
            None => BoundTo::SameAs(*first),
        },
        (None, [], None) => return Bindings::default(),
    };
    if credentials.is_empty() && signed_up.is_empty() {
        return Bindings::default();
    }
    // What was shown before goes on to stand for whom it stood for, where nothing proved that somebody else took over.
    credentials.retain(|(_, issued)| *issued || proved);
    // A credential cannot stand for itself.
    let itself = |hash: &Hash| matches!(&to, BoundTo::SameAs(other) if other == hash);
    let credentials = credentials.into_iter().filter(|(hash, _)| !itself(hash));
    let made = credentials.map(|(hash, issued)| (hash, Binding::to(to.clone(), issued))).chain(signed_up).collect();
    let kept = kept && subject.is_some();
    let (claims, subject) = if for_another || !proved { (None, None) } else { (claims, subject) };
    let acting = Acting { scopes: exchange::told_scopes(reading, masker), ..Acting::default() };
    Bindings { made, kept, client, claims, subject, acting, ..Bindings::default() }
}

/// Whether a name alone opened a session, as systems under test and behind a gate of their own have it: at a login's path,
/// for somebody who shows nothing yet, and the answer calls him by that name and gives a token, or says what he is. Where the
/// next step asks for a secret, nothing of that is said yet.
fn is_let_in(reading: &Reading<'_>, shown: &[Shown]) -> bool {
    let path = || looks_like_login(reading) && words(reading).last().is_some_and(|last| is_login(&last));
    if !shown.is_empty() || reading.call.is_some() || !path() || half(reading) {
        return false;
    }
    let sent = request_texts(reading, &NAMES);
    let [name, others @ ..] = sent.as_slice() else { return false };
    let called = || response_texts(reading, &NAMES).contains(name);
    let roles = || role_paths().any(|path| says(reading, &path.split('.').collect::<Vec<_>>()));
    let token = || !response_texts(reading, &TOKENS).is_empty();
    others.is_empty() && called() && (token() || roles())
}

/// Whether the answer has anything at a place.
fn says(reading: &Reading<'_>, fields: &[&str]) -> bool {
    !matches!(reading.response_value(fields), Bound::Exactly(Value::Null) | Bound::AtLeast(_) | Bound::Unknown)
}

/// Bindings of an exchange of tokens: what a client may add to its request (a user's name) counts for nothing there.
fn exchanged(exchange: exchange::Exchange, issued: Vec<(Hash, bool)>) -> Bindings {
    let new = issued.into_iter().filter(|(hash, _)| exchange.gives(*hash));
    let made = new.map(|(hash, issued)| (hash, Binding::to(exchange.to.clone(), issued))).collect();
    let exchange::Exchange { subject, claims, acting, told, .. } = exchange;
    Bindings { made, subject, claims, acting, exchanged: Some(told), ..Bindings::default() }
}

/// Sessions that a request shows, those first that do not say by themselves whose they are.
fn opaque(shown: &[Shown]) -> impl Iterator<Item = &Shown> {
    let sessions = || shown.iter().filter(|s| matches!(s.kind, Kind::Bearer | Kind::Cookie));
    sessions().filter(|s| s.claims.is_none()).chain(sessions().filter(|s| s.claims.is_some()))
}

/// Whether the answer took what was sent: a 2xx that is no page (a form is shown again when the login failed), a call's own
/// word, or a redirect onward.
fn is_taken(reading: &Reading<'_>) -> bool {
    if let Some(call) = reading.call {
        return call.outcome == CallOutcome::Accepted;
    }
    let media = reading.exchange.response.as_ref().and_then(|response| response.headers.text("content-type"));
    let page = media.is_some_and(|media| media.contains("html"));
    match reading.outcome_status() {
        Some(200..=299) => !page,
        _ => super::form::leads_on(reading),
    }
}

/// Whether the answer says that the login was one: it names the user, says so, or leads on to some page of its own. To the
/// start page lead failed logins too.
fn is_told(reading: &Reading<'_>, name: Option<&str>) -> bool {
    let says = |name: &str| reading.response_value(&[name]) == Bound::Exactly(Value::Bool(true));
    let names = !response_texts(reading, &USER_PATHS).is_empty();
    let response = reading.exchange.response.as_ref();
    let location = response.and_then(|response| response.headers.text("location"));
    let onward = super::form::leads_on(reading) && location.is_some_and(|l| !Target::parse(l).segments.is_empty());
    !half(reading)
        && (onward
            || names
            || TRUTHS.into_iter().any(says)
            || messages(reading).any(|message| welcomes(&message, name)))
}

/// Whether the answer says that the login is not over.
fn half(reading: &Reading<'_>) -> bool {
    reading.response_value(&["mfa_required"]) == Bound::Exactly(Value::Bool(true))
}

/// Whether the answer says anything in words but that the login was one; a redirect leads on whatever it says.
fn says_else(reading: &Reading<'_>, name: Option<&str>) -> bool {
    let response = reading.exchange.response.as_ref();
    let plain = response.and_then(|r| r.headers.text("content-type")).is_some_and(|media| media.starts_with("text/"));
    let text = response.filter(|_| plain).and_then(|r| std::str::from_utf8(r.body.bytes()?).ok());
    let redirects = matches!(reading.outcome_status(), Some(300..=399));
    let else_than_yes = |text: &str| !says_yes(text, name);
    !redirects && (messages(reading).any(|message| else_than_yes(&message)) || text.is_some_and(else_than_yes))
}

fn messages<'r>(reading: &'r Reading<'_>) -> impl Iterator<Item = Arc<str>> + 'r {
    let said = |name: &&str| match reading.response_value(&[*name]) {
        Bound::Exactly(value) => as_text(value),
        _ => None,
    };
    MESSAGES.iter().filter_map(said)
}

/// Tokens that the answer gives out in its body and headers.
fn issued_tokens(reading: &Reading<'_>, key: &HashKey) -> Vec<(Hash, bool)> {
    let texts = response_texts(reading, &TOKENS).into_iter().chain(response_texts(reading, &HALF_TOKENS));
    let mut issued: Vec<(Hash, bool)> = texts.map(|text| (key.credential(text.as_bytes()), true)).collect();
    if reading.call.is_some() && !issued.is_empty() {
        return issued;
    }
    let headers = reading.exchange.response.as_ref().map(|response| &response.headers);
    let told = TOKEN_HEADERS.iter().filter_map(|name| headers?.text(name)).filter_map(|text| text.rsplit(' ').next());
    issued.extend(told.filter(|token| token.len() >= 8).map(|token| (key.credential(token.as_bytes()), true)));
    issued
}

/// Cookies of the answer that may carry a session, and whether they are new.
fn issued_cookies(reading: &Reading<'_>, key: &HashKey) -> impl Iterator<Item = (Hash, bool)> {
    let new = |c: &super::cookie::SetCookie<'_>| !c.deletes && credential::is_issued_cookie(c.name, c.value);
    let cookies = reading.set_cookies().filter(new);
    cookies.map(|c| (key.credential(c.value), reading.cookie(c.name) != Some(c.value)))
}

/// What a request exchanges for something new, the surest first: a refresh token, a code, the token of a login that is not
/// over, the state that a login began with.
fn old_tokens(reading: &Reading<'_>, key: &HashKey) -> Vec<Hash> {
    let sent = request_texts(reading, &OLD_TOKENS).into_iter().chain(request_texts(reading, &HALF_TOKENS));
    // A one-time code that is typed in names nobody.
    let mut old: Vec<Hash> = sent.filter(|t| t.len() >= 8).map(|text| key.credential(text.as_bytes())).collect();
    if is_callback(reading) {
        let sent = ["code", "state"].iter().filter_map(|name| reading.target.parameter(name));
        old.extend(sent.map(|value| key.credential(value.as_bytes())));
    }
    old
}

fn is_client_grant(reading: &Reading<'_>) -> bool {
    let grants = request_texts(reading, &["grant_type", "grantType"]);
    grants.first().is_some_and(|grant| grant.replace('-', "_") == "client_credentials")
}

/// What a redirect of an identity provider gives out: the code, and the state that it was asked with, stand for whom the
/// provider's own session stands for, or for whom logged in there.
pub(super) fn granted(reading: &Reading<'_>, shown: &[Shown], subject: Option<&Arc<str>>, key: &HashKey) -> Bindings {
    let redirects = matches!(reading.outcome_status(), Some(302 | 303));
    let headers = reading.exchange.response.as_ref().map(|response| &response.headers);
    let Some(location) = headers.and_then(|headers| headers.text("location")).filter(|_| redirects) else {
        return Bindings::default();
    };
    let target = Target::parse(location);
    let asked = reading.target.parameter("response_type").is_some_and(|kind| kind.contains("code"));
    let (code, state) = (target.parameter("code"), target.parameter("state"));
    let Some(code) = code.filter(|code| code.len() >= 8 && (asked || state.is_some())) else {
        return Bindings::default();
    };
    // A provider knows who asks by a cookie.
    let session = opaque(shown).find(|s| s.kind == Kind::Cookie).or_else(|| opaque(shown).next());
    let to = match (subject, session) {
        (Some(subject), _) => BoundTo::Subject(Arc::clone(subject)),
        (None, Some(session)) => BoundTo::SameAs(session.hash),
        (None, None) => return Bindings::default(),
    };
    let given = [Some(code), state].into_iter().flatten().map(|value| key.credential(value.as_bytes()));
    Bindings { made: given.map(|hash| (hash, Binding::to(to.clone(), true))).collect(), ..Bindings::default() }
}

/// Credentials that an accepted logout, or a deleted session cookie, ends. Of what only looks like a logout the server may
/// know nothing.
pub(super) fn ended(reading: &Reading<'_>, shown: &[Shown], key: &HashKey) -> Vec<(Hash, BoundTo)> {
    let last = words(reading).last();
    let logout = is_way_out(reading)
        || (reading.method() == "DELETE"
            && last.is_some_and(|s| matches!(&*s, "session" | "me" | "current"))
            && words(reading).any(|word| matches!(&*word, "session" | "sessions")));
    let deleted = reading.set_cookies().filter(|c| c.deletes && credential::is_session_cookie(c.name));
    let deleted = deleted.filter_map(|c| reading.cookie(c.name)).map(|value| key.credential(value));
    let mut ended: Vec<(Hash, BoundTo)> = deleted.map(|hash| (hash, BoundTo::Nobody)).collect();
    if logout {
        let sessions = shown.iter().filter(|s| matches!(s.kind, Kind::Bearer | Kind::Cookie | Kind::Perhaps));
        let others = sessions.map(|s| s.hash).filter(|hash| ended.iter().all(|(deleted, _)| deleted != hash));
        let others: Vec<_> = others.map(|hash| (hash, BoundTo::LoggedOut)).collect();
        ended.extend(others);
    }
    ended
}

fn failed(reading: &Reading<'_>) -> bool {
    let says = |name: &str| match reading.response_value(&[name]) {
        Bound::Exactly(value) => Some(value),
        _ => None,
    };
    let words = ["status", "result"].into_iter().filter_map(says).filter_map(as_text);
    let refused = |word: Arc<str>| {
        let word = word.to_ascii_lowercase();
        matches!(&*word, "error" | "fail" | "failed" | "failure" | "unauthorized" | "denied" | "invalid")
    };
    // Other numbers are the application's own, of which some begin at 1000.
    let codes = CODES.into_iter().filter_map(says).filter_map(as_text).filter_map(|code| code.parse::<u32>().ok());
    words.into_iter().any(refused)
        || codes.into_iter().any(|code| (400..600).contains(&code))
        || TRUTHS.iter().chain(&["status", "result"]).any(|n| says(n) == Some(Value::Bool(false)))
        || ["error", "errors"].iter().any(|n| match says(n) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::List(items)) => !items.is_empty(),
            Some(_) => true,
        })
}

/// Who logged in, with the claims of the token that says so, and whether nothing but the request names them.
fn subject(reading: &Reading<'_>, shown: &[Shown], pair: Option<Pair>) -> (Option<Claims>, Option<Arc<str>>, bool) {
    if is_client_grant(reading) {
        let basic = || shown.iter().find_map(|s| s.user.clone());
        return (None, request_texts(reading, &["client_id"]).into_iter().next().or_else(basic), true);
    }
    // Who shows the token is called what it says: so is who logs in for it.
    let tokens = response_texts(reading, &ID_TOKENS);
    let headers = reading.exchange.response.as_ref().map(|response| &response.headers);
    let told = TOKEN_HEADERS.iter().filter_map(|name| headers?.text(name)).filter_map(|text| text.rsplit(' ').next());
    let mut texts = tokens.iter().map(|text| &**text).chain(told);
    if let Some((claims, name)) = texts.find_map(|text| {
        let claims = Claims::parse(text.as_bytes())?;
        let name = claims.text("sub")?;
        Some((claims, name))
    }) {
        return (Some(claims), Some(name.into()), false);
    }
    let strong = || response_texts(reading, &USER_PATHS).into_iter().next();
    // The `id` that a session or token resource returns is its own, not the user's.
    let last = words(reading).last().unwrap_or_default();
    let own = last.starts_with("session") || last.starts_with("token");
    let weak = if own { WEAK_USER_PATHS.get(1..).unwrap_or_default() } else { &WEAK_USER_PATHS };
    let weak = || response_texts(reading, weak).into_iter().next();
    let sent = || request_texts(reading, &NAMES).into_iter().next().or_else(|| pair?.name);
    let asserted = || {
        let assertions = request_texts(reading, &["assertion"]);
        assertions.iter().find_map(|text| Claims::parse(text.as_bytes())?.text("sub")).map(Arc::from)
    };
    let told = strong().or_else(weak);
    let merely_sent = told.is_none();
    (None, told.or_else(sent).or_else(asserted), merely_sent)
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
fn values<'n>(names: &'n [&'n str], get: impl Fn(&[&str]) -> Bound + 'n) -> impl Iterator<Item = Value> + 'n {
    let paths = names.iter().flat_map(|name| WRAPPERS.iter().map(move |wrapper| (*wrapper, *name)));
    let mut path = Vec::new();
    paths.filter_map(move |(wrapper, name)| match get(fields(&mut path, wrapper, name)) {
        Bound::Exactly(Value::Null) | Bound::AtLeast(_) | Bound::Unknown => None,
        Bound::Exactly(value) => Some(value),
    })
}

/// The fields of a name in a wrapper, in a list that is filled again for each.
fn fields<'p, 'n>(path: &'p mut Vec<&'n str>, wrapper: &'n str, name: &'n str) -> &'p [&'n str] {
    path.clear();
    path.extend(wrapper.split('.').chain(name.split('.')).filter(|field| !field.is_empty()));
    path
}

fn as_text(value: Value) -> Option<Arc<str>> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}
