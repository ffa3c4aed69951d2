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
/// Clients of every Keycloak realm, whose roles say nothing of the application.
const KEYCLOAKS_OWN: [&str; 4] = ["account", "broker", "realm-management", "security-admin-console"];
/// Most places of one exchange.
const MOST: usize = 16;
/// Longest path.
const LONGEST: usize = 160;

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
        words.retain(|word| !word.is_empty());
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
    let mut seen: Vec<&str> = Vec::new();
    for (name, _) in &reading.exchange.log.fields {
        let Some(rank) = rank(&[name]).filter(|_| is_sayable(name) && !seen.contains(&name.as_str())) else { continue };
        seen.push(name);
        let told = reading.log_values(&[name]);
        let value = Value::List(told.into_iter().map(|text| Value::Text(text.into())).collect());
        places.extend(RolePlace::of(format!("log.{name}"), rank, &value));
    }
    places.truncate(MOST);
    places
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
