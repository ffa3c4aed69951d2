//! Comparisons of a value with itself: both sides are, or may be, read from one place of one message.

use std::sync::Arc;

use super::document::Node;
use super::reader::Reader;
use crate::model::diagnostic::Diagnostic;
use crate::model::expression::{self, Operator};
use crate::model::{ActivityId, AttributeRule, Code, Expression, Model, ObjectType, Path, Root};

/// Warns of a constraint whose sides may be one value.
pub(super) fn sides(reader: &mut Reader, node: &Node, model: &Model, (left, right): (&Path, &Path)) {
    if let Some(place) = shared(model, None, left, right) {
        warn(reader, node, left, right, &place);
    }
}

/// Warns of comparisons within a guard whose sides may be one value.
pub(super) fn guard(reader: &mut Reader, node: &Node, model: &Model, activity: ActivityId, guard: &Expression) {
    for part in guard.nodes() {
        let expression::Node::Binary(operator, left, right) = part else { continue };
        let (expression::Node::Path(left), expression::Node::Path(right)) = (&**left, &**right) else { continue };
        if compares(*operator)
            && let Some(place) = shared(model, Some(activity), left, right)
        {
            warn(reader, node, left, right, &place);
        }
    }
}

fn compares(operator: Operator) -> bool {
    use Operator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    matches!(operator, Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual)
}

fn warn(reader: &mut Reader, node: &Node, left: &Path, right: &Path, place: &str) {
    let title = format!("`{}` and `{}` may both be read from `{place}`", left.text, right.text);
    let diagnostic = Diagnostic::warning(Code::SamePlace, node.span.clone(), title)
        .label("where they are, nothing is compared")
        .help("let one of the two be read from something else, such as a claim or the answer to the login");
    reader.found.push(diagnostic);
}

/// Where a value is read from in the message that is judged.
enum Places {
    /// The first of these that holds one.
    First(Vec<Arc<str>>),
    /// All of these together.
    All(Vec<Arc<str>>),
}

/// A place that both values are, or may be, read from.
fn shared(model: &Model, activity: Option<ActivityId>, left: &Path, right: &Path) -> Option<Arc<str>> {
    let borrowed = [left, right].into_iter().any(|path| is_the_actors(model, path));
    let of = |path| places(model, activity, path, borrowed);
    let (left, right) = (of(left)?, of(right)?);
    let within = |few: &[Arc<str>], many: &[Arc<str>]| few.iter().all(|place| many.contains(place));
    match (&left, &right) {
        (Places::First(a), Places::First(b)) => a.iter().find(|place| b.contains(place)).cloned(),
        (Places::First(one), Places::All(all)) | (Places::All(all), Places::First(one)) => {
            one.iter().find(|place| all.contains(place)).filter(|_| all.len() == 1).cloned()
        }
        (Places::All(a), Places::All(b)) => a.first().filter(|_| within(a, b) || within(b, a)).cloned(),
    }
}

/// Whether a path is the tenant of an object that has its maker's.
fn is_the_actors(model: &Model, path: &Path) -> bool {
    let Root::Object(id) = path.root else { return false };
    let object = model.object_types.get(usize::from(id.0));
    path.fields.first().is_some_and(|name| &**name == "tenant") && object.is_some_and(has_the_actors)
}

fn has_the_actors(object: &ObjectType) -> bool {
    object.within_tenant && object.tenant.is_empty()
}

/// `borrowed`: the other value is the actor's as well, wherever that was read. Else what an answer tells of the actor was told
/// at a login, and so in another message.
fn places(model: &Model, activity: Option<ActivityId>, path: &Path, borrowed: bool) -> Option<Places> {
    let places = match (&path.root, path.fields.as_slice()) {
        (Root::Event, [name]) => {
            let of = |id: ActivityId| model.activities.get(usize::from(id.0));
            let (_, expression) = activity.and_then(of)?.attributes.iter().find(|(known, _)| known == name)?;
            Places::All(read_by(expression))
        }
        (Root::Actor, [name]) if &**name == "tenant" => {
            let here = |path: &&Path| borrowed || path.root != Root::ResponseBody;
            Places::First(model.actors.tenant.iter().filter(here).map(|path| Arc::clone(&path.text)).collect())
        }
        (Root::Object(id), [name]) => of_object(model, model.object_types.get(usize::from(id.0))?, name)?,
        (root, _) if root.is_exchange() => Places::All(vec![Arc::clone(&path.text)]),
        _ => return None,
    };
    let (Places::First(found) | Places::All(found)) = &places;
    (!found.is_empty()).then_some(places)
}

/// An attribute that requests write is compared as it was before, and so from another message.
fn of_object(model: &Model, object: &ObjectType, name: &str) -> Option<Places> {
    if name == "tenant" {
        let paths = if has_the_actors(object) { &model.actors.tenant } else { &object.tenant };
        return Some(Places::First(paths.iter().map(|path| Arc::clone(&path.text)).collect()));
    }
    let rule = object.attributes.iter().find(|attribute| &*attribute.name == name).map(|attribute| &attribute.value);
    match rule? {
        AttributeRule::Exchange(expression) if expression.paths().into_iter().any(Path::is_sent) => None,
        AttributeRule::Exchange(expression) => Some(Places::All(read_by(expression))),
        AttributeRule::Sum { .. } => None,
    }
}

fn read_by(expression: &Expression) -> Vec<Arc<str>> {
    expression.paths().into_iter().map(|path| Arc::clone(&path.text)).collect()
}
