//! Use after deletion, where no model says what may follow what: each benign story beside the abuse that it resembles.

use super::*;
use crate::compare::builder::EventBuilder;

/// A call by its operation, on one object.
fn call(n: u64, who: &str, operation: &str, object: &str, status: u16) -> EventBuilder {
    let method = operation.split_once(' ').unwrap().0;
    event(n, i64::try_from(n).unwrap() * 10, "").by(who, &[]).on(object).with(|e| {
        (e.activity, e.operation, e.method) = (None, Some(operation.into()), method.into());
        (e.read, e.status) = (method == "GET", Some(status));
        e.outcome = if status < 400 { Outcome::Accepted } else { Outcome::Rejected };
    })
}

/// What is told: the event, and the confidence that a doubt leaves.
fn told(events: Vec<EventBuilder>) -> Vec<(u64, f32)> {
    let events: Vec<Event> = events.into_iter().map(EventBuilder::done).collect();
    let result = Comparer::new(None).case(Some(&id("doc:1")), &events, &Blindness::default());
    assert!(result.deviations.iter().all(|d| d.check == Check::Orphan));
    result.deviations.iter().map(|d| (d.at.0, d.doubt.map_or(1.0, |doubt| doubt.at_most))).collect()
}

fn deleted(n: u64) -> EventBuilder {
    call(n, "anna", "DELETE /docs/{docId}", "doc:1", 204)
}

fn read(n: u64) -> EventBuilder {
    call(n, "anna", "GET /docs/{docId}", "doc:1", 200)
}

fn transfer(n: u64, who: &str) -> EventBuilder {
    call(n, who, "POST /docs/{docId}/transfer", "doc:1", 200)
}

#[test]
fn a_change_after_the_deletion_is_told_a_mere_read_is_for_review() {
    assert_eq!(told(vec![deleted(1), transfer(2, "mallory")]), [(2, 1.0)]);
    assert_eq!(told(vec![deleted(1), read(2), read(3)]), [(2, 0.4)]);
    assert_eq!(told(vec![deleted(1), transfer(2, "mallory").refused(404)]), []);
}

#[test]
fn the_gravest_use_is_told_and_each_that_changes_something_else() {
    assert_eq!(told(vec![deleted(1), read(2), transfer(3, "mallory")]), [(3, 1.0)]);
    assert_eq!(told(vec![deleted(1), transfer(2, "anna"), transfer(3, "mallory"), transfer(4, "eve")]), [(3, 1.0)]);
    let shared = call(4, "eve", "POST /docs/{docId}/share", "doc:1", 200);
    assert_eq!(told(vec![deleted(1), read(2), transfer(3, "mallory"), shared]), [(3, 1.0), (4, 1.0)]);
}

#[test]
fn an_answer_that_says_deleted_or_comes_from_a_cache_is_no_use() {
    let gone = |n| read(n).with(|e| e.answer.gone = true);
    let cached = |n| read(n).with(|e| e.answer.cached = true);
    assert_eq!(told(vec![deleted(1), gone(2), cached(3)]), []);
    assert_eq!(told(vec![deleted(1), gone(2), transfer(3, "mallory")]), [(3, 1.0)]);
}

#[test]
fn a_deletion_under_way_is_over_once_the_object_is_not_found() {
    let taken = || deleted(1).with(|e| e.status = Some(202));
    assert_eq!(told(vec![taken(), read(2), transfer(3, "anna")]), []);
    assert_eq!(told(vec![taken(), read(2).refused(404), transfer(3, "mallory")]), [(3, 1.0)]);
}

#[test]
fn what_is_made_again_lives_again() {
    let lock = |n, operation: &str, status| call(n, "svc", operation, "lock:77", status);
    let steps =
        |made: EventBuilder| vec![lock(1, "DELETE /locks/{lockId}", 204), made, lock(3, "PATCH /locks/{lockId}", 200)];
    for again in ["POST /locks/{lockId}", "PUT /locks/{lockId}", "POST /locks", "POST /locks/{lockId}/restore"] {
        assert_eq!(told(steps(lock(2, again, 201))), [], "{again}");
    }
    assert_eq!(told(steps(lock(2, "POST /locks/{lockId}/extend", 200))), [(2, 1.0), (3, 1.0)]);
    assert_eq!(told(steps(lock(2, "POST /locks", 409))), [(3, 1.0)], "refused");
}

#[test]
fn everybody_has_a_cart_of_their_own() {
    let item = |n, who: &str, operation: &str| call(n, who, operation, "item:501", 200);
    let removed = || item(1, "anna", "DELETE /cart/items/{itemId}");
    assert_eq!(told(vec![removed(), item(2, "bert", "PATCH /cart/items/{itemId}")]), []);
    assert_eq!(told(vec![removed(), item(2, "anna", "PATCH /cart/items/{itemId}")]), [(2, 1.0)]);
    let of_nobody = item(2, "anna", "PATCH /cart/items/{itemId}").with(|e| e.actor = Default::default());
    assert_eq!(told(vec![removed(), of_nobody]), [], "whose cart, nobody knows");
    let named = |n, who: &str, method: &str| item(n, who, &format!("{method} /users/{{userId}}/likes/{{itemId}}"));
    assert_eq!(told(vec![named(1, "anna", "DELETE"), named(2, "bert", "PATCH")]), [(2, 1.0)], "the path says whose");
    let shared = |n, who: &str, method: &str| item(n, who, &format!("{method} /carts/{{cartId}}/items/{{itemId}}"));
    assert_eq!(told(vec![shared(1, "anna", "DELETE"), shared(2, "bert", "PATCH")]), [(2, 1.0)]);
}

#[test]
fn words_that_only_contain_another_bring_nothing_back() {
    let step = |n, who: &str, operation: &str| call(n, who, operation, "doc:1", 200);
    for (collection, last) in [("refundOrders", "approve"), ("recovery-codes", "use"), ("payouts", "redo-undone")] {
        let gone = step(1, "anna", &format!("DELETE /{collection}/{{id}}"));
        let used = step(2, "eve", &format!("POST /{collection}/{{id}}/{last}"));
        assert_eq!(told(vec![gone, used]), [(2, 1.0)], "{collection}");
    }
    for last in ["/restore", ":undelete", "/undo-delete", "/reopenDoc"] {
        let back = step(2, "bert", &format!("POST /docs/{{docId}}{last}"));
        assert_eq!(told(vec![deleted(1), back, transfer(3, "eve")]), [], "{last}");
    }
}

#[test]
fn a_put_of_somebody_else_brings_back_what_the_server_says_it_made() {
    let put = |who: &str, status| call(2, who, "PUT /docs/{docId}", "doc:1", status);
    let story = |put| told(vec![deleted(1), put, transfer(3, "eve")]);
    assert_eq!(story(put("eve", 201)), []);
    assert_eq!(story(put("anna", 200)), []);
    assert_eq!(story(put("eve", 200)), [(2, 0.6), (3, 0.6)]);
    assert_eq!(story(put("eve", 409)), [(3, 1.0)]);
}

#[test]
fn drafts_and_saved_things_are_not_everybodys_own() {
    for word in ["drafts", "saved", "current", "bag"] {
        let at = |n, who: &str, what: &str| {
            let (method, rest) = what.split_once(' ').unwrap();
            call(n, who, &format!("{method} /{word}/{{id}}{rest}"), "doc:1", 200)
        };
        assert_eq!(told(vec![at(1, "anna", "DELETE "), at(2, "eve", "POST /publish")]), [(2, 1.0)], "{word}");
    }
}
