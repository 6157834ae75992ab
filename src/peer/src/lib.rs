//! Nodes over real links.

#[cfg(target_arch = "wasm32")]
pub mod web;

mod peer_id;

pub use peer_id::PeerId;
