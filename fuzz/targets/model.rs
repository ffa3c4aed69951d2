//! A model, and behind a zero byte a document that it may import: whatever it holds, loading and linting agree, what is
//! said stands at places of the file, a layout keeps the meaning, and no model differs from itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath::model::{Diagnostics, Gravity, Model, ModelDiff, layout};

fn check(found: &Diagnostics, text: &str) {
    assert_eq!(found.is_empty(), found.render(false).trim().is_empty());
    let _ = found.render(true);
    for one in found.iter() {
        let spans = one.notes.iter().map(|(span, _)| span).chain([&one.span]);
        assert!(spans.into_iter().all(|span| span.start <= span.end && span.end <= text.len()), "{one:?}");
        let (line, column) = found.position(one.span.start);
        assert!(line >= 1 && column >= 1);
    }
}

fuzz_target!(|bytes: &str| {
    let (text, beside) = bytes.split_once('\0').unwrap_or((bytes, ""));
    let mut open = |name: &str| if name.len() < 20 { Ok(beside.to_owned()) } else { Err("not there".to_owned()) };
    let read = Model::read_with("m.yaml", text, &mut open);
    let linted = Model::lint("m.yaml", text, &mut open);
    check(&linted, text);
    assert_eq!(read.is_err(), linted.gravest() == Some(Gravity::Error), "{linted}");
    let laid = layout(text);
    if let Ok(laid) = &laid {
        assert_eq!(layout(laid).as_ref(), Ok(laid));
    }
    let Ok((model, found)) = read else { return };
    check(&found, text);
    let same = ModelDiff::between((&model, text), (&model, text));
    assert!(same.changes.is_empty(), "{:?}", same.changes);
    if let Ok(laid) = laid {
        let (again, _) = Model::read_with("m.yaml", &laid, &mut open).expect("a layout means the same");
        let same = ModelDiff::between((&model, text), (&again, &laid));
        assert!(same.changes.is_empty(), "{:?}\n{laid}", same.changes);
    }
});
