//! The same traffic as others see it: a real client, Debian's nginx, and tshark.

mod process;
mod reading;
mod recording;
