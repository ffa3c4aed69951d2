use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::event::Money;
use crate::model::outline::Outline;

/// Values by the text of their path; whatever is not here is unknown.
#[derive(Default)]
struct Table {
    one: BTreeMap<String, Bound>,
    many: BTreeMap<String, (Vec<Value>, bool)>,
}

impl Scope for Table {
    fn value(&self, path: &Path) -> Bound {
        self.one.get(&*path.text).cloned().unwrap_or(Bound::Unknown)
    }

    fn values(&self, path: &Path) -> (Vec<Value>, bool) {
        self.many.get(&*path.text).cloned().unwrap_or((Vec::new(), false))
    }
}

fn number(n: i64) -> Value {
    Value::Number(Decimal::from(n))
}

fn money(amount: &str, currency: &str) -> Value {
    Value::Money(Money { amount: amount.parse().unwrap(), currency: currency.into() })
}

fn read(text: &str) -> Expression {
    lower(text, &Outline::default(), &Place::Exchange).unwrap_or_else(|e| panic!("{text}: {e:?}")).expression
}

fn table() -> Table {
    let one = [
        ("req.five", Bound::Exactly(number(5))),
        ("req.word", Bound::Exactly(Value::Text("Shipped".into()))),
        ("req.none", Bound::Exactly(Value::Null)),
        ("req.paid", Bound::Exactly(money("100.00", "EUR"))),
        ("req.sum", Bound::AtLeast(money("90", "EUR"))),
        ("req.tags", Bound::Exactly(Value::List(vec![Value::Text("a".into()), Value::Text("b".into())]))),
        ("header.x-kind", Bound::Exactly(Value::Text("bulk".into()))),
        ("host.label.0", Bound::Exactly(Value::Text("acme".into()))),
        ("req.items.0.sku", Bound::Exactly(Value::Text("GIFT-1".into()))),
    ];
    let many = [
        ("req.all.*.amount", (vec![money("60", "EUR"), money("40.00", "EUR")], true)),
        ("req.some.*.amount", (vec![money("60", "EUR"), money("40.00", "EUR")], false)),
        ("req.less.*.amount", (vec![money("140", "EUR"), money("-40.00", "EUR")], false)),
        ("req.no.*.amount", (vec![], true)),
        ("req.mixed.*.amount", (vec![money("60", "EUR"), money("40", "USD")], true)),
    ];
    Table {
        one: one.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        many: many.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
    }
}

#[test]
fn conditions_have_three_values() {
    use Truth::{False, True, Unknown};
    for (text, expected) in [
        ("req.five == 5 && req.word != 'x'", True),
        ("req.five > 5 || req.unseen", Unknown),
        ("req.five < 5 && req.unseen", False),
        ("req.unseen == 1 || req.five == 5", True),
        ("!(req.unseen == 1)", Unknown),
        ("req.word in ['Paid', 'Shipped']", True),
        ("req.word in [req.unseen, 'Shipped']", True),
        ("req.word in [req.unseen, 'Paid']", Unknown),
        ("'a' in req.tags && !('c' in req.tags)", True),
        ("'a' in req.none", False),
        // What is known to be absent is not an amount, and is nothing else either.
        ("has(req.none)", False),
        ("has(req.five)", True),
        ("has(req.unseen)", Unknown),
        ("req.none == null", True),
        ("req.none == 5", False),
        ("req.none < 5", Unknown),
        ("req.five == '5'.size()", False),
        // No silent conversions at run time either.
        ("req.five == req.word", Unknown),
        ("decimal('5.0') == req.five", True),
        ("money(req.five, 'eur') == money('5.00 EUR')", True),
        ("req.paid == money('100 EUR')", True),
        ("req.paid > money('1 USD')", Unknown),
        ("req.paid > 0", True),
        ("req.sum > money('80 EUR')", True),
        ("req.sum > money('90 EUR')", Unknown),
        ("req.sum >= money('90 EUR')", True),
        ("req.sum <= money('80 EUR')", False),
        ("req.sum <= req.paid", Unknown),
        ("req.paid < req.sum", Unknown),
        ("money('80 EUR') < req.sum", True),
        ("money('90 EUR') > req.sum", False),
        ("req.sum == money('80 EUR')", False),
        ("req.sum != money('95 EUR')", Unknown),
        ("req.sum * 2 >= money('180 EUR')", True),
        ("req.sum * -2 >= money('-1000 EUR')", Unknown),
        ("sum(req.all.*.amount) <= req.paid", True),
        ("sum(req.some.*.amount) <= req.paid", Unknown),
        ("sum(req.some.*.amount) <= money('99 EUR')", False),
        ("sum(req.less.*.amount) <= money('99 EUR')", Unknown),
        ("sum(req.no.*.amount) <= req.paid", True),
        ("sum(req.mixed.*.amount) <= req.paid", Unknown),
        ("count(req.all.*.amount) == 2", True),
        ("count(req.some.*.amount) < 3", Unknown),
        ("min(req.all.*.amount) == money('40 EUR')", True),
        ("max(req.some.*.amount) >= money('60 EUR')", True),
        ("min(req.some.*.amount) <= money('60 EUR')", Unknown),
        ("has(req.some.*.amount)", True),
        ("size(req.tags) == 2 && size(req.word) == 7", True),
        ("header.x-kind == 'bulk' && header['X-Kind'] == 'bulk'", True),
        ("host.label.0 == 'acme'", True),
        ("req.items[0].sku.startsWith('GIFT-')", True),
        ("lower(req.word) == 'shipped'", True),
        ("req.word.matches('^S[a-z]+$')", True),
        (r"req.word.matches(r'\d')", False),
        ("req.unseen ? req.five == 5 : req.word == 'Shipped'", True),
        ("req.unseen ? req.five == 5 : req.word == 'x'", Unknown),
        ("timestamp('2026-09-02') - timestamp('2026-09-01') == duration('24h')", True),
        ("duration('1h') * 24 == duration('1d')", True),
        ("req.five / 0 == 1", Unknown),
        ("79228162514264337593543950335 + 1 > 0", Unknown),
        ("1 + 2 * 3 == 7 && -2 + 3 == 1 && 7 % 4 == 3", True),
        ("5 - 2 - 1 == 2", True),
        ("true ? false : true ? true : true", False),
    ] {
        assert_eq!(truth(&read(text), &table()), expected, "{text}");
    }
}

#[test]
fn mistakes_are_found_where_they_are() {
    for (text, code, at) in [
        ("", "M011", ""),
        ("req.a = 1", "M011", "="),
        ("req.a == 1 and req.b", "M011", "and"),
        ("req.a > 14d", "M011", "14d"),
        ("req.a > 100 EUR", "M011", "EUR"),
        ("'open", "M011", "'open"),
        ("req.a == {}", "M011", "{"),
        ("(1", "M011", ""),
        ("rq.a == 1", "M007", "rq"),
        ("event.a == 1", "M007", "event"),
        ("siz(req.a) == 1", "M012", "siz"),
        ("money() == req.a", "M012", "money()"),
        ("has(1)", "M012", "has(1)"),
        ("req.a.matches(req.b)", "M012", "req.a.matches(req.b)"),
        ("req.a.matches('(')", "M014", "'('"),
        ("money('ten EUR') > req.a", "M014", "money('ten EUR')"),
        ("duration('soon') > req.a", "M014", "duration('soon')"),
        ("path.n > 5", "M013", "path.n > 5"),
        ("money('1 EUR') > 5", "M013", "money('1 EUR') > 5"),
        ("status && true", "M013", "status"),
        ("!status", "M013", "status"),
        ("'a' + 1 == 'a1'", "M013", "'a' + 1"),
        ("method", "M013", "method"),
        ("query.a.b == 'c'", "M015", "query.a.b"),
        ("(1).a == 1", "M015", "(1).a"),
        ("method.x == 'c'", "M015", "x"),
    ] {
        let found = lower_condition(text, &Outline::default(), &Place::Exchange).expect_err(text);
        let first = &found[0];
        assert_eq!((first.code.as_str(), &text[first.span.clone()]), (code, at), "{text}: {first:?}");
    }
}

#[test]
fn hostile_shapes_are_refused_before_they_hurt() {
    let deep = |open: &str, close: &str, n: usize| format!("{}1{}", open.repeat(n), close.repeat(n));
    for text in [
        deep("(", ")", 2000),
        deep("[", "]", 2000),
        deep("!", "", 4000),
        deep("-", "", 4000),
        deep("1 ? ", " : 1", 400),
        "1 + ".repeat(1000) + "1",
        format!("req{}", ".a".repeat(2000)),
        "a".repeat(5000),
        deep("size(", ")", 600),
    ] {
        let found = lower(&text, &Outline::default(), &Place::Exchange).expect_err(&text);
        assert!(found.len() <= 2, "{}", found.len());
    }
    let pattern = "req.a.matches('((a{1,100}){1,100}){1,100}')";
    assert_eq!(lower(pattern, &Outline::default(), &Place::Exchange).expect_err("large")[0].code.as_str(), "M014");
}

#[test]
fn paths_outside_of_expressions_may_hold_dashes_and_stars() {
    let path = |text: &str| path_of_text(text, &Outline::default(), &Place::Exchange);
    let fields = |text: &str| path(text).unwrap().0.fields.join("/");
    assert_eq!(fields("header.X-Api-Key"), "x-api-key");
    assert_eq!(fields("res.orders.*.id"), "orders/*/id");
    assert_eq!(fields("res.orders[*].id"), "orders/*/id");
    assert_eq!(fields("req['a-b'][0].c"), "a-b/0/c");
    assert!(path("res.orders.*.id").unwrap().0.is_many());
    for wrong in ["", ".", "req.", "req..a", "nope.a", "req.a b", "header", "header.a.b", "req.a == 1", "host.label.x"]
    {
        assert!(path(wrong).is_err(), "{wrong}");
    }
}

// ---- laws ----

/// Random trees over a few names, drawn directly so that the evaluator is judged apart from the parser.
fn conditions() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(|b| Node::Constant(Value::Bool(b))),
        (0..4u8).prop_map(|n| variable('b', n)),
        (operators(), numbers(), numbers()).prop_map(|(o, a, b)| Node::Binary(o, Box::new(a), Box::new(b))),
        (numbers(), prop::collection::vec(numbers(), 0..3)).prop_map(|(a, list)| Node::Binary(
            Operator::In,
            Box::new(a),
            Box::new(Node::List(list))
        )),
        (0..4u8).prop_map(|n| Node::Call(Function::Has, vec![variable('n', n)])),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| Node::Not(Box::new(a))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Node::Binary(Operator::And, Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Node::Binary(Operator::Or, Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| Node::Conditional(
                Box::new(a),
                Box::new(b),
                Box::new(c)
            )),
        ]
    })
}

fn operators() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ])
}

fn numbers() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![(-3..4i64).prop_map(|n| Node::Constant(number(n))), (0..4u8).prop_map(|n| variable('n', n))];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let operator = prop::sample::select(vec![
            Operator::Add,
            Operator::Subtract,
            Operator::Multiply,
            Operator::Divide,
            Operator::Remainder,
        ]);
        prop_oneof![
            (operator, inner.clone(), inner.clone()).prop_map(|(o, a, b)| Node::Binary(o, Box::new(a), Box::new(b))),
            inner.prop_map(|a| Node::Negate(Box::new(a))),
        ]
    })
}

fn variable(letter: char, n: u8) -> Node {
    let text: Arc<str> = Arc::from(format!("req.{letter}{n}"));
    Node::Path(Path { root: Root::RequestBody, fields: vec![Arc::from(format!("{letter}{n}"))], text })
}

/// One known world: four truth values and four numbers (or absences).
fn worlds() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let truths = prop::collection::vec(any::<bool>(), 4);
    let numbers = prop::collection::vec(prop::option::weighted(0.9, -4..5i64), 4);
    (truths, numbers).prop_map(|(truths, numbers)| {
        let truths = truths.into_iter().enumerate().map(|(n, b)| (format!("req.b{n}"), Value::Bool(b)));
        let numbers = numbers.into_iter().enumerate();
        let numbers = numbers.map(|(n, v)| (format!("req.n{n}"), v.map_or(Value::Null, number)));
        truths.chain(numbers).collect()
    })
}

/// Two-valued meaning, written the plain way: `None` where an operation has none.
fn naive(node: &Node, world: &BTreeMap<String, Value>) -> Option<Value> {
    let truth = |node: &Node| match naive(node, world) {
        Some(Value::Bool(b)) => Some(b),
        _ => None,
    };
    match node {
        Node::Constant(value) => Some(value.clone()),
        Node::Path(path) => world.get(&*path.text).cloned(),
        Node::List(items) => items.iter().map(|i| naive(i, world)).collect::<Option<_>>().map(Value::List),
        Node::Not(a) => truth(a).map(|b| Value::Bool(!b)),
        Node::Negate(a) => match naive(a, world)? {
            Value::Number(n) => Some(Value::Number(-n)),
            _ => None,
        },
        Node::Conditional(c, a, b) => match truth(c) {
            Some(c) => naive(if c { a } else { b }, world),
            None => naive(a, world).filter(|a| naive(b, world).as_ref() == Some(a)),
        },
        Node::Call(_, arguments) => naive(&arguments[0], world).map(|v| Value::Bool(v != Value::Null)),
        Node::Matches(..) => None,
        Node::Binary(operator, a, b) => naive_binary(*operator, a, b, world),
    }
}

fn naive_binary(operator: Operator, a: &Node, b: &Node, world: &BTreeMap<String, Value>) -> Option<Value> {
    if let Operator::And | Operator::Or = operator {
        let ends = operator == Operator::Or;
        let truths = [a, b].map(|n| match naive(n, world) {
            Some(Value::Bool(b)) => Some(b),
            _ => None,
        });
        return if truths.contains(&Some(ends)) {
            Some(Value::Bool(ends))
        } else if truths.contains(&None) {
            None
        } else {
            Some(Value::Bool(!ends))
        };
    }
    if operator == Operator::In {
        let Node::List(items) = b else { return None };
        let found: Vec<_> = items.iter().map(|item| naive_binary(Operator::Equal, a, item, world)).collect();
        return if found.contains(&Some(Value::Bool(true))) {
            Some(Value::Bool(true))
        } else if found.contains(&None) {
            None
        } else {
            Some(Value::Bool(false))
        };
    }
    match (operator, naive(a, world)?, naive(b, world)?) {
        (Operator::Equal, a, b) if a == Value::Null || b == Value::Null => Some(Value::Bool(a == b)),
        (Operator::NotEqual, a, b) if a == Value::Null || b == Value::Null => Some(Value::Bool(a != b)),
        (_, Value::Number(a), Value::Number(b)) => match operator {
            Operator::Equal => Some(Value::Bool(a == b)),
            Operator::NotEqual => Some(Value::Bool(a != b)),
            Operator::Less => Some(Value::Bool(a < b)),
            Operator::LessOrEqual => Some(Value::Bool(a <= b)),
            Operator::Greater => Some(Value::Bool(a > b)),
            Operator::GreaterOrEqual => Some(Value::Bool(a >= b)),
            Operator::Add => Some(Value::Number(a + b)),
            Operator::Subtract => Some(Value::Number(a - b)),
            Operator::Multiply => a.checked_mul(b).map(Value::Number),
            Operator::Divide => a.checked_div(b).map(Value::Number),
            _ => a.checked_rem(b).map(Value::Number),
        },
        _ => None,
    }
}

fn known(world: &BTreeMap<String, Value>) -> Table {
    Table { one: world.iter().map(|(k, v)| (k.clone(), Bound::Exactly(v.clone()))).collect(), ..Table::default() }
}

/// Hides some values, and gives others as a lower bound only.
fn blurred(world: &BTreeMap<String, Value>, how: &[u8], slack: &[i64]) -> Table {
    let mut table = known(world);
    for ((bound, how), slack) in table.one.values_mut().zip(how).zip(slack) {
        *bound = match (&*bound, how) {
            (_, 0) => Bound::Unknown,
            (Bound::Exactly(Value::Number(n)), 1) => Bound::AtLeast(Value::Number(*n - Decimal::from(*slack))),
            (bound, _) => bound.clone(),
        };
    }
    table
}

fn expression(node: Node) -> Expression {
    Expression { text: "".into(), node }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agrees_with_the_naive_meaning(condition in conditions(), world in worlds()) {
        let expected = match naive(&condition, &world) {
            Some(Value::Bool(b)) => Truth::from(b),
            _ => Truth::Unknown,
        };
        prop_assert_eq!(truth(&expression(condition), &known(&world)), expected);
    }

    #[test]
    fn learning_more_never_flips_an_answer(
        condition in conditions(),
        world in worlds(),
        how in prop::collection::vec(0..3u8, 8),
        slack in prop::collection::vec(0..4i64, 8),
    ) {
        let condition = expression(condition);
        let before = truth(&condition, &blurred(&world, &how, &slack));
        let after = truth(&condition, &known(&world));
        prop_assert!(before == Truth::Unknown || before == after, "{:?} became {:?}", before, after);
    }

    #[test]
    fn kleene_laws_hold(a in conditions(), b in conditions(), world in worlds(), how in prop::collection::vec(0..3u8, 8)) {
        let scope = blurred(&world, &how, &[1; 8]);
        let is = |node: Node| truth(&expression(node), &scope);
        let both = |o: Operator, x: &Node, y: &Node| Node::Binary(o, Box::new(x.clone()), Box::new(y.clone()));
        let not = |x: &Node| Node::Not(Box::new(x.clone()));
        prop_assert_eq!(is(both(Operator::And, &a, &b)), is(both(Operator::And, &b, &a)));
        prop_assert_eq!(is(both(Operator::Or, &a, &b)), is(both(Operator::Or, &b, &a)));
        prop_assert_eq!(is(not(&both(Operator::And, &a, &b))), is(both(Operator::Or, &not(&a), &not(&b))));
        prop_assert_eq!(is(not(&not(&a))), is(a.clone()));
        prop_assert_eq!(is(both(Operator::And, &a, &a)), is(a.clone()));
        prop_assert_eq!(is(both(Operator::Or, &a, &both(Operator::And, &a, &b))), is(a));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        let _ = lower(&text, &Outline::default(), &Place::Exchange);
        let _ = path_of_text(&text, &Outline::default(), &Place::Exchange);
    }

    #[test]
    fn any_tokens_are_read_or_refused(words in prop::collection::vec(prop::sample::select(vec![
        "req.a", "(", ")", "[", "]", "+", "-", "*", "!", "&&", "||", "==", "<", "in", "?", ":", ",", ".", "1", "1.5",
        "'x'", "r'x'", "size(", "money(", "has(", "sum(", "true", "null", " ", "header.x-", "0.", "é",
    ]), 0..30)) {
        let text = words.concat();
        if let Err(found) = lower(&text, &Outline::default(), &Place::Exchange) {
            for diagnostic in found {
                prop_assert!(text.get(diagnostic.span.clone()).is_some(), "{:?} in {:?}", diagnostic.span, text);
            }
        }
    }
}
