//! What was found in model files, as SARIF 2.1.0: the file is the model, the region its text.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::{Code, Diagnostic, Diagnostics, Gravity};

/// One SARIF log with one run; results in the order of the files and of what was found in each.
pub fn diagnostics(all: &[Diagnostics], version: &str) -> Value {
    let mut results = Vec::new();
    let mut codes = BTreeSet::new();
    for found in all {
        add(found, &mut results, &mut codes);
    }
    let rules: Vec<Value> = codes.into_iter().map(descriptor).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "offpath", "version": version, "semanticVersion": version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn add(found: &Diagnostics, results: &mut Vec<Value>, codes: &mut BTreeSet<Code>) {
    for diagnostic in found.iter() {
        codes.insert(diagnostic.code);
        results.push(result(found, diagnostic));
    }
    found.imported().iter().for_each(|imported| add(imported, results, codes));
}

fn descriptor(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": {"text": code.title()},
        "fullDescription": {"text": code.explanation()},
        "help": {"text": code.explanation()},
    })
}

fn result(of: &Diagnostics, diagnostic: &Diagnostic) -> Value {
    let level = match diagnostic.gravity {
        Gravity::Error => "error",
        Gravity::Warning => "warning",
        Gravity::Advice => "note",
    };
    let said = [diagnostic.label.as_str()].into_iter().chain(diagnostic.helps.iter().map(String::as_str));
    let said: Vec<&str> = said.filter(|text| !text.is_empty()).collect();
    let text = std::iter::once(diagnostic.title.as_str()).chain(said).collect::<Vec<_>>().join(". ");
    let location = |span: &std::ops::Range<usize>| {
        let ((line, column), (end_line, end_column)) = (of.position(span.start), of.position(span.end));
        json!({
            "artifactLocation": {"uri": uri(of.file())},
            "region": {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column},
        })
    };
    let related: Vec<Value> = diagnostic
        .notes
        .iter()
        .map(|(span, note)| json!({"physicalLocation": location(span), "message": {"text": note}}))
        .collect();
    json!({
        "ruleId": diagnostic.code.as_str(),
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location(&diagnostic.span)}],
        "relatedLocations": related,
    })
}

/// A file's name as a relative reference or path of a URI.
fn uri(file: &str) -> String {
    let mut out = String::with_capacity(file.len());
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
