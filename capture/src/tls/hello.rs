//! The two hellos: the only handshake messages whose content matters to a reader with the secrets.

use super::{RANDOM, Random};

const SERVER_NAME: u16 = 0;
const SIGNATURE_ALGORITHMS: u16 = 13;
const ALPN: u16 = 16;
const ENCRYPT_THEN_MAC: u16 = 22;
const EXTENDED_MASTER_SECRET: u16 = 23;
const EARLY_DATA: u16 = 42;
const SUPPORTED_VERSIONS: u16 = 43;
/// Names longer than this are no names.
const NAME: usize = 255;
/// The random of a `HelloRetryRequest` (RFC 8446, section 4.1.3).
const RETRY: Random = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a `ClientHello` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientHello {
    pub(super) random: Random,
    /// Version of the message; the one that counts since TLS 1.3 is in `versions`.
    pub(super) version: u16,
    pub(super) suites: Vec<u16>,
    /// Numbers of the extensions, in order.
    pub(super) extensions: Vec<u16>,
    pub(super) server_name: Option<String>,
    /// The first protocol asked for, as sent.
    pub(super) alpn: Option<Vec<u8>>,
    pub(super) versions: Vec<u16>,
    pub(super) signatures: Vec<u16>,
    pub(super) early_data: bool,
}

/// What a `ServerHello` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub(super) random: Random,
    /// The version agreed on.
    pub(super) version: u16,
    pub(super) suite: u16,
    pub(super) alpn: Option<String>,
    pub(super) encrypt_then_mac: bool,
    /// Whether the master secret is bound to the whole handshake (RFC 7627).
    pub(super) extended_master_secret: bool,
    /// Whether it asks for another `ClientHello`.
    pub(super) retry: bool,
}

/// What `EncryptedExtensions` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) alpn: Option<String>,
    pub(super) early_data: bool,
}

impl ClientHello {
    /// Reads a message without its header.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let mut rest = Bytes(message);
        let mut hello = ClientHello { version: rest.word()?, random: rest.random()?, ..ClientHello::default() };
        rest.short_list()?;
        hello.suites = rest.list()?.words();
        rest.short_list()?;
        for (kind, mut value) in extensions(rest)? {
            hello.extensions.push(kind);
            match kind {
                SERVER_NAME => hello.server_name = server_name(value),
                ALPN => hello.alpn = value.list().and_then(|mut list| list.short_list()).map(|name| name.0.to_vec()),
                SUPPORTED_VERSIONS => hello.versions = value.short_list().map(Bytes::words).unwrap_or_default(),
                SIGNATURE_ALGORITHMS => hello.signatures = value.list().map(Bytes::words).unwrap_or_default(),
                EARLY_DATA => hello.early_data = true,
                _ => {}
            }
        }
        Some(hello)
    }
}

impl ServerHello {
    /// Reads a message without its header.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let mut rest = Bytes(message);
        let mut hello = ServerHello { version: rest.word()?, random: rest.random()?, ..ServerHello::default() };
        if hello.version >> 8 != 3 {
            // A draft of TLS 1.3 has another form.
            return Some(hello);
        }
        rest.short_list()?;
        hello.suite = rest.word()?;
        rest.take(1)?;
        hello.retry = hello.random == RETRY;
        for (kind, mut value) in extensions(rest)? {
            match kind {
                SUPPORTED_VERSIONS => hello.version = value.word()?,
                ALPN => hello.alpn = protocol(value),
                ENCRYPT_THEN_MAC => hello.encrypt_then_mac = true,
                EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
                _ => {}
            }
        }
        Some(hello)
    }
}

impl Extensions {
    /// Reads a message without its header.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let mut said = Extensions::default();
        for (kind, value) in extensions(Bytes(message))? {
            match kind {
                ALPN => said.alpn = protocol(value),
                EARLY_DATA => said.early_data = true,
                _ => {}
            }
        }
        Some(said)
    }
}

/// The extensions at the end of a message; there need be none.
fn extensions(mut rest: Bytes<'_>) -> Option<Vec<(u16, Bytes<'_>)>> {
    let mut found = Vec::new();
    if rest.0.is_empty() {
        return Some(found);
    }
    let mut list = rest.list()?;
    while !list.0.is_empty() {
        found.push((list.word()?, list.list()?));
    }
    Some(found)
}

/// The DNS name that the client wants to talk to, in lower case.
fn server_name(mut value: Bytes<'_>) -> Option<String> {
    let mut list = value.list()?;
    while !list.0.is_empty() {
        let kind = list.take(1)?.0.first().copied();
        let name = list.list()?;
        if kind == Some(0) {
            return printable(name.0).map(|name| name.to_ascii_lowercase());
        }
    }
    None
}

/// The one protocol that the server chose.
fn protocol(mut value: Bytes<'_>) -> Option<String> {
    printable(value.list()?.short_list()?.0).map(str::to_owned)
}

/// Text that is fit to be shown.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    let fit = (1..=NAME).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(bytes).ok().filter(|_| fit)
}

/// Bytes still to be read.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Option<Bytes<'a>> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(Bytes(taken))
    }

    fn word(&mut self) -> Option<u16> {
        let (&word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(word))
    }

    fn random(&mut self) -> Option<Random> {
        let (&random, rest) = self.0.split_first_chunk::<RANDOM>()?;
        self.0 = rest;
        Some(random)
    }

    /// A list with two bytes of length.
    fn list(&mut self) -> Option<Bytes<'a>> {
        let len = self.word()?;
        self.take(usize::from(len))
    }

    /// A list with one byte of length.
    fn short_list(&mut self) -> Option<Bytes<'a>> {
        let (&len, rest) = self.0.split_first()?;
        self.0 = rest;
        self.take(usize::from(len))
    }

    fn words(self) -> Vec<u16> {
        self.0.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_be_bytes).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn listed(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
    }

    pub(in super::super) fn extension(kind: u16, value: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &listed(value)].concat()
    }

    fn client_hello(extensions: &[Vec<u8>]) -> Vec<u8> {
        let suites = listed(&[0x13, 0x01, 0xc0, 0x2f]);
        [&[3, 3][..], &[7; 32], &[0], &suites, &[1, 0], &listed(&extensions.concat())].concat()
    }

    #[test]
    fn hellos_are_read() {
        let name = listed(&[&[0][..], &listed(b"Api.Example.com")].concat());
        let message = client_hello(&[
            extension(SERVER_NAME, &name),
            extension(ALPN, &listed(b"\x02h2\x08http/1.1")),
            extension(SUPPORTED_VERSIONS, &[4, 3, 4, 3, 3]),
            extension(EARLY_DATA, b""),
        ]);
        let hello = ClientHello::read(&message).unwrap();
        assert_eq!(hello.server_name.as_deref(), Some("api.example.com"));
        assert_eq!(hello.alpn.as_deref(), Some(&b"h2"[..]));
        assert_eq!((hello.versions, hello.suites), (vec![0x0304, 0x0303], vec![0x1301, 0xc02f]));
        assert!(hello.early_data && hello.random == [7; 32]);
        let mut retry = [&[3, 3][..], &RETRY, &[0, 0x13, 0x02, 0]].concat();
        retry.extend(listed(&extension(SUPPORTED_VERSIONS, &[3, 4])));
        let hello = ServerHello::read(&retry).unwrap();
        assert!(hello.retry && hello.version == 0x0304 && hello.suite == 0x1302);
        let old = [&[3, 1][..], &[9; 32], &[0, 0, 0x2f, 0]].concat();
        assert_eq!(ServerHello::read(&old).unwrap().version, 0x0301);
    }

    #[test]
    fn a_name_that_is_no_name_is_none() {
        for bad in [&b"a\x1b[31m"[..], b"", &[b'a'; 300]] {
            let name = listed(&[&[0][..], &listed(bad)].concat());
            let hello = ClientHello::read(&client_hello(&[extension(SERVER_NAME, &name)])).unwrap();
            assert_eq!(hello.server_name, None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (ClientHello::read(&bytes), ServerHello::read(&bytes), Extensions::read(&bytes));
        }

        #[test]
        fn a_hello_cut_short_is_refused(cut in 0usize..60) {
            let whole = client_hello(&[extension(SUPPORTED_VERSIONS, &[2, 3, 4])]);
            let cut = whole.len().saturating_sub(cut);
            // Only the extensions as a whole may be missing.
            prop_assert_eq!(ClientHello::read(&whole[..cut]).is_some(), cut == whole.len() || cut == 43);
        }
    }
}
