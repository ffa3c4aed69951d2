//! What names of fields say: that a value is an id and of what, whose a thing is, that it is gone.

use crate::correlate::template::{is_variable, singular, snake, snake_chars};

/// Longest name of a kind of things.
const LONGEST_KIND: usize = 40;

/// Fields whose values stand for ids.
const NAMES: [&str; 8] = ["slug", "handle", "sku", "code", "number", "iid", "reference", "ref"];

/// Whether a field of this name holds names that stand for ids.
pub(in crate::correlate) fn names_things(name: &str) -> bool {
    NAMES.contains(&name)
}

/// How names end that people give to what they call a thing by: `orderNumber`, `invoice_no`.
const CALLED: [&str; 6] = ["number", "code", "reference", "ref", "key", "no"];

/// Of what a key gives what people call it by: of the object around it (`Some(None)`: `code`), or of one that it names
/// (`orderNumber`).
pub(super) fn called(key: &str) -> Option<Option<String>> {
    if names_things(key) || key == "key" {
        return Some(None);
    }
    let ends = |end: &&&str| {
        key.len() > end.len() && key.get(key.len() - end.len()..).is_some_and(|own| own.eq_ignore_ascii_case(end))
    };
    CALLED.iter().find(ends)?;
    let snake = snake(key);
    let (kind, end) = snake.rsplit_once('_')?;
    (CALLED.contains(&end) && is_kind(kind)).then(|| Some(kind.to_owned()))
}

/// Names ending in `Id` that name no business object.
const NO_OBJECTS: [&str; 16] = [
    "request",
    "trace",
    "span",
    "session",
    "correlation",
    "client",
    "csrf",
    "device",
    "x_request",
    "parent_span",
    "idempotency",
    "nonce",
    "connection",
    "visitor",
    "anonymous",
    "tracking",
];

/// How names of ids end.
const ENDS: [&str; 8] = ["_id", "Id", "ID", "-id", "Guid", "_guid", "Uuid", "_uuid"];

/// Names of the id of the object around it.
const OWN: [&str; 8] = ["id", "_id", "uuid", "Id", "ID", "guid", "Guid", "Uuid"];

/// Fields that name whose an object is, the plainest first; `ownerId`, `owner_id` and `owner: {id}` are `owner` too.
const OWNERS: [&str; 10] =
    ["owner", "user", "customer", "account", "creator", "created_by", "author", "owner_user", "member", "username"];

/// The object that an id's name says it is one of: `orderId`, `order_id`.
fn stem(key: &str) -> Option<&str> {
    ENDS.iter().find_map(|end| key.strip_suffix(end)).filter(|s| !s.is_empty())
}

/// The owner of a list of ids, by its key: `orderIds`, `order_ids`, `ids`.
pub(super) fn ids_of(key: &str, around: Option<&str>) -> Option<Option<String>> {
    let one = key.strip_suffix('s').filter(|one| is_own_id(one) || stem(one).is_some())?;
    owner_of(one, around)
}

/// Of what the list is that a value stands in, `order` of `orders.*.id`; `None` where it is the whole body.
pub(super) fn in_list_of(path: &str) -> Option<String> {
    let (list, _) = path.rsplit_once(".*.")?;
    Some(singular(list.rsplit('.').next().unwrap_or(list)))
}

/// Whether a key is that of the id of the object around it.
pub(super) fn is_own_id(key: &str) -> bool {
    OWN.contains(&key)
}

/// Whether a key says that, or when, the object around it was deleted.
pub(super) fn is_deletion(key: &str) -> bool {
    if !["elet", "emov", "rash"].iter().any(|part| key.contains(part)) {
        return false;
    }
    let name = snake(key);
    let (name, asked) = name.strip_prefix("is_").map_or((&*name, false), |rest| (rest, true));
    let told = name.strip_suffix("_at").or_else(|| name.strip_suffix("_on")).filter(|_| !asked);
    matches!(told.unwrap_or(name), "deleted" | "removed" | "trashed" | "deletion_requested")
}

/// How plainly a key says that its value is whose the object around it is.
pub(super) fn owner_rank(key: &str) -> Option<usize> {
    let name = stem(key).unwrap_or(key);
    OWNERS.iter().position(|owner| snake_chars(name).eq(owner.chars()))
}

/// The owner that a key names: `None` when the key is no id, or one of nothing that has the name of a kind.
pub(in crate::correlate) fn owner_of(key: &str, around: Option<&str>) -> Option<Option<String>> {
    if is_own_id(key) {
        return around.is_none_or(is_kind).then(|| around.map(str::to_owned));
    }
    let stem = stem(key).filter(|stem| !is_variable(stem))?;
    let snake = snake(stem);
    (is_kind(&snake) && !NO_OBJECTS.contains(&snake.as_str())).then_some(Some(snake))
}

/// The kind of things that a key is the word for.
pub(super) fn kind_of(key: &str) -> Option<String> {
    let kind = singular(key);
    (is_kind(&kind) && !NO_OBJECTS.contains(&kind.as_str())).then_some(kind)
}

/// Whether a name is one that people give to a kind of things: anybody may send other text in its place, and types are
/// shown wherever their objects are.
fn is_kind(name: &str) -> bool {
    (1..=LONGEST_KIND).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !is_variable(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_called_by_numbers_and_codes() {
        for (key, told) in [
            ("code", Some(None)),
            ("slug", Some(None)),
            ("key", Some(None)),
            ("orderNumber", Some(Some("order"))),
            ("invoice_no", Some(Some("invoice"))),
            ("purchase-order-ref", Some(Some("purchase_order"))),
            ("piano", None),
            ("no", None),
            ("number_of_items", None),
            ("9f86d081884c7d65_code", None),
        ] {
            assert_eq!(called(key), told.map(|kind| kind.map(str::to_owned)), "{key}");
        }
    }

    #[test]
    fn only_names_of_kinds_name_kinds() {
        for (key, kind) in [
            ("orderId", "order"),
            ("salesOrderID", "sales_order"),
            ("sales-order-id", "sales_order"),
            ("oauth2_grant_id", "oauth2_grant"),
            ("s3BucketId", "s3_bucket"),
        ] {
            assert_eq!(owner_of(key, None).flatten().as_deref(), Some(kind), "{key}");
        }
        let long = format!("{}_id", "a".repeat(LONGEST_KIND + 1));
        let secret = ["Zk3vQ9xT7mB2kkkk0_id", "9f86d081884c7d65_id", "ord_1_id", "2_id"];
        for key in
            secret.into_iter().chain(["anna.smith@example.com_id", "a b_id", "größe_id", "\u{1b}[31mred_id", &long])
        {
            assert_eq!(owner_of(key, None), None, "{key}");
            let around = key.trim_end_matches("_id");
            assert_eq!(owner_of("id", Some(around)), None, "{around}");
        }
        assert_eq!(owner_of("id", None), Some(None));
        assert_eq!(owner_of("id", Some("order")), Some(Some("order".to_owned())));
    }
}
