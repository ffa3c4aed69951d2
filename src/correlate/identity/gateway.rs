//! What a gateway tells the backend of whom it authenticated: any client can send the same headers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::MOST_SHOWN;
use crate::correlate::credential::base64url;
use crate::correlate::reading::Reading;

/// Headers that hold a name, with the gateway that writes them and what of somebody they tell: a gateway overwrites its own
/// headers, and lets those of others through.
const NAMES: [(&str, &str, &str); 25] = [
    ("x-consumer-username", "kong", "name"),
    ("x-consumer-custom-id", "kong", "custom"),
    ("x-consumer-id", "kong", "id"),
    ("x-authenticated-userid", "kong", "user"),
    ("x-authenticated-user", "authenticated", "name"),
    ("x-auth-request-user", "oauth2-proxy", "id"),
    ("x-forwarded-user", "oauth2-proxy", "id"),
    ("x-auth-request-preferred-username", "oauth2-proxy", "name"),
    ("x-forwarded-preferred-username", "oauth2-proxy", "name"),
    ("x-auth-request-email", "oauth2-proxy", "email"),
    ("x-forwarded-email", "oauth2-proxy", "email"),
    ("x-remote-user", "remote", "name"),
    ("remote-user", "remote", "name"),
    ("x-webauth-user", "webauth", "name"),
    ("x-authentik-username", "authentik", "name"),
    ("x-vouch-user", "vouch", "name"),
    ("tailscale-user-login", "tailscale", "name"),
    ("x-pomerium-claim-email", "pomerium", "email"),
    ("cf-access-authenticated-user-email", "cloudflare", "email"),
    ("x-goog-authenticated-user-email", "google", "email"),
    ("x-goog-authenticated-user-id", "google", "id"),
    ("x-amzn-oidc-identity", "amazon", "id"),
    ("x-ms-client-principal-name", "azure", "name"),
    ("x-ms-client-principal-id", "azure", "id"),
    ("x-kubernetes-remote-user", "kubernetes", "name"),
];
/// Headers that hold claims as JSON in base64, and the gateway that writes them.
const CLAIMS: [(&str, &str); 3] = [
    ("x-ms-client-principal", "azure"),
    ("x-apigateway-api-userinfo", "endpoints"),
    ("x-endpoint-api-userinfo", "endpoints"),
];
/// Headers by which gateways name somebody, or the subject of a certificate.
pub(in crate::correlate) fn naming_headers() -> impl Iterator<Item = &'static str> {
    NAMES.iter().map(|(header, ..)| *header).chain(CLAIMS.iter().map(|(header, _)| *header)).chain(SUBJECTS)
}

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

/// Whom headers of gateways name.
pub(super) struct Told {
    /// All names, in the order of the headers.
    pub(super) names: Vec<String>,
    /// Whether that is one and the same, as far as a gateway spells it in several ways.
    pub(super) agree: bool,
}

impl Told {
    /// The name, where nothing contradicts it.
    pub(super) fn agreed(&self) -> Option<&str> {
        self.names.first().filter(|_| self.agree).map(String::as_str)
    }
}

/// Whom the headers of gateways name, in all their lines. What two lines of one header say must be the same, and what two
/// gateways do: one of them may be the client.
pub(super) fn told(reading: &Reading<'_>) -> Told {
    let (mut names, mut agree) = (Vec::<String>::new(), true);
    if !has_any(reading) {
        return Told { names, agree };
    }
    let mut first: Vec<(&str, &str, String)> = Vec::new();
    let plain = NAMES.iter().flat_map(|(header, gateway, what)| {
        texts(reading, header).into_iter().map(move |text| (*gateway, *what, bare(text).to_owned()))
    });
    let claimed = CLAIMS.iter().flat_map(|(header, gateway)| {
        all(reading, header).filter_map(claimed).map(move |name| (*gateway, "claims", name))
    });
    for (gateway, what, name) in plain.chain(claimed) {
        let same = first.iter().find(|(known, part, _)| (*known, *part) == (gateway, what));
        agree &= same.is_none_or(|(.., other)| *other == name);
        // What a gateway tells first is its name for somebody.
        let leads = first.iter().all(|(known, ..)| *known != gateway);
        agree &= !leads || names.first().is_none_or(|other| *other == name);
        if same.is_none() && first.len() < NAMES.len() + CLAIMS.len() {
            first.push((gateway, what, name.clone()));
        }
        if !names.contains(&name) && names.len() < MOST_SHOWN {
            names.push(name);
        }
    }
    Told { names, agree }
}

/// Whether any header of a gateway is there: most requests have none, and each of these is looked for by itself.
fn has_any(reading: &Reading<'_>) -> bool {
    let known = || NAMES.iter().map(|(header, ..)| *header).chain(CLAIMS.iter().map(|(header, _)| *header));
    let headers = reading.exchange.request.as_ref().map(|request| &request.headers);
    headers.is_some_and(|headers| {
        headers.iter().any(|(name, _)| known().any(|known| name.eq_ignore_ascii_case(known.as_bytes())))
    })
}

/// IAP writes `accounts.google.com:anna@example.com`.
fn bare(name: &str) -> &str {
    name.strip_prefix("accounts.google.com:").unwrap_or(name)
}

/// What the lines of a header say, those too that something on the way joined; the commas of a subject (`CN=a,O=b`) are its
/// own. `Smith, Anna` may be one name, and two lines that a proxy joined, of which the client wrote one: it is both.
fn texts<'a>(reading: &Reading<'a>, header: &'static str) -> Vec<&'a str> {
    let parts = |line: &'a str| -> Vec<&'a str> {
        let whole = line.contains('=') || line.contains(", ");
        let joined = line.split(',').map(str::trim).filter(|_| !line.contains('='));
        whole.then_some(line).into_iter().chain(joined).collect()
    };
    all(reading, header).flat_map(parts).filter(|text| !text.is_empty()).take(MOST_SHOWN).collect()
}

fn all<'a>(reading: &Reading<'a>, header: &'static str) -> impl Iterator<Item = &'a str> {
    let headers = reading.exchange.request.as_ref().map(|request| &request.headers);
    headers.into_iter().flat_map(move |headers| headers.all(header)).filter_map(readable)
}

/// Subject of the client's certificate, as the nearest proxy tells it.
pub(super) fn certificate(reading: &Reading<'_>) -> Option<String> {
    let envoy = text(reading, "x-forwarded-client-cert").and_then(forwarded_certificate);
    let plain = || SUBJECTS.iter().find_map(|header| text(reading, header)).map(str::to_owned);
    envoy.or_else(plain)
}

fn text<'a>(reading: &Reading<'a>, header: &str) -> Option<&'a str> {
    readable(reading.header(header)?)
}

fn readable(value: &[u8]) -> Option<&str> {
    let value = std::str::from_utf8(value).ok()?.trim();
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
