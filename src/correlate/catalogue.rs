//! Which operations documents describe, by the names that events have.

use std::collections::BTreeMap;
use std::sync::Arc;

use offpath_capture::Exchange;

use super::described::Described;
use super::operation::Operations;
use super::target::Target;
use crate::model::Description;

/// Operations of OpenAPI documents.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    operations: Operations,
    /// By path template, as the document writes it and as events without a model have it.
    paths: BTreeMap<Arc<str>, Vec<Arc<Listed>>>,
    count: u64,
}

/// One operation of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Method in upper case.
    pub method: Arc<str>,
    /// Base path and path, e.g. `/v1/orders/{orderId}`.
    pub path: Arc<str>,
    /// Its `operationId`.
    pub id: Option<Arc<str>>,
    /// The document.
    pub file: Arc<str>,
    /// Line of the document, from 1.
    pub line: usize,
}

impl Catalogue {
    /// Lists all operations of some documents.
    pub fn of<'d>(documents: impl IntoIterator<Item = &'d Arc<Description>>) -> Catalogue {
        let documents: Vec<Arc<Description>> = documents.into_iter().cloned().collect();
        let mut catalogue = Catalogue::default();
        catalogue.operations.describe(&documents);
        for document in &documents {
            for operation in &document.operations {
                // What takes whatever follows describes nothing.
                let Some(described) = Described::of(operation) else { continue };
                let segments = operation.template.iter().map(|segment| format!("/{segment}"));
                let path: Arc<str> = match segments.collect::<String>() {
                    path if path.is_empty() => "/".into(),
                    path => path.into(),
                };
                let listed = Arc::new(Listed {
                    method: Arc::clone(&operation.method),
                    path: Arc::clone(&path),
                    id: operation.id.clone(),
                    file: Arc::clone(&document.file),
                    line: operation.line,
                });
                let guessed = Some(described.text).filter(|guessed| *guessed != path);
                for name in [Some(path), guessed].into_iter().flatten() {
                    catalogue.paths.entry(name).or_default().push(Arc::clone(&listed));
                }
                catalogue.count += 1;
            }
        }
        catalogue
    }

    /// Whether nothing is described.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many operations are described, once for each base path.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// What describes an event's operation, `GET /orders/{order}`: the operation, or one of its path by another method.
    pub fn find(&self, operation: &str) -> Option<(&Listed, bool)> {
        let (method, path) = operation.split_once(' ')?;
        let listed = self.paths.get(path)?;
        let own = listed.iter().find(|listed| *listed.method == *method);
        own.map(|own| (&**own, true)).or_else(|| listed.first().map(|first| (&**first, false)))
    }

    /// Name of the operation that an exchange calls: its `operationId`, else method and path template.
    pub fn operation(&self, exchange: &Exchange) -> Option<Arc<str>> {
        let request = exchange.request.as_ref()?;
        let target = Target::parse(&request.target);
        let host = request.host.as_deref().map(|host| host.split(':').next().unwrap_or_default());
        let matched = self.operations.find(&request.method, host, &target)?;
        let name = format!("{} {}", request.method.to_ascii_uppercase(), matched.template);
        let id = self.find(&name).filter(|(_, own)| *own).and_then(|(listed, _)| listed.id.clone());
        Some(id.unwrap_or_else(|| name.into()))
    }
}
