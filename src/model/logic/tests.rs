//! What logic says of conditions, and that evaluation never says otherwise.

use proptest::prelude::*;

use super::*;
use crate::event::Value;
use crate::model::Model;
use crate::model::expression::{Bound, Expression, Scope, Truth, truth};

/// The guard of a model whose order has some attributes.
fn condition(text: &str) -> Expression {
    let model = format!(
        "offpath: 1\nworkflow: {{id: w, version: 1}}\nobjects: {{order: {{key: path.o, attrs: {{a: req.a, b: req.b, m: \"money(req.m)\"}}}}}}\n\
         activities: {{pay: {{http: \"POST /o/{{o}}\", object: order, where: {text:?}}}}}\n"
    );
    let (model, _) = Model::read("m.yaml", &model).unwrap_or_else(|found| panic!("{found}"));
    model.activities[0].matchers[0].condition.clone().unwrap()
}

fn relation(old: &str, new: &str) -> Relation {
    let (old, new) = (condition(old), condition(new));
    let forth = compare(Some(&old.node), Some(&new.node));
    assert_eq!(compare(Some(&new.node), Some(&old.node)), forth.reversed());
    forth
}

#[test]
fn limits_and_sets_are_ordered() {
    for (old, new, wanted) in [
        ("req.a < 5", "req.a <= 5", Relation::Looser),
        ("req.a < 5", "5 > req.a", Relation::Same),
        ("money(req.m) <= money('100 EUR')", "money(req.m) <= money('200 EUR')", Relation::Looser),
        ("money(req.m) <= money('100 EUR')", "money(req.m) <= money('200 USD')", Relation::Other),
        ("req.a in ['x', 'y']", "req.a in ['y', 'x', 'z']", Relation::Looser),
        ("req.a in ['x', 'y']", "req.a == 'y' || req.a == 'x'", Relation::Same),
        ("req.a == 'x' && req.b > 1", "req.a == 'x'", Relation::Looser),
        ("!(req.a == 'x' || req.b > 1)", "req.a != 'x' && req.b <= 1", Relation::Same),
        ("req.a < req.b", "req.b >= req.a", Relation::Looser),
        ("req.a < 5", "req.b < 5", Relation::Other),
        // Where it is absent, the first is undecided and the second false.
        ("req.a < 5", "has(req.a)", Relation::Other),
        ("req.a.startsWith('x')", "req.a.startsWith('x') || req.b == 1", Relation::Looser),
    ] {
        assert_eq!(relation(old, new), wanted, "{old} -> {new}");
    }
    let guard = condition("req.a < 5");
    assert_eq!(compare(None, Some(&guard.node)), Relation::Tighter);
    assert_eq!(compare(Some(&guard.node), None), Relation::Looser);
}

#[test]
fn contradictions_are_found_and_doubts_are_left_alone() {
    for (text, never) in [
        ("req.a > 5 && req.a < 3", true),
        ("req.a == 'x' && req.a == 'y'", true),
        ("req.a in ['x', 'y'] && req.a in ['z']", true),
        ("has(req.a) && req.a == null", true),
        ("(req.a > 5 || req.a == 'x') && req.a == 'y' && req.a < 2", true),
        ("req.a > 5 && !(req.a > 4)", true),
        ("req.a < req.b && req.b < req.a", true),
        ("req.a == 'x' && req.a == 'X'", false),
        ("req.a >= 5 && req.a <= 5", false),
        // Zero of a number stands beside both currencies.
        ("money(req.m) <= money('5 EUR') && money(req.m) <= money('5 USD')", false),
        ("req.a > 5 && req.b < 3", false),
    ] {
        assert_eq!(is_never_true(&condition(text).node), never, "{text}");
    }
    assert!(is_never_false(&condition("has(req.a) || !has(req.a)").node));
    assert!(!is_never_false(&condition("req.a > 5 || req.a == 7").node));
}

#[test]
fn what_has_too_many_ways_is_not_known() {
    let list: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    let long = condition(&format!("req.a in [{}]", list.join(",")));
    assert!(!is_never_true(&long.node));
    assert!(is_within(&long.node, &long.node), "but it is within itself");
}

struct Fixed(Vec<(&'static str, Bound)>);

impl Scope for Fixed {
    fn value(&self, path: &Path) -> Bound {
        self.0.iter().find(|(name, _)| *name == &*path.fields.join(".")).map_or(Bound::Unknown, |(_, b)| b.clone())
    }

    fn values(&self, _: &Path) -> (Vec<Value>, bool) {
        (Vec::new(), false)
    }
}

/// Every value that a term may have around the constants of the generated conditions.
fn bounds() -> Vec<Bound> {
    let number = |n: i64| Value::Number(n.into());
    let mut all = vec![Bound::Unknown, Bound::Exactly(Value::Null), Bound::Exactly(Value::Bool(true))];
    all.extend((0..=4).map(|n| Bound::Exactly(number(n))));
    all.extend((0..=4).map(|n| Bound::AtLeast(number(n))));
    all.extend(["x", "y", "z"].map(|text| Bound::Exactly(Value::Text(text.into()))));
    all.push(Bound::Exactly(Value::Money(crate::event::Money { amount: 2.into(), currency: "EUR".into() })));
    all
}

fn atoms() -> impl Strategy<Value = String> {
    let path = prop_oneof![Just("req.a"), Just("req.b")];
    let constant = prop_oneof![
        (0..4).prop_map(|n: i32| n.to_string()),
        Just("'x'".to_owned()),
        Just("'y'".to_owned()),
        Just("null".to_owned()),
        Just("money('2 EUR')".to_owned()),
        Just("money('2 USD')".to_owned()),
    ];
    let equality = prop_oneof![Just("=="), Just("!=")];
    let order = prop_oneof![Just("<"), Just("<="), Just(">"), Just(">=")];
    prop_oneof![
        (path.clone(), equality, constant.clone()).prop_map(|(p, o, c)| format!("{p} {o} {c}")),
        (path.clone(), order.clone(), 0..4).prop_map(|(p, o, c)| format!("{p} {o} {c}")),
        (path.clone(), order.clone(), 0..4).prop_map(|(p, o, c)| format!("{c} {o} {p}")),
        order.prop_map(|o| format!("req.a {o} req.b")),
        path.clone().prop_map(|p| format!("has({p})")),
        (path, prop::collection::vec(constant, 1..3)).prop_map(|(p, list)| format!("{p} in [{}]", list.join(", "))),
    ]
}

fn conditions() -> impl Strategy<Value = String> {
    atoms().prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Evaluation with every value of both terms is the oracle.
    #[test]
    fn no_scope_says_otherwise(a in conditions(), b in conditions()) {
        let (a, b) = (condition(&a), condition(&b));
        let relation = compare(Some(&a.node), Some(&b.node));
        let (never_true, never_false) = (is_never_true(&a.node), is_never_false(&a.node));
        for left in bounds() {
            for right in bounds() {
                let scope = Fixed(vec![("a", left.clone()), ("b", right.clone())]);
                let (old, new) = (truth(&a, &scope), truth(&b, &scope));
                prop_assert!(!never_true || old != Truth::True, "{} at {left:?} {right:?}", a.text);
                prop_assert!(!never_false || old != Truth::False, "{} at {left:?} {right:?}", a.text);
                let wider = |narrow: Truth, wide: Truth| {
                    (narrow != Truth::True || wide == Truth::True) && (wide != Truth::False || narrow == Truth::False)
                };
                match relation {
                    Relation::Same => prop_assert_eq!(old, new, "{} and {} at {:?} {:?}", a.text, b.text, left, right),
                    Relation::Looser => prop_assert!(wider(old, new), "{} -> {} at {left:?} {right:?}", a.text, b.text),
                    Relation::Tighter => prop_assert!(wider(new, old), "{} -> {} at {left:?} {right:?}", a.text, b.text),
                    Relation::Other => {}
                }
            }
        }
        prop_assert_eq!(compare(Some(&a.node), Some(&a.node)), Relation::Same);
    }
}
