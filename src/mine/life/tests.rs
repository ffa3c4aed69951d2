use proptest::prelude::*;

use super::*;
use crate::event::sample;

/// Events on one object: a step by name or a read, with what the answer declares.
fn life(key: u64, items: &[(Option<u8>, Option<u8>)]) -> Vec<Event> {
    let events = items.iter().zip(1..).map(|((step, declared), n)| {
        let mut event = sample::rich_event(key);
        event.time = n;
        event.idempotency = None;
        event.activity = step.map(|step| format!("step_{step}").into());
        event.read = step.is_none();
        if let Some(object) = event.objects.first_mut() {
            object.declared_state = declared.map(|state| format!("S{state}").into());
        }
        event
    });
    events.collect()
}

fn lives(cases: &[Vec<Event>]) -> Lives {
    let mut lives = Lives::default();
    for case in cases {
        lives.add(&case[0].objects[0].id, &case.iter().collect::<Vec<_>>());
    }
    lives
}

#[test]
fn a_step_leads_to_what_is_declared_before_the_next_step() {
    let case = life(1, &[(Some(1), None), (None, Some(7)), (Some(2), None), (Some(3), Some(8)), (None, Some(9))]);
    let lives = lives(&[case]);
    let declared = |s: &str| Node::Declared(s.into());
    let after = |s: &str| Node::After(s.into());
    let moves: Vec<_> = lives.declared.moves.keys().cloned().collect();
    assert_eq!(
        moves,
        [(declared("s7"), "step_2".into(), after("step_2")), (after("step_2"), "step_3".into(), declared("s8")),]
    );
    assert_eq!(lives.unexplained, 1, "nothing moved it to s9");
}

#[test]
fn an_answer_may_show_for_a_moment_where_the_object_was() {
    // A step, and a read a while after it that declares what was before; the step's own answer or a later read tells more.
    let shown_late = |after: i64, own: Option<u8>| {
        let mut case = life(1, &[(Some(1), Some(7)), (Some(2), own), (None, Some(7)), (None, Some(8))]);
        for (event, time) in case.iter_mut().zip([0, 60_000_000, 60_000_000 + after, 120_000_000]) {
            (event.time, event.end) = (time, time + 1_000);
        }
        lives(&[case])
    };
    let to = |lives: &Lives| lives.declared.moves.keys().map(|(_, _, to)| to.clone()).collect::<Vec<_>>();
    let declared = |s: &str| vec![Node::Declared(s.into())];
    let quick = shown_late(500, Some(8));
    assert_eq!((quick.unexplained, to(&quick)), (0, declared("s8")));
    let quick = shown_late(4_000_000, None);
    assert_eq!((quick.unexplained, to(&quick)), (0, declared("s8")), "the later answer tells where it led");
    let late = shown_late(30_000_000, Some(8));
    assert_eq!((late.unexplained, to(&late)), (1, declared("s8")));
    let late = shown_late(30_000_000, None);
    assert_eq!((late.unexplained, to(&late)), (1, declared("s7")), "nothing moved it to s8");
}

fn performed(sets: &[(&[&str], u64)]) -> StepCounts {
    let mut counts = StepCounts::default();
    counts.add_roles(sets.iter().map(|(set, count)| (set.iter().map(|role| Arc::from(*role)).collect(), *count)));
    counts
}

#[test]
fn a_role_that_everybody_has_says_least() {
    let approve = performed(&[(&["employee", "manager"], 60), (&["director", "employee"], 6)]);
    let submit = performed(&[(&["employee"], 70), (&["employee", "manager"], 2)]);
    let steps = [("approve", approve.clone()), ("submit", submit.clone())];
    let steps = steps.into_iter().map(|(name, counts)| (name.into(), counts)).collect();
    let lives = Lives { steps, ..Lives::default() };
    let spare = |counts: &StepCounts| counts.role_choice(&lives).spare.into_iter().collect::<Vec<_>>();
    assert_eq!(spare(&approve), [("employee".into(), 66)]);
    assert_eq!(spare(&submit), [("manager".into(), 2)], "some have nothing but `employee`");
    assert_eq!(spare(&performed(&[(&["a"], 1), (&["b"], 1)])), []);
    let with_abuse = performed(&[(&["employee", "manager"], 60), (&["director", "employee"], 6), (&["employee"], 2)]);
    let choice = with_abuse.role_choice(&lives);
    assert_eq!((choice.spare.len(), choice.alone), (0, [("employee".into(), 2)].into()), "two do not speak for all");
}

proptest! {
    #[test]
    fn whoever_took_a_step_may_take_it(
        sets in proptest::collection::vec(proptest::collection::btree_set("[a-e]", 1..4), 1..8),
    ) {
        let mut counts = StepCounts::default();
        let shared = |set: &BTreeSet<String>| set.iter().map(|role| Arc::from(role.as_str())).collect();
        counts.add_roles(sets.iter().map(|set| (shared(set), 1)));
        let lives = Lives { steps: [("step".into(), counts.clone())].into(), ..Lives::default() };
        let spare = counts.role_choice(&lives).spare;
        let named = |set: &BTreeSet<Arc<str>>| set.iter().any(|role| !spare.contains_key(role));
        prop_assert!(counts.role_sets.keys().all(named));
    }

    #[test]
    fn sums_do_not_depend_on_how_lives_are_split(
        items in proptest::collection::vec(
            proptest::collection::vec((proptest::option::of(0u8..5), proptest::option::of(0u8..45)), 1..8),
            2..12,
        ),
        at in 0usize..12,
    ) {
        let cases: Vec<Vec<Event>> = items.iter().zip(1..).map(|(items, key)| life(key, items)).collect();
        let (left, right) = cases.split_at(at.min(cases.len()));
        let mut sum = lives(right);
        sum.merge(lives(left));
        prop_assert_eq!(sum, lives(&cases));
    }
}
