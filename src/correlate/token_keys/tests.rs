//! Keys and signatures of the standards' own examples: RFC 7515 appendix A, RFC 8037 appendix A.

use proptest::prelude::*;

use super::*;

const RS256: &str = concat!(
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19",
    "yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt",
    "_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb",
    "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI",
    "8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
);
const HS256: &str = concat!(
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9",
    "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
);
const ES256: &str = concat!(
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19",
    "yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU",
    "1Q"
);
const EDDSA: &str = concat!(
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6",
    "dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
);
const MODULUS: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR",
    "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB",
    "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia",
    "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
);

fn jwk_of(algorithm: &str) -> String {
    match algorithm {
        "RS256" => format!(r#"{{"kty":"RSA","n":"{MODULUS}","e":"AQAB"}}"#),
        "HS256" => r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#.into(),
        "ES256" => r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#.into(),
        _ => r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#.into(),
    }
}

fn keys(text: &str) -> TokenKeys {
    TokenKeys::read(text.as_bytes()).unwrap()
}

const ALL: [(&str, &str); 4] = [("RS256", RS256), ("HS256", HS256), ("ES256", ES256), ("EdDSA", EDDSA)];

#[test]
fn the_standards_signatures_are_verified_by_their_keys_and_no_others() {
    for (mine, token) in ALL {
        assert_eq!(keys(&jwk_of(mine)).judge(token.as_bytes()), Trial::Verified, "{mine}");
        let set = ALL.map(|(algorithm, _)| jwk_of(algorithm)).join(",");
        assert_eq!(keys(&format!(r#"{{"keys":[{set}]}}"#)).judge(token.as_bytes()), Trial::Verified, "{mine} in a set");
        for (other, _) in ALL.iter().filter(|(other, _)| *other != mine) {
            assert_eq!(keys(&jwk_of(other)).judge(token.as_bytes()), Trial::Untried, "{mine} by {other}");
        }
    }
}

#[test]
fn what_was_changed_fails() {
    for (algorithm, token) in ALL {
        let (head, rest) = token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let forged = format!("{head}.{}.{signature}", claims.replace("ey", "ez").replace("RX", "RY"));
        assert_eq!(keys(&jwk_of(algorithm)).judge(forged.as_bytes()), Trial::Failed, "{algorithm}");
    }
}

#[test]
fn a_token_that_names_a_key_must_be_made_by_it() {
    let named = |header: &str, signature: &str| {
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{signature}", encode(header), encode(r#"{"sub":"x"}"#))
    };
    let with_id = |jwk: &str, id: &str| jwk.replacen('{', &format!(r#"{{"kid":"{id}","#), 1);
    let rsa = keys(&with_id(&jwk_of("RS256"), "k1"));
    // A signature by the public key taken as a secret (RFC 8725, section 2.1).
    assert_eq!(rsa.judge(named(r#"{"alg":"HS256","kid":"k1"}"#, "c2ln").as_bytes()), Trial::Failed);
    let other = "A".repeat(342);
    assert_eq!(rsa.judge(named(r#"{"alg":"RS256","kid":"k1"}"#, &other).as_bytes()), Trial::Failed);
    for cut in ["redacted", "[REDACTED]", ""] {
        assert_eq!(rsa.judge(named(r#"{"alg":"RS256","kid":"k1"}"#, cut).as_bytes()), Trial::Stripped, "{cut}");
    }
    // Of any length: which key it should be of nobody says.
    let longer = format!(r#"{{"kty":"RSA","kid":"k0","n":"{}","e":"AQAB"}}"#, "x".repeat(684));
    let both = rsa.clone().with(keys(&longer));
    for cut in ["c2ln", other.as_str(), &"A".repeat(683)] {
        for rsa in [&rsa, &both] {
            for header in [r#"{"alg":"RS256","kid":"k1"}"#, r#"{"alg":"RS256"}"#] {
                assert_eq!(rsa.judge(named(header, cut).as_bytes()), Trial::Failed, "{header} {cut}");
            }
        }
    }
    assert_eq!(
        rsa.judge(named(r#"{"alg":"RS256","kid":"k2"}"#, "c2ln").as_bytes()),
        Trial::Untried,
        "another issuer's"
    );
    assert_eq!(rsa.judge(RS256.as_bytes()), Trial::Verified, "a token without an id");
    let other_use = jwk_of("RS256").replacen('{', r#"{"use":"enc","#, 1);
    assert_eq!(TokenKeys::read(other_use.as_bytes()).err(), Some(TokenKeysError::NoKey));
}

#[test]
fn pem_holds_the_same_keys() {
    let pem = keys(PEM);
    assert_eq!(pem.len(), 4);
    for (algorithm, token) in ALL.iter().filter(|(algorithm, _)| *algorithm != "HS256") {
        assert_eq!(pem.judge(token.as_bytes()), Trial::Verified, "{algorithm}");
    }
    assert_eq!(TokenKeys::read(b"nonsense").err(), Some(TokenKeysError::Format));
    assert_eq!(TokenKeys::read(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").err(), {
        Some(TokenKeysError::NoKey)
    });
    assert_eq!(TokenKeys::read(b"{}").err(), Some(TokenKeysError::NoKey));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let _ = TokenKeys::read(&bytes);
        let _ = der::public_key(&bytes);
        let _ = keys(&jwk_of("RS256")).judge(&bytes);
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode(&bytes));
        let _ = TokenKeys::read(pem.as_bytes());
    }
}

const PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
oQIDAQAB
-----END PUBLIC KEY-----
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7
6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END PUBLIC KEY-----
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W2
6mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMs
D1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5
z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxv
b3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8q2et
hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQAB
-----END RSA PUBLIC KEY-----
";
