//! Where in a life a step has its place: what is missing before it, and what the model declares of a move.

use super::*;

/// Claims that may be edited as a draft, after a rejection and once approved:
/// `create edit submit approve reject pay recall`.
fn claims(recall: bool) -> Model {
    let names = ["create", "edit", "submit", "approve", "reject", "pay", "recall"];
    let model = empty().object("order", None).steps("order", &names);
    let mut approve = transition(3, &[2], 4);
    approve.by = vec!["manager".into()];
    let mut steps = vec![
        transition(0, &[0], 1),
        transition(1, &[1], 1),
        transition(1, &[3], 3),
        transition(1, &[4], 4),
        transition(2, &[1, 3], 2),
        approve,
        transition(4, &[2], 3),
        transition(5, &[4], 5),
    ];
    steps.extend(recall.then(|| transition(6, &[2], 1)));
    model.lifecycle("order", &["none", "draft", "submitted", "rejected", "approved!", "paid!."], steps)
}

fn lived(steps: &[&str]) -> Vec<Event> {
    (1..).zip(steps).map(|(n, name)| step(n, name).by("alice", &["manager"]).done()).collect()
}

#[test]
fn a_step_whose_place_has_passed_is_illegal_and_skips_nothing() {
    let late = run(claims(false), &lived(&["create", "submit", "edit"]));
    assert_eq!(checks(&late), [Check::Illegal]);
    assert_eq!(text(&late.deviations[0].states), ["submitted"]);
    assert_eq!(text(&late.deviations[0].expected), ["approve", "reject"]);
    for rest in [["approve", "pay"], ["reject", "edit"]] {
        let life: Vec<&str> = ["create", "submit", "edit"].into_iter().chain(rest).collect();
        assert_eq!(checks(&run(claims(false), &lived(&life))), [Check::Illegal], "{rest:?} came as it should");
    }
}

#[test]
fn a_step_ahead_of_which_others_are_missing_is_a_skip() {
    let unpaid = run(claims(false), &lived(&["create", "submit", "pay"]));
    assert_eq!(checks(&unpaid), [Check::Skip]);
    assert_eq!(text(&unpaid.deviations[0].expected), ["approve", "pay"]);
}

#[test]
fn a_place_that_a_life_can_come_back_to_has_not_passed() {
    let recalled = run(claims(true), &lived(&["create", "submit", "edit"]));
    assert_eq!(checks(&recalled), [Check::Skip]);
    assert_eq!(text(&recalled.deviations[0].expected), ["recall", "edit"]);
}

/// Moves in words, with whether the model declares them.
fn moves(result: &CaseResult) -> Vec<(String, bool, u64)> {
    let told = |m: &crate::compare::StateMove| format!("{} {} {}", m.from, m.activity, m.to);
    result.moves.iter().map(|(m, count)| (told(m), m.allowed, *count)).collect()
}

#[test]
fn a_move_is_declared_whoever_made_it() {
    for life in [&["create", "submit", "approve"][..], &["approve"]] {
        let mut life = lived(life);
        life.last_mut().unwrap().actor.roles = vec!["employee".into()];
        let result = run(claims(false), &life);
        assert_eq!(checks(&result), [Check::Role]);
        assert!(moves(&result).contains(&("submitted approve approved".into(), true, 1)), "{:?}", moves(&result));
        assert!(moves(&result).iter().all(|(_, declared, _)| *declared));
    }
}

#[test]
fn a_step_that_comes_too_late_is_no_declared_move() {
    let result = run(claims(false), &lived(&["create", "submit", "pay", "approve"]));
    assert_eq!(checks(&result), [Check::Order]);
    let undeclared: Vec<String> = moves(&result).into_iter().filter(|(_, d, _)| !d).map(|(m, ..)| m).collect();
    assert_eq!(undeclared, ["paid approve paid", "submitted pay paid"]);
}

#[test]
fn a_state_that_only_one_transition_fits_is_no_question() {
    // First seen mid-life: it may have been in any state, but only a submitted claim is approved.
    let result = run(claims(false), &lived(&["approve", "pay"]));
    assert_eq!(checks(&result), []);
    let all: Vec<_> = moves(&result).into_iter().map(|(told, ..)| told).collect();
    assert_eq!(all, ["approved pay paid", "submitted approve approved"]);
}

#[test]
fn a_step_that_several_transitions_explain_may_have_been_any_of_them() {
    let result = run(claims(false), &lived(&["submit"]));
    let (among, sure): (Vec<_>, Vec<_>) = result.moves.keys().partition(|m| m.among);
    let from = |moves: &[&crate::compare::StateMove]| moves.iter().map(|m| m.from.to_string()).collect::<Vec<_>>();
    assert_eq!((from(&sure), from(&among)), (vec!["?".to_owned()], vec!["draft".to_owned(), "rejected".to_owned()]));
}

#[test]
fn a_step_on_an_object_that_no_log_names_still_happened() {
    let comparer = Comparer::new(Some(Arc::new(claims(false))));
    let mut noted = crate::compare::Unattributed::default();
    let nameless = |n: u64, activity: &str| {
        let event = step(n, activity).with(|e| e.objects.clear());
        event.with(|e| e.shows = crate::event::Shows::default())
    };
    for event in [nameless(1, "create"), nameless(2, "create"), nameless(3, "submit"), nameless(4, "pay").refused(409)]
    {
        comparer.note_unattributed(&event.done(), &mut noted);
    }
    let moves = comparer.unattributed_moves(&noted);
    let told: Vec<_> =
        moves.iter().map(|(m, n)| (format!("{} {} {}", m.from, m.activity, m.to), m.among, *n)).collect();
    let expected = [
        ("? submit submitted", false, 1),
        ("draft submit submitted", true, 1),
        ("none create draft", false, 2),
        ("rejected submit submitted", true, 1),
    ];
    assert_eq!(told, expected.map(|(told, among, n)| (told.to_owned(), among, n)));
}
