//! How a store is reached: endpoint, region and credentials, from the environment's variables and standard files only.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::{BackoffConfig, ClientOptions, HeaderMap, HeaderValue, ObjectStore, RetryConfig};
use offpath_capture::StoreError;

use crate::address::{self, Bucket, Cloud};
use crate::explain;
use crate::profile::{self, Profile};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Times that a request is sent again after a connection broke or a server was at fault, and how long at most.
const RETRIES: usize = 4;
const RETRY_FOR: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Words in names of variables whose values are never shown.
const SECRET_NAMES: [&str; 5] = ["KEY", "SECRET", "TOKEN", "SAS", "PASSWORD"];
/// Shorter values are no secrets, and masking them would garble messages.
const SECRET_LENGTH: usize = 6;
/// Largest file of credentials that is read.
const FILE_BYTES: u64 = 1 << 20;

/// What the surroundings say about stores: variables of the environment and the user's home.
#[derive(Clone, Default)]
pub struct Surroundings {
    variables: BTreeMap<String, String>,
    home: Option<PathBuf>,
}

impl fmt::Debug for Surroundings {
    /// Values may be credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("home", &self.home).finish_non_exhaustive()
    }
}

impl Surroundings {
    /// Takes the variables, of which those of the clouds are looked at, and the home folder, in which AWS keeps files.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, home: Option<PathBuf>) -> Self {
        let ours = |name: &str| ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|cloud| name.starts_with(cloud));
        Surroundings { variables: variables.into_iter().filter(|(name, _)| ours(name)).collect(), home }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Values that no message may hold.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let secret = |name: &str| SECRET_NAMES.iter().any(|word| name.contains(word));
        self.variables
            .iter()
            .filter(move |(name, value)| secret(name) && value.len() >= SECRET_LENGTH)
            .map(|(_, value)| value.as_str())
    }

    /// The store that holds a bucket.
    pub(crate) fn store(&self, bucket: &Bucket) -> Result<Arc<dyn ObjectStore>, StoreError> {
        let refused = |error: object_store::Error| explain::refusal(&error, bucket.cloud, self);
        Ok(match bucket.cloud {
            Cloud::S3 => Arc::new(self.s3(bucket)?.build().map_err(refused)?),
            Cloud::Google => {
                let builder = GoogleCloudStorageBuilder::new().with_client_options(client()).with_retry(retries());
                let builder = self.configured("GOOGLE_", builder, |b, key, value| b.with_config(key, value));
                Arc::new(builder.with_bucket_name(&bucket.name).build().map_err(refused)?)
            }
            Cloud::Azure => {
                let builder = MicrosoftAzureBuilder::new().with_client_options(client()).with_retry(retries());
                let builder = self.configured("AZURE_", builder, |b, key, value| b.with_config(key, value));
                Arc::new(builder.with_container_name(&bucket.name).build().map_err(refused)?)
            }
        })
    }

    /// The web server of one file.
    pub(crate) fn web(&self, url: &str) -> Result<Arc<dyn ObjectStore>, StoreError> {
        let (url, login) = address::without_login(url);
        let mut client = client().with_allow_http(true);
        if let Some(login) = login {
            let value = format!("Basic {}", BASE64_STANDARD.encode(login));
            if let Ok(mut value) = HeaderValue::from_str(&value) {
                value.set_sensitive(true);
                let mut headers = HeaderMap::new();
                headers.insert("authorization", value);
                client = client.with_default_headers(headers);
            }
        }
        let builder = HttpBuilder::new().with_client_options(client).with_retry(retries());
        let store = builder.with_url(url).build().map_err(|error| explain::web_refusal(&error, self))?;
        Ok(Arc::new(store))
    }

    /// Sets what the variables of one cloud set; those that the builder does not know are others' business.
    fn configured<B, K: std::str::FromStr>(&self, cloud: &str, mut builder: B, set: impl Fn(B, K, &str) -> B) -> B {
        for (name, value) in self.variables.iter().filter(|(name, _)| name.starts_with(cloud)) {
            if let Ok(key) = name.to_ascii_lowercase().parse() {
                builder = set(builder, key, value);
            }
        }
        builder
    }

    fn s3(&self, bucket: &Bucket) -> Result<AmazonS3Builder, StoreError> {
        let mut builder = AmazonS3Builder::new().with_client_options(client()).with_retry(retries());
        let profile = self.profile()?;
        let set = |key: &str| self.get(key).is_some();
        let unsigned = self.get("AWS_SKIP_SIGNATURE").is_some_and(|value| !value.eq_ignore_ascii_case("false"));
        // Keys of the environment win as a whole: half of them from here and half from there would be no key.
        let own_keys = set("AWS_ACCESS_KEY_ID") || set("AWS_SECRET_ACCESS_KEY") || unsigned;
        let mut known = own_keys;
        for (name, key, is_key) in [
            ("aws_access_key_id", AmazonS3ConfigKey::AccessKeyId, true),
            ("aws_secret_access_key", AmazonS3ConfigKey::SecretAccessKey, true),
            ("aws_session_token", AmazonS3ConfigKey::Token, true),
            ("region", AmazonS3ConfigKey::Region, false),
            ("endpoint_url", AmazonS3ConfigKey::Endpoint, false),
        ] {
            let own =
                if is_key { own_keys } else { name == "region" && (set("AWS_REGION") || set("AWS_DEFAULT_REGION")) };
            if let Some(value) = profile.get(name).filter(|_| !own) {
                known |= is_key;
                builder = builder.with_config(key, value);
            }
        }
        let handed_out = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
        let handed_out = handed_out.into_iter().chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI"]).any(set);
        let machine = !self.get("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if !known && !handed_out {
            if let Some(key) = profile::elsewhere(&profile) {
                return Err(no_credentials(format!("the AWS profile has no keys but `{key}`")));
            }
            if !machine {
                return Err(no_credentials("no credentials for S3 were found".to_owned()));
            }
        }
        let builder = self.configured("AWS_", builder, |b, key: AmazonS3ConfigKey, value| b.with_config(key, value));
        Ok(builder.with_bucket_name(&bucket.name))
    }

    /// The profile of AWS's shared files: empty without them.
    fn profile(&self) -> Result<Profile, StoreError> {
        let chosen = self.get("AWS_PROFILE");
        let name = chosen.unwrap_or("default");
        let mut found = Profile::new();
        let mut seen = false;
        for (variable, file) in [("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config")] {
            let standard = || Some(self.home.as_ref()?.join(".aws").join(file));
            let path = self.get(variable).map(PathBuf::from).or_else(standard);
            let text = path.as_deref().and_then(read_small).unwrap_or_default();
            seen |= profile::read(&text, name, &mut found);
        }
        match chosen {
            Some(name) if !seen => Err(no_credentials(format!("AWS_PROFILE names `{name}`, which no file has"))),
            _ => Ok(found),
        }
    }
}

/// A file's text, unless it is far too large to hold credentials.
fn read_small(path: &Path) -> Option<String> {
    let size = std::fs::metadata(path).ok()?.len();
    if size > FILE_BYTES { None } else { std::fs::read_to_string(path).ok() }
}

fn no_credentials(what: String) -> StoreError {
    StoreError { missing: false, what, remedy: explain::credentials_of(Cloud::S3).to_owned() }
}

/// Reading takes as long as the analysis does, so only connecting has a limit here; what stalls is told by its silence.
fn client() -> ClientOptions {
    let agent = HeaderValue::from_static(concat!("offpath/", env!("CARGO_PKG_VERSION")));
    ClientOptions::new().with_timeout_disabled().with_connect_timeout(CONNECT).with_user_agent(agent)
}

fn retries() -> RetryConfig {
    let backoff = BackoffConfig { init_backoff: FIRST_PAUSE, max_backoff: LONGEST_PAUSE, base: 2.0 };
    RetryConfig { backoff, max_retries: RETRIES, retry_timeout: RETRY_FOR }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(variables: &[(&str, &str)], home: Option<PathBuf>) -> Surroundings {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Surroundings::new(variables, home)
    }

    fn bucket() -> Bucket {
        Bucket { cloud: Cloud::S3, name: "traffic".to_owned() }
    }

    fn config(surroundings: &Surroundings, key: AmazonS3ConfigKey) -> Option<String> {
        surroundings.s3(&bucket()).unwrap().get_config_value(&key)
    }

    #[test]
    fn keys_of_the_environment_win_over_a_profile_as_a_whole() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        let file = "[default]\naws_access_key_id = file-key\naws_secret_access_key = file-secret\naws_session_token = file-token\n";
        std::fs::write(home.path().join(".aws/credentials"), file).unwrap();
        std::fs::write(home.path().join(".aws/config"), "[default]\nregion = eu-north-1\n").unwrap();
        let home = Some(home.path().to_owned());
        let of_file = surroundings(&[], home.clone());
        assert_eq!(config(&of_file, AmazonS3ConfigKey::AccessKeyId).as_deref(), Some("file-key"));
        assert_eq!(config(&of_file, AmazonS3ConfigKey::Region).as_deref(), Some("eu-north-1"));
        let own = surroundings(&[("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "own-secret")], home);
        assert_eq!(config(&own, AmazonS3ConfigKey::AccessKeyId).as_deref(), Some("own"));
        assert_eq!(config(&own, AmazonS3ConfigKey::Token), None);
    }

    #[test]
    fn missing_credentials_are_said_before_anything_is_sent() {
        let none = surroundings(&[("AWS_EC2_METADATA_DISABLED", "true")], None);
        assert!(none.s3(&bucket()).unwrap_err().to_string().contains("AWS_ACCESS_KEY_ID"));
        let profile = surroundings(&[("AWS_PROFILE", "nobody")], None);
        assert!(profile.s3(&bucket()).unwrap_err().to_string().contains("`nobody`"));
        let public = surroundings(&[("AWS_SKIP_SIGNATURE", "true"), ("AWS_EC2_METADATA_DISABLED", "true")], None);
        assert!(public.s3(&bucket()).is_ok());
    }

    #[test]
    fn only_the_clouds_variables_are_looked_at_and_none_is_shown() {
        let all = surroundings(&[("AWS_SECRET_ACCESS_KEY", "wJalrXUtn"), ("DATABASE_PASSWORD", "hunter22")], None);
        assert_eq!(all.secrets().collect::<Vec<_>>(), ["wJalrXUtn"]);
        assert!(!format!("{all:?}").contains("wJalrXUtn"));
    }
}
