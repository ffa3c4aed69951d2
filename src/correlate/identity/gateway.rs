//! What a gateway tells the backend of whom it authenticated: any client can send the same headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::correlate::credential::base64url;
use crate::correlate::reading::Reading;

/// Headers that hold a name.
const NAMES: [&str; 25] = [
    "x-consumer-username",
    "x-consumer-custom-id",
    "x-consumer-id",
    "x-authenticated-userid",
    "x-authenticated-user",
    "x-auth-request-user",
    "x-auth-request-preferred-username",
    "x-auth-request-email",
    "x-forwarded-user",
    "x-forwarded-preferred-username",
    "x-forwarded-email",
    "x-remote-user",
    "remote-user",
    "x-webauth-user",
    "x-authentik-username",
    "x-vouch-user",
    "tailscale-user-login",
    "x-pomerium-claim-email",
    "cf-access-authenticated-user-email",
    "x-goog-authenticated-user-email",
    "x-goog-authenticated-user-id",
    "x-amzn-oidc-identity",
    "x-ms-client-principal-name",
    "x-ms-client-principal-id",
    "x-kubernetes-remote-user",
];
/// Headers that hold claims as JSON in base64.
const CLAIMS: [&str; 3] = ["x-ms-client-principal", "x-apigateway-api-userinfo", "x-endpoint-api-userinfo"];
/// Headers that hold a token which the gateway signed.
pub(super) const ASSERTIONS: [&str; 6] = [
    "x-goog-iap-jwt-assertion",
    "x-amzn-oidc-data",
    "cf-access-jwt-assertion",
    "x-pomerium-jwt-assertion",
    "x-jwt-assertion",
    "x-tyk-jwt",
];
/// Headers that hold the subject of the client's certificate.
const SUBJECTS: [&str; 6] = [
    "ssl-client-subject-dn",
    "x-ssl-client-s-dn",
    "x-ssl-client-subject-dn",
    "x-client-cert-dn",
    "x-amzn-mtls-clientcert-subject",
    "x-client-cert-subject",
];
/// Longest header that is decoded.
const LONGEST: usize = 16 << 10;

/// The name that a gateway's header tells.
pub(super) fn name(reading: &Reading<'_>) -> Option<String> {
    names(reading).into_iter().next()
}

/// All names that gateways' headers tell, in the order of their headers.
pub(super) fn names(reading: &Reading<'_>) -> Vec<String> {
    let plain = NAMES.iter().filter_map(|header| text(reading, header)).map(|name| {
        // IAP writes `accounts.google.com:anna@example.com`.
        name.strip_prefix("accounts.google.com:").unwrap_or(name).to_owned()
    });
    let claimed = CLAIMS.iter().filter_map(|header| text(reading, header)).filter_map(claimed);
    plain.chain(claimed).collect()
}

/// Subject of the client's certificate, as the nearest proxy tells it.
pub(super) fn certificate(reading: &Reading<'_>) -> Option<String> {
    let envoy = text(reading, "x-forwarded-client-cert").and_then(forwarded_certificate);
    let plain = || SUBJECTS.iter().find_map(|header| text(reading, header)).map(str::to_owned);
    envoy.or_else(plain)
}

/// The program that says it signed the message (Web Bot Auth): `Signature-Agent: "https://bot.example"`, or a dictionary
/// of such. Without a signature it is no more than a name.
pub(super) fn signature_agent<'a>(reading: &Reading<'a>) -> Option<&'a str> {
    reading.header("signature").and(reading.header("signature-input"))?;
    let value = text(reading, "signature-agent")?;
    let quoted = value.split('"').nth(1).unwrap_or(value);
    (!quoted.is_empty()).then_some(quoted)
}

fn text<'a>(reading: &Reading<'a>, header: &str) -> Option<&'a str> {
    let value = std::str::from_utf8(reading.header(header)?).ok()?.trim();
    (!value.is_empty() && value != "-" && value.len() <= LONGEST).then_some(value)
}

fn claimed(value: &str) -> Option<String> {
    let bytes = STANDARD.decode(value).ok().or_else(|| base64url(value.as_bytes()))?;
    let json: Json = serde_json::from_slice(&bytes).ok()?;
    let direct = ["sub", "userDetails", "userId", "email"].iter().find_map(|name| json.get(name)?.as_str());
    let listed = || {
        // Azure App Service: {"name_typ": "...", "claims": [{"typ": "...", "val": "..."}]}.
        let wanted = json.get("name_typ")?.as_str()?;
        let claims = json.get("claims")?.as_array()?;
        claims.iter().find(|claim| claim.get("typ").and_then(Json::as_str) == Some(wanted))?.get("val")?.as_str()
    };
    direct.or_else(listed).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// URI or subject in the last element of Envoy's header: the one that the nearest proxy wrote.
fn forwarded_certificate(value: &str) -> Option<String> {
    let element = split(value, ',').pop()?;
    let fields = split(element, ';');
    let field = |name: &str| {
        let found = fields.iter().filter_map(|field| field.trim().split_once('='));
        let found = found.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        found.map(|value| value.trim_matches('"')).filter(|value| !value.is_empty())
    };
    field("URI").or_else(|| field("Subject")).map(str::to_owned)
}

/// Parts between separators that stand outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    let outside = |c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    };
    text.split(outside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_proxys_certificate_counts() {
        let header =
            r#"By=spiffe://a;Hash=aa;URI=spiffe://forged,By=spiffe://b;Hash=bb;Subject="CN=svc,O=x;y";URI=spiffe://p"#;
        assert_eq!(forwarded_certificate(header).as_deref(), Some("spiffe://p"));
        assert_eq!(forwarded_certificate(r#"Hash=bb;Subject="CN=svc,O=x;y""#).as_deref(), Some("CN=svc,O=x;y"));
        assert_eq!(forwarded_certificate("Hash=bb"), None);
    }

    #[test]
    fn claims_in_base64_name_their_user() {
        let encode = |json: &str| STANDARD.encode(json);
        assert_eq!(claimed(&encode(r#"{"userId":"7","userDetails":"anna"}"#)).as_deref(), Some("anna"));
        let azure = r#"{"name_typ":"n","claims":[{"typ":"x","val":"y"},{"typ":"n","val":"anna"}]}"#;
        assert_eq!(claimed(&encode(azure)).as_deref(), Some("anna"));
        assert_eq!(claimed("!!"), None);
    }
}
