use std::collections::BTreeSet;

use super::*;
use crate::{Automaton as _, Compiled, Model, ModelLimits};

/// Runs of at most `longest` steps that a process allows, each as its labels.
fn runs(body: &str, longest: usize) -> BTreeSet<String> {
    let text =
        format!("<bpmn:definitions xmlns:bpmn='b'><bpmn:process id='p'>{body}</bpmn:process></bpmn:definitions>");
    let processes = read_bpmn(text.as_bytes(), Labels::Calls).unwrap_or_else(|error| panic!("{error}"));
    let model = Model::new(&processes[0].net, ModelLimits::default()).unwrap_or_else(|error| panic!("{error}"));
    let Compiled::Automaton(dfa) = &model.compiled else { panic!("too large") };
    let mut found = BTreeSet::new();
    let mut stack = vec![(0, String::new(), 0)];
    while let Some((state, run, length)) = stack.pop() {
        if dfa.is_final(state) {
            found.insert(run.clone());
        }
        for edge in dfa.edges(state).iter().filter(|_| length < longest) {
            stack.push((edge.target, format!("{run}{} ", model.labels[edge.label as usize]).to_owned(), length + 1));
        }
    }
    found
}

/// Nodes and flows from a short notation: `start s`, `task a`, `flow s a`; anything else is XML.
fn body(lines: &str) -> String {
    let mut out = String::new();
    for (at, line) in lines.lines().map(str::trim).enumerate() {
        let words: Vec<&str> = line.split(' ').collect();
        out.push_str(&match words.as_slice() {
            ["flow", source, target] => format!("<sequenceFlow id='f{at}' sourceRef='{source}' targetRef='{target}'/>"),
            ["flow", source, target, "if"] => {
                format!("<sequenceFlow id='f{at}' sourceRef='{source}' targetRef='{target}'><conditionExpression>x</conditionExpression></sequenceFlow>")
            }
            [element, id] if !element.starts_with('<') => format!("<bpmn:{element} id='{id}' name='{id}'/>"),
            _ => line.to_owned(),
        });
    }
    out
}

fn of(lines: &str, longest: usize) -> Vec<String> {
    runs(&body(lines), longest).into_iter().map(|run| run.trim().to_owned()).collect()
}

#[test]
fn gateways_choose_and_join() {
    let lines = "startEvent s\ntask a\ntask b\ntask c\ntask d\nexclusiveGateway x\nexclusiveGateway y\nparallelGateway p\nparallelGateway q
        endEvent e\nflow s x\nflow x a\nflow x p\nflow p b\nflow p c\nflow b q\nflow c q\nflow q y\nflow a y\nflow y d\nflow d e";
    assert_eq!(of(lines, 9), ["a d", "b c d", "c b d"]);
    // A way back.
    assert_eq!(
        of(&format!("{lines}\nflow y a"), 4),
        ["a a a d", "a a d", "a d", "b c a d", "b c d", "c b a d", "c b d"]
    );
}

#[test]
fn several_ways_out_of_a_task_are_parallel_and_conditions_choose_among_them() {
    let lines = "startEvent s\ntask a\ntask b\ntask c\nendEvent e\nflow s a\nflow a b\nflow a c\nflow b e\nflow c e";
    assert_eq!(of(lines, 9), ["a b c", "a c b"], "each token ends by itself");
    let lines = lines.replace("flow a c", "flow a c if");
    assert_eq!(of(&lines, 9), ["a b", "a b c", "a c b"]);
}

#[test]
fn an_inclusive_join_waits_for_what_was_chosen() {
    let lines = "startEvent s\ntask a\ntask b\ntask d\ninclusiveGateway x\ninclusiveGateway y\nendEvent e
        flow s x\nflow x a\nflow x b\nflow a y\nflow b y\nflow y d\nflow d e";
    assert_eq!(of(lines, 9), ["a b d", "a d", "b a d", "b d"]);
    let text = format!(
        "<definitions><process id='p'>{}</process></definitions>",
        body(&lines.replace("inclusiveGateway x", "exclusiveGateway x"))
    );
    let refused = read_bpmn(text.as_bytes(), Labels::Calls).unwrap_err().to_string();
    assert!(refused.contains("inclusive gateway \"y\""), "{refused}");
}

const PART: &str = "startEvent s\ntask z\nendEvent e\nendEvent late\ntask undo
    <subProcess id='sub' name='sub'>
    <startEvent id='s2'/><task id='a' name='a'/><task id='b' name='b'/><endEvent id='e2'/><endEvent id='e3'/><parallelGateway id='g'/>
    flow s2 g\nflow g a\nflow g b\nflow a e2\nflow b e3
    </subProcess>\nflow s sub\nflow sub z\nflow z e";

#[test]
fn a_subprocess_ends_when_nothing_is_left_in_it() {
    assert_eq!(of(PART, 9), ["a b z", "b a z"]);
    let over = PART.replace("<endEvent id='e3'/>", "<endEvent id='e3'><terminateEventDefinition/></endEvent>");
    assert_eq!(of(&over, 9), ["a b z", "b a z", "b z"], "what terminates ends what stands beside it");
    let again = PART.replace("<startEvent id='s2'/>", "<standardLoopCharacteristics/><startEvent id='s2'/>");
    assert_eq!(of(&again, 5), ["a b a b z", "a b b a z", "a b z", "b a a b z", "b a b a z", "b a z"]);
}

#[test]
fn events_at_a_border_interrupt_or_do_not() {
    let event = "<boundaryEvent id='t' attachedToRef='sub'><timerEventDefinition/></boundaryEvent>\nflow t undo\nflow undo late";
    let all = of(&format!("{PART}\n{event}"), 9);
    assert_eq!(all, ["a b undo", "a b z", "a undo", "b a undo", "b a z", "b undo", "undo"]);
    let beside = event.replace("attachedToRef", "cancelActivity='false' attachedToRef");
    let all = of(&format!("{PART}\n{beside}"), 9);
    // Once at most, at any time before the end, and not before it began.
    assert_eq!(all.len(), 2 + 2 * 4, "{all:?}");
    assert!(all.iter().all(|run| run.matches("undo").count() < 2 && run.contains('a') && run.contains('b')));
    let task = "startEvent s\ntask a\ntask b\nendEvent e\n<boundaryEvent id='m' name='call' attachedToRef='a'><messageEventDefinition/></boundaryEvent>
        flow s a\nflow a e\nflow m b\nflow b e";
    assert_eq!(of(task, 9), ["a", "call b"]);
}

#[test]
fn errors_go_to_what_catches_them() {
    let throws = PART.replace("<endEvent id='e3'/>", "<endEvent id='e3'><errorEventDefinition/></endEvent>");
    assert_eq!(of(&throws, 9), ["a b", "b", "b a"], "nobody catches it: all is over");
    let caught = "<boundaryEvent id='t' attachedToRef='sub'><errorEventDefinition/></boundaryEvent>\nflow t undo\nflow undo late";
    let all = of(&format!("{throws}\n{caught}"), 9);
    assert!(all.iter().all(|run| run.ends_with("undo")), "{all:?}");
    let by_event = "<subProcess id='h' triggeredByEvent='true'><startEvent id='hs' name='stop'><messageEventDefinition/></startEvent>
        <task id='h1' name='h1'/><endEvent id='he'/>\nflow hs h1\nflow h1 he\n</subProcess>";
    let all = of(&format!("startEvent s\ntask a\nendEvent e\nflow s a\nflow a e\n{by_event}"), 9);
    assert_eq!(all, ["a", "a stop h1", "stop h1"], "before the end is written the process still goes on");
}

#[test]
fn quirks_of_exporters() {
    let text = "<definitions xmlns='b' xmlns:camunda='c'><collaboration id='c'><participant processRef='p'/><messageFlow id='m' sourceRef='a' targetRef='b'/></collaboration>
      <process id='p' isExecutable='true'><extensionElements><camunda:task id='no'/></extensionElements>
        <laneSet><lane name='Front'><flowNodeRef>a</flowNodeRef><flowNodeRef>sub</flowNodeRef></lane>
          <lane name='Whole'><flowNodeRef>u</flowNodeRef><childLaneSet><lane name='Clerk'><flowNodeRef>u</flowNodeRef></lane></childLaneSet></lane></laneSet>
        <startEvent id='s'/><userTask id='a' name=' Check &#10; order '/><task id='u'/><subProcess id='sub'><task id='in' name='in'/></subProcess>
        <sequenceFlow id='1' sourceRef='s' targetRef='a'/><sequenceFlow id='2' sourceRef='a' targetRef='u'/><sequenceFlow id='3' sourceRef='u' targetRef='sub'/>
        <task id='lost' name='lost'/></process><process id='empty'/></definitions>";
    let [process] = &read_bpmn(text.as_bytes(), Labels::Calls).unwrap()[..] else { panic!("one process") };
    let steps: Vec<(&str, Option<&str>)> =
        process.steps.iter().map(|step| (step.label.as_str(), step.lane.as_deref())).collect();
    assert_eq!(steps, [("Check order", Some("Front")), ("u", Some("Clerk")), ("in", Some("Front")), ("lost", None)]);
    let left: Vec<&str> = process.left_out.iter().map(|(_, what)| what.as_str()).collect();
    assert!(
        left.iter().any(|what| what.contains("1 message flows"))
            && left.iter().any(|what| what.contains("nothing leads to it")),
        "{left:?}"
    );
    let silent = &read_bpmn(text.as_bytes(), Labels::Tasks).unwrap()[0];
    assert_eq!(silent.net.labels(), ["Check order", "in", "lost"], "a task without a name is in no log");
    for (text, what) in [
        ("<definitions/>", "no <process>"),
        (
            "<definitions><process id='p'><complexGateway id='c' name='odd'/></process></definitions>",
            "complex gateway \"odd\"",
        ),
        (
            "<definitions><process id='p'><sequenceFlow id='1' sourceRef='a' targetRef='b'/></process></definitions>",
            "sourceRef \"a\"",
        ),
    ] {
        let refused = read_bpmn(text.as_bytes(), Labels::Calls).unwrap_err().to_string();
        assert!(refused.contains(what), "{refused}");
    }
}
