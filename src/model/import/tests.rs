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
