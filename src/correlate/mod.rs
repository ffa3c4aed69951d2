//! Exchange to event: who did what to which object.
//!
//! Two halves. [`Extractor::extract`] looks at one exchange alone, so it runs on all cores and on any machine. What an
//! exchange teaches about others (a login binds a cookie, a response ties a refund to its order) goes as [`Facts`] into
//! a [`Directory`], whose sums commute; frozen, it is a [`Resolver`] that completes each event. Both halves' products cross
//! machines as Arrow batches: facts, and what the ledger holds, as [`crate::event::parcel`] says, events as
//! [`crate::event::batch`] does.
//!
//! The values of credentials never leave `credential`; keyed hashes do. Bodies are not kept, only what the model names.

mod answer;
mod apart;
mod body;
mod catalogue;
mod cookie;
mod credential;
mod described;
mod directory;
mod exposed;
mod extract;
mod facts;
mod form;
mod guess;
mod hosts;
mod identity;
mod inspection;
mod jwt;
mod label;
pub mod ledger;
mod login;
mod members;
mod mentions;
mod method;
mod object;
mod operation;
mod part_of;
mod paths;
mod pool;
mod premises;
mod proxy;
mod pseudonym;
mod reading;
mod redact;
mod resolve;
mod reuse;
mod role_place;
mod run;
mod said;
mod secret_segment;
mod session;
mod setting;
mod shift;
mod signature;
mod span;
mod spoken;
mod target;
mod template;
mod tenants;
#[cfg(test)]
mod tests;
mod token_keys;
mod twin;
mod unmodelled;

pub use apart::Apart;
pub use catalogue::{Catalogue, Listed};
pub use credential::{HashKey, session_cookies};
pub use directory::{Directory, DirectorySize};
pub use exposed::hide as hide_credentials;
pub use extract::{CallCount, Extracted, Extractor, Sighting};
pub use facts::Facts;
pub use form::SentOn;
pub use guess::is_container;
pub use hosts::HostedType;
pub use identity::carries_credential;
pub use inspection::{ActorCount, Forwards, Inspection, ObjectCount, OperationCount, UnmatchedCount};
pub use label::LabelRedactor;
pub use mentions::{mentions, path_segments, segment_reasons};
pub use object::{GoesBy, KeySource, Places, Worded};
pub use part_of::PartOf;
pub use premises::Premise;
pub use proxy::Proxies;
pub use pseudonym::{Names, Pseudonyms};
pub use redact::{Redaction, RedactionRule, RedactionRules, Redactor, ShownHeader};
pub use resolve::Resolver;
pub use reuse::{KeyUser, ReusedKey};
pub use role_place::RolePlace;
pub use tenants::Tenants;
pub use token_keys::{TokenKeys, TokenKeysError};
pub use twin::{names_another, tells_more};
pub use unmodelled::{UnmodelledCall, UnmodelledCount, Why};
