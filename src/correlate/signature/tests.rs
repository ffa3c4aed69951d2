//! Signatures of the standards' own examples (RFC 9421, appendix B; Web Bot Auth, appendix A), and of crawlers as they came.

use offpath_capture::Request;

use super::*;
use crate::correlate::tests::{Made, made};

/// RFC 9421, appendix B.1.
const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----
";
const EC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----
";
pub(crate) const ED25519: &str =
    r#"{"kty":"OKP","crv":"Ed25519","kid":"test-key-ed25519","x":"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}"#;
const SECRET: &str = r#"{"kty":"oct","kid":"test-shared-secret","k":"uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ"}"#;

const B21: (&str, &str) = (
    r#"sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
    "sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:",
);
const B22: (&str, &str) = (
    r#"sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
    "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:",
);
const B23: (&str, &str) = (
    r#"sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
    "sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:",
);
const B25: (&str, &str) = (
    r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
    "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
);
const B26: (&str, &str) = (
    r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
    "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
);

/// RFC 9421, appendix B.2: the request of the examples.
fn request() -> Made {
    let digest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
    let mut request = made("POST", "/foo?param=Value&Pet=dog").at(1_618_884_475);
    request.0.request.as_mut().unwrap().host = Some("example.com".into());
    request
        .json(r#"{"hello": "world"}"#)
        .header("Date", "Tue, 20 Apr 2021 02:07:55 GMT")
        .header("Content-Digest", digest)
        .header("Content-Length", "18")
}

pub(crate) fn signed(request: Made, (input, signature): (&str, &str)) -> Made {
    request.header("Signature-Input", input).header("Signature", signature)
}

fn keys(text: &str) -> TokenKeys {
    TokenKeys::read(text.as_bytes()).unwrap()
}

fn all() -> TokenKeys {
    keys(RSA).with(keys(EC)).with(keys(ED25519)).with(keys(SECRET))
}

fn judged(request: &Made, keys: &TokenKeys) -> Signer {
    signer(&request.0, true, Some(keys)).unwrap()
}

fn trial(request: &Made) -> Trial {
    judged(request, &all()).trial
}

#[test]
fn the_standards_signatures_are_verified() {
    for (name, example) in [("B.2.2", B22), ("B.2.3", B23), ("B.2.5", B25), ("B.2.6", B26)] {
        let found = judged(&signed(request(), example), &all());
        assert_eq!((found.trial, found.lapsed), (Trial::Verified, false), "{name}");
        assert!(!found.is_program && found.agent.is_none(), "{name}: nothing says that a program acts");
    }
    let minimal = signed(request(), B21);
    assert_eq!(trial(&minimal), Trial::Untried, "B.2.1 is over nothing of the message: whoever saw it may send it");
    let input = field::dictionary(B21.0).unwrap().remove(0);
    let message = Message { request: minimal.0.request.as_ref().unwrap(), whole: true, scheme: "https" };
    let text = base(message, &[], &input.parameters).unwrap();
    let made = field::dictionary(B21.1).unwrap().remove(0);
    let Value::One(Item::Bytes(made)) = made.value else { panic!("bytes") };
    assert_eq!(all().judge_message(None, Some("rsa-pss-sha512"), Some(&text), &made), Trial::Verified, "all the same");
}

#[test]
fn an_answers_signature_is_verified_by_its_curve() {
    // B.2.4 is the signature of an answer; what it is over is given there.
    let text = concat!(
        "\"@status\": 200\n\"content-type\": application/json\n",
        "\"content-digest\": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n",
        "\"content-length\": 23\n\"@signature-params\": ",
        "(\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\"",
    );
    let made = "sig=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:";
    let Value::One(Item::Bytes(made)) = field::dictionary(made).unwrap().remove(0).value else { panic!("bytes") };
    for algorithm in [None, Some("ecdsa-p256-sha256")] {
        assert_eq!(keys(EC).judge_message(None, algorithm, Some(text.as_bytes()), &made), Trial::Verified);
    }
    for (algorithm, text) in [(Some("ed25519"), text), (None, &text[1..])] {
        assert_eq!(keys(EC).judge_message(None, algorithm, Some(text.as_bytes()), &made), Trial::Untried);
    }
}

/// The same request with something changed after it was signed.
fn changed(example: (&str, &str), change: impl FnOnce(&mut Request)) -> Trial {
    let mut request = signed(request(), example);
    change(request.0.request.as_mut().unwrap());
    let named = keys(&RSA.replace("-----BEGIN", "\n-----BEGIN")).with(keys(ED25519)).with(keys(SECRET));
    judged(&request, &named).trial
}

#[test]
fn what_was_changed_after_it_was_signed_fails() {
    assert_eq!(changed(B26, |_| {}), Trial::Verified);
    assert_eq!(changed(B26, |r| r.method = "PUT".into()), Trial::Failed);
    assert_eq!(changed(B26, |r| r.target = "/bar?param=Value&Pet=dog".into()), Trial::Failed);
    assert_eq!(changed(B26, |r| r.target = "/foo".into()), Trial::Verified, "the query was not signed");
    assert_eq!(changed(B26, |r| r.host = Some("evil.example".into())), Trial::Failed);
    assert_eq!(changed(B26, |r| r.host = Some("EXAMPLE.com:443".into())), Trial::Verified, "the same server");
    assert_eq!(changed(B26, |r| r.headers.push(b"Content-Type", b"text/plain")), Trial::Failed, "a second line");
    assert_eq!(changed(B26, |r| r.headers.push(b"X-Other", b"1")), Trial::Verified, "that was not signed");
    let key = |body: &str| {
        let mut request = signed(request(), B23);
        let request_body = &mut request.0.request.as_mut().unwrap().body;
        *request_body = made("POST", "/").json(body).0.request.unwrap().body;
        trial(&request)
    };
    assert_eq!(key(r#"{"hello": "world"}"#), Trial::Verified);
    assert_eq!(key(r#"{"hello": "moon!"}"#), Trial::Failed, "the digest is another body's");
}

#[test]
fn a_part_that_is_not_shown_leaves_it_open_and_one_that_is_not_there_does_not() {
    let without = |whole: bool| {
        let mut cut = made("POST", "/foo").at(1_618_884_475).header("Date", "Tue, 20 Apr 2021 02:07:55 GMT");
        cut.0.request.as_mut().unwrap().host = Some("example.com".into());
        signer(&signed(cut, B26).0, whole, Some(&all())).unwrap().trial
    };
    assert_eq!((without(false), without(true)), (Trial::Untried, Trial::Failed));
    let taken_out = |signature: &str| trial(&signed(request(), (B26.0, signature)));
    assert_eq!(taken_out("[REDACTED]"), Trial::Stripped);
    assert!(signer(&signed(request(), (B26.0, "other=:AAAA:")).0, true, Some(&all())).is_none(), "of another label");
    let hidden = r#"sig=("@authority" "authorization");created=1618884473;keyid="test-key-ed25519""#;
    assert_eq!(trial(&signed(request(), (hidden, "sig=:AAAA:"))), Trial::Untried, "archives leave it out");
    for odd in
        [r#""authorization""#, r#""cookie""#, r#""date";sf"#, r#""date";tr"#, r#""@method";req"#, r#""date";req"#]
    {
        let input =
            format!(r#"sig=("@authority" {odd});created=1618884473;keyid="test-key-ed25519";tag="web-bot-auth""#);
        let forged = signed(request().header("Signature-Agent", "https://bot.example"), (&input, "sig=:AAAA:"));
        let found = judged(&forged, &all());
        assert_eq!((found.trial, found.is_believed()), (Trial::Untried, false), "{odd}: the key could be tried");
        assert!(signer(&forged.0, true, None).unwrap().is_believed(), "{odd}: nobody can try it");
    }
    for odd in [r#""date" "date""#, r#""@nonsense""#, r#""Date""#, r#""@query-param";name="none""#] {
        let input = format!(r#"sig=({odd} "@authority");keyid="test-key-ed25519""#);
        assert_eq!(trial(&signed(request(), (&input, "sig=:AAAA:"))), Trial::Failed, "{odd}");
    }
    assert!(
        signer(&request().header("Signature-Input", "sig=").header("Signature", "sig=:AAAA:").0, true, None).is_none()
    );
}

#[test]
fn a_structured_field_is_signed_in_its_one_form_however_it_was_sent() {
    // RFC 9421, section 2.1.1, signed by the shared secret of appendix B.1.5.
    let dictionary = (
        r#"sig=("example-dict";sf "@authority");created=1618884473;keyid="test-shared-secret""#,
        "sig=:rNcoZ8UBuVWNPpoWOgdSTZ17YRVnQMXO9ePM0gdqQJE=:",
    );
    let sent = |value: &str| trial(&signed(request().header("Example-Dict", value), dictionary));
    assert_eq!(sent("a=1, b=2;x=1;y=2, c=(a b c)"), Trial::Verified);
    assert_eq!(sent("  a=1,    b=2;x=1;y=2,   c=(a   b   c)"), Trial::Verified, "something on the way wrote it anew");
    assert_eq!(sent("a=1, b=2;x=1;y=2, c=(a b d)"), Trial::Failed);
    assert_eq!(sent("a=1, b=2;x=1;y=2, c=(a b"), Trial::Untried, "no structured field");
}

/// A crawler's request for something on a host.
fn crawled(host: &str, path: &str, agent: &str, at: i64, example: (&str, &str)) -> Made {
    let mut request = made("GET", path).at(at).header("Signature-Agent", agent);
    request.0.request.as_mut().unwrap().host = Some(host.into());
    signed(request, example)
}

const DRAFT: (&str, &str) = (
    r#"sig2=("@authority" "signature-agent";key="agent2");created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";alg="ed25519";expires=4889289600;nonce="n9p433xm+NJ3ph3upfBIGmsuwHw387YV7Q/F+6BSpGCVjYCqQw6rznNA8PVVLySrAWsv0hQtFioQb6E1YsauiA==";tag="web-bot-auth""#,
    "sig2=:RdNFx5Bj6au3YgAMQL/RzmUlZE8QZLIaXGRpw985hWnwPfMxT228NMk6ehRS1PSl4e8PhbNZACSanGdhEwYCCg==:",
);
const ALONE: (&str, &str) = (
    r#"sig1=("@authority");created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";alg="ed25519";expires=4889289600;nonce="zIW8+cdmA3vdYagbxojpONwa/l0EKJ/O3/wD486VvsQjO/RxPaSt6ZxvQaMcQzNnqKN/mQ6hpGiFro2L2qkz5A==";tag="web-bot-auth""#,
    "sig1=:QKN4fTdIYfh82fvoZCQiQA1weuozfCS/Led2zTMbewMMqH8PI2Wsy/5c4ao6B6D09nraNQdBNOADg8aM1MqfCg==:",
);
/// DuckDuckBot's key, and what it signed.
const DUCK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"pVqc2ohmGpL_H1OJGq7mIGkxAk65mm5JkY7qSdJachE"}"#;
const DUCK_SIGNED: (&str, &str) = (
    r#"sig1=("@method" "@authority" "@path" "signature-agent");created=1788411573;expires=1788412173;alg="ed25519";tag="web-bot-auth";keyid="5HvpfNA946z6lcCXEIOOpzlN5l0mdZE42jdqimEwPf8""#,
    "sig1=:63joPbtMnsFXGyPmWp8mkRzsxiT0Ugujee2gB5dFajTA/ODK8bTRdkuM1/gYaU1f5DpDBvn5KMvoRkreGyWtCQ==:",
);
/// AhrefsBot's.
const AHREFS: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"0g1xFRWdVlSOm1h92tZ4VFl7FWGtvRnTZ0PwuBdJuDU"}"#;
const AHREFS_SIGNED: (&str, &str) = (
    r#"sig=("@authority" "signature-agent");created=1788417112;keyid="e3vpiy0B6M1Wdxnizw3dqRSgpqS6SXM2qiQ6HtUwZ5g";alg="ed25519";expires=1788417172;nonce="G1Ywem9vmQEo0fdcGB7X5U9zPBDn7t1bL_ThO2xn3SomHhITaea-gLCYBUaHp0YRIDGvnVmofZM9h6dNaVTTig";tag="web-bot-auth""#,
    "sig=:+B/zW07ZjErBYQKeX5yYs7W/hTzbARoe9EDTg8WehmDZ6lsQfNgUR0Wrv/ggxa0JCu4RAfBi72XAFYw4I9FNAg==:",
);

#[test]
fn programs_are_known_by_the_thumbprint_of_their_key() {
    let (dictionary, ed25519) = (r#"agent2="https://signature-agent.test""#, keys(ED25519));
    let found = judged(&crawled("example.com", "/", dictionary, 1_735_690_000, DRAFT), &ed25519);
    assert_eq!((found.trial, found.agent.as_deref()), (Trial::Verified, Some("https://signature-agent.test")));
    let duck = judged(
        &crawled("gkoreli.com", "/favicon.ico", "https://bot.duckduckgo.com", 1_788_411_574, DUCK_SIGNED),
        &keys(DUCK),
    );
    assert_eq!((duck.trial, duck.agent.as_deref()), (Trial::Verified, Some("https://bot.duckduckgo.com")));
    let ahrefs = judged(
        &crawled("gkoreli.com", "/robots.txt", r#""https://ahrefs.com""#, 1_788_417_113, AHREFS_SIGNED),
        &keys(AHREFS),
    );
    assert_eq!((ahrefs.trial, ahrefs.agent.as_deref()), (Trial::Verified, Some("https://ahrefs.com")));
    assert!([&found, &duck, &ahrefs].iter().all(|signer| signer.is_program && !signer.lapsed));
}

#[test]
fn a_program_that_was_not_signed_is_not_named() {
    let forged = crawled("example.com", "/", r#""https://somebody.else""#, 1_735_690_000, ALONE);
    let found = judged(&forged, &keys(ED25519));
    assert_eq!((found.trial, found.agent), (Trial::Verified, None), "the header was added to what was signed");
    assert!(found.is_program);
    let untried = signer(&forged.0, true, None).unwrap();
    assert_eq!((untried.trial, untried.agent.as_deref()), (Trial::Untried, Some("https://somebody.else")));
    let moved = crawled("gkoreli.com", "/changed", "https://bot.duckduckgo.com", 1_788_411_574, DUCK_SIGNED);
    assert_eq!(judged(&moved, &keys(DUCK)).trial, Trial::Failed);
    let renamed = crawled("gkoreli.com", "/favicon.ico", "https://evil.example", 1_788_411_574, DUCK_SIGNED);
    assert_eq!(judged(&renamed, &keys(DUCK)).trial, Trial::Failed);
}

#[test]
fn of_an_address_only_scheme_and_host_are_kept() {
    for (said, kept) in [
        ("https://bot:hunter2XQZ@localhost/", "https://localhost"),
        ("https://bot.example:8443/a?access_token=hunter2XQZ#x", "https://bot.example:8443"),
        ("https://bot:hunter2XQZ/@bot.example", "https://bot"),
        ("https://[::1]:80/", "https://[::1]:80"),
        ("bot.example/?token=hunter2XQZ", "bot.example"),
        ("data:text/plain;base64,hunter2XQZ", "data"),
    ] {
        assert_eq!(unsigned_agent(&format!("\"{said}\"")).as_deref(), Some(kept), "{said}");
        let found = signer(&crawled("example.com", "/", &format!("\"{said}\""), 1_735_690_000, DRAFT).0, true, None);
        assert!(found.unwrap().agent.is_none_or(|agent| agent == kept), "{said}");
    }
    assert_eq!(unsigned_agent("https://user@/"), None);
}

#[test]
fn a_signature_serves_in_its_own_time() {
    let duck = |at: i64| {
        let found =
            judged(&crawled("gkoreli.com", "/favicon.ico", "https://bot.duckduckgo.com", at, DUCK_SIGNED), &keys(DUCK));
        (found.lapsed, found.is_believed())
    };
    for (at, lapsed) in
        [(1_788_411_573 - 301, true), (1_788_411_573 - 299, false), (1_788_412_473, false), (1_788_412_474, true)]
    {
        assert_eq!(duck(at), (lapsed, !lapsed), "{at}");
    }
    let lasting = |parameters: &str, at: i64| {
        let input = format!(r#"sig=("@authority");{parameters}"#);
        signer(&signed(made("GET", "/").at(at), (&input, "sig=:AAAA:")).0, true, None).unwrap().lapsed
    };
    assert!(!lasting("created=100", 1_000_000), "no end is told");
    assert!(!lasting(r#"created=100;tag="web-bot-auth""#, 86_000));
    assert!(lasting(r#"created=100;tag="web-bot-auth""#, 87_000), "a program's serves for a day");
}

#[test]
fn of_several_signatures_the_one_that_a_key_made_counts() {
    let bad = B26.1.replacen("wqcA", "AAAA", 1).replace("sig-b26", "a");
    let input = format!("{}, {}", B26.0.replace("sig-b26", "a"), B25.0);
    let both = signed(request(), (&input, &format!("{bad}, {}", B25.1)));
    let found = judged(&both, &all());
    assert_eq!((found.trial, found.key.as_deref()), (Trial::Verified, Some("test-shared-secret")));
    let lines = signed(signed(request(), (&B26.0.replace("sig-b26", "a"), &bad)), B25);
    assert_eq!(judged(&lines, &all()), found, "on two lines");
}

proptest::proptest! {
    #[test]
    fn any_fields_are_judged(input in "[a-z=()\";@ 0-9,:-]{0,60}", made_of in "[a-z=:A-Za-z0-9/+, ]{0,40}", agent in ".{0,30}") {
        let request = signed(request(), (&input, &made_of)).header("Signature-Agent", &agent);
        let _ = signer(&request.0, true, Some(&all()));
    }

    #[test]
    fn no_other_bytes_are_the_signature(at in 0_usize..64, bit in 0_u8..8) {
        let Value::One(Item::Bytes(mut bytes)) = field::dictionary(B26.1).unwrap().remove(0).value else { panic!("bytes") };
        bytes[at] ^= 1 << bit;
        use base64::Engine;
        let flipped = format!("sig-b26=:{}:", base64::engine::general_purpose::STANDARD.encode(bytes));
        proptest::prop_assert_eq!(trial(&signed(request(), (B26.0, &flipped))), Trial::Failed);
    }
}
