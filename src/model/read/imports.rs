//! `imports:` documents that say what the model need not, and the operations that `op:` names in them.

use std::sync::Arc;

use super::document::Node;
use super::reader::{Fields, Reader};
use crate::model::diagnostic::Diagnostic;
use crate::model::{Code, DescribedOperation, Description, Matcher, shape};

/// Most documents of one model.
const DOCUMENTS: usize = 64;
/// Most operations among which the nearest to a wrong name is looked for.
const NEAR: usize = 4_096;

/// Opens a file that a model imports, by its name in the model; says why where it cannot.
pub type Open<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

/// Reads the documents that the model imports into the reader.
pub(super) fn read(reader: &mut Reader, fields: &Fields<'_>, open: Open<'_>) {
    let Some(imports) = fields.get("imports") else { return };
    let Some(kinds) = reader.mapping(imports, "`imports`", &["openapi", "arazzo", "builtin"]) else { return };
    if let Some(key) = kinds.key("arazzo") {
        reader.not_yet(&key.span, "`imports.arazzo`");
    }
    let Some(node) = kinds.get("openapi") else { return };
    reader.imports = true;
    let items = reader.list(node);
    if items.len() > DOCUMENTS {
        reader.error(Code::Limit, &node.span, format!("a model imports at most {DOCUMENTS} documents"));
    }
    for item in items.iter().take(DOCUMENTS) {
        document(reader, item, open);
    }
}

fn document(reader: &mut Reader, item: &Node, open: Open<'_>) {
    let Some(name) = reader.text(item, "an OpenAPI document") else { return };
    if reader.documents.iter().any(|known| *known.file == *name) {
        reader.error(Code::Duplicate, &item.span, format!("`{name}` is imported twice"));
        return;
    }
    let text = match open(name) {
        Ok(text) => text,
        Err(why) => {
            let title = format!("`{name}` cannot be read");
            let diagnostic = Diagnostic::error(Code::OpenApi, item.span.clone(), title).label(why);
            reader.found.push(diagnostic.help("files are looked for from the model's own folder"));
            return;
        }
    };
    match Description::read(name, &text) {
        Ok((description, doubts)) => {
            reader.documents.push(Arc::new(description));
            reader.imported.extend((!doubts.is_empty()).then_some(doubts));
        }
        Err(found) => {
            let title = format!("`{name}` cannot be used");
            reader.found.push(Diagnostic::error(Code::OpenApi, item.span.clone(), title).label("why is said below"));
            reader.imported.push(found);
        }
    }
}

/// The calls of the operation that `op:` names: one for each base path.
pub(super) fn operation(reader: &mut Reader, node: &Node) -> Vec<Matcher> {
    let Some(text) = reader.text(node, "`op`") else { return Vec::new() };
    if !reader.imports {
        let title = "`op` needs an OpenAPI document, and none is imported";
        let diagnostic = Diagnostic::error(Code::NeedsOpenApi, node.span.clone(), title);
        let help = "import one: `imports: {openapi: [orders.yaml]}`, or write the call itself: \
                    `http: POST /orders/{orderId}/payment`";
        reader.found.push(diagnostic.label("this operationId has no method and path").help(help));
        return Vec::new();
    }
    let found = named(&reader.documents, text);
    let several = found.iter().any(|(document, _)| *document != found.first().map_or("", |(first, _)| *first));
    if found.is_empty() || several {
        // What a document that cannot be read would say is not known.
        let all_read = !reader.found.iter().any(|found| found.code == Code::OpenApi);
        if several || all_read {
            let diagnostic = unknown(&reader.documents, node, text, several);
            reader.found.push(diagnostic);
        }
        return Vec::new();
    }
    let matcher = |(file, operation): (&str, &DescribedOperation)| {
        let host = operation.host.clone().filter(|_| needs_host(&reader.documents, file, operation));
        Matcher { host, ..operation.matcher() }
    };
    found.into_iter().map(matcher).collect()
}

/// Parameters of the operation that `op:` names; `None` where there is no such operation.
pub(super) fn parameters(documents: &[Arc<Description>], text: &str) -> Option<Vec<String>> {
    let found = named(documents, text);
    let names = found.iter().flat_map(|(_, operation)| operation.template.iter().flat_map(|s| s.parameters()));
    let names = names.map(|name| name.to_string()).collect();
    (!found.is_empty()).then_some(names)
}

/// The operations of a name, each with its document; `orders.yaml#payOrder` names one document's.
fn named<'d>(documents: &'d [Arc<Description>], text: &str) -> Vec<(&'d str, &'d DescribedOperation)> {
    let qualified = text.rsplit_once('#').filter(|(file, _)| documents.iter().any(|d| *d.file == **file));
    let (file, name) = qualified.map_or((None, text), |(file, name)| (Some(file), name));
    let asked = documents.iter().filter(|document| file.is_none_or(|file| *document.file == *file));
    asked.flat_map(|document| document.named(name).map(|operation| (&*document.file, operation))).collect()
}

fn unknown(documents: &[Arc<Description>], node: &Node, text: &str, several: bool) -> Diagnostic {
    if several {
        let title = format!("several documents have an operation `{text}`");
        let first = documents.iter().find(|document| document.named(text).next().is_some());
        let file = first.map_or("", |document| &*document.file);
        let diagnostic = Diagnostic::error(Code::UnknownOperation, node.span.clone(), title);
        return diagnostic.help(format!("say which: `op: {file}#{text}`"));
    }
    let title = format!("no imported document has an operation `{text}`");
    let names: Vec<String> =
        documents.iter().flat_map(|document| &document.operations).take(NEAR).map(DescribedOperation::name).collect();
    Diagnostic::error(Code::UnknownOperation, node.span.clone(), title)
        .label("no operationId, nor method and path")
        .nearest(text, "operation", names.iter().map(|name| (name.as_str(), 0..0)))
}

/// Whether another operation has the same calls but for the host.
fn needs_host(documents: &[Arc<Description>], file: &str, operation: &DescribedOperation) -> bool {
    let shape_of = shape(&operation.template);
    let mut all =
        documents.iter().flat_map(|document| document.operations.iter().map(move |own| (&*document.file, own)));
    all.any(|(of, other)| {
        other.host.is_some()
            && other.host != operation.host
            && other.method == operation.method
            && (of != file || other.name() != operation.name())
            && shape(&other.template) == shape_of
    })
}
