//! Models in other forms: whatever they hold, reading ends, and what is made of them is YAML that the model reader takes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath::model::{Code, Model, import};

fuzz_target!(|text: &str| {
    let mut open = |_: &str| Err("nothing is beside it".to_owned());
    let Ok(imported) = import("source", text, &mut open) else { return };
    if let Err(found) = Model::read_with("m.yaml", &imported.text, &mut open) {
        // Sources may be larger than a model may be.
        assert!(found.iter().all(|one| one.code == Code::Limit), "{found}\n{}", imported.text);
    }
});
