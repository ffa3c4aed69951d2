//! AWS's shared files of credentials and settings, as far as they hold keys: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::BTreeMap;

/// What a profile says, by lower-case key.
pub(crate) type Profile = BTreeMap<String, String>;

/// Keys of a profile that say where keys come from without being keys.
const ELSEWHERE: [&str; 4] = ["sso_start_url", "sso_session", "role_arn", "credential_process"];

/// Reads one profile out of a file's text. In `config`, all but the default one are called `profile NAME`.
pub(crate) fn read(text: &str, name: &str, found: &mut Profile) -> bool {
    let mut inside = false;
    let mut seen = false;
    for line in text.lines() {
        if let Some(section) = line.trim().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let section = section.0.trim();
            inside = section.strip_prefix("profile ").map_or(section, str::trim) == name;
            seen |= inside;
            continue;
        }
        // Indented lines belong to the key before them (`s3 =`), which is none of ours.
        let ours = inside && !line.starts_with([' ', '\t', '#', ';']);
        if let Some((key, value)) = line.split_once('=').filter(|_| ours) {
            found.entry(key.trim().to_ascii_lowercase()).or_insert_with(|| value.trim().to_owned());
        }
    }
    seen
}

/// The key of a profile that has its credentials elsewhere, where offpath does not look.
pub(crate) fn elsewhere(profile: &Profile) -> Option<&'static str> {
    let keys = profile.contains_key("aws_access_key_id");
    ELSEWHERE.into_iter().find(|key| !keys && profile.contains_key(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_in_both_files() {
        let credentials =
            "# mine\n[default]\naws_access_key_id = A\n[work]\naws_access_key_id=B\naws_secret_access_key = s=/+\n";
        let config = "[default]\nregion = eu-west-1\n[profile work]\nregion=us-east-2\ns3 =\n  endpoint_url = http://no\naws_access_key_id = C\n";
        let mut work = Profile::new();
        assert!(read(credentials, "work", &mut work) && read(config, "work", &mut work));
        assert_eq!(work.get("aws_access_key_id").map(String::as_str), Some("B"));
        assert_eq!(work.get("aws_secret_access_key").map(String::as_str), Some("s=/+"));
        assert_eq!(work.get("region").map(String::as_str), Some("us-east-2"));
        assert!(!work.contains_key("endpoint_url"));
        assert!(!read(credentials, "other", &mut Profile::new()));
    }

    #[test]
    fn what_hands_credentials_out_is_told_from_keys() {
        let mut sso = Profile::new();
        read("[default]\nsso_session = x\n", "default", &mut sso);
        assert_eq!(elsewhere(&sso), Some("sso_session"));
        sso.insert("aws_access_key_id".to_owned(), "A".to_owned());
        assert_eq!(elsewhere(&sso), None);
    }
}
