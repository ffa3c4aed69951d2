//! The hello of a client of QUIC: TLS 1.3 without records.

use super::hello::{ClientHello, printable};
use super::{handshake, ja4};
use crate::TlsHellos;

/// What a client of QUIC says in its hello.
#[derive(Clone, Debug)]
pub(crate) struct QuicHello(ClientHello);

impl QuicHello {
    /// Reads a handshake message, if it is whole and a client's hello.
    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let (&[kind, high, middle, low], content) = message.split_first_chunk()?;
        let content = content.get(..u32::from_be_bytes([0, high, middle, low]) as usize)?;
        if kind == handshake::CLIENT_HELLO { ClientHello::read(content).map(QuicHello) } else { None }
    }

    /// The name that the client asks for.
    pub(super) fn server_name(&self) -> Option<&str> {
        self.0.server_name.as_deref()
    }

    /// Fingerprint (JA4) of the hello.
    pub(super) fn fingerprint(&self) -> String {
        ja4::fingerprint(&self.0, ja4::Transport::Quic)
    }

    /// What it says in the clear. Version and protocol agreed on are encrypted.
    pub(crate) fn into_hellos(self) -> TlsHellos {
        let fingerprint = Some(self.fingerprint());
        let alpn = self.0.alpn.as_deref().and_then(printable).map(str::to_owned);
        TlsHellos { server_name: self.0.server_name, version: None, alpn, fingerprint }
    }
}
