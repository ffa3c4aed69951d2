//! One element of `log.entries` as writers really write it: anything may be missing, null or of another type.

use std::borrow::Cow;

use serde::Deserialize;

use crate::lenient::{Given, List, Maybe};
use crate::scalar::Scalar;

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) started_date_time: Scalar<'a>,
    #[serde(borrow)]
    pub(super) time: Scalar<'a>,
    #[serde(borrow)]
    pub(super) request: Maybe<Request<'a>>,
    #[serde(borrow)]
    pub(super) response: Maybe<Response<'a>>,
    #[serde(borrow)]
    pub(super) timings: Maybe<Timings<'a>>,
    #[serde(borrow, rename = "serverIPAddress")]
    pub(super) server_ip_address: Scalar<'a>,
    #[serde(borrow, rename = "_serverPort")]
    pub(super) server_port: Scalar<'a>,
    #[serde(borrow)]
    pub(super) connection: Scalar<'a>,
    #[serde(borrow, rename = "_clientAddress", alias = "clientIPAddress", alias = "_clientIPAddress")]
    pub(super) client_address: Scalar<'a>,
    #[serde(borrow, rename = "_clientPort")]
    pub(super) client_port: Scalar<'a>,
    #[serde(borrow, rename = "_webSocketMessages")]
    pub(super) web_socket_messages: List<WebSocketMessage<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    pub(super) method: Scalar<'a>,
    #[serde(borrow)]
    pub(super) url: Scalar<'a>,
    #[serde(borrow)]
    pub(super) http_version: Scalar<'a>,
    #[serde(borrow)]
    pub(super) headers: List<Pair<'a>>,
    #[serde(borrow)]
    pub(super) cookies: List<Pair<'a>>,
    #[serde(borrow)]
    pub(super) query_string: List<Pair<'a>>,
    #[serde(borrow)]
    pub(super) post_data: Given<PostData<'a>>,
    #[serde(borrow)]
    pub(super) body_size: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PostData<'a> {
    #[serde(borrow)]
    pub(super) mime_type: Scalar<'a>,
    #[serde(borrow)]
    pub(super) text: Scalar<'a>,
    #[serde(borrow, alias = "_encoding")]
    pub(super) encoding: Scalar<'a>,
    /// Name of the file beside the HAR that holds the body, as Playwright writes.
    #[serde(borrow, rename = "_file")]
    pub(super) file: Scalar<'a>,
    #[serde(borrow)]
    pub(super) params: List<Pair<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) status: Scalar<'a>,
    #[serde(borrow)]
    pub(super) http_version: Scalar<'a>,
    #[serde(borrow)]
    pub(super) headers: List<Pair<'a>>,
    #[serde(borrow)]
    pub(super) content: Maybe<Content<'a>>,
    #[serde(borrow)]
    pub(super) body_size: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) size: Scalar<'a>,
    #[serde(borrow)]
    pub(super) text: Scalar<'a>,
    #[serde(borrow)]
    pub(super) encoding: Scalar<'a>,
    /// Name of the file beside the HAR that holds the body, as Playwright writes.
    #[serde(borrow, rename = "_file")]
    pub(super) file: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Timings<'a> {
    #[serde(borrow)]
    pub(super) blocked: Scalar<'a>,
    #[serde(borrow)]
    pub(super) dns: Scalar<'a>,
    #[serde(borrow)]
    pub(super) connect: Scalar<'a>,
    #[serde(borrow)]
    pub(super) send: Scalar<'a>,
    #[serde(borrow)]
    pub(super) wait: Scalar<'a>,
    #[serde(borrow)]
    pub(super) receive: Scalar<'a>,
}

/// A header, cookie or posted parameter.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Pair<'a> {
    #[serde(borrow)]
    pub(super) name: Scalar<'a>,
    #[serde(borrow)]
    pub(super) value: Scalar<'a>,
    #[serde(borrow)]
    pub(super) file_name: Scalar<'a>,
}

impl<'a> Pair<'a> {
    /// Name and value as text; a missing value is an empty one.
    pub(super) fn into_text(self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        Some((self.name.into_text()?, self.value.into_text().unwrap_or_default()))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct WebSocketMessage<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Scalar<'a>,
    #[serde(borrow)]
    pub(super) time: Scalar<'a>,
    #[serde(borrow)]
    pub(super) opcode: Scalar<'a>,
    #[serde(borrow)]
    pub(super) data: Scalar<'a>,
}
