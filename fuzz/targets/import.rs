//! Models in other forms (Arazzo, Amazon's States Language, XState, SCXML, BPMN, PNML), and behind a zero byte a document
//! that they may name: whatever they hold, reading ends, and what is made of them is YAML that the model reader takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath::model::{Code, Model, import};

fuzz_target!(|bytes: &str| {
    let (text, beside) = bytes.split_once('\0').unwrap_or((bytes, ""));
    let mut open = |name: &str| if name.len() < 20 { Ok(beside.to_owned()) } else { Err("not there".to_owned()) };
    let lines = text.matches('\n').count() + 1;
    let imported = match import("source", text, &mut open) {
        Ok(imported) => imported,
        Err(error) => {
            assert!(!error.why.is_empty() && (1..=lines).contains(&error.line), "{error:?} of {lines}");
            return;
        }
    };
    assert!(!imported.format.is_empty());
    assert!(imported.left_out.iter().all(|left| (1..=lines).contains(&left.line)), "{:?}", imported.left_out);
    if let Err(found) = Model::read_with("m.yaml", &imported.text, &mut open) {
        // Sources may be larger than a model may be.
        assert!(found.iter().all(|one| one.code == Code::Limit), "{found}\n{}", imported.text);
    }
});
