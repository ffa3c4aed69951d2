//! The surface: help, configuration, filters, redaction, outputs, and what a stopped run leaves.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on stops")]

mod configuration;
mod filters;
mod help;
mod outputs;
mod redaction;
mod schemas;
#[path = "../support/mod.rs"]
mod support;
#[cfg(unix)]
mod work_folder;

use std::path::Path;
use std::process::{Command, Output};

/// The binary in a folder of its own, without configuration from outside.
fn offpath_in(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Output {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/hash.key");
    Command::new(env!("CARGO_BIN_EXE_offpath"))
        .args(args)
        .current_dir(folder)
        .env("OFFPATH_HASH_KEY", key)
        .env("NO_COLOR", "1")
        .env_remove("OFFPATH_CONFIG")
        .envs(env.iter().copied())
        .output()
        .expect("the binary starts")
}

/// Three orders of two persons in an access log, one of them shipped without being paid; and their model.
fn shop(folder: &Path) {
    let line = |time: &str, user: &str, request: &str, status: u16| {
        format!("10.0.0.7 - {user} [01/Mar/2026:{time} +0000] \"{request} HTTP/1.1\" {status} 52 \"-\" \"curl\"\n")
    };
    let log = [
        line("10:00:00", "anna", "POST /orders/ord_101", 201),
        line("10:00:09", "anna", "POST /orders/ord_101/payment", 200),
        line("10:30:00", "depot", "POST /orders/ord_101/shipment", 200),
        line("11:00:00", "bert", "POST /orders/ord_102", 201),
        line("11:05:00", "depot", "POST /orders/ord_102/shipment", 200),
        line("12:00:00", "bert", "GET /weather", 404),
    ];
    std::fs::write(folder.join("shop.log"), log.concat()).unwrap();
    std::fs::write(folder.join("shop.model.yaml"), MODEL).unwrap();
}

const MODEL: &str = r#"offpath: 1
workflow: {id: shop, version: 1}
objects: {order: {key: [path.order]}}
activities:
  create: {http: "POST /orders/{order}", object: order}
  pay:    {http: "POST /orders/{order}/payment", object: order}
  ship:   {http: "POST /orders/{order}/shipment", object: order}
lifecycles:
  order:
    states: {none: initial, new: {}, paid: {}, shipped: final}
    transitions: [{activity: create, from: none, to: new}, {activity: pay, from: new, to: paid}, {activity: ship, from: paid, to: shipped}]
"#;
