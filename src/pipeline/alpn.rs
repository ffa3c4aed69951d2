//! Application protocols that a client asks for in TLS (ALPN): known names tell of nobody, any other text may.

/// Names that IANA lists, of protocols that are in use, and gRPC's and Istio's own.
const KNOWN: [&str; 31] = [
    "acme-tls/1",
    "c-webrtc",
    "co",
    "coap",
    "dicom",
    "doq",
    "dot",
    "ftp",
    "grpc-exp",
    "h2",
    "h2c",
    "h3",
    "http/0.9",
    "http/1.0",
    "http/1.1",
    "imap",
    "irc",
    "istio",
    "istio-peer-exchange",
    "managesieve",
    "mqtt",
    "nntp",
    "ntske/1",
    "pop3",
    "postgresql",
    "sip/2",
    "smb",
    "sunrpc",
    "tds/8.0",
    "webrtc",
    "xmpp-client",
];

/// The protocol, or what `hidden` makes of a text that is none.
pub(super) fn shown(alpn: String, hidden: impl Fn(&str) -> String) -> String {
    if KNOWN.contains(&alpn.as_str()) { alpn } else { hidden(&alpn) }
}
