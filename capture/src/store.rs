//! Inputs that are not on this machine: objects of stores and files of web servers, named by URL.
//!
//! This crate never talks to the network. Whoever plans such inputs gives a [`Stores`] that does.

use std::fmt;
use std::io::{self, Read};

/// Schemes of URLs that name inputs.
pub const STORE_SCHEMES: [&str; 5] = ["s3", "gs", "az", "https", "http"];

/// What stands for what is not shown.
const MASK: &str = "***";

/// Finds and opens what URLs name.
pub trait Stores: fmt::Debug + Send + Sync {
    /// What a URL names: one object, all those under a prefix, or those that match a glob; in any order.
    ///
    /// # Errors
    ///
    /// The store refuses, or there is nothing.
    fn find(&self, url: &str) -> Result<Vec<StoredObject>, StoreError>;

    /// Streams an object's bytes from an offset on, with bounded memory. Where only bytes before `to` are wanted, the
    /// stream may end there.
    ///
    /// # Errors
    ///
    /// Reading may fail at any time; the [`io::Error`] then holds a [`StoreError`].
    fn open(&self, object: &StoredObject, from: u64, to: Option<u64>) -> Box<dyn Read + Send>;
}

/// An object that a URL names.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its own URL, which may hold credentials and is never shown; see [`shown_url`].
    pub url: String,
    /// Size, where it is known before reading.
    pub bytes: Option<u64>,
    /// What changes when the content does (an ETag), where it is known before reading.
    pub version: Option<String>,
    /// Whether it was met under a prefix or glob rather than named.
    pub listed: bool,
}

impl fmt::Debug for StoredObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredObject({})", shown_url(&self.url))
    }
}

/// Why something of a store cannot be read. Its text ends with what to do, and never holds a credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {remedy}")]
pub struct StoreError {
    /// Whether there is nothing of that name, so that the name may be mistyped.
    pub missing: bool,
    /// The cause.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// Whether an input's name is a URL of a store or web server.
pub fn is_store_url(name: &str) -> bool {
    name.split_once("://").is_some_and(|(scheme, _)| STORE_SCHEMES.iter().any(|s| s.eq_ignore_ascii_case(scheme)))
}

/// A URL as it may be shown: without user and password, the values of its query, and its fragment. Names that are no
/// URL stay as they are. In an object's key `?` and `#` are characters like any other, unless a query follows as of a
/// signed URL.
pub fn shown_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|_| is_store_url(url)) else { return url.to_owned() };
    let is_web = scheme.to_ascii_lowercase().starts_with("http");
    let rest = if is_web { rest.split('#').next().unwrap_or_default() } else { rest };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) if is_web || is_query(query) => (place, format!("?{}", shown_query(query))),
        _ => (rest, String::new()),
    };
    let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let host = authority.rsplit_once('@').map_or_else(|| authority.to_owned(), |(_, host)| format!("{MASK}@{host}"));
    format!("{scheme}://{host}{path}{query}")
}

/// Whether a query begins: a name and its value.
fn is_query(text: &str) -> bool {
    let name = text.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn shown_query(query: &str) -> String {
    let parts = query.split('&').map(|part| match part.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        // A part without a name may be a token as it is.
        None if part.is_empty() => String::new(),
        None => MASK.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}

/// What a reading failed with, if it is a store's error.
pub(crate) fn store_error(error: &io::Error) -> Option<&StoreError> {
    error.get_ref()?.downcast_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_tell_urls_from_files() {
        for url in ["s3://b/k", "S3://b", "gs://b/", "az://c/x", "https://h/x", "http://h"] {
            assert!(is_store_url(url), "{url}");
        }
        for file in ["a.pcap", "./s3://b", "interface:lo", "ftp://h/x", "-", "logs/s3:/x"] {
            assert!(!is_store_url(file), "{file}");
        }
    }

    #[test]
    fn urls_are_shown_without_what_opens_them() {
        for (url, shown) in [
            ("https://u:p@h:1/a/b.gz", "https://***@h:1/a/b.gz"),
            ("https://u:p@w@h/a", "https://***@h/a"),
            ("https://token@h", "https://***@h"),
            ("https://h/a?X-Amz-Signature=5ec&id=7#x", "https://h/a?X-Amz-Signature=***&id=***"),
            ("https://h/a?sv=1&sig=a=b", "https://h/a?sv=***&sig=***"),
            ("https://h?5ec", "https://h?***"),
            ("https://h/a@b?x", "https://h/a@b?***"),
            ("HTTP://u:p@h/", "HTTP://***@h/"),
            ("s3://bucket/day=1/what?.gz", "s3://bucket/day=1/what?.gz"),
            ("s3://bucket/dt=?/x=1.gz", "s3://bucket/dt=?/x=1.gz"),
            ("s3://key:secret@bucket/a@b", "s3://***@bucket/a@b"),
            ("az://c/day.log?sv=1&sig=5ec/7e=", "az://c/day.log?sv=***&sig=***"),
            ("a?b=c", "a?b=c"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_secret_is_never_shown(before in "[a-z]{0,4}", place in 0..4_usize) {
            let secret = "S3CR3T";
            let url = match place {
                0 => format!("https://{before}:{secret}@h/p"),
                1 => format!("https://{secret}@h/p?{before}"),
                2 => format!("https://h/p?{before}={secret}&a"),
                _ => format!("https://h/p?{secret}#{secret}"),
            };
            proptest::prop_assert!(!shown_url(&url).contains(secret));
        }
    }
}
