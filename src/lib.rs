//! offpath: a passive analyzer for API workflow security.
