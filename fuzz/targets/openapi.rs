//! OpenAPI documents: whatever they hold, reading ends, and each operation matches a path made of its own template.
#![no_main]

use libfuzzer_sys::fuzz_target;
use offpath::model::{Description, Piece, Segment};

fuzz_target!(|text: &str| {
    let Ok((description, doubts)) = Description::read("api.yaml", text) else { return };
    let _ = (doubts.render(false), doubts.brief());
    for operation in &description.operations {
        assert!(operation.base <= operation.template.len());
        assert!(description.named(&operation.name()).next().is_some());
        for segment in &operation.template {
            if let Segment::Pattern(pattern) = segment {
                let piece = |piece: &Piece| match piece {
                    Piece::Literal(text) => text.to_string(),
                    Piece::Parameter(_) => "x".to_owned(),
                };
                let made: String = pattern.pieces().iter().map(piece).collect();
                assert!(pattern.values(&made).is_some(), "{pattern} {made}");
            }
        }
    }
});
