//! Errors that name the input, the place, the cause and the remedy.

use crate::Origin;
use crate::store::{StoreError, store_error};

/// An input, or a part of it, could not be read. The rest of the inputs is still analysed.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", place(input, origin.as_ref()))]
pub struct InputError {
    /// The input as the user named it.
    pub input: String,
    /// Where in it, when it is not the whole.
    pub origin: Option<Origin>,
    /// Cause; its text ends with what to do.
    pub kind: InputErrorKind,
}

/// The input, and where in it: its place names it too, but where several files are one input.
fn place(input: &str, origin: Option<&Origin>) -> String {
    match origin {
        None => input.to_owned(),
        Some(origin) if *origin.input == *input => origin.to_string(),
        Some(origin) => format!("{input} ({origin})"),
    }
}

/// Why an input could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InputErrorKind {
    /// The operating system refused.
    #[error("{0}; {remedy}", remedy = io_remedy(.0))]
    Io(std::io::Error),
    /// A store or web server, or the way to it, failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file has no bytes.
    #[error("file is empty; check that the capture or export finished")]
    Empty,
    /// The content is none of the known formats.
    #[error(
        "format not recognised ({looks_like}); offpath reads pcap, pcapng, HAR, access logs of servers and clouds and OTLP spans, also gzip or zstd compressed"
    )]
    UnknownFormat {
        /// What the first bytes look like.
        looks_like: String,
    },
    /// The content starts like a known format and then breaks it.
    #[error("{what}; {remedy}")]
    Malformed {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The file ends inside a record.
    #[error("truncated: {what}; everything before was analysed, copy or export the file again to get the rest")]
    Truncated {
        /// What was cut.
        what: String,
    },
    /// A network interface could not be read.
    #[cfg(feature = "live")]
    #[error("{what}; {remedy}")]
    Interface {
        /// libpcap's words.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// A link, met in a folder, to a folder of which nothing is read otherwise.
    #[error("a link to a folder, which is not followed; name it to read it")]
    LinkedFolder,
    /// A glob or folder held nothing.
    #[error("no file matches; check the pattern or folder")]
    NoMatch,
}

impl From<std::io::Error> for InputErrorKind {
    fn from(error: std::io::Error) -> Self {
        match store_error(&error) {
            Some(of_store) => InputErrorKind::Store(of_store.clone()),
            None => InputErrorKind::Io(error),
        }
    }
}

fn io_remedy(error: &std::io::Error) -> &'static str {
    match error.raw_os_error() {
        #[cfg(unix)]
        Some(TOO_MANY_OPEN_FILES) => "raise the limit of open files (`ulimit -n`) or name fewer captures of one time",
        _ => "check the path and its permissions",
    }
}

/// `EMFILE`, alike on every Unix.
#[cfg(unix)]
const TOO_MANY_OPEN_FILES: i32 = 24;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn too_many_open_files_is_answered_with_their_limit() {
        let error = InputErrorKind::Io(std::io::Error::from_raw_os_error(TOO_MANY_OPEN_FILES)).to_string();
        assert!(error.contains("ulimit -n") && error.contains("Too many open files"), "{error}");
    }
}
