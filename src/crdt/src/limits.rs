//! What is bounded, and by how much.
//!
//! | limit | what happens beyond it |
//! |---|---|
//! | [`NODE_NAME_CHARS_MAX`] | [`NodeId::new`](crate::NodeId::new) refuses the name |
//! | [`MESSAGE_BYTES_MAX`], [`COUNTER_MAX`], [`SNAPSHOT_CLAIMS_MAX`] | decoding refuses the bytes |
//! | [`WAITING_MAX`] | an update that is early is dropped, as if it had not arrived |

/// The most characters that the name of a node may have; the least is one.
pub const NODE_NAME_CHARS_MAX: usize = 64;

/// The most updates that a replica keeps waiting for a predecessor.
pub const WAITING_MAX: usize = 4096;

/// The most bytes that are decoded at a time.
pub const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// The greatest counter that is read: a replica that issues a million operations a second reaches
/// it after eight years.
pub const COUNTER_MAX: u64 = 1 << 48;

/// The most claims that a snapshot may have: some 600 MB in memory.
pub const SNAPSHOT_CLAIMS_MAX: usize = 1 << 22;
