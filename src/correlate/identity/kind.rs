//! Kind of an actor: by the model's conditions, else by the marks that issuers put on tokens of machines.

use std::sync::Arc;

use super::Naming;
use crate::correlate::credential::{Kind, Shown};
use crate::correlate::jwt::Claims;
use crate::correlate::reading::Reading;
use crate::event::Evidence;
use crate::model::Expression;
use crate::model::expression::{self, Bound, Scope, Truth};

impl Naming<'_> {
    /// The kind, and whether it is known: a condition that may hold before the one that does leaves it open, and so does
    /// an API key of which nothing says who holds it.
    pub(super) fn kind(
        &self,
        reading: &Reading<'_>,
        name: Option<&str>,
        client: Option<&str>,
        evidence: Evidence,
        shown: &[Shown],
    ) -> (Arc<str>, bool) {
        let kinds = self.model.map(|m| m.kinds.as_slice()).unwrap_or_default();
        let (mut refuted, mut open) = (false, false);
        for (kind, conditions) in kinds {
            match holds(conditions, reading) {
                Truth::True => return (kind.clone(), !open),
                Truth::False => refuted = true,
                Truth::Unknown => open = true,
            }
        }
        let gty = || reading.log_field(&["gty", "grant_type"]);
        let service = reading.claims.as_ref().is_some_and(is_machine)
            || reading.claims.is_none() && gty().is_some_and(is_client_grant)
            || name.is_some_and(|n| Some(n) == client || is_machine_name(n))
            // Beside a session a key is the page's, the app's or the gateway's.
            || evidence == Evidence::ApiKey && self.model.is_none() && !shown.iter().any(is_session)
            // Nothing but a token or a message's signature is verified, and people sign no messages.
            || evidence == Evidence::Verified && reading.claims.is_none();
        if service && !refuted {
            return ("service".into(), true);
        }
        let default = self.model.map(|m| m.default_kind.clone()).filter(|k| !k.is_empty());
        let known = if kinds.is_empty() {
            evidence != Evidence::ApiKey && (evidence >= Evidence::Claims || reading.headers_whole())
        } else {
            !open
        };
        (default.unwrap_or_else(|| "human".into()), known)
    }

    /// The kind of who got a token by the grant of clients, where the model leaves that to us.
    pub(in crate::correlate) fn client_kind(&self) -> Option<Arc<str>> {
        self.model.is_none_or(|model| model.kinds.is_empty()).then(|| "service".into())
    }
}

/// Whether a credential may be somebody's session.
fn is_session(shown: &Shown) -> bool {
    matches!(shown.kind, Kind::Bearer | Kind::Cookie | Kind::Perhaps)
}

/// Whether a grant is one by which a client acts for itself.
fn is_client_grant(grant: &str) -> bool {
    grant.replace('_', "-") == "client-credentials"
}

/// Whether claims are those of a program that acts for itself.
fn is_machine(claims: &Claims) -> bool {
    let text = |name: &str| claims.text(name);
    let subject = text("sub");
    let same = |name: &str| subject.is_some() && text(name) == subject;
    // Auth0 and others; Entra ID; a Keycloak client's own user.
    text("gty").or_else(|| text("grant_type")).is_some_and(|grant| is_client_grant(&grant))
        || text("idtyp").is_some_and(|kind| kind == "app")
        || text("preferred_username").is_some_and(|name| name.starts_with("service-account-"))
        // Entra ID where `idtyp` was not asked for: an application is its own object, and was given no scope of a user's.
        || text("appid").is_some() && same("oid") && text("scp").is_none()
        || ["azp", "client_id", "clientId", "cid", "appid"].into_iter().any(same)
        || ["sub", "email", "azp"].into_iter().filter_map(text).any(|name| is_machine_name(&name))
}

/// Whether a name is one that platforms give to programs.
fn is_machine_name(name: &str) -> bool {
    let starts = ["service:", "service-account-", "system:serviceaccount:", "system:node:", "spiffe://"];
    let ends = [".gserviceaccount.com", "@clients"];
    starts.iter().any(|start| name.starts_with(start)) || ends.iter().any(|end| name.ends_with(end))
}

/// Whether conditions of a kind hold: the first that does says so, else any that the source can decide. Where all that one
/// reads is in view, it does not hold unless it is true.
fn holds(conditions: &[Expression], reading: &Reading<'_>) -> Truth {
    let mut answer = Truth::Unknown;
    for condition in conditions {
        let seen = || condition.paths().into_iter().all(|path| reading.value(path) != Bound::Unknown);
        match expression::truth(condition, reading) {
            Truth::True => return Truth::True,
            Truth::False => answer = Truth::False,
            Truth::Unknown if seen() => answer = Truth::False,
            Truth::Unknown => {}
        }
    }
    answer
}
