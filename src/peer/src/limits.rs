//! What is bounded, and by how much.
//!
//! | limit | what happens beyond it |
//! |---|---|
//! | [`PEERS_MAX`] | a link more is closed: there is no room |
//! | [`NODES_MAX`] | a peer hosts no more |
//! | [`FRAME_BYTES_MAX`], [`KNOWN_NODES_MAX`], [`MESSAGE_BYTES_MAX`](scalesmall_node::MESSAGE_BYTES_MAX) | the link that it came by is closed |
//! | [`BYTES_A_SECOND_MAX`], [`FRAMES_A_SECOND_MAX`] | the same, after a burst of as much |
//! | [`QUEUE_BYTES_MAX`] | what would be queued is lost, as on any link |
//! | [`RECORDED_US_MAX`], [`RECORDED_NEWS_MAX`], [`RECORDED_ENTRIES_MAX`] | the record of the room begins later |
//! | [`PROOF_US_MAX`] | who has not proven by then that it knows the room is turned away |

/// The most peers that one peer is linked to at a time.
pub const PEERS_MAX: usize = 64;

/// The most nodes that one peer hosts.
pub const NODES_MAX: usize = 24;

/// The most nodes in a room that a peer takes note of: those of 64 full peers.
pub const KNOWN_NODES_MAX: usize = 1_536;

/// The most nodes that one neighbour tells of at a time: all of a room, and its own.
pub(crate) const SLOTS_MAX: usize = KNOWN_NODES_MAX + NODES_MAX;

/// The most bytes of one frame. Larger messages go in parts; data channels of all browsers take
/// this much.
pub const FRAME_BYTES_MAX: usize = 16 << 10;

/// The most bytes that wait for a link to become free.
pub const QUEUE_BYTES_MAX: usize = 32 << 20;

/// The most bytes that a link may bring in a second, on average.
pub const BYTES_A_SECOND_MAX: u32 = 16 << 20;

/// The most frames that a link may bring in a second, on average.
pub const FRAMES_A_SECOND_MAX: u32 = 4_000;

/// The longest time in which the other end of a link may prove that it knows the room's secret.
pub const PROOF_US_MAX: u64 = 10_000_000;

/// The longest time that is on record of a room.
pub const RECORDED_US_MAX: u64 = 600_000_000;

/// How much may be on record of a room: how often somewhere something new was seen. It comes to two
/// steps of a scenario each.
pub const RECORDED_NEWS_MAX: usize = 20_000;

/// The most entries in the states on record ([`ClaimMap::entries`](scalesmall_crdt::ClaimMap::entries)).
pub const RECORDED_ENTRIES_MAX: usize = 100_000;
