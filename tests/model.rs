//! Model files as users write them, right and wrong; the wrong ones with the very words they are answered with.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::{Path, PathBuf};

use offpath::model::expression::{Function, Node, Operator};
use offpath::model::{AttributeRule, ConstraintKind, Diagnostics, Gravity, Model, explanation};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models").join(name)
}

fn read(path: &Path) -> Result<(Model, Diagnostics), Diagnostics> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut open = |name: &str| std::fs::read_to_string(path.with_file_name(name)).map_err(|error| error.to_string());
    Model::read_with(path.file_name().unwrap().to_str().unwrap(), &text, &mut open)
}

fn files(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn wrong_models_are_answered_in_these_words() {
    for file in files("bad") {
        let Err(found) = read(&file) else { panic!("{} was accepted", file.display()) };
        assert!(found.iter().any(|d| d.gravity == Gravity::Error));
        for diagnostic in found.iter() {
            assert!(explanation(diagnostic.code.as_str()).is_some());
        }
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        insta::assert_snapshot!(name, found.render(false));
    }
}

#[test]
fn right_models_are_accepted_in_silence() {
    for file in files("good") {
        match read(&file) {
            Ok((_, warnings)) => assert!(warnings.is_empty(), "{warnings}"),
            Err(found) => panic!("{found}"),
        }
    }
}

#[test]
fn the_models_of_the_reference_are_accepted_in_silence() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/model.md")).unwrap();
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let models: Vec<&str> = blocks.filter(|block| block.starts_with("offpath:")).collect();
    assert!(!models.is_empty());
    for model in models {
        match Model::read("model.md", model) {
            Ok((_, warnings)) => assert!(warnings.is_empty(), "{warnings}"),
            Err(found) => panic!("{found}"),
        }
    }
}

#[test]
fn the_whole_language_reads_with_warnings_only() {
    let (model, warnings) = read(&folder("complete.yaml")).unwrap_or_else(|found| panic!("{found}"));
    insta::assert_snapshot!("complete", warnings.render(false));
    assert_eq!((&*model.id, &*model.version), ("order-to-cash", "7"));
    assert_eq!(model.hash.len(), 64);
    assert_eq!((model.activities.len(), model.object_types.len()), (11, 2));
    assert_eq!(model.constraints.len(), 9);
}

#[test]
fn the_supported_language_is_read_as_written() {
    let (model, _) = read(&folder("good/order-to-cash.yaml")).unwrap_or_else(|found| panic!("{found}"));
    let order = &model.object_types[usize::from(model.object_type("order").unwrap().0)];
    assert!(matches!(&order.attributes[1].value, AttributeRule::Sum { attribute, .. } if &**attribute == "amount"));
    assert_eq!(order.owner.as_ref().unwrap().set_by, model.activity("create"));
    let lifecycle = model.lifecycle_of(model.object_type("refund").unwrap()).unwrap();
    let states: Vec<&str> = lifecycle.states.iter().map(|state| &*state.name).collect();
    assert_eq!(states, ["none", "requested", "approved", "executed"]);
    assert!(lifecycle.states[3].final_state && lifecycle.states[3].restricted && lifecycle.initial == 0);
    assert_eq!(lifecycle.transitions[3].from, [1]);
    let within = model.lifecycles[0].transitions.iter().find_map(|transition| transition.within).unwrap();
    assert_eq!(within, (model.activity("pay").unwrap(), 14 * 86_400 * 1_000_000));
    let kinds: Vec<bool> = model.constraints.iter().map(|c| matches!(c.kind, ConstraintKind::Always(_))).collect();
    assert_eq!(kinds.iter().filter(|always| **always).count(), 1);
    let always = model.constraints.iter().find_map(|c| match &c.kind {
        ConstraintKind::Always(condition) => Some(&condition.node),
        _ => None,
    });
    let Some(Node::Binary(Operator::LessOrEqual, left, _)) = always else { panic!("{always:?}") };
    let Node::Call(Function::Sum, arguments) = &**left else { panic!("{left:?}") };
    let Some(Node::Path(path)) = arguments.first() else { panic!("{arguments:?}") };
    assert_eq!((&*path.text, path.fields.join("/")), ("order.refunds.amount", "refund/amount".to_owned()));
    assert!(path.is_many());
    let captured: Vec<&str> = model.captured_paths.iter().map(|path| &*path.text).collect();
    assert_eq!(captured, ["header.x-channel", "req.note"]);
    let login = model.activity("login").unwrap();
    assert_eq!(model.actors.identify[1].bound_by, Some(login));
}

#[test]
fn proxies_and_the_gap_of_sessions_are_read() {
    let model = |proxies: &str, gap: &str| {
        let text = format!(
            "offpath: 1\nworkflow: {{id: s, version: 1}}\nactors: {{trusted_proxies: [{proxies}]}}\ncheck: {{session_gap: {gap}}}\n\
             objects: {{order: {{key: path.order}}}}\n\
             activities:\n  pay: {{http: \"POST /orders/{{order}}/pay\", object: order}}\n\
             lifecycles:\n  order:\n    states: {{none: initial, new: final}}\n    \
             transitions: [{{activity: pay, from: none, to: new}}]\n"
        );
        Model::read("m.yaml", &text)
    };
    let (read, _) = model("10.0.0.0/8, \"fd00::/8\"", "1h").unwrap_or_else(|found| panic!("{found}"));
    let blocks: Vec<String> = read.actors.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!((blocks, read.check.session_gap), (vec!["10.0.0.0/8".into(), "fd00::/8".into()], 3_600_000_000));
    assert!(model("10.0.0/8", "1h").is_err());
    assert!(model("10.0.0.1", "soon").is_err());
}

/// Every prefix of a model is read or refused, whatever it cuts through.
#[test]
fn cut_models_never_panic() {
    let text = std::fs::read_to_string(folder("complete.yaml")).unwrap();
    for end in (0..text.len()).step_by(37).filter(|end| text.is_char_boundary(*end)) {
        if let Err(found) = Model::read("cut.yaml", &text[..end]) {
            assert!(found.render(false).contains("cut.yaml"));
        }
    }
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            if let Err(found) = Model::read("any.yaml", &text) {
                found.render(true);
            }
        }

        #[test]
        fn damaged_models_are_read_or_refused(at in 0..6000usize, length in 0..40usize, patch in "[-{}\\[\\]:,&*!|>'\"@%#? \n\u{e9}a1]{0,6}") {
            let mut text: Vec<char> = std::fs::read_to_string(folder("complete.yaml")).unwrap().chars().collect();
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, patch.chars());
            let text: String = text.into_iter().collect();
            if let Err(found) = Model::read("damaged.yaml", &text) {
                found.render(false);
            }
        }
    }
}
