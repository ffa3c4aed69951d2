//! Values that go from step to step, and what they say of keys of objects.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::type_name;

/// Most outputs that are followed from one to the next.
const HOPS: usize = 8;
/// How names of values end that are keys.
const KEYS: [&str; 8] = ["id", "uuid", "guid", "key", "number", "no", "ref", "code"];

/// Where values come from and where they are used, by the source's own expressions.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// What an expression stands for: another expression.
    alias: BTreeMap<String, String>,
    /// Where a value is first seen: activity and path.
    made: BTreeMap<String, BTreeSet<(usize, String)>>,
    /// Where it is used.
    used: BTreeMap<String, BTreeSet<Use>>,
}

/// One use of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) activity: usize,
    /// Path of the model's language: `path.orderId`.
    pub(super) path: String,
    /// What the object would be called: the parameter's name, or what stands before it in the path.
    pub(super) name: String,
}

/// A type of object that values tell of.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Key paths by activity.
    pub(super) keys: BTreeMap<usize, BTreeSet<String>>,
    /// The expressions that say so.
    pub(super) because: BTreeSet<String>,
}

impl Values {
    pub(super) fn alias(&mut self, name: String, of: String) {
        self.alias.insert(name, of);
    }

    pub(super) fn made(&mut self, name: String, activity: usize, path: String) {
        self.made.entry(name).or_default().insert((activity, path));
    }

    pub(super) fn used(&mut self, name: String, by: Use) {
        self.used.entry(name).or_default().insert(by);
    }

    /// Types of objects by name.
    pub(super) fn objects(&self) -> BTreeMap<String, Found> {
        let mut joined: BTreeMap<&str, BTreeSet<&Use>> = BTreeMap::new();
        for (name, uses) in &self.used {
            joined.entry(self.origin(name)).or_default().extend(uses);
        }
        let mut objects: BTreeMap<String, Found> = BTreeMap::new();
        for (name, uses) in joined {
            let of_path = uses.iter().find(|used| used.path.starts_with("path."));
            let keyed = uses.iter().find(|used| is_key(&used.name) && !used.path.starts_with("header."));
            let Some(by) = of_path.or(keyed) else { continue };
            let found = objects.entry(type_name(stem(&by.name))).or_default();
            found.because.insert(name.to_owned());
            for used in &uses {
                found.keys.entry(used.activity).or_default().insert(used.path.clone());
            }
            for (activity, path) in self.made.get(name).into_iter().flatten() {
                let keys = found.keys.entry(*activity).or_default();
                // What a request names is the key; its answer may name another.
                if !keys.iter().any(|key| !key.starts_with("res.")) {
                    keys.insert(path.clone());
                }
            }
        }
        objects
    }

    /// What an expression stands for in the end.
    fn origin<'a>(&'a self, name: &'a str) -> &'a str {
        let mut name = name;
        for _ in 0..HOPS {
            match self.alias.get(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        name
    }
}

fn is_key(name: &str) -> bool {
    let name = name.to_lowercase();
    KEYS.iter().any(|end| name.ends_with(end))
}

/// `order` of `orderId`, `order_id` and `order-id`; the name itself where nothing is left.
pub(super) fn stem(name: &str) -> &str {
    let cut = ["Id", "ID", "_id", "-id", "Uuid", "_uuid", "Number", "_number", "Key", "_key", "Ref", "_ref"];
    let stem = cut.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    if stem.is_empty() { name } else { stem }
}

/// `order` of `orders`, `category` of `categories`.
pub(super) fn singular(word: &str) -> String {
    match word {
        _ if word.len() > 4 && word.ends_with("ies") => word.strip_suffix("ies").map(|stem| format!("{stem}y")),
        _ if ["sses", "xes", "ches", "shes"].iter().any(|end| word.ends_with(end)) => {
            word.strip_suffix("es").map(str::to_owned)
        }
        _ if word.ends_with("ss") || word.ends_with("us") => None,
        _ if word.len() > 2 => word.strip_suffix('s').map(str::to_owned),
        _ => None,
    }
    .unwrap_or_else(|| word.to_owned())
}
