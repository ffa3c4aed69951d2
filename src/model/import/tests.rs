use super::*;
use crate::model::Model;

const SHOP: &str = r#"openapi: 3.1.0
info: {title: shop, version: "1"}
paths:
  /orders: {post: {operationId: createOrder}}
  /orders/{orderId}: {get: {operationId: getOrder}}
  /orders/{orderId}/payment: {post: {operationId: payOrder}}
  /orders/{orderId}/shipment: {post: {operationId: shipOrder}}
  /orders/{orderId}/cancellation: {post: {operationId: cancelOrder}}
  /login: {post: {operationId: login}}
"#;

/// Imports, and demands that the model is read without an error.
fn model(text: &str) -> (Imported, Model) {
    let mut open = |name: &str| if name == "shop.yaml" { Ok(SHOP.to_owned()) } else { Err("not there".to_owned()) };
    let imported = import("source", text, &mut open).unwrap_or_else(|error| panic!("{error}"));
    let read = Model::read_with("m.yaml", &imported.text, &mut open);
    let (model, _) = read.unwrap_or_else(|found| panic!("{found}\n{}", imported.text));
    (imported, model)
}

/// `before` pairs.
fn demands(model: &Model) -> Vec<String> {
    model.constraints.iter().map(|constraint| constraint.id.to_string()).collect()
}

const CHECKOUT: &str = r#"arazzo: 1.0.1
info: {title: Checkout flow, version: 1.2.0}
sourceDescriptions:
  - {name: shop, url: ./shop.yaml, type: openapi}
workflows:
  - workflowId: buy
    steps:
      - stepId: enter
        operationId: login
        outputs: {token: $response.body#/token}
      - stepId: create
        operationId: $sourceDescriptions.shop.createOrder
        parameters: [{name: Authorization, in: header, value: $steps.enter.outputs.token}]
        outputs: {order: $response.body#/order/id}
      - stepId: look
        operationId: getOrder
        parameters: [{name: orderId, in: path, value: $steps.create.outputs.order}]
        onFailure: [{name: again, type: retry, retryAfter: 1, retryLimit: 3}]
      - stepId: pay
        operationPath: '{$sourceDescriptions.shop.url}#/paths/~1orders~1{orderId}~1payment/post'
        parameters: [{name: orderId, in: path, value: $steps.create.outputs.order}]
        onFailure: [{name: broke, type: goto, stepId: cancel}]
      - stepId: ship
        operationId: shipOrder
        parameters: [{name: orderId, in: path, value: $steps.create.outputs.order}]
        onSuccess: [{name: done, type: end}]
      - stepId: cancel
        operationId: cancelOrder
        parameters: [{name: orderId, in: path, value: $steps.create.outputs.order}]
"#;

#[test]
fn arazzo_is_an_order_of_steps_on_the_object_whose_key_goes_along() {
    let (imported, model) = model(CHECKOUT);
    assert_eq!((imported.format.as_str(), &imported.left_out[..]), ("Arazzo 1.0.1", &[][..]));
    assert_eq!((&*model.id, &*model.version, model.draft), ("Checkout flow", "1.2.0", true));
    assert!(model.lifecycles.is_empty(), "what is meant to work forbids nothing");
    // A cancellation follows a payment that failed: only the creation comes before it.
    assert_eq!(
        demands(&model),
        ["createOrder-before-pay", "pay-before-shipOrder", "createOrder-before-cancelOrder"],
        "{}",
        imported.text
    );
    let order = &model.object_types[0];
    assert_eq!((&*order.name, &*order.key[0].text), ("order", "path.orderId"));
    let create = model.activity("createOrder").unwrap();
    let create = &model.activities[create.0 as usize];
    assert_eq!(&*create.objects[0].key[0].text, "res.order.id");
    let look = model.activity("getOrder").unwrap();
    assert!(model.activities[look.0 as usize].read);
}

#[test]
fn arazzo_without_its_openapi_keeps_the_order_and_says_what_is_missing() {
    let (imported, model) = model(&CHECKOUT.replace("./shop.yaml", "https://shop.example/openapi.yaml"));
    // Nothing says that `getOrder` only reads, so that it is a step of the order too.
    assert_eq!(demands(&model).len(), 4, "{}", imported.text);
    assert!(imported.left_out.iter().any(|left| left.line == 4 && left.what.contains("shop.example")));
    assert!(imported.text.contains("the call is a guess"));
    // The path of an operation is a call of its own.
    assert!(imported.text.contains("POST /orders/{orderId}/payment"));
}

#[test]
fn arazzo_paths_that_are_no_templates_are_guesses() {
    let text = CHECKOUT.replace("./shop.yaml", "elsewhere.yaml");
    let place = "~1orders~1{orderId}~1payment";
    for other in [
        "~1orders~1{orderId}{part}~1payment",
        "~1orders~1{orderId}~1{orderId}",
        "~1orders~1:id",
        "~1{a b}",
        "orders",
        "~1a?b",
    ] {
        let (imported, _) = model(&text.replace(place, other));
        assert!(imported.left_out.iter().any(|left| left.what.contains("is no operation's path")), "{other}");
    }
    assert!(model(&text).0.text.contains("POST /orders/{orderId}/payment"));
}

#[test]
fn arazzo_workflows_that_wait_or_call_are_in_order_too() {
    let text = r#"{"arazzo": "1.1.0", "info": {"title": "t", "version": "1"},
      "sourceDescriptions": [{"name": "shop", "url": "shop.yaml"}],
      "workflows": [
        {"workflowId": "deliver", "dependsOn": ["buy"], "parameters": [{"name": "orderId", "in": "path", "value": "$inputs.o"}],
         "steps": [{"stepId": "s", "operationId": "shipOrder"}]},
        {"workflowId": "buy", "steps": [
          {"stepId": "c", "operationId": "createOrder", "outputs": {"o": "$response.body#/id"}},
          {"stepId": "p", "operationId": "payOrder", "parameters": [{"name": "orderId", "in": "path", "value": "$steps.c.outputs.o"}]},
          {"stepId": "again", "workflowId": "buy"}, {"stepId": "hear", "channelPath": "x", "action": "receive"}]}]}"#;
    let (imported, model) = model(text);
    assert_eq!(demands(&model), ["payOrder-before-shipOrder", "createOrder-before-payOrder"], "{}", imported.text);
    let what: Vec<&str> = imported.left_out.iter().map(|left| left.what.as_str()).collect();
    assert!(
        what.iter().any(|what| what.contains("channelPath"))
            && what.iter().any(|what| what.contains("waits for itself")),
        "{what:?}"
    );
}

#[test]
fn hostile_words_stay_words() {
    let text = CHECKOUT
        .replace("Checkout flow", "\"a\\n\\\": }\\u2028 # \\e\"")
        .replace("stepId: enter", "stepId: \"x\\n- y: #\"");
    let (_, model) = model(&text);
    assert_eq!(model.constraints.len(), 3);
}

/// Steps of the first life, by names.
fn steps(model: &Model) -> Vec<String> {
    let life = &model.lifecycles[0];
    let name = |state: usize| life.states[state].name.to_string();
    let mut steps: Vec<String> = life
        .transitions
        .iter()
        .flat_map(|way| way.from.iter().map(move |from| (way, *from)))
        .map(|(way, from)| format!("{} {} {}", name(from), model.activity_name(way.activity), name(way.to)))
        .collect();
    steps.sort();
    steps
}

#[test]
fn machines_are_their_configurations() {
    let text = r##"{"id": "order", "initial": "open", "context": {"total": 0},
      "states": {
        "open": {"initial": "new", "on": {"CANCEL": "gone"}, "states": {
            "new": {"on": {"PAY": [{"target": "paid", "guard": "enough", "actions": ["book"]}, {"target": "new"}]}},
            "paid": {"after": {"1000": "#order.sent"}}}},
        "sent": {"type": "parallel", "onDone": "closed", "states": {
            "goods": {"initial": "away", "states": {"away": {"on": {"ARRIVE": "there"}}, "there": {"type": "final"}}},
            "bill": {"initial": "due", "states": {"due": {"on": {"SETTLE": "settled"}}, "settled": {"type": "final"}}}}},
        "closed": {"type": "final"}, "gone": {"type": "final"}}}"##;
    let (imported, model) = model(text);
    assert_eq!(
        steps(&model),
        [
            "away + due ARRIVE there + due",
            "away + due SETTLE away + settled",
            "away + settled ARRIVE closed",
            "new CANCEL gone",
            "new PAY new",
            "new PAY paid",
            "paid CANCEL gone",
            "paid after_1000_in_paid away + due",
            "there + due SETTLE closed",
        ],
        "{}",
        imported.text
    );
    let unseen = model.activity("after_1000_in_paid").unwrap();
    assert!(model.activities[unseen.0 as usize].unseen, "time is no call");
    let life = &model.lifecycles[0];
    let ends: Vec<&str> = life.states.iter().filter(|state| state.final_state).map(|state| &*state.name).collect();
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert!(imported.text.contains("guard enough; actions book"), "{}", imported.text);
    assert_eq!(imported.left_out[0].what, "`context`: data of the machine");
}

#[test]
fn of_several_names_the_most_exact_one_counts() {
    let text = r#"{"id": "order", "initial": "new", "on": {"SHIP": "review"}, "states": {
        "new": {"after": {"1000": "gone"}, "on": {"*": "review", "PAY": "paid", "SHIP.NOW": "paid"}},
        "paid": {"on": {"CLOSE": "gone"}}, "review": {"on": {"CLOSE": "gone"}}, "gone": {}}}"#;
    let steps = steps(&model(text).1);
    let of = |from: &str| -> Vec<&str> {
        steps.iter().filter_map(|step| step.strip_prefix(from)?.strip_prefix(' ')).collect()
    };
    assert_eq!(
        of("new"),
        ["CLOSE review", "PAY paid", "SHIP review", "SHIP_NOW paid", "after_1000_in_new gone"],
        "the rest is caught"
    );
    assert_eq!(of("paid"), ["CLOSE gone", "SHIP review"], "no name stands for what begins with it");
}

#[test]
fn charts_are_read_as_machines_are() {
    let text = r#"<?xml version="1.0"?><scxml xmlns="http://www.w3.org/2005/07/scxml" name="door" initial="closed">
      <state id="closed"><transition event="door.open" target="open"/><transition event="lock" cond="key == 1" target="locked"/></state>
      <state id="open"><initial><transition target="wide"/></initial><transition event="door" target="closed"/>
        <state id="ajar"/><state id="wide"><transition event="push" target="ajar"/></state></state>
      <state id="locked"><onentry><send event="tired" delay="5s"/></onentry><transition event="tired" target="end"/></state>
      <final id="end"/></scxml>"#;
    let (imported, model) = model(text);
    assert_eq!(
        steps(&model),
        [
            "ajar door closed",
            "ajar door_open closed",
            "closed door_open wide",
            "closed lock locked",
            "locked tired end",
            "wide door closed",
            "wide door_open closed",
            "wide push ajar",
        ],
        "{}",
        imported.text
    );
    let tired = model.activity("tired").unwrap();
    assert!(model.activities[tired.0 as usize].unseen);
}

#[test]
fn a_machine_that_begins_by_a_guard_begins_in_one_state() {
    let text = r#"{"id": "claim", "initial": "look", "states": {
      "look": {"always": {"target": "big", "guard": "isBig"}, "on": {"PAY": "paid"}},
      "big": {"on": {"APPROVE": "approved"}}, "approved": {"on": {"PAY": "paid"}}, "paid": {"type": "final"}}}"#;
    let (imported, model) = model(text);
    let expected = ["(begin) APPROVE approved", "(begin) PAY paid", "approved PAY paid"];
    assert_eq!(steps(&model), expected, "{}", imported.text);
}

#[test]
fn what_ends_a_chart_ends_it_and_what_leads_nowhere_is_said() {
    let text = r#"<scxml name="claim" initial="filed">
      <state id="case"><transition event="withdraw" target="withdrawn"/>
        <state id="filed"><invoke type="http" id="check"/><transition event="done.invoke.check" target="paid"/>
          <transition event="appeal.*" target="paid"/></state>
        <state id="paid"/><state id="lost"><state id="deep"/></state></state>
      <state id="other"><transition event="withdraw" target="withdrawn"/></state>
      <final id="withdrawn"><transition event="withdraw" target="filed"/></final></scxml>"#;
    let (imported, model) = model(text);
    let expected = ["filed done_invoke_check paid", "filed withdraw withdrawn", "paid withdraw withdrawn"];
    assert_eq!(steps(&model), expected, "{}", imported.text);
    let unseen = |name: &str| model.activities[model.activity(name).unwrap().0 as usize].unseen;
    assert!(unseen("done_invoke_check") && !unseen("withdraw"), "{}", imported.text);
    let left: Vec<String> = imported.left_out.iter().map(|left| format!("{} {}", left.line, left.what)).collect();
    for (line, what) in [(4, "\"appeal.*\""), (5, "\"lost\""), (6, "\"other\"")] {
        assert!(
            left.iter().any(|left| left.starts_with(&format!("{line} ")) && left.contains(what)),
            "{what}: {left:?}"
        );
    }
    assert!(!left.iter().any(|left| left.contains("deep")), "what stands in it is said with it: {left:?}");
}

#[test]
fn what_depends_on_the_past_or_multiplies_is_refused_by_name() {
    let refused = |text: &str| import("source", text, &mut |_| Err(String::new())).unwrap_err();
    let history = refused("{\"states\": {\"a\": {}, \"back\": {\"type\": \"history\"}}}");
    assert!(history.why.contains("\"back\" is a history state"), "{history}");
    let history = refused("<scxml>\n<state id=\"a\">\n<history id=\"h\"/></state></scxml>");
    assert!(history.line == 3 && history.why.contains("\"h\""), "{history}");
    let regions: Vec<String> = (0..8)
        .map(|n| format!("r{n}: {{initial: a, states: {{a: {{on: {{e{n}: b}}}}, b: {{on: {{f{n}: c}}}}, c: {{}}}}}}"))
        .collect();
    let many = refused(&format!("id: wide\ntype: parallel\nstates: {{{}}}\n", regions.join(", ")));
    assert!(many.why.contains("8 regions of state \"wide\""), "{many}");
    let round = refused("initial: a\nstates: {a: {always: b}, b: {always: a}}");
    assert!(round.why.contains("without end"), "{round}");
    let nowhere = refused("initial: a\nstates:\n  a: {on: {X: nowhere}}\n");
    assert!(nowhere.line == 3 && nowhere.why.contains("nowhere"), "{nowhere}");
    assert!(refused("initial: a\nstates: {a: {always: b}, b: {on: {}}}").why.contains("nothing to follow"));
    assert!(refused("hello: world").why.contains("no format"));
    assert!(refused("<html/>").why.contains("no format"));
    let deep = format!("states: {}{}", "{a: {states: ".repeat(60), "{}".to_owned() + &"}}".repeat(60));
    assert!(refused(&deep).why.contains("within each other"));
}

/// As bpmn.io writes it, with Camunda's elements: a desk and its customer, an approval that may be skipped, a time limit.
const CLAIM: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn">
  <bpmn:collaboration id="c"><bpmn:participant id="pa" name="Desk" processRef="claim"/><bpmn:participant id="pb" name="Customer"/>
    <bpmn:messageFlow id="m" sourceRef="pb" targetRef="filed"/></bpmn:collaboration>
  <bpmn:process id="claim" name="Claim" isExecutable="true">
    <bpmn:laneSet id="l"><bpmn:lane id="l1" name="Clerk"><bpmn:flowNodeRef>check</bpmn:flowNodeRef></bpmn:lane>
      <bpmn:lane id="l2" name="Head of desk"><bpmn:flowNodeRef>approve</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>
    <bpmn:startEvent id="filed" name="claim filed"><bpmn:outgoing>f1</bpmn:outgoing><bpmn:messageEventDefinition/></bpmn:startEvent>
    <bpmn:userTask id="check" name="check claim" camunda:assignee="${clerk}"><bpmn:extensionElements><camunda:formData/></bpmn:extensionElements></bpmn:userTask>
    <bpmn:exclusiveGateway id="x" name="large?" default="f4"/>
    <bpmn:userTask id="approve" name="approve"/><bpmn:boundaryEvent id="t" attachedToRef="approve"><bpmn:timerEventDefinition/></bpmn:boundaryEvent>
    <bpmn:exclusiveGateway id="y"/><bpmn:parallelGateway id="p"/><bpmn:parallelGateway id="q"/>
    <bpmn:serviceTask id="pay" name="pay"/><bpmn:scriptTask id="note" name="note"/><bpmn:endEvent id="e"/><bpmn:endEvent id="late"/>
    <bpmn:task id="lost" name="lost"/>
    <bpmn:sequenceFlow id="f1" sourceRef="filed" targetRef="check"/><bpmn:sequenceFlow id="f2" sourceRef="check" targetRef="x"/>
    <bpmn:sequenceFlow id="f3" sourceRef="x" targetRef="approve"><bpmn:conditionExpression>${amount &gt; 100}</bpmn:conditionExpression></bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="f4" sourceRef="x" targetRef="y"/><bpmn:sequenceFlow id="f5" sourceRef="approve" targetRef="y"/>
    <bpmn:sequenceFlow id="f6" sourceRef="y" targetRef="p"/><bpmn:sequenceFlow id="f7" sourceRef="p" targetRef="pay"/>
    <bpmn:sequenceFlow id="f8" sourceRef="p" targetRef="note"/><bpmn:sequenceFlow id="f9" sourceRef="pay" targetRef="q"/>
    <bpmn:sequenceFlow id="f10" sourceRef="note" targetRef="q"/><bpmn:sequenceFlow id="f11" sourceRef="q" targetRef="e"/>
    <bpmn:sequenceFlow id="f12" sourceRef="t" targetRef="late"/>
  </bpmn:process>
</bpmn:definitions>"#;

#[test]
fn processes_are_what_may_come_after_what() {
    let (imported, model) = model(CLAIM);
    assert_eq!(
        steps(&model),
        [
            "after_claim_filed check_claim after_check_claim",
            "after_check_claim approve after_approve",
            "after_check_claim note after_note",
            "after_check_claim pay after_pay",
            "after_approve note after_note",
            "after_approve pay after_pay",
            "after_note pay end",
            "after_pay note end",
            "start claim_filed after_claim_filed",
        ]
        .map(|step| step
            .replace("after_claim_filed", "after claim filed")
            .replace("after_check_claim", "after check claim"))
        .map(|step| step
            .replace("after_approve", "after approve")
            .replace("after_note", "after note")
            .replace("after_pay", "after pay"))
        .into_iter()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>(),
        "{}",
        imported.text
    );
    let life = &model.lifecycles[0];
    let ends = |name: &str| life.states.iter().find(|state| &*state.name == name).map(|state| state.final_state);
    assert_eq!((ends("end"), ends("after approve")), (Some(true), Some(false)));
    assert_eq!(ends("after check claim"), Some(true), "the time limit may end it there");
    let by = |name: &str| {
        let activity = model.activity(name).unwrap();
        let way = life.transitions.iter().find(|way| way.activity == activity).unwrap();
        format!("{:?}", way.by)
    };
    assert!(by("approve").contains("Head_of_desk") && by("check_claim").contains("Clerk"), "{}", by("approve"));
    assert_eq!(by("pay"), "[]", "who stands in no lane may be anybody");
    let unseen = |name: &str| model.activities[model.activity(name).unwrap().0 as usize].unseen;
    assert!(unseen("note") && !unseen("pay") && !unseen("claim_filed"));
    let left: Vec<&str> = imported.left_out.iter().map(|left| left.what.as_str()).collect();
    assert!(left.iter().any(|what| what.contains("message flows")), "{left:?}");
    assert!(left.iter().any(|what| what.contains("\"lost\"")), "{left:?}");
}

#[test]
fn nets_are_what_may_come_after_what() {
    let net = |initial: &str, more: &str| {
        let place = |id: &str, tokens: &str| {
            format!("<place id='{id}'><initialMarking><text>{tokens}</text></initialMarking></place>")
        };
        let step =
            |id: &str, name: &str| format!("<transition id='{id}'><name><text>{name}</text></name></transition>");
        let arc = |source: &str, target: &str| format!("<arc source='{source}' target='{target}'/>");
        format!(
            "<pnml><net id='n'>{}{}{}{}{}{}{}{}{}{}{}{}{}{}{more}</net></pnml>",
            place("a", initial),
            place("b", "0"),
            place("c", "0"),
            step("t1", "order"),
            step("t2", ""),
            step("t3", "pay"),
            step("t4", "pay"),
            arc("a", "t1"),
            arc("t1", "b"),
            arc("b", "t2"),
            arc("t2", "c"),
            arc("b", "t3"),
            arc("t3", "c"),
            arc("b", "t4")
        )
    };
    let (imported, model) = model(&net("1", "<arc source='t4' target='b'/>"));
    assert_eq!(steps(&model), ["before pay pay before pay", "start order before pay"], "{}", imported.text);
    let ends = model.lifecycles[0].states.iter().filter(|state| state.final_state).count();
    assert_eq!(ends, 1, "the silent step leads to an end, and after it the same may come as before");
    let refused = |text: &str| import("net.pnml", text, &mut |_| Err(String::new())).unwrap_err().why;
    let grows = refused(&net("1", "<arc source='t4' target='b'/><arc source='t4' target='a'/>"));
    assert!(grows.contains("grows without end"), "{grows}");
    assert!(refused("<pnml/>").contains("PNML"));
}

#[test]
fn what_grows_or_multiplies_in_a_process_is_refused_by_name() {
    let refused = |text: &str| import("x.bpmn", text, &mut |_| Err(String::new())).unwrap_err();
    let round = "<definitions><process id='p'><startEvent id='s'/><task id='a' name='work'/><sequenceFlow id='1' sourceRef='s' targetRef='a'/>
        <endEvent id='e'/><sequenceFlow id='2' sourceRef='a' targetRef='a'/><sequenceFlow id='3' sourceRef='a' targetRef='e'/></process></definitions>";
    let grows = refused(round);
    assert!(grows.why.contains("from work to e holds most tokens"), "{grows}");
    let mut wide = "<definitions>\n<process id='wide'><startEvent id='s'/>".to_owned();
    for at in 0..14 {
        wide.push_str(&format!(
            "<task id='t{at}' name='t{at}'/><sequenceFlow id='f{at}' sourceRef='s' targetRef='t{at}'/>"
        ));
    }
    let many = refused(&format!("{wide}</process></definitions>"));
    assert!(many.line == 2 && many.why.contains("\"wide\"") && many.why.contains("4096"), "{many}");
}

#[test]
fn machines_of_step_functions_are_their_tasks() {
    let text = r#"{"StartAt": "Reserve", "States": {
        "Reserve": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Enough",
            "Retry": [{"ErrorEquals": ["States.ALL"]}], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}]},
        "Enough": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "Both"}], "Default": "Sorry"},
        "Both": {"Type": "Parallel", "Next": "Each", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}], "Branches": [
            {"StartAt": "Charge", "States": {"Charge": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke",
                "Parameters": {"ApiEndpoint": "https://pay.example/v1/charges", "Method": "POST"}, "End": true}}},
            {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Next": "No"},
                "No": {"Type": "Choice", "Choices": [{"Next": "Refused"}], "Default": "Yes"}, "Yes": {"Type": "Succeed"},
                "Refused": {"Type": "Fail"}}}]},
        "Each": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "Pack", "States": {"Pack": {"Type": "Task", "Resource": "r", "End": true}}}},
        "Undo": {"Type": "Task", "Resource": "r", "End": true},
        "Sorry": {"Type": "Wait", "Seconds": 1, "Next": "Over"}, "Over": {"Type": "Fail"}}}"#;
    let (imported, model) = model(text);
    assert_eq!((imported.format.as_str(), &*model.id), ("Amazon States Language", "source"));
    let life = &model.lifecycles[0];
    let accepts = |run: &str| {
        let mut at = life.initial;
        for name in run.split(' ').filter(|name| !name.is_empty()) {
            let activity = model.activity(name).unwrap();
            let way = life.transitions.iter().find(|way| way.activity == activity && way.from.contains(&at));
            let Some(way) = way else { return false };
            at = way.to;
        }
        life.states[at].final_state
    };
    for run in [
        "",
        "Reserve",
        "Reserve Undo",
        "Reserve Charge Ask",
        "Reserve Ask Charge Pack Pack",
        "Reserve Ask Undo",
        "Reserve Charge Ask Undo",
    ] {
        assert!(accepts(run), "{run}: {}", imported.text);
    }
    for run in [
        "Charge",
        "Reserve Charge",
        "Reserve Charge Pack",
        "Reserve Charge Ask Pack Undo",
        "Reserve Undo Undo",
        "Reserve Undo Charge",
    ] {
        assert!(!accepts(run), "{run}: {}", imported.text);
    }
    assert!(imported.text.contains("POST /v1/charges"), "{}", imported.text);
    let refused = |text: &str| import("x.asl.json", text, &mut |_| Err(String::new())).unwrap_err();
    let nowhere = refused("StartAt: a\nStates:\n  a: {Type: Task, Next: b}\n");
    assert!(nowhere.line == 3 && nowhere.why.contains("\"b\""), "{nowhere}");
    assert!(
        refused("{\"StartAt\": \"a\", \"States\": {\"a\": {\"Type\": \"Magic\", \"End\": true}}}")
            .why
            .contains("Magic")
    );
    assert!(
        refused("{\"StartAt\": \"a\", \"States\": {\"a\": {\"Type\": \"Task\", \"Next\": \"a\"}}}")
            .why
            .contains("no run of it")
    );
}
