//! One element of `log.entries` as writers really write it: anything may be missing, null or of another type.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

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
    pub(super) post_data: Maybe<PostData<'a>>,
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

/// An object, where null or anything else counts as missing.
pub(super) struct Maybe<T>(pub(super) Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Maybe(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MaybeVisitor(PhantomData))
    }
}

struct MaybeVisitor<T>(PhantomData<T>);

/// The scalar half of a visitor that takes every scalar as missing.
macro_rules! scalars_are_missing {
    ($missing:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($missing)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($missing)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($missing)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($missing)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($missing)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($missing)
        }
    };
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for MaybeVisitor<T> {
    type Value = Maybe<T>;

    scalars_are_missing!(Maybe(None));

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<Scalar<'_>>()?.is_some() {}
        Ok(Maybe(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|value| Maybe(Some(value)))
    }
}

/// An array, where null or anything else counts as missing and elements that are no objects are left out.
pub(super) struct List<T>(pub(super) Option<Vec<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    scalars_are_missing!(List(None));

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element::<Maybe<T>>()? {
            list.extend(element.0);
        }
        Ok(List(Some(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, Scalar<'_>>()?.is_some() {}
        Ok(List(None))
    }
}
