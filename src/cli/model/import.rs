//! `offpath model import`: models that people already have, in offpath's language.

use std::io::Read as _;
use std::path::Path;

use super::new;
use crate::cli::args::ModelImport;
use crate::cli::{Console, Ended, Exit, documents};
use crate::finding::text;
use crate::model::{IMPORT_BYTES, import};

/// Most parts left out that are shown; the model's comments name them all.
const SHOWN: usize = 20;

/// Runs the command.
pub(super) fn run(args: &ModelImport, console: &Console) -> Ended {
    let name = args.file.display().to_string();
    let cannot = |why: String| Exit::CannotStart(format!("{name}: {}", text::display(&why)));
    let source = read(&args.file).map_err(cannot)?;
    let shown = args.file.file_name().map_or_else(|| name.clone(), |name| name.to_string_lossy().into_owned());
    let imported =
        import(&shown, &source, &mut documents::beside(&args.file)).map_err(|error| cannot(error.to_string()))?;
    for left in imported.left_out.iter().take(SHOWN) {
        console.say_always(&format!("{name}:{}: left out: {}", left.line, text::display(&left.what)));
    }
    if imported.left_out.len() > SHOWN {
        console.say_always(&format!(
            "{} more parts are left out, see the model's comments",
            imported.left_out.len() - SHOWN
        ));
    }
    let Some(path) = &args.output else {
        console.print(&imported.text)?;
        return Ok(Exit::Done(format!("imported {}", imported.format)));
    };
    if args.force {
        std::fs::write(path, &imported.text)
            .map_err(|error| Exit::CannotStart(format!("-o {}: {error}", path.display())))?;
    } else {
        new::write(path, &imported.text, "name another file, or give --force")?;
    }
    console.say(&format!(
        "Next       review it, write real calls where it says guess, then offpath model lint {}",
        path.display()
    ));
    Ok(Exit::Done(format!("imported {} into {}", imported.format, path.display())))
}

fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let mut take = |file: &mut dyn std::io::Read| file.take(IMPORT_BYTES as u64 + 1).read_to_end(&mut bytes);
    match path.to_str() {
        Some("-") => take(&mut std::io::stdin().lock()),
        _ => std::fs::File::open(path).and_then(|mut file| take(&mut file)),
    }
    .map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8; save the file as UTF-8", error.utf8_error().valid_up_to()))
}
