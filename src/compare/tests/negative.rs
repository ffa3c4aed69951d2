use super::*;
use crate::event::Value;
use crate::model::expression::Function;
use crate::model::{Expression, Path};

fn signs() -> Model {
    let mut model = empty().object("order", None).steps("order", &["pay", "pack", "correct"]);
    let amount =
        |root: Root, field: &str| Node::Path(Path { text: field.into(), root, fields: vec![Arc::from(field)] });
    let money = |root| Node::Call(Function::Money, vec![amount(root, "value"), amount(Root::RequestBody, "unit")]);
    let mut give = |at: usize, name: &str, node| {
        model.activities[at].attributes.push((name.into(), Expression { text: name.into(), node }));
    };
    give(0, "paid", money(Root::RequestBody));
    give(0, "left", money(Root::ResponseBody));
    give(1, "quantity", amount(Root::RequestBody, "n"));
    give(1, "offset", amount(Root::RequestBody, "offset"));
    give(2, "paid", money(Root::RequestBody));
    model.activities[2].signed = true;
    model
}

fn with(activity: &str, name: &str, value: Value) -> Event {
    event(1, 1, activity).on("order:1").attribute(name, value).done()
}

#[test]
fn what_clients_send_has_to_be_zero_or_more() {
    let number = |n: i64| Value::Number(n.into());
    for (activity, name, value, wrong) in [
        ("pay", "paid", eur(-1), true),
        ("pay", "paid", eur(0), false),
        ("pay", "paid", Value::Number("-0.00".parse().unwrap()), false),
        ("pay", "left", eur(-1), false),
        ("pack", "quantity", number(-3), true),
        ("pack", "quantity", number(0), false),
        ("pack", "quantity", Value::Text("-3".into()), true),
        ("pack", "quantity", Value::Text("3".into()), false),
        ("pack", "quantity", Value::Text("-".into()), false),
        ("pack", "quantity", Value::List(vec![number(2), Value::Text("-1.5".into())]), true),
        ("pack", "quantity", Value::List(vec![number(2), number(0)]), false),
        ("pack", "offset", number(-3), false),
        ("correct", "paid", eur(-1), false),
    ] {
        let result = run(signs(), &[with(activity, name, value.clone())]);
        let found = checks(&result).contains(&Check::Negative);
        assert_eq!(found, wrong, "{activity} {name} {value}");
    }
}

#[test]
fn what_is_refused_or_not_shown_is_no_breach() {
    let mut refused = with("pay", "paid", eur(-1));
    (refused.outcome, refused.status) = (Outcome::Rejected, Some(422));
    assert!(!checks(&run(signs(), &[refused])).contains(&Check::Negative));
    let mut hidden = event(1, 1, "pay").on("order:1").done();
    hidden.shows.request_body = false;
    let result = run(signs(), &[hidden]);
    let tally = result.tallies.0[&(Check::Negative, "pcap")];
    assert_eq!((tally.evaluated, tally.not_evaluable), (0, 1));
}
