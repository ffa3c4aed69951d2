//! Exchange to event: who did what to which object.
