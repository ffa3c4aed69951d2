//! Event logs of process mining in place of traffic: XES files, which are compared with Petri nets.

mod check;
mod mine;
mod reading;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

pub(super) use check::run as check;
pub(super) use mine::run as mine;

use super::Exit;
use super::args::{Check, Inputs, Mine};
use reading::{HEAD, is_log};

/// Whether a check is one of event logs: its model is a net.
pub(super) fn is_checked(args: &Check) -> Result<bool, Exit> {
    let net = args.model.as_deref().is_some_and(is_net);
    match args.inputs.inputs.iter().find(|input| is_log(Path::new(input))) {
        Some(log) if !net => Err(Exit::CannotStart(format!(
            "{log} is an event log, and those are compared with a Petri net: give one with --model NET.pnml"
        ))),
        _ if !net && !args.classifier.is_empty() => {
            Err(Exit::CannotStart("--classifier is for event logs, which --model NET.pnml is compared with".to_owned()))
        }
        _ => Ok(net),
    }
}

/// Whether a file is a Petri net, by what it begins with.
fn is_net(path: &Path) -> bool {
    let mut head = Vec::new();
    // A pipe is left alone: a look would take from it.
    let open = || if path.is_file() { File::open(path) } else { Err(std::io::ErrorKind::NotFound.into()) };
    let read = open().and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains("<pnml")
}

/// Refuses flags about traffic: they would go unheeded.
fn idle(inputs: &Inputs) -> Result<(), Exit> {
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
    refused(&flags)
}

/// Refuses the first flag that is given.
fn refused(flags: &[(&str, bool)]) -> Result<(), Exit> {
    match flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Exit::CannotStart(format!("{flag} is for traffic; an event log has no use for it"))),
        None => Ok(()),
    }
}

/// Whether what is mined is event logs.
pub(super) fn is_mined(args: &Mine) -> bool {
    args.inputs.inputs.iter().any(|input| is_log(Path::new(input)))
}
