//! Finds and opens what URLs name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::StreamExt as _;
use globset::GlobBuilder;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt as _};
use offpath_capture::{StoreError, StoredObject, Stores};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::account::Surroundings;
use crate::address::{Address, Bucket};
use crate::download::{Download, SILENCE, Wanted};
use crate::explain;

/// Threads that move bytes; the analysis has its own.
const THREADS: usize = 2;
/// Most objects that one URL may name.
const MOST_OBJECTS: usize = 1_000_000;

/// Stores and web servers over the network. Nothing is opened, and no thread started, before a URL asks for it.
pub struct Network {
    surroundings: Arc<Surroundings>,
    runtime: OnceLock<Result<Runtime, String>>,
    buckets: Mutex<BTreeMap<Bucket, Arc<dyn ObjectStore>>>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(Ok(runtime)) = self.runtime.take() {
            // A name that is still being looked up holds nobody up.
            runtime.shutdown_background();
        }
    }
}

impl Stores for Network {
    fn find(&self, url: &str) -> Result<Vec<StoredObject>, StoreError> {
        match Address::parse(url)? {
            Address::Web(url) => Ok(vec![StoredObject { url, bytes: None, version: None, listed: false }]),
            Address::Bucket(bucket, key) => {
                let store = self.bucket(&bucket)?;
                let found = self.runtime()?.block_on(self.look(store.as_ref(), &bucket, &key))?;
                if found.is_empty() {
                    return Err(StoreError {
                        missing: true,
                        what: "no object matches".to_owned(),
                        remedy: "check bucket, prefix and pattern".to_owned(),
                    });
                }
                Ok(found)
            }
        }
    }

    fn open(&self, object: &StoredObject, from: u64, to: Option<u64>) -> Box<dyn Read + Send> {
        match self.wanted(object, from, to).and_then(|wanted| Ok(Download::start(wanted, self.runtime()?.handle()))) {
            Ok(download) => Box::new(download),
            Err(error) => Box::new(Refused(Some(error))),
        }
    }
}

impl Network {
    /// Reaches stores as the surroundings say.
    pub fn new(surroundings: Surroundings) -> Self {
        Network { surroundings: Arc::new(surroundings), runtime: OnceLock::new(), buckets: Mutex::default() }
    }

    fn runtime(&self) -> Result<&Runtime, StoreError> {
        let started = self.runtime.get_or_init(|| {
            Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().map_err(|e| e.to_string())
        });
        started.as_ref().map_err(|why| StoreError {
            missing: false,
            what: format!("threads for the network cannot be started ({why})"),
            remedy: "check this machine's limits".to_owned(),
        })
    }

    fn bucket(&self, bucket: &Bucket) -> Result<Arc<dyn ObjectStore>, StoreError> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = buckets.get(bucket) {
            return Ok(Arc::clone(store));
        }
        let store = self.surroundings.store(bucket)?;
        buckets.insert(bucket.clone(), Arc::clone(&store));
        Ok(store)
    }

    fn wanted(&self, object: &StoredObject, from: u64, to: Option<u64>) -> Result<Wanted, StoreError> {
        let surroundings = Arc::clone(&self.surroundings);
        let version = object.version.clone();
        Ok(match Address::parse(&object.url)? {
            Address::Web(url) => Wanted {
                store: self.surroundings.web(&url)?,
                path: Path::default(),
                from,
                // Not every server sends parts, and none need be asked for one.
                to: None,
                version,
                explain: Box::new(move |error| explain::web_refusal(error, &surroundings)),
            },
            Address::Bucket(bucket, key) => Wanted {
                store: self.bucket(&bucket)?,
                path: parsed(&key)?,
                from,
                // An empty object has no part at all.
                to: to.filter(|_| object.bytes != Some(0)),
                version,
                explain: Box::new(move |error| explain::refusal(error, bucket.cloud, &surroundings)),
            },
        })
    }

    /// The object of this key, else those that match it as a glob, else those below it.
    async fn look(&self, store: &dyn ObjectStore, bucket: &Bucket, key: &str) -> Result<Vec<StoredObject>, StoreError> {
        let refused = |error: Error| explain::refusal(&error, bucket.cloud, &self.surroundings);
        if !key.is_empty() && !key.ends_with('/') {
            match patient(store.head(&parsed(key)?)).await {
                Ok(meta) => return Ok(vec![object(bucket, meta, false)]),
                Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(refused(error)),
            }
        }
        let (prefix, admits) = admitted(key)?;
        let prefix = parsed(&prefix)?;
        let mut listed = store.list(Some(&prefix));
        let mut found = Vec::new();
        while let Some(meta) = patient(async { listed.next().await.transpose() }).await.map_err(refused)? {
            if admits(meta.location.as_ref()) {
                found.push(meta);
            }
            if found.len() > MOST_OBJECTS {
                return Err(StoreError {
                    missing: false,
                    what: format!("more than {MOST_OBJECTS} objects"),
                    remedy: "name a longer prefix or a narrower pattern".to_owned(),
                });
            }
        }
        Ok(without_folders(found, prefix.as_ref()).map(|meta| object(bucket, meta, true)).collect())
    }
}

/// Takes out what only stands for a folder: empty objects that others are below of, or of the prefix's own name.
fn without_folders(mut found: Vec<ObjectMeta>, prefix: &str) -> impl Iterator<Item = ObjectMeta> {
    found.sort_by(|a, b| a.location.cmp(&b.location));
    let folders: BTreeSet<String> = found
        .iter()
        .filter_map(|meta| meta.location.as_ref().rsplit_once('/'))
        .map(|(folder, _)| folder.to_owned())
        .chain([prefix.to_owned()])
        .collect();
    found.into_iter().filter(move |meta| meta.size > 0 || !folders.contains(meta.location.as_ref()))
}

/// Which keys are meant.
type Admits = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// The prefix to list, and which keys below it are meant. Below a prefix and under a wildcard, hidden ones are not, as
/// in folders.
fn admitted(key: &str) -> Result<(String, Admits), StoreError> {
    let pattern = |part: &str| part.contains(['*', '?', '[', '{']);
    let base = key.split('/').take_while(|part| !pattern(part)).collect::<Vec<_>>().join("/");
    let below = base.trim_end_matches('/').len();
    let shown = move |found: &str| {
        let rest = found.get(below..).unwrap_or_default();
        !rest.split('/').any(|part| part.starts_with('.'))
    };
    if !pattern(key) {
        return Ok((base, Box::new(shown)));
    }
    let glob = GlobBuilder::new(key).literal_separator(true).build().map_err(|error| StoreError {
        missing: false,
        what: format!("not a valid pattern ({})", error.kind()),
        remedy: "quote or correct the pattern".to_owned(),
    })?;
    let matcher = glob.compile_matcher();
    Ok((base, Box::new(move |found| shown(found) && matcher.is_match(found))))
}

fn object(bucket: &Bucket, meta: ObjectMeta, listed: bool) -> StoredObject {
    StoredObject { url: bucket.url(meta.location.as_ref()), bytes: Some(meta.size), version: meta.e_tag, listed }
}

fn parsed(key: &str) -> Result<Path, StoreError> {
    Path::parse(key.trim_end_matches('/')).map_err(|error| StoreError {
        missing: false,
        what: format!("not a key that can be read ({error})"),
        remedy: "copy the object to a key without empty, `.` and `..` parts".to_owned(),
    })
}

/// Waits for an answer as long as for a silent download.
async fn patient<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let silent = |_| Err(Error::Generic { store: "", source: "the server was silent".into() });
    timeout(SILENCE, answer).await.unwrap_or_else(silent)
}

/// What could not be opened: says so when it is read.
struct Refused(Option<StoreError>);

impl Read for Refused {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), |error| Err(io::Error::other(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_globs_mean_what_folders_and_globs_mean() {
        for (key, prefix, yes, no) in [
            ("", "", &["a", "b/c"][..], &[".a", "b/.c/d"][..]),
            ("logs/", "logs/", &["logs/a", "logs/b/c"], &["logs/.tmp/a"]),
            (".hidden/x", ".hidden/x", &[".hidden/x/a"], &[".hidden/x/.b"]),
            ("logs/*.gz", "logs", &["logs/a.gz"], &["logs/b/a.gz", "logs/a.log", "logs/.a.gz"]),
            ("logs/**/*.{gz,zst}", "logs", &["logs/a.gz", "logs/b/c.zst"], &["logs/.b/c.zst"]),
            ("*/a?", "", &["x/a1"], &["x/y/a1", "x/a"]),
        ] {
            let (listed, admits) = admitted(key).unwrap();
            assert_eq!(listed, prefix);
            assert!(yes.iter().all(|found| admits(found)), "{key}");
            assert!(!no.iter().any(|found| admits(found)), "{key}");
        }
        assert!(admitted("a/[").is_err());
    }

    #[test]
    fn nothing_is_started_without_a_url() {
        let network = Network::new(Surroundings::default());
        assert!(network.runtime.get().is_none());
        let web = network.find("https://example.invalid/x").unwrap();
        assert!(network.runtime.get().is_none() && web.len() == 1);
    }
}
