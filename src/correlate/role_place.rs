//! Places of roles: where an exchange that is read without a model shows what its actor may do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::login;
use super::reading::Reading;
use crate::event::Value;
use crate::event::partition::stable_hash;
use crate::model::expression::Bound;

/// Names of fields that hold roles, and of those that may stand in for them, the best first.
const NAMES: [&[&str]; 4] = [
    &["role", "roles", "userrole", "userroles", "authorities"],
    &["group", "groups"],
    &["permission", "permissions"],
    &["scope", "scopes", "scp"],
];
/// Rank of groups, the last that say who somebody is.
const GROUPS: u8 = 1;
/// Clients of every Keycloak realm, whose roles say nothing of the application.
const KEYCLOAKS_OWN: [&str; 4] = ["account", "broker", "realm-management", "security-admin-console"];
/// Most places of one exchange.
const MOST: usize = 16;
/// Longest path.
const LONGEST: usize = 160;

/// Rank of scopes: what a client may do, not who somebody is. Some issuers put roles among them.
const SCOPES: u8 = 3;
/// Words of scopes that every issuer has.
const COMMON_SCOPES: [&str; 7] = ["openid", "profile", "email", "address", "phone", "offline_access", "api"];
/// Parts of scopes that say what may be done.
const DEEDS: [&str; 17] = [
    "access", "all", "create", "delete", "edit", "execute", "full", "list", "manage", "modify", "offline", "only",
    "read", "readonly", "update", "view", "write",
];

/// Whether a word is a scope and no role: `openid`, `orders:read`, `write_orders`, `https://api.example/mail.send`.
fn is_scope(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let structured = lower.contains([':', '.', '/']);
    structured || COMMON_SCOPES.contains(&&*lower) || lower.split(['_', '-']).any(|part| DEEDS.contains(&part))
}

/// A place where roles are shown, and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePlace {
    /// Path of the model language, e.g. `jwt.realm_access.roles`.
    pub path: Arc<str>,
    /// How well its name says that these are roles: 0 is `roles`, 1 groups, 2 permissions, 3 scopes.
    pub rank: u8,
    /// Hash of what it says.
    pub said: u64,
}

impl RolePlace {
    fn of(path: String, rank: u8, value: &Value) -> Option<RolePlace> {
        let mut words: Vec<&str> = match value {
            Value::Text(text) => vec![text],
            Value::List(items) => {
                items.iter().map(|item| if let Value::Text(text) = item { &**text } else { "" }).collect()
            }
            _ => return None,
        };
        words.retain(|word| !word.is_empty() && (rank < SCOPES || !is_scope(word)));
        words.sort_unstable();
        let sayable = path.len() <= LONGEST && !words.is_empty();
        sayable.then(|| RolePlace {
            path: path.into(),
            rank,
            said: stable_hash(words.iter().map(|word| word.as_bytes())),
        })
    }
}

/// Places of roles in the token and the log record of an exchange.
pub(super) fn of_request(reading: &Reading<'_>) -> Vec<RolePlace> {
    let claims =
        reading.claims.iter().flat_map(|claims| claims.find(&|fields| is_own(fields).then(|| rank(fields)).flatten()));
    let mut places: Vec<RolePlace> =
        claims.filter_map(|(fields, rank, value)| RolePlace::of(format!("jwt.{fields}"), rank, &value)).collect();
    places.extend(of_record(&reading.exchange.log.fields));
    places.truncate(MOST);
    places
}

/// The roles that the token or, where it has none, the log record tells, each once, sorted.
pub(super) fn told(reading: &Reading<'_>) -> Vec<Arc<str>> {
    let claims =
        reading.claims.iter().flat_map(|claims| claims.find(&|fields| is_own(fields).then(|| rank(fields)).flatten()));
    let best = claims.filter(|(_, rank, _)| *rank <= GROUPS).min_by_key(|(_, rank, _)| *rank);
    let mut roles = match best {
        Some((_, _, Value::Text(text))) => vec![text],
        Some((_, _, Value::List(items))) => {
            items.into_iter().filter_map(|item| if let Value::Text(text) = item { Some(text) } else { None }).collect()
        }
        Some(_) => Vec::new(),
        None => {
            let fields = reading.exchange.log.fields.iter();
            let of_roles =
                fields.filter(|(name, value)| rank(&[name]).is_some_and(|rank| rank <= GROUPS) && value != "-");
            of_roles.map(|(_, value)| Arc::from(value.as_str())).collect()
        }
    };
    roles.retain(|role| !role.is_empty());
    roles.sort();
    roles.dedup();
    roles
}

/// Places of roles in a log record, in its order: one walk, since a hostile record may have very many fields.
fn of_record(fields: &[(String, String)]) -> Vec<RolePlace> {
    let mut told: Vec<(&str, u8, Vec<Value>)> = Vec::new();
    for (name, value) in fields {
        let Some(rank) = rank(&[name]).filter(|_| is_sayable(name)) else { continue };
        let at = told.iter().position(|(known, ..)| known == name).or_else(|| {
            (told.len() < MOST).then(|| told.push((name, rank, Vec::new())))?;
            told.len().checked_sub(1)
        });
        // A dash stands for nothing.
        if let Some((_, _, values)) = at.and_then(|at| told.get_mut(at)).filter(|_| value != "-") {
            values.push(Value::Text(value.as_str().into()));
        }
    }
    told.into_iter()
        .filter_map(|(name, rank, values)| RolePlace::of(format!("log.{name}"), rank, &Value::List(values)))
        .collect()
}

/// Places of roles in the answer to a login, read with [`login::wanted`].
pub(super) fn of_login(reading: &Reading<'_>) -> Vec<RolePlace> {
    let places = login::role_paths().filter_map(|path| {
        let fields: Vec<&str> = path.split('.').collect();
        let Bound::Exactly(value) = reading.response_value(&fields) else { return None };
        RolePlace::of(format!("res.{path}"), rank(&fields)?, &value)
    });
    places.take(MOST).collect()
}

/// What the last field of a path is called, namespaces aside: `https://shop.example/roles`, `cognito:groups`.
fn rank(fields: &[&str]) -> Option<u8> {
    let name = fields.last()?.rsplit(['/', ':', '.']).next()?;
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect();
    let rank = NAMES.iter().position(|names| names.contains(&plain.as_str()))?;
    u8::try_from(rank).ok()
}

fn is_own(fields: &[&str]) -> bool {
    let foreign = matches!(fields, ["resource_access", client, ..] if KEYCLOAKS_OWN.contains(client));
    // A name with dots is only found at the top.
    !foreign
        && fields.iter().all(|field| is_sayable(field))
        && (fields.len() == 1 || !fields.iter().any(|f| f.contains('.')))
}

/// Whether a path can hold the name of a field.
fn is_sayable(field: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"(){}[],;&|=<>!@*'\"\\#".contains(c);
    !field.is_empty() && field.chars().all(plain) && field.split('.').all(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_every_value_of_a_role_and_few_places() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = [field("role", "clerk"), field("status", "new"), field("role", "-"), field("role", "boss")];
        let both = RolePlace::of(
            "log.role".into(),
            0,
            &Value::List(vec![Value::Text("boss".into()), Value::Text("clerk".into())]),
        );
        assert_eq!(of_record(&fields), Vec::from_iter(both));
        let many: Vec<_> = (0..50_000).map(|n| field(&format!("a{n}.role"), "clerk")).collect();
        assert_eq!(of_record(&many).len(), MOST);
        assert_eq!(of_record(&[field("role", "-")]), []);
    }

    #[test]
    fn scopes_are_no_roles_unless_they_hold_some() {
        let of = |words: &str| {
            RolePlace::of(
                "jwt.scope".into(),
                3,
                &Value::List(words.split(' ').map(|word| Value::Text(word.into())).collect()),
            )
        };
        for none in ["openid profile", "orders:read orders:write", "read_orders", "https://api.example/mail.send"] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(of("openid desk"), of("desk"));
        assert!(RolePlace::of("jwt.roles".into(), 0, &Value::Text("orders:read".into())).is_some(), "roles by name");
    }

    #[test]
    fn issuers_call_roles_by_many_names() {
        for (fields, expected) in [
            (&["roles"][..], Some(0)),
            (&["realm_access", "roles"], Some(0)),
            (&["https://shop.example/roles"], Some(0)),
            (&["http://schemas.microsoft.com/ws/2008/06/identity/claims/role"], Some(0)),
            (&["user_role"], Some(0)),
            (&["cognito:groups"], Some(1)),
            (&["permissions"], Some(2)),
            (&["scp"], Some(3)),
            (&["sub"], None),
            (&["enrolment"], None),
        ] {
            assert_eq!(rank(fields), expected, "{fields:?}");
        }
        assert!(is_own(&["resource_access", "web", "roles"]));
        assert!(!is_own(&["resource_access", "account", "roles"]));
        assert!(!is_own(&["apps", "a.b", "roles"]), "a path could not say it");
        assert!(!is_own(&["a b"]));
    }
}
