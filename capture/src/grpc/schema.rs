//! Schemas of gRPC services, as `protoc` writes them.

use std::fmt;
use std::io::Write;

use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions};

/// Services and their messages, from files that `protoc --include_imports --descriptor_set_out=FILE` writes.
#[derive(Clone, Default)]
pub struct Schema {
    pool: DescriptorPool,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.pool.services().map(|service| service.full_name().to_owned())).finish()
    }
}

impl Schema {
    /// Adds what a file holds. The same definition may come again.
    ///
    /// # Errors
    ///
    /// The bytes are no set of descriptors, one that lacks what it refers to, or of an edition that is not read; says which.
    pub fn add(&mut self, file: &[u8]) -> Result<(), String> {
        let set = FileDescriptorSet::decode(file).map_err(|error| error.to_string())?;
        // The pool panics at these.
        let other = |file: &&FileDescriptorProto| !matches!(file.syntax.as_deref(), None | Some("proto2" | "proto3"));
        if let Some(other) = set.file.iter().find(other) {
            let (name, syntax) = (other.name().escape_debug(), other.syntax().escape_debug());
            return Err(format!("`{name}` has the syntax `{syntax}`; proto2 and proto3 are read"));
        }
        self.pool.decode_file_descriptor_set(file).map_err(|error| error.to_string())
    }

    /// Number of methods.
    pub fn methods(&self) -> usize {
        self.pool.services().map(|service| service.methods().len()).sum()
    }

    /// The method that a call's target names: its last two segments, as in `/shop.Orders/View`.
    pub(super) fn method(&self, target: &str) -> Option<MethodDescriptor> {
        let path = target.split('?').next()?;
        let mut segments = path.rsplit('/');
        let (method, service) = (segments.next()?, segments.next()?);
        self.pool.get_service_by_name(service)?.methods().find(|known| known.name() == method)
    }
}

/// Writes a message as JSON: fields by their names in the schema, defaults written out, enumerations by name, whole
/// numbers as numbers. None where it is no such message.
pub(super) fn write(kind: MessageDescriptor, bytes: &[u8], out: &mut dyn Write) -> Option<()> {
    let message = DynamicMessage::decode(kind, bytes).ok()?;
    let options =
        SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false).skip_default_fields(false);
    let mut writer = serde_json::Serializer::new(out);
    message.serialize_with_options(&mut writer, &options).ok()
}
