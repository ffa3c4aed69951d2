//! Petri nets in PNML.

use std::path::Path;

use offpath_process::read_pnml;

use super::ImportError;
use super::draft::{Call, Draft};
use super::net::{self, Labelled, Names};

/// Reads the net of a file that is called `name`.
pub(super) fn read(name: &str, text: &str) -> Result<Draft, ImportError> {
    let net = read_pnml(text.as_bytes()).map_err(|error| ImportError::new(1, error.to_string()))?;
    let stem = Path::new(name).file_stem().map_or_else(|| "net".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let mut draft = Draft { format: "PNML".to_owned(), id: stem.clone(), version: "1".to_owned(), ..Draft::default() };
    draft.head.push(
        "Each label of the net is a step. Silent transitions are taken at once, and what cannot come to a final marking is not in \
         here."
            .to_owned(),
    );
    let said = |label: &str| {
        let of_label = net.transitions().iter().filter(|one| one.label.as_deref() == Some(label));
        let ids: Vec<&str> = of_label.take(5).map(|one| one.id.as_str()).collect();
        Labelled { call: Call::Guessed, by: Vec::new(), why: format!("{label}: transition {}", ids.join(", ")) }
    };
    net::lower((&stem, 1), &net, said, &mut Names::default(), &mut draft)?;
    Ok(draft)
}
