//! `offpath model fmt`: models laid out alike, comments and meaning kept.

use std::path::Path;

use super::counted;
use crate::cli::args::ModelFmt;
use crate::cli::{Console, Ended, Exit, job};
use crate::model::layout;

/// Runs the command.
pub(super) fn run(args: &ModelFmt, console: &Console) -> Ended {
    let (mut other, mut refused) = (Vec::new(), 0);
    for path in &args.files {
        let text = job::model_text(path)?;
        match layout(&text) {
            Ok(laid) if laid == text => {}
            Ok(laid) => other.push((path, laid)),
            Err(refusal) => {
                let (line, column) = refusal.place(&text);
                console.say_always(&format!("{}:{line}:{column}: {}", path.display(), refusal.why()));
                refused += 1;
            }
        }
    }
    for (path, laid) in &other {
        if args.check {
            console.say(&format!("{} is laid out otherwise", path.display()));
        } else {
            write(path, laid)?;
        }
    }
    let words = |verb| format!("{verb} {} of {}", other.len(), counted(args.files.len(), "file"));
    if refused > 0 {
        return Err(Exit::CannotStart(format!("{} left as they are, see above", counted(refused, "file"))));
    }
    Ok(match (args.check, other.is_empty()) {
        (true, false) => Exit::Findings(words("would lay out")),
        (_, true) => Exit::Done("laid out already".to_owned()),
        (false, false) => Exit::Done(words("laid out")),
    })
}

/// Replaces a file in one step: it is never half written.
fn write(path: &Path, text: &str) -> Result<(), Exit> {
    let failed = |error: std::io::Error| Exit::CannotStart(format!("{}: {error}", path.display()));
    // A link stays one, and what it leads to is written.
    let path = path.canonicalize().map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let permissions = std::fs::metadata(&path).map_err(failed)?.permissions();
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    file.as_file().set_permissions(permissions).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}
