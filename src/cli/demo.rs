//! `offpath demo`: writes sample traffic and its model, checks it, and says where the report is.

use std::io::Read as _;
use std::path::Path;

use super::args::{Check, CheckFormat, Demo, EventLogFlags, FailOn, Inputs, Shared};
use super::{Console, Ended, Exit, check};

/// The sample: an order-to-cash business with labelled abuse, made by the generator under `fixtures/`.
const CAPTURE: &[u8] = include_bytes!("../../fixtures/order-to-cash/capture.pcapng.gz");
const MODEL: &[u8] = include_bytes!("../../fixtures/order-to-cash/model.yaml");

/// Runs the command.
pub(super) fn run(args: &Demo, shared: &Shared, console: &Console) -> Ended {
    let folder = &args.output;
    let fail = |path: &Path, e: std::io::Error| Exit::CannotStart(format!("{}: {e}", path.display()));
    std::fs::create_dir_all(folder).map_err(|e| fail(folder, e))?;
    let (capture, model) = (folder.join("shop.pcapng"), folder.join("shop.model.yaml"));
    let packets = inflate(CAPTURE).map_err(|e| fail(&capture, e))?;
    for (path, bytes) in [(&capture, packets.as_slice()), (&model, MODEL)] {
        if std::fs::read(path).is_ok_and(|there| there != bytes) {
            return Err(Exit::CannotStart(format!(
                "{}: exists and is not the sample; name another folder with -o",
                path.display()
            )));
        }
    }
    // What the demo writes is no part of the repository that it is tried in.
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        std::fs::write(&ignore, "*\n").map_err(|e| fail(&ignore, e))?;
    }
    std::fs::write(&capture, &packets).map_err(|e| fail(&capture, e))?;
    std::fs::write(&model, MODEL).map_err(|e| fail(&model, e))?;
    let run = folder.join("run");
    console.say(&format!("$ offpath check {} --model {} -o {}", capture.display(), model.display(), run.display()));
    let check = Check {
        timings: false,
        inputs: Inputs::file(capture.display().to_string()),
        model: Some(model),
        openapi: Vec::new(),
        output: vec![run],
        force: false,
        format: CheckFormat::Human,
        fail_on: FailOn::High,
        select: Vec::new(),
        rules: Vec::new(),
        ignore: Vec::new(),
        classifier: Vec::new(),
        log: EventLogFlags::default(),
        // The sample is full of abuse on purpose: finding it is the demo's success.
        suppressions: None,
        strict_suppressions: false,
        show_suppressed: false,
        today: None,
        baseline: None,
        baseline_by: None,
        only_new: false,
        exit_zero: true,
        allow_incomplete: false,
    };
    match check::run(&check, shared, console)? {
        Exit::Done(_) => Ok(Exit::Done("the sample was checked; finding its planted abuse is a success".to_owned())),
        other => Ok(other),
    }
}

fn inflate(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out)?;
    Ok(out)
}
