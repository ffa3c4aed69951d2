use proptest::prelude::*;

use super::*;

fn described(text: &str) -> Description {
    Description::read("api.yaml", text).unwrap_or_else(|found| panic!("{found}")).0
}

fn doubts(text: &str) -> String {
    Description::read("api.yaml", text).unwrap_or_else(|found| panic!("{found}")).1.brief()
}

fn refused(text: &str) -> String {
    Description::read("api.yaml", text).map(|_| ()).unwrap_err().render(false)
}

fn operations(text: &str) -> Vec<String> {
    let path = |o: &DescribedOperation| o.template.iter().map(|s| format!("/{s}")).collect::<String>();
    described(text).operations.iter().map(|o| format!("{} {} {}", o.method, path(o), o.name())).collect()
}

const SHOP: &str = "\
openapi: 3.1.0
servers: [{url: https://api.example/v1}]
paths:
  /orders:
    parameters: [{name: x, in: header}]
    get: {operationId: listOrders}
    post: {}
  /orders/{orderId}:
    $ref: '#/components/pathItems/order'
  /health:
    servers: [{url: /}]
    get: {operationId: health, servers: [{url: /ops}]}
    head: {}
  x-internal: {get: {}}
components:
  pathItems:
    order:
      get: {operationId: getOrder}
";

#[test]
fn operations_have_their_servers_paths_and_names() {
    let expected = [
        "GET /v1/orders listOrders",
        "POST /v1/orders POST /orders",
        "GET /v1/orders/{orderId} getOrder",
        "GET /ops/health health",
        "HEAD /health HEAD /health",
    ];
    assert_eq!(operations(SHOP), expected);
    let shop = described(SHOP);
    assert_eq!(shop.operations.iter().map(|o| o.line).collect::<Vec<_>>(), [6, 7, 18, 12, 13]);
    assert_eq!(shop.operations[2].base, 1);
    assert_eq!(shop.named("getOrder").count(), 1);
    assert_eq!(shop.named("POST /orders").count(), 1);
    assert_eq!(shop.named("post /orders").count(), 0);
    assert_eq!(doubts(SHOP), "");
}

#[test]
fn swagger_2_and_json_are_read_too() {
    let swagger = r#"{"swagger": "2.0", "host": "api.example", "basePath": "/v2",
        "paths": {"/pets/{id}": {"get": {"operationId": "pet"}}}}"#;
    assert_eq!(operations(swagger), ["GET /v2/pets/{id} pet"]);
    assert_eq!(described(swagger).operations[0].host.as_deref(), Some("api.example"));
}

#[test]
fn what_cannot_be_matched_is_named_and_left_out() {
    let text = "\
openapi: 3.0.3
paths:
  orders: {get: {}}
  /a?b=c: {get: {}}
  /ext: {$ref: paths/ext.yaml}
  /gone: {$ref: '#/components/pathItems/none'}
  /ring: {$ref: '#/paths/~1ring2'}
  /ring2: {$ref: '#/paths/~1ring'}
  /twice: {get: {operationId: a}, put: {operationId: a}}
  /empty: {get: }
";
    assert_eq!(operations(text), ["GET /twice a", "PUT /twice PUT /twice"]);
    let doubts = doubts(text);
    for said in ["`orders` is no path", "cannot be matched", "in another file", "leads nowhere", "back to itself"] {
        assert!(doubts.contains(said), "{said} in {doubts}");
    }
    assert!(doubts.contains("api.yaml:9:54: the operationId `a` is given twice"), "{doubts}");
    assert!(doubts.contains("`GET /empty` must be a mapping"), "{doubts}");
}

#[test]
fn what_is_no_document_is_refused_with_a_remedy() {
    for (text, said) in [
        ("", "no OpenAPI document"),
        ("[1]", "no OpenAPI document"),
        ("openAPI: 3.0.0\npaths: {}", "case-sensitive"),
        ("info: {}", "write `openapi: 3.1.0`"),
        ("openapi: 4.0.0", "is no version that is known"),
        ("openapi: 3.0.0\npaths: [1]", "must be a mapping"),
        ("openapi: 3.0.0\npaths: {", "neither YAML nor JSON"),
    ] {
        let refused = refused(text);
        assert!(refused.contains(said) && refused.contains("api.yaml"), "{text}: {refused}");
    }
    assert!(doubts("openapi: 3.1.0\nwebhooks: {}").contains("no `paths:`"));
}

#[test]
fn one_path_item_under_many_paths_is_bounded() {
    let item: String = (0..60_000).map(|n| format!("      x-{n}: 1\n")).collect();
    let paths: String = (0..2_000).map(|n| format!("  /p{n}: {{$ref: '#/components/pathItems/big'}}\n")).collect();
    let text = format!("openapi: 3.1.0\npaths:\n{paths}components:\n  pathItems:\n    big:\n{item}");
    assert!(refused(&text).contains("over and over"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(openapi: 3.1.0\n)?(paths:\n)?[ -~\n\t]{0,120}") {
        let _ = Description::read("api.yaml", &text);
    }

    #[test]
    fn damaged_documents_are_read_or_refused(at in 0..SHOP.len(), length in 0_usize..20, with in "[ -~\n{}\\[\\]&*:]{0,6}") {
        let end = (at + length).min(SHOP.len());
        let text = format!("{}{with}{}", &SHOP[..at], &SHOP[end..]);
        if let Ok((description, _)) = Description::read("api.yaml", &text) {
            for operation in &description.operations {
                prop_assert!(operation.base <= operation.template.len());
                prop_assert!(description.named(&operation.name()).next().is_some());
            }
        }
    }
}
