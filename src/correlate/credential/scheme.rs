//! Schemes of `Authorization` whose credential is a signature, another one in each request: the signer's name stands for it.

/// Schemes whose text is the credential itself.
const BEARERS: [&str; 9] = ["bearer", "token", "dpop", "jwt", "apikey", "api-key", "key", "gnap", "privatetoken"];
/// Schemes that send another proof of the same user each time, and name nobody in the clear.
const NAMELESS: [&str; 3] = ["negotiate", "ntlm", "kerberos"];
/// Names of parameters that hold a signature.
const SIGNATURES: [&str; 7] = ["signature", "sig", "mac", "hmac", "response", "oauthsignature", "digest"];
/// Names of parameters that say whose key signed, the surest first.
const SIGNERS: [&str; 16] = [
    "credential",
    "username",
    "oauthtoken",
    "accesstoken",
    "oauthconsumerkey",
    "clienttoken",
    "keyid",
    "accesskeyid",
    "accesskey",
    "id",
    "user",
    "clientid",
    "appid",
    "appkey",
    "apikey",
    "ak",
];
/// Most parameters looked at.
const MOST: usize = 32;

/// What an `Authorization` header shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shows<'a> {
    /// A credential as it is.
    Whole,
    /// A signature by a user's password.
    User(&'a str),
    /// A signature by the key of this name.
    Key(&'a str),
    /// A signature together with this token.
    Token(&'a str),
    /// A proof that names nobody.
    Nobody,
}

/// What an `Authorization` of this scheme shows.
pub(super) fn shows<'a>(scheme: &[u8], rest: &'a [u8]) -> Shows<'a> {
    let Ok(scheme) = std::str::from_utf8(scheme) else { return Shows::Whole };
    let scheme = scheme.to_ascii_lowercase();
    if NAMELESS.contains(&scheme.as_str()) {
        return Shows::Nobody;
    }
    let Ok(rest) = std::str::from_utf8(rest) else { return Shows::Whole };
    if scheme.is_empty() || BEARERS.contains(&scheme.as_str()) {
        // Rails: `Token token="...", nonce="..."`.
        let rails = (scheme == "token").then(|| parameters(rest).find(|(name, _)| name == "token")).flatten();
        return rails.map_or(Shows::Whole, |(_, token)| Shows::Token(token));
    }
    let signed = scheme == "digest" || scheme.contains("hmac") || {
        parameters(rest).any(|(name, _)| SIGNATURES.contains(&name.as_str()))
    };
    let found = SIGNERS.iter().find_map(|wanted| parameters(rest).find(|(name, _)| name == wanted));
    match found.filter(|_| signed) {
        Some((name, user)) if name == "username" || name == "user" => Shows::User(user),
        Some((name, token)) if name == "oauthtoken" || name == "accesstoken" => Shows::Token(token),
        // `AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request`: the key, then what this signature is for.
        Some((_, key)) => Shows::Key(key.split('/').next().unwrap_or(key)),
        None => match key_before_colon(&scheme, rest) {
            Some(key) => Shows::Key(key),
            None if signed => Shows::Nobody,
            None => Shows::Whole,
        },
    }
}

/// `AWS AKIDEXAMPLE:signature`, `SharedKey account:signature` and their kin.
fn key_before_colon<'a>(scheme: &str, rest: &'a str) -> Option<&'a str> {
    let stems = ["aws", "sharedkey", "hmac", "sign", "apiauth", "oss", "cos", "obs", "qiniu", "upyun", "goog"];
    let (key, signature) = rest.split_once(':')?;
    let named = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@'));
    let signs = stems.iter().any(|stem| scheme.starts_with(stem)) || scheme.contains("hmac");
    (signs && !key.is_empty() && !signature.is_empty() && named(key)).then_some(key)
}

/// `name=value` and `name="value"`, separated as any of these schemes does: names as letters and digits in lower case.
/// Values may not hold separators, which no name of a key does.
fn parameters(rest: &str) -> impl Iterator<Item = (String, &str)> {
    rest.split([',', '&', ';', ' ', '\t']).take(MOST).filter_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        let value = value.trim().trim_matches('"');
        (!value.is_empty()).then(|| (super::bare(name), value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> Shows<'_> {
        let (scheme, rest) = header.split_once(' ').unwrap_or(("", header));
        shows(scheme.as_bytes(), rest.as_bytes())
    }

    #[test]
    fn a_signature_is_told_by_its_key() {
        let aws = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=5d";
        assert_eq!(of(aws), Shows::Key("AKIDEXAMPLE"));
        let close = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request,SignedHeaders=host,Signature=5d";
        assert_eq!(of(close), Shows::Key("AKIDEXAMPLE"));
        assert_eq!(of("AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg="), Shows::Key("AKIDEXAMPLE"));
        assert_eq!(of("SharedKey myaccount:ctzMq410TV3wS7upTBcunJTDLEJwMAZuFPfr0mrrA08="), Shows::Key("myaccount"));
        assert_eq!(of(r#"Hawk id="dh37fgj492je", ts="1353832234", nonce="j4h3g2", mac="6R4rV5iE+NPo="#), {
            Shows::Key("dh37fgj492je")
        });
        assert_eq!(of(r#"Signature keyId="rsa-key-1",algorithm="rsa-sha256",signature="Base64(RSA)""#), {
            Shows::Key("rsa-key-1")
        });
        assert_eq!(of(r#"OAuth oauth_consumer_key="ck", oauth_nonce="n", oauth_signature="s%3D""#), Shows::Key("ck"));
        let three = r#"OAuth realm="x", oauth_consumer_key="ck", oauth_token="tk", oauth_signature="s""#;
        assert_eq!(of(three), Shows::Token("tk"));
        assert_eq!(of(r#"Digest username="dig", realm="r", nonce="n1", response="aa""#), Shows::User("dig"));
        assert_eq!(of("HMAC-SHA256 Credential=abc&SignedHeaders=x-ms-date;host&Signature=zz"), Shows::Key("abc"));
        assert_eq!(of("EG1-HMAC-SHA256 client_token=ct;access_token=at;nonce=1;signature=s"), Shows::Token("at"));
    }

    #[test]
    fn a_token_is_a_credential_as_it_is() {
        for whole in ["Bearer abc", "Bearer a.b.c=", "abc", "DPoP x=y", "Custom opaque", "Session id=7", "Key k:1"] {
            assert_eq!(of(whole), Shows::Whole, "{whole}");
        }
        assert_eq!(of(r#"Token token="t1", nonce="n2""#), Shows::Token("t1"));
        assert_eq!(of("Negotiate YIIabc"), Shows::Nobody);
        assert_eq!(of("Digest realm=x"), Shows::Nobody);
    }
}
