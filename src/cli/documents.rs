//! OpenAPI documents that flags and models name.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Console, Exit};
use crate::model::Description;
use crate::pipeline::Job;

/// Largest document that is opened.
const BYTES: u64 = 32 << 20;

/// Reads the documents of `--openapi`; their errors go to standard error, what they leave out, a line each, waits for the
/// work to begin.
pub(super) fn read(files: &[PathBuf], console: &Console) -> Result<Vec<Arc<Description>>, Exit> {
    let mut documents: Vec<Arc<Description>> = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let cannot = |why: String| Exit::CannotStart(format!("--openapi {name}: {why}"));
        let text = open(file).map_err(cannot)?;
        match Description::read(&name, &text) {
            Ok((document, doubts)) => {
                if !doubts.is_empty() {
                    console.hold(doubts.brief());
                }
                console.note(&format!("{name} describes {} operations", document.operations.len()));
                documents.push(Arc::new(document));
            }
            Err(errors) => {
                console.say_always(errors.render(console.color).trim_end());
                return Err(cannot("it cannot be used, see above".to_owned()));
            }
        }
    }
    Ok(documents)
}

/// Has a job go by documents.
pub(super) fn go_by(job: &mut Job, documents: Vec<Arc<Description>>) {
    if !documents.is_empty() {
        let names: Vec<&str> = documents.iter().map(|document| &*document.file).collect();
        job.told.insert("openapi".to_owned(), names.join(", "));
    }
    job.documents = documents;
}

/// What a model imports, looked for from the model's own folder.
pub(super) fn beside(model: &Path) -> impl FnMut(&str) -> Result<String, String> {
    let folder = model.parent().map(Path::to_owned).unwrap_or_default();
    move |name| open(&folder.join(name))
}

fn open(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > BYTES {
        return Err(format!("larger than {} MiB", BYTES >> 20));
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8; save the file as UTF-8", error.utf8_error().valid_up_to()))
}
