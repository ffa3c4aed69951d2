//! What an input's URL says: which store, which object, prefix or glob.

use offpath_capture::StoreError;

/// Where an input is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Address {
    /// A store's bucket or container, and what is wanted of it.
    Bucket(Bucket, String),
    /// A web server's file, by its whole URL.
    Web(String),
}

/// A bucket of a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket {
    pub(crate) cloud: Cloud,
    pub(crate) name: String,
}

/// Whose store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cloud {
    S3,
    Google,
    Azure,
}

impl Cloud {
    /// What its URLs begin with.
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Cloud::S3 => "s3",
            Cloud::Google => "gs",
            Cloud::Azure => "az",
        }
    }
}

impl Address {
    /// Takes a URL apart. Keys are taken as they are written: nothing in them is decoded.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let cloud = match scheme.to_ascii_lowercase().as_str() {
            "s3" => Cloud::S3,
            "gs" => Cloud::Google,
            "az" => Cloud::Azure,
            _ => return Ok(Address::Web(url.to_owned())),
        };
        let (name, key) = rest.split_once('/').unwrap_or((rest, ""));
        if name.is_empty() || name.contains(['@', ':', '*', '?', '[', '{']) {
            return Err(StoreError {
                missing: false,
                what: "the URL does not begin with a bucket's name".to_owned(),
                remedy: format!(
                    "write {}://BUCKET/KEY; credentials and endpoints come from the environment",
                    cloud.scheme()
                ),
            });
        }
        Ok(Address::Bucket(Bucket { cloud, name: name.to_owned() }, key.to_owned()))
    }
}

impl Bucket {
    /// The URL of one of its objects.
    pub(crate) fn url(&self, key: &str) -> String {
        format!("{}://{}/{key}", self.cloud.scheme(), self.name)
    }
}

/// Takes user and password off a URL: `user:password` as bytes, with escapes undone.
pub(crate) fn without_login(url: &str) -> (String, Option<Vec<u8>>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let Some((login, host)) = authority.rsplit_once('@') else { return (url.to_owned(), None) };
    let mut plain = unescaped(login);
    if !login.contains(':') {
        plain.push(b':');
    }
    (format!("{scheme}://{host}{path}"), Some(plain))
}

/// Undoes `%41`; what is no such escape stays.
fn unescaped(text: &str) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.extend_from_slice(before.as_bytes());
        let hex = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(hex.unwrap_or(b'%'));
        rest = after.get(if hex.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    plain.extend_from_slice(rest.as_bytes());
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_put_together() {
        for (url, cloud, key) in [
            ("s3://bucket/a b/%41?.gz", Cloud::S3, "a b/%41?.gz"),
            ("gs://bucket", Cloud::Google, ""),
            ("az://bucket/", Cloud::Azure, ""),
        ] {
            let bucket = Bucket { cloud, name: "bucket".to_owned() };
            assert_eq!(Address::parse(url), Ok(Address::Bucket(bucket.clone(), key.to_owned())));
            assert_eq!(bucket.url(key).trim_end_matches('/'), url.trim_end_matches('/'));
        }
        assert_eq!(Address::parse("https://h/x?y"), Ok(Address::Web("https://h/x?y".to_owned())));
    }

    #[test]
    fn a_log_in_is_taken_off() {
        for (url, plain, login) in [
            ("http://u:p%40%3a%zz@h:1/a@b?c@d", "http://h:1/a@b?c@d", Some(&b"u:p@:%zz"[..])),
            ("https://token@h", "https://h", Some(b"token:")),
            ("https://h/u:p@x", "https://h/u:p@x", None),
        ] {
            assert_eq!(without_login(url), (plain.to_owned(), login.map(<[u8]>::to_vec)));
        }
    }

    #[test]
    fn credentials_have_no_place_in_a_buckets_url() {
        for url in ["s3:///key", "s3://key:secret@bucket/x", "gs://*/x"] {
            assert!(!Address::parse(url).unwrap_err().to_string().contains("secret"));
        }
    }
}
