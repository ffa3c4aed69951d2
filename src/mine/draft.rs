//! A draft of a model.
use super::Mining;
use crate::report::RunSummary;
/// Draft.
pub fn draft(_: &Mining, _: &RunSummary) -> String {
    String::new()
}
