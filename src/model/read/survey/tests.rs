//! Each thing that only a whole model shows, and its benign twin.

use crate::model::{Code, Gravity, Model};

const BASE: &str = r#"offpath: 1
workflow: {id: w, version: 1}
actors: {identify: [jwt.sub], roles: {from: jwt.roles, default: customer, map: {fin: approver}}}
objects:
  order: {key: path.o, owner: {set_by: make, value: actor.principal}, attrs: {paid: {sum: pay.amount}, total: res.total}}
activities:
  make:    {http: "POST /o/{o}", object: order}
  pay:     {http: "POST /o/{o}/pay", object: order, attrs: {amount: req.amount}}
  hold:    {http: "POST /o/{o}/hold", object: order}
  approve: {http: "POST /o/{o}/approve", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {restricted: true}, held: {}, done: final}
    transitions:
      - {activity: make, from: none, to: new}
      - {activity: pay, from: new, to: paid, by: [customer], once: true, when: "event.amount == order.total"}
      - {activity: hold, from: paid, to: held}
      - {activity: approve, from: held, to: done, by: [approver], kind: human}
constraints:
  - {id: four-eyes, distinct_persons: [make, approve], per: order}
"#;

fn lint(text: &str) -> Vec<(Gravity, Code, String)> {
    let found = Model::lint("m.yaml", text, &mut |_| Err("nothing is imported".to_owned()));
    assert!(found.iter().all(|one| found.position(one.span.start).0 > 1), "each has its place: {found}");
    found.iter().map(|one| (one.gravity, one.code, one.title.clone())).collect()
}

#[test]
fn what_is_well_said_is_left_alone() {
    assert_eq!(lint(BASE), []);
    let good = include_str!("../../../../tests/models/good/order-to-cash.yaml");
    assert_eq!(lint(good), []);
}

#[test]
fn each_doubt_is_told_at_its_place() {
    use Code::{Constant, Detached, Idle, NeverSeen, OnceInLoop, SelfApproval, Shadowed, Unguarded, UnknownRole};
    let life = "      - {activity: hold, from: paid, to: held}\n";
    let bill = "objects:\n  bill: {key: query.bill}\n";
    let cases: &[(&str, &str, Gravity, Code)] = &[
        (life, "      - {activity: hold, from: paid, to: [held, new]}\n", Gravity::Warning, OnceInLoop),
        (
            "from: new, to: paid, by: [customer], once",
            "from: [new, held], to: paid, by: [customer], once",
            Gravity::Warning,
            OnceInLoop,
        ),
        (
            life,
            "      - {activity: hold, from: paid, to: held, when: \"order.total > 5\"}\n      - {activity: hold, from: paid, to: held, when: \"order.total > 3\"}\n",
            Gravity::Warning,
            Shadowed,
        ),
        (
            life,
            "      - {activity: hold, from: paid, to: held, when: \"order.total > 5 && order.total < 3\"}\n",
            Gravity::Error,
            Constant,
        ),
        (
            "per: order}\n",
            "per: order}\n  - {id: c, always: \"order.total < 1 && order.total > 1\"}\n",
            Gravity::Error,
            Constant,
        ),
        (
            "per: order}\n",
            "per: order}\n  - {id: c, never: pay, after: approve, per: order, if: \"order.total == 1 && order.total == 2\"}\n",
            Gravity::Error,
            Constant,
        ),
        ("objects:\n", bill, Gravity::Warning, NeverSeen),
        ("http: \"POST /o/{o}\", object: order}", "http: \"POST /o/{o}\"}", Gravity::Error, Detached),
        (
            " by: [customer], once: true, when: \"event.amount == order.total\"",
            " once: true",
            Gravity::Advice,
            Unguarded,
        ),
        ("distinct_persons: [make, approve]", "distinct_persons: [make, hold]", Gravity::Advice, SelfApproval),
        ("activities:\n", "activities:\n  other: POST /other\n", Gravity::Advice, Idle),
        ("from: jwt.roles, ", "", Gravity::Warning, UnknownRole),
        ("by: [approver], kind: human", "by: [\"service:x\"], kind: human", Gravity::Warning, UnknownRole),
    ];
    for (from, to, gravity, code) in cases {
        assert!(BASE.contains(from), "{from}");
        let mut text = BASE.replacen(from, to, 1);
        if *to == bill {
            text.push_str("  - {id: c, same: [actor.principal, bill.key]}\n");
        }
        let found = lint(&text);
        assert!(found.iter().any(|(g, c, _)| g == gravity && c == code), "{to}: {found:?}");
    }
}

#[test]
fn owners_sums_and_times_need_a_step_on_the_same_object() {
    let apart = BASE
        .replace("objects:\n", "objects:\n  bill: {key: path.bill, owner: {set_by: make, value: actor.principal}, attrs: {paid: {sum: pay.amount}}}\n")
        .replace("activities:\n", "activities:\n  bill:    {http: \"POST /b/{bill}\", object: bill}\n")
        .replace("constraints:\n", "  bill:\n    states: {none: initial, new: final}\n    transitions: [{activity: bill, from: none, to: new, within: {after: make, max: 1d}}]\nconstraints:\n")
        + "  - {id: own, same: [actor.principal, order.owner], activities: [bill]}\n";
    let found = lint(&apart);
    let count = |code| found.iter().filter(|(_, own, _)| *own == code).count();
    assert_eq!((count(Code::NeverSeen), count(Code::Detached), found.len()), (3, 1, 4), "{found:?}");
}

#[test]
fn an_agent_is_answered_by_its_own_person() {
    let asked = BASE.replace("distinct_persons: [make, approve]", "distinct_persons: [make, hold]");
    let by_agent = asked.replace("from: none, to: new}", "from: none, to: new, by: [agent]}");
    assert_eq!(lint(&by_agent), []);
}

#[test]
fn what_the_reader_itself_refuses_is_all_that_is_said() {
    let found =
        lint(&BASE.replace("to: done", "to: gone").replace("activities:\n", "activities:\n  other: POST /other\n"));
    assert!(found.iter().all(|(gravity, ..)| *gravity != Gravity::Advice), "{found:?}");
}
