//! `offpath model new`: models to start from, each with the misuse of its business guarded.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::cli::args::{ModelNew, Starter};
use crate::cli::{Console, Ended, Exit};
use crate::model::starter;

/// Runs the command.
pub(super) fn run(args: &ModelNew, console: &Console) -> Ended {
    let text = starter::text(match args.kind {
        Starter::Payments => starter::Kind::Payments,
        Starter::Fulfilment => starter::Kind::Fulfilment,
        Starter::Saas => starter::Kind::Saas,
        Starter::Telecom => starter::Kind::Telecom,
        Starter::Claims => starter::Kind::Claims,
        Starter::Agents => starter::Kind::Agents,
    });
    let Some(path) = &args.output else {
        console.print(text)?;
        return Ok(Exit::Done("printed".to_owned()));
    };
    write(path, text, "name another file")?;
    console.say(&format!("Next       write your own paths into {0}, then offpath model lint {0}", path.display()));
    Ok(Exit::Done(format!("wrote {}", path.display())))
}

/// Writes a model into a file that is not there yet; `instead` says what else to do.
pub(super) fn write(path: &Path, text: &str, instead: &str) -> Result<(), Exit> {
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Exit::CannotStart(format!("-o {}: exists, and a model is not overwritten; {instead}", path.display()))
        }
        _ => Exit::CannotStart(format!("-o {}: {error}", path.display())),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(cannot)?;
    file.write_all(text.as_bytes()).map_err(cannot)
}
