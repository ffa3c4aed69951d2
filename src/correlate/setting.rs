//! How a request was made: what the pass over actors goes by, as hashes, kinds and marks. No value leaves here.

mod drift;
mod network;
mod program;
mod secret;
mod sunset;
mod twice;
mod url;

use std::net::IpAddr;

use offpath_capture::{Exchange, Place};

use self::network::{is_inside, network};
use super::credential::{Hash, Kind, Shown, is_session_cookie};
use super::facts::BoundTo;
use super::identity::carries_credential;
use super::jwt::{Claims, Trial};
use super::ledger::IdHasher;
use super::login::{Attempt, Bindings};
use super::proxy::{self, Proxies};
use super::reading::Reading;
use super::role_place;
use crate::event::{Gate, Mark, Marks, Setting};

/// Words of paths under which what is done would be of use to a thief: sorted.
const SENSITIVE: [&str; 31] = [
    "2fa",
    "accesskeys",
    "accounttransfer",
    "admins",
    "apikey",
    "apikeys",
    "apitokens",
    "bankaccount",
    "bankaccounts",
    "beneficiaries",
    "beneficiary",
    "changeemail",
    "changepassword",
    "email",
    "iban",
    "mfa",
    "passkeys",
    "passwd",
    "password",
    "payees",
    "payout",
    "payouts",
    "permissions",
    "roles",
    "sshkeys",
    "totp",
    "transfer",
    "transfers",
    "withdraw",
    "withdrawal",
    "withdrawals",
];

/// Words of paths under which accounts, roles and rights are administered: sorted.
const ADMINISTRATIVE: [&str; 17] = [
    "admin",
    "administration",
    "administrator",
    "administrators",
    "admins",
    "grants",
    "iam",
    "impersonate",
    "permissions",
    "privileges",
    "rbac",
    "rolebindings",
    "roles",
    "serviceaccounts",
    "sudo",
    "superadmin",
    "superuser",
];

/// Shortest value of a header that is a credential.
const SHORTEST_KEY: usize = 8;
/// Ports at which servers speak TLS: what a capture shows in the clear there was decrypted before it was written.
const TLS_PORTS: [u16; 4] = [443, 4443, 8443, 9443];

/// What tells how a request was made, beside itself.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) shown: &'a [Shown],
    pub(super) bindings: &'a Bindings,
    /// What it has to do with logins.
    pub(super) attempt: &'a Attempt,
    /// Refresh token that the answer turned into another one.
    pub(super) spent: Option<Hash>,
}

/// How a request was made.
pub(super) fn of(reading: &Reading<'_>, seen: Seen<'_>, proxies: &Proxies, ids: &IdHasher) -> Setting {
    let exchange = reading.exchange;
    let address = proxies.client(exchange);
    let agent = reading.header("user-agent").and_then(|agent| std::str::from_utf8(agent).ok());
    let agent = agent.map(str::trim).filter(|agent| !agent.is_empty() && *agent != "-");
    let token = token(seen.shown);
    // Who shows its headers and names no program is one without a name.
    let shows = reading.headers_whole() || reading.header("user-agent").is_some();
    let name = agent.map(program::name).or_else(|| shows.then(String::new));
    let Attempt { gate, account, basic } = seen.attempt;
    let marks = marks(reading, seen, address.is_some_and(|ip| ip.is_ipv6()));
    Setting {
        address: address.map_or(0, |ip| ids.value(&ip.to_string())),
        network: address.filter(|ip| !is_inside(*ip)).map_or(0, |ip| ids.value(&network(ip))),
        program: name.map_or(0, |name| ids.value(&name).max(1)),
        kind: agent.map(program::kind).unwrap_or_default(),
        life: token.and_then(Claims::life),
        issued: token.and_then(Claims::begin),
        drift: drift::of(exchange),
        issuer: token.and_then(Claims::issuer).map_or(0, |issuer| ids.value(&issuer)),
        gate: *gate,
        server: clear_server(marks, reading.exchange).map_or(0, |ip| ids.value(&ip.to_string())),
        account: account.as_ref().map_or(0, |account| ids.value(&account.trim().to_lowercase())),
        ended: ended(seen.bindings),
        spent: seen.spent.map_or(0, Hash::to_u64),
        basic: basic.map_or(0, Hash::to_u64),
        roles: roles(reading, ids),
        marks,
    }
}

/// Hashes of the roles that are told, the least first: of more than there is room for, those are the same for all.
fn roles(reading: &Reading<'_>, ids: &IdHasher) -> [u32; 4] {
    let mut hashes: Vec<u32> = role_place::told(reading).iter().map(|role| ids.kind(role)).collect();
    hashes.sort_unstable();
    let mut roles = [0; 4];
    roles.iter_mut().zip(hashes).for_each(|(to, hash)| *to = hash);
    roles
}

/// The server that a credential goes to in the clear. Its name is what the client says.
fn clear_server(marks: Marks, exchange: &Exchange) -> Option<IpAddr> {
    exchange.server.filter(|_| marks.has_any(&[Mark::Clear, Mark::ClearSession])).map(|server| server.ip)
}

/// The bearer token that is shown, as far as it says anything.
fn token(shown: &[Shown]) -> Option<&Claims> {
    shown.iter().find(|s| s.kind == Kind::Bearer && s.claims.is_some())?.claims.as_ref()
}

/// Whether a token that no key proved stands beside another credential. Of the two, anybody may have made up the token.
fn is_accompanied(shown: &[Shown]) -> bool {
    let token = shown.iter().find(|s| s.kind == Kind::Bearer && s.claims.is_some() && s.trial != Trial::Verified);
    token.is_some_and(|token| shown.iter().any(|other| other.hash != token.hash && other.kind != Kind::Perhaps))
}

/// The credentials that a logout ends, or that the answer deletes.
fn ended(bindings: &Bindings) -> [u64; 4] {
    let mut ended = [0; 4];
    let gone = bindings.ended.iter().filter(|(_, to)| matches!(to, BoundTo::Nobody | BoundTo::LoggedOut));
    ended.iter_mut().zip(gone).for_each(|(to, (hash, _))| *to = hash.to_u64());
    ended
}

fn marks(reading: &Reading<'_>, seen: Seen<'_>, v6: bool) -> Marks {
    let mut marks = url::marks(reading);
    let exchange = reading.exchange;
    let shows = !seen.shown.is_empty();
    marks.add_if(shows, Mark::Shows);
    marks.add_if(token(seen.shown).is_some_and(Claims::is_unsigned), Mark::Unsigned);
    marks.add_if(is_accompanied(seen.shown), Mark::Accompanied);
    marks.add_if(proxy::stands_before(reading).is_some(), Mark::Relayed);
    marks.add_if(v6, Mark::V6);
    marks.add_if(reading.template, Mark::HidesQuery);
    let login = matches!(seen.attempt.gate, Gate::Refused | Gate::Entered | Gate::Unsaid);
    marks.add_if(login && exchange.client.is_none(), Mark::LoginWithoutAddress);
    marks.add_if(is_sensitive(reading), Mark::Sensitive);
    marks.add_if(names_one_of(reading, &ADMINISTRATIVE), Mark::Administers);
    secret::mark(exchange, &mut marks);
    twice::mark(reading, &mut marks);
    marks.add_if(sunset::is_over(exchange), Mark::PastSunset);
    if matches!(exchange.origin.place, Place::Frames { .. }) {
        marks.add(Mark::Wire);
        if is_clear(exchange) {
            marks.add_if(has_key(exchange), Mark::Clear);
            marks.add_if(reading.cookies().any(|(name, _)| is_session_cookie(name)), Mark::ClearSession);
        }
    }
    marks
}

fn is_sensitive(reading: &Reading<'_>) -> bool {
    names_one_of(reading, &SENSITIVE)
}

/// Whether a segment of the path is one of some sorted words, or the name of a call holds one.
fn names_one_of(reading: &Reading<'_>, words: &[&str]) -> bool {
    let bare = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let listed = |text: &str| words.binary_search(&bare(text).as_str()).is_ok();
    match reading.call {
        Some(call) => words.iter().any(|word| word.len() > 4 && bare(&call.name).contains(word)),
        None => reading.target.segments.iter().any(|segment| listed(segment)),
    }
}

/// Whether a request carries a credential in a header of its own.
fn has_key(exchange: &Exchange) -> bool {
    let headers = exchange.request.iter().flat_map(|request| request.headers.iter());
    let mut own = headers.filter(|(name, _)| !name.eq_ignore_ascii_case(b"cookie"));
    own.any(|(name, value)| carries_credential(name) && value.trim_ascii().len() >= SHORTEST_KEY)
}

/// Whether packets showed the request in the clear on its way to a server outside: neither at the end of a tunnel nor within
/// one machine. Inside, whoever ends TLS passes requests on in the clear.
fn is_clear(exchange: &Exchange) -> bool {
    let (Some(client), Some(server)) = (exchange.client, exchange.server) else { return false };
    let scheme = exchange.request.as_ref().and_then(|request| request.scheme.as_deref());
    let decrypted = server.port.is_some_and(|port| TLS_PORTS.contains(&port));
    scheme == Some("http") && !decrypted && client.ip != server.ip && !is_inside(server.ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted() {
        assert!(SENSITIVE.is_sorted_by(|a, b| a < b));
        assert!(ADMINISTRATIVE.is_sorted_by(|a, b| a < b));
    }
}
