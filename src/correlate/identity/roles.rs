//! Roles and tenant of an actor: from the model's paths, claims and log fields.

use std::sync::Arc;

use super::{Naming, TENANT_NAMES, is_in_answer, masked_text, text_of};
use crate::correlate::credential::{Kind, Shown};
use crate::correlate::reading::Reading;
use crate::event::Value;
use crate::model::expression::{Bound, Scope};
use crate::model::{ActorNaming, Path, Root};

/// Most places of tenants that are compared.
const MOST_PLACES: usize = 8;

impl Naming<'_> {
    /// The tenant, and the model's path that told it.
    pub(super) fn tenant(&self, reading: &Reading<'_>) -> (Option<Arc<str>>, Option<&Path>) {
        let text = |path| Some((masked_text(reading, path, self.masker)?, path));
        let told = self.model.into_iter().flat_map(|m| &m.tenant).filter(|path| !is_in_answer(path));
        if let Some((tenant, path)) = told.into_iter().find_map(text) {
            return (Some(self.masker.shared(&tenant)), Some(path));
        }
        let claimed =
            || reading.claims.as_ref().and_then(|c| TENANT_NAMES.iter().find_map(|n| c.text(n))).map(Arc::from);
        // Any client can send this one: a model says whether it is to be believed.
        let believed = self.model.is_none();
        let sent = || {
            reading.header("x-tenant-id").filter(|_| believed).and_then(|v| std::str::from_utf8(v).ok()).map(Arc::from)
        };
        let logged = || reading.log_field(&TENANT_NAMES).map(Arc::from);
        (claimed().or_else(logged).or_else(sent).map(|t: Arc<str>| self.masker.shared(&t)), None)
    }

    /// What each of the model's places in requests says of the tenant, where several do.
    pub(in crate::correlate) fn tenants(&self, reading: &Reading<'_>) -> Vec<(Arc<str>, Arc<str>)> {
        let paths = || self.model.into_iter().flat_map(|m| &m.tenant).filter(|path| !is_in_answer(path));
        if paths().nth(1).is_none() {
            return Vec::new();
        }
        let said =
            |path: &Path| Some((path.text.clone(), self.masker.shared(&masked_text(reading, path, self.masker)?)));
        let told: Vec<_> = paths().take(MOST_PLACES).filter_map(said).collect();
        if told.len() < 2 { Vec::new() } else { told }
    }

    /// Whether the model names a place in answers before a path to the tenant: a login may have told it there.
    pub(super) fn yields(&self, told_by: &Path) -> bool {
        let paths = self.model.into_iter().flat_map(|m| &m.tenant);
        paths.take_while(|path| *path != told_by).any(answers)
    }

    /// The tenant that the answer to a login, or its log record, tells of whom it binds.
    pub(in crate::correlate) fn bound_tenant(&self, reading: &Reading<'_>) -> Option<Arc<str>> {
        let paths = self.model.into_iter().flat_map(|m| &m.tenant).filter(|path| answers(path));
        paths.into_iter().find_map(|path| masked_text(reading, path, self.masker)).map(|t| self.masker.shared(&t))
    }

    /// Roles after the model's mapping. The default role is given only where it is known that none was claimed.
    pub(super) fn roles(&self, reading: &Reading<'_>, shown: &[Shown]) -> Roles {
        let Some(model) = self.model else { return self.logged_roles(reading) };
        let mut listed = self.listed_roles(reading, model.roles_from.iter().filter(|path| !is_in_answer(path)));
        if !listed.found.is_empty() {
            return Roles::told(self.mapped(listed.found, model));
        }
        let hidden = |path: &&Path| is_in_answer(path) && !matches!(reading.value(path), Bound::Exactly(_));
        listed.hidden |= model.roles_from.iter().any(|path| hidden(&path));
        if listed.hidden {
            listed.found = logged_list(reading, &["roles", "role"]);
            let names = listed.found.iter_mut().filter(|role| !is_role(model, role));
            names.for_each(|role| *role = self.masker.shared(role));
        }
        let defaulted = || model.default_role.clone().into_iter().collect::<Vec<_>>();
        let told = listed.empty || model.roles_from.iter().any(|path| tells_roles(path, reading));
        // Who has no place for roles but a default says that all have that one.
        let all_default = || model.roles_from.is_empty() || lacks_claims(model, reading, shown);
        if !listed.found.is_empty() {
            Roles::told(self.mapped(listed.found, model))
        } else if told || model.default_role.is_some() && all_default() {
            // A list without any is as good as one.
            Roles { defaulted: !listed.empty, ..Roles::told(defaulted()) }
        } else {
            Roles::default()
        }
    }

    /// Roles that a log's record gives, where no model says where they are.
    fn logged_roles(&self, reading: &Reading<'_>) -> Roles {
        let mut found = logged_list(reading, &["roles", "role"]);
        found.iter_mut().for_each(|role| *role = self.masker.shared(role));
        found.sort();
        found.dedup();
        if found.is_empty() { Roles::default() } else { Roles::told(found) }
    }

    /// Roles that the answer to a login, or its log record, tells of whom it binds: the model's paths into requests say
    /// who asked, which somebody else may do. Without any, the default where they could have been told.
    pub(in crate::correlate) fn bound_roles(&self, reading: &Reading<'_>) -> Option<Arc<[Arc<str>]>> {
        let model = self.model?;
        let paths = || model.roles_from.iter().filter(|path| answers(path));
        let listed = self.listed_roles(reading, paths());
        if !listed.found.is_empty() {
            return Some(self.mapped(listed.found, model).into());
        }
        let asked = listed.empty || paths().any(|path| reading.value(path) == Bound::Exactly(Value::Null));
        match &model.default_role {
            Some(default) if asked => Some([default.clone()].into()),
            _ => listed.empty.then(|| Arc::from([])),
        }
    }

    /// What the first of some paths that leads to roles says.
    fn listed_roles<'p>(&self, reading: &Reading<'_>, paths: impl IntoIterator<Item = &'p Path>) -> Listed {
        let mut listed = Listed::default();
        for path in paths {
            let items = match reading.value(path) {
                Bound::Exactly(Value::Text(text)) => words(&text),
                Bound::Exactly(Value::List(items)) => items.into_iter().filter_map(text_of).collect(),
                Bound::Exactly(_) => continue,
                Bound::AtLeast(_) | Bound::Unknown => {
                    listed.hidden = true;
                    continue;
                }
            };
            listed.empty |= items.is_empty();
            let plain = |role: &Arc<str>| self.model.is_some_and(|model| is_role(model, role));
            let masked = |role: Arc<str>| if plain(&role) { role } else { self.masker.named_text(path, &role) };
            listed.found.extend(items.into_iter().map(masked));
            if !listed.found.is_empty() {
                break;
            }
        }
        listed
    }

    fn mapped(&self, mut roles: Vec<Arc<str>>, model: &ActorNaming) -> Vec<Arc<str>> {
        for role in &mut roles {
            if let Some(renamed) = model.role_map.get(role) {
                *role = renamed.clone();
            }
        }
        roles.sort();
        roles.dedup();
        roles
    }
}

/// Whether a path is one of those that say of whom a login binds: those into requests say who asked.
fn answers(path: &Path) -> bool {
    is_in_answer(path) || path.root == Root::Log
}

/// Roles of an actor.
#[derive(Default)]
pub(super) struct Roles {
    pub(super) roles: Vec<Arc<str>>,
    /// Whether they are all that the actor has.
    pub(super) known: bool,
    /// Whether they are the default, for want of any place that tells some.
    pub(super) defaulted: bool,
}

impl Roles {
    fn told(roles: Vec<Arc<str>>) -> Self {
        Roles { roles, known: true, defaulted: false }
    }
}

/// What the paths to roles say.
#[derive(Default)]
struct Listed {
    found: Vec<Arc<str>>,
    /// Some path led to a list without any.
    empty: bool,
    /// Some path led where the source does not show what is.
    hidden: bool,
}

/// Whether a role is a word of the model's author.
fn is_role(model: &ActorNaming, role: &Arc<str>) -> bool {
    model.role_map.contains_key(role) || model.default_role.as_ref() == Some(role)
}

/// Whether a path would lead to the roles of whoever has some, so that nothing there says that the actor has none. An
/// answer's body is about the actor at a login only, and a session keeps its roles on the server.
fn tells_roles(path: &Path, reading: &Reading<'_>) -> bool {
    match path.root {
        Root::Jwt => reading.claims.is_some(),
        Root::RequestHeader | Root::Mtls => reading.headers_whole(),
        _ => false,
    }
}

/// Whether roles are claims of tokens and the request has no token: neither one that can be read nor a session's.
fn lacks_claims(model: &ActorNaming, reading: &Reading<'_>, shown: &[Shown]) -> bool {
    let session = shown.iter().any(|s| matches!(s.kind, Kind::Bearer | Kind::Cookie));
    model.roles_from.iter().any(|path| path.root == Root::Jwt) && !session && reading.headers_whole()
}

fn words(text: &str) -> Vec<Arc<str>> {
    let separators = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '"' | '\'');
    text.split(separators).filter(|w| !w.is_empty()).map(Arc::from).collect()
}

/// A list as a log has it: one field of text, or one field an element.
fn logged_list(reading: &Reading<'_>, names: &[&str]) -> Vec<Arc<str>> {
    match reading.log_values(names).as_slice() {
        [] => {}
        [one] => return words(one),
        several => return several.iter().map(|one| Arc::from(*one)).collect(),
    }
    let elements = reading.exchange.log.fields.iter().filter(|(field, _)| {
        let Some((stem, index)) = field.rsplit_once(['.', '[']) else { return false };
        let last = stem.rsplit('.').next().unwrap_or(stem);
        names.contains(&last) && index.trim_end_matches(']').bytes().all(|b| b.is_ascii_digit())
    });
    elements.map(|(_, value)| Arc::from(value.as_str())).collect()
}
