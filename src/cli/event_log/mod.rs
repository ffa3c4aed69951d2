//! Event logs of process mining in place of traffic: XES, OCEL and CSV files, which are compared with Petri nets and with
//! processes in BPMN.

mod check;
mod drift;
mod format;
mod mine;
mod reading;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

pub(super) use check::run as check;
pub(super) use drift::run as drift;
pub(super) use mine::run as mine;

use super::args::{Check, Inputs, Mine, Shared};
use super::{Console, Exit};
use crate::correlate::RedactionRules;
use crate::finding::text;
use format::HEAD;
pub(super) use reading::is_log;

/// Whether a check is one of event logs: its model is a net.
pub(super) fn is_checked(args: &Check, shared: &Shared) -> Result<bool, Exit> {
    let net = args.model.as_deref().is_some_and(is_net);
    // What a mapping describes is traffic.
    let log = |input: &&String| args.inputs.mapping.is_none() && is_log(Path::new(input));
    match args.inputs.inputs.iter().find(log) {
        Some(log) if !net => Err(Exit::CannotStart(format!(
            "{log} is an event log, and those are compared with a Petri net or a process in BPMN: give one with \
             --model NET.pnml or --model PROCESS.bpmn"
        ))),
        _ if net => Ok(true),
        _ => match FLAGS.iter().find(|flag| shared.typed.has(flag)) {
            Some(flag) => Err(Exit::CannotStart(format!(
                "{flag} is for event logs, which --model NET.pnml or PROCESS.bpmn is compared with"
            ))),
            None => Ok(false),
        },
    }
}

/// Flags that only event logs have a use for.
const FLAGS: [&str; 5] = ["--classifier", "--object-type", "--case-column", "--activity-column", "--time-column"];

/// Whether a file is a Petri net or a process in BPMN.
fn is_net(path: &Path) -> bool {
    is_xml(path, "pnml", "pnml") || is_process(path)
}

/// Whether a file is a process in BPMN.
fn is_process(path: &Path) -> bool {
    is_xml(path, "bpmn", "definitions")
}

/// Whether a file is of a kind, by the end of its name or by the element that it begins with.
fn is_xml(path: &Path, ending: &str, element: &str) -> bool {
    if path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case(ending)) {
        return true;
    }
    let mut head = Vec::new();
    // A pipe is left alone: a look would take from it.
    let open = || if path.is_file() { File::open(path) } else { Err(std::io::ErrorKind::NotFound.into()) };
    let read = open().and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && root(&String::from_utf8_lossy(&head)) == Some(element)
}

/// The name of the root element of an XML document that begins so, without its prefix. What stands before the element
/// is passed over: its name further on may be the words of a stranger that a log of traffic repeats.
fn root(head: &str) -> Option<&str> {
    let mut rest = head.trim_start_matches('\u{feff}').trim_start();
    loop {
        rest = if rest.starts_with("<?") {
            rest.split_once("?>")?.1
        } else if rest.starts_with("<!--") {
            rest.split_once("-->")?.1
        } else if rest.starts_with("<!DOCTYPE") {
            let (declaration, after) = rest.split_once('>')?;
            // Declarations of its own stand in brackets.
            if declaration.contains('[') { rest.split_once(']')?.1.split_once('>')?.1 } else { after }
        } else {
            break;
        }
        .trim_start();
    }
    let name = rest.strip_prefix('<')?.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next()?;
    name.rsplit(':').next()
}

/// Refuses flags about traffic: they would go unheeded. Those of a configuration are for other runs too, so it is said
/// that they are not heeded here.
fn refuse(more: &[(&str, bool)], inputs: &Inputs, shared: &Shared, console: &Console) -> Result<(), Exit> {
    let flags = [
        ("--filter", !inputs.filter.is_empty()),
        ("--from", inputs.from.is_some()),
        ("--to", inputs.to.is_some()),
        ("--log-field", !inputs.log_field.is_empty()),
        ("--keylog", !inputs.keylog.is_empty()),
        ("--tunnel", !inputs.tunnel.is_empty()),
        ("--descriptor", !inputs.descriptor.is_empty()),
        ("--jwks", !inputs.jwks.is_empty()),
        ("--trusted-proxy", !inputs.trusted_proxy.is_empty()),
        ("--actor", !inputs.actor.is_empty()),
        ("--log-format", inputs.log_format.is_some()),
        ("--mapping", inputs.mapping.is_some()),
    ];
    let given: Vec<&str> = more.iter().chain(&flags).filter(|(_, given)| *given).map(|(flag, _)| *flag).collect();
    if let Some(flag) = given.iter().find(|flag| shared.typed.has(flag)) {
        return Err(Exit::CannotStart(format!("{flag} is for traffic; an event log has no use for it")));
    }
    if !given.is_empty() {
        console.say(&format!("Configured for traffic, and not heeded for an event log: {}", given.join(", ")));
    }
    Ok(())
}

/// Rules of redaction go by the names of fields or by shapes, and what an event log holds has no such name.
fn nameless(rules: &RedactionRules, shared: &Shared) -> Result<Option<String>, Exit> {
    let Some(rule) = rules.iter().map(ToString::to_string).find(|rule| !rule.starts_with("shape:")) else {
        return Ok(None);
    };
    let why =
        "is for fields of traffic and hides nothing of an event log; rules for shapes hold, as does --redact hash";
    if shared.typed.has("--redact") {
        return Err(Exit::CannotStart(format!("--redact {rule} {why}")));
    }
    Ok(Some(format!("the configuration's rule {} {why}", text::display(&rule))))
}

/// `1 trace`, `2 traces`.
fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Whether what is mined is event logs: one of them is, or flags say so. What a mapping describes is traffic.
pub(super) fn is_mined(args: &Mine, shared: &Shared) -> bool {
    let said = FLAGS.iter().any(|flag| shared.typed.has(flag));
    said || args.inputs.mapping.is_none() && args.inputs.inputs.iter().any(|input| is_log(Path::new(input)))
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn the_root_is_the_first_element() {
        for (head, name) in [
            ("<log>", Some("log")),
            (
                "\u{feff} \n<?xml version=\"1.0\"?>\n<!-- <pnml> --><!DOCTYPE log [<!ENTITY a \"b>\">]>\n<x:log a=\"",
                Some("log"),
            ),
            ("<!DOCTYPE log SYSTEM \"a\"><pnml/>", Some("pnml")),
            ("10.0.0.7 - - \"GET / HTTP/1.1\" \"<log xes\"", None),
            ("# from <pnml>\noffpath: 1", None),
            ("<!-- cut <log>", None),
            ("", None),
        ] {
            assert_eq!(root(head), name, "{head}");
        }
    }
}
