//! A model file to a [`Model`]: every mistake in one pass, each with its place.

mod activities;
mod actors;
mod builtin;
mod check;
mod constant;
mod constraints;
mod delegations;
pub(in crate::model) mod document;
mod echo;
mod imports;
mod lifecycles;
mod lint;
mod names;
mod objects;
mod reader;
mod schedule;
pub(crate) mod settings;
pub(crate) mod suppressions;
mod survey;

use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::diagnostic::{Diagnostic, Diagnostics, Gravity};
use super::{ActorNaming, Code, Model, quantity};
pub(in crate::model) use activities::is_template;
use document::Node;
pub use imports::Open;
use reader::{Fields, Reader};

impl Model {
    /// Reads and checks one workflow file. `file` is its name as the user gave it, for messages.
    ///
    /// # Errors
    /// Everything that keeps the file from being used, and the warnings beside it. Without errors the warnings alone
    /// come with the model. A model that imports other files cannot be read so: see [`Model::read_with`].
    pub fn read(file: &str, text: &str) -> Result<(Model, Diagnostics), Diagnostics> {
        Model::read_with(file, text, &mut |_| Err("the model was given without a folder".to_owned()))
    }

    /// As [`Model::read`]; `open` opens the files that the model imports. The hash covers what they hold.
    ///
    /// # Errors
    /// As [`Model::read`].
    pub fn read_with(file: &str, text: &str, open: Open<'_>) -> Result<(Model, Diagnostics), Diagnostics> {
        Model::look_at(file, text, open, false)
    }

    /// Everything that can be said against a model: what [`Model::read_with`] says, and where that is no error, what only
    /// the whole shows, advice among it.
    pub fn lint(file: &str, text: &str, open: Open<'_>) -> Diagnostics {
        Model::look_at(file, text, open, true).map_or_else(|errors| errors, |(_, found)| found)
    }

    fn look_at(file: &str, text: &str, open: Open<'_>, thorough: bool) -> Result<(Model, Diagnostics), Diagnostics> {
        let whole = text;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let root = document::read(text).map_err(|found| Diagnostics::new(file, text, vec![*found]))?;
        let mut reader = Reader::default();
        let model = model(&mut reader, &root, open, thorough);
        let model = model.map(|model| Model { hash: hash(whole, &model), file: file.to_owned(), ..model });
        let faulty = reader.found.iter().any(|diagnostic| diagnostic.gravity == Gravity::Error);
        let diagnostics = Diagnostics::new(file, text, reader.found).with_imported(reader.imported);
        match model {
            Some(model) if !faulty => Ok((model, diagnostics)),
            _ => Err(diagnostics),
        }
    }
}

/// SHA-256 of the file, and of the hashes of what it imports, if anything.
fn hash(text: &str, model: &Model) -> String {
    let imported = model.documents.iter().map(|document| document.hash.as_bytes());
    let hasher = imported.fold(Sha256::new_with_prefix(text), |hasher, hash| hasher.chain_update(hash));
    hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

const KEYS: &[&str] = &[
    "offpath",
    "workflow",
    "imports",
    "actors",
    "objects",
    "activities",
    "lifecycles",
    "constraints",
    "delegations",
    "check",
];

/// Reads all parts; `None` when there is not even a mapping, with the reason among the reader's diagnostics.
fn model(reader: &mut Reader, root: &Node, open: Open<'_>, thorough: bool) -> Option<Model> {
    let whole = builtin::completed(reader, root);
    let fields = reader.mapping(&whole, "a model", KEYS)?;
    format_version(reader, &fields);
    imports::read(reader, &fields, open);
    names::collect(reader, &fields);
    let mut activities = activities::read(reader, &fields);
    let mut object_types = objects::read(reader, &fields);
    builtin::objects(reader, &fields, &mut object_types, &mut activities);
    let mut model = Model {
        id: Arc::from(""),
        version: Arc::from(""),
        owner: None,
        draft: false,
        hash: String::new(),
        file: String::new(),
        in_force: (None, None),
        actors: ActorNaming::default(),
        object_types,
        activities,
        lifecycles: Vec::new(),
        constraints: Vec::new(),
        delegations: Vec::new(),
        check: check::read(reader, fields.get("check")),
        captured_paths: Vec::new(),
        documents: reader.documents.clone(),
    };
    workflow(reader, &fields, &mut model);
    model.actors = actors::read(reader, fields.get("actors"));
    model.lifecycles = lifecycles::read(reader, &fields, &model);
    model.constraints = constraints::read(reader, &fields, &model);
    model.delegations = delegations::read(reader, &fields, &model);
    lint::model(reader, &model);
    if thorough && reader.found.iter().all(|found| found.gravity != Gravity::Error) {
        survey::model(reader, &fields, &model);
    }
    model.captured_paths = std::mem::take(&mut reader.captured).into_iter().collect();
    Some(model)
}

fn format_version(reader: &mut Reader, fields: &Fields<'_>) {
    let Some(node) = reader.required(fields, "offpath") else { return };
    if let Some(text) = reader.text(node, "`offpath`")
        && text != "1"
    {
        let title = format!("this is written for version {text} of the model language");
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
        reader.found.push(diagnostic.label("only version 1 is known").help("write `offpath: 1`"));
    }
}

fn workflow(reader: &mut Reader, fields: &Fields<'_>, model: &mut Model) {
    let Some(node) = reader.required(fields, "workflow") else { return };
    let Some(fields) = reader.mapping(node, "`workflow`", &["id", "version", "owner", "in_force", "draft"]) else {
        return;
    };
    model.id = reader.required_text(&fields, "id").unwrap_or_default().into();
    model.version = reader.required_text(&fields, "version").unwrap_or_default().into();
    model.owner = fields.get("owner").and_then(|node| reader.text(node, "`owner`")).map(Arc::from);
    model.draft = reader.flag(fields.get("draft"), "`draft`");
    let Some(node) = fields.get("in_force") else { return };
    let Some(range) = reader.mapping(node, "`in_force`", &["from", "to"]) else { return };
    model.in_force = (instant(reader, range.get("from")), instant(reader, range.get("to")));
    if let (Some(from), Some(to)) = model.in_force
        && from >= to
    {
        let title = "this version ends before it begins";
        reader.found.push(Diagnostic::error(Code::BadValue, node.span.clone(), title));
    }
}

fn instant(reader: &mut Reader, node: Option<&Node>) -> Option<i64> {
    let node = node?;
    let text = reader.text(node, "an instant")?;
    let instant = quantity::timestamp(text);
    if instant.is_none() {
        let title = format!("`{text}` is not a date");
        let diagnostic = Diagnostic::error(Code::BadValue, node.span.clone(), title);
        reader.found.push(diagnostic.help("write `2026-09-01` (midnight UTC) or `2026-09-01T06:00:00+02:00`"));
    }
    instant
}
