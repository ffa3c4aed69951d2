//! Writing object-centric logs as OCEL 2.0.

mod json;
mod sqlite;
mod xml;

pub use json::write_ocel_json;
pub use sqlite::write_ocel_sqlite;
pub use xml::write_ocel_xml;

/// Why a log was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The output failed.
    #[error(transparent)]
    Output(#[from] std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    /// A database cannot hold the attributes of a type.
    #[error("a database cannot hold the attributes of {kind:?}: {cause}; write the log as .ocel.json or .ocel.xml")]
    Columns {
        /// Name of the type.
        kind: String,
        /// Why.
        cause: String,
    },
}
