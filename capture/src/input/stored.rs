//! Objects of stores among the inputs: found by URL, named without what a URL hides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::open::Stored;
use super::run_folder::{MARK_BYTES, marked_folder};
use crate::source::{Aside, AsideReason};
use crate::{InputErrorKind, StoreError, Stores, shown_url};

/// Objects by URL, and what was refused.
#[derive(Default)]
pub(super) struct FoundStored {
    found: BTreeMap<String, Stored>,
    /// Name to show, cause, and whether it was met rather than named.
    pub(super) errors: Vec<(String, InputErrorKind, bool)>,
}

impl FoundStored {
    /// Adds what a URL names.
    pub(super) fn add(&mut self, url: &str, stores: Option<&Arc<dyn Stores>>) {
        let found = match stores {
            Some(stores) => stores.find(url).map(|objects| (stores, objects)),
            None => Err(StoreError {
                missing: false,
                what: "nothing here reads object stores or web servers".to_owned(),
                remedy: "copy the file to this machine and name the copy".to_owned(),
            }),
        };
        match found {
            Ok((stores, objects)) => {
                for object in objects {
                    let (url, stores) = (object.url.clone(), Arc::clone(stores));
                    let known = self.found.entry(url).or_insert(Stored { stores, object: object.clone() });
                    known.object.listed &= object.listed;
                }
            }
            Err(error) => self.errors.push((shown_url(url), error.into(), false)),
        }
    }

    /// The objects to read and their names; those in run folders of offpath are set aside.
    pub(super) fn objects(&mut self, aside: &mut Vec<Aside>) -> Vec<(String, Stored)> {
        let found = std::mem::take(&mut self.found);
        let runs: BTreeSet<String> = found
            .iter()
            .filter(|(_, stored)| stored.object.listed)
            .filter_map(|(url, stored)| marked_folder(url, || stored.beginning(MARK_BYTES)))
            .map(str::to_owned)
            .collect();
        let in_run = |url: &str| runs.iter().any(|folder| url.starts_with(folder.as_str()));
        aside.extend(runs.iter().map(|folder| Aside {
            input: shown_url(folder).trim_end_matches('/').to_owned(),
            reason: AsideReason::RunFolder,
        }));
        let mut names: BTreeMap<String, u64> = BTreeMap::new();
        let kept = found.into_iter().filter(|(url, stored)| !(stored.object.listed && in_run(url)));
        kept.map(|(url, stored)| (numbered(shown_url(&url), &mut names), stored)).collect()
    }
}

/// Tells URLs apart that differ only in what is not shown.
fn numbered(shown: String, names: &mut BTreeMap<String, u64>) -> String {
    let count = names.entry(shown.clone()).or_default();
    *count += 1;
    if *count == 1 { shown } else { format!("{shown} ({count})") }
}
