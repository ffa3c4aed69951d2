//! The `offpath` command.
fn main() {}
