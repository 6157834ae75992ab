//! What is bounded, and by how much. A scenario beyond any of these is refused; a run drops
//! messages beyond the last four, as an overloaded network does, and counts them as lost.

/// The most bytes in a scenario file.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// The most replicas in a scenario.
pub const REPLICAS_MAX: usize = 10_000;
/// The most steps, and the most operations under `start`.
pub const STEPS_MAX: usize = 100_000;
/// The most characters in a title or in the name of a message.
pub const TEXT_CHARS_MAX: usize = 200;
/// The latest time in a scenario: an hour.
pub const TIME_MS_MAX: u32 = 3_600_000;
/// The time at which a run ends by default.
pub const TIME_MS_DEFAULT: u32 = 60_000;
/// The longest time that a message can be told to take.
pub const LATENCY_MS_MAX: u32 = 60_000;
/// The most bytes a second that a link can be told to transmit, where it is limited at all.
pub const BYTES_PER_S_MAX: u32 = 1_000_000_000;
/// The most that a node's clock can show more, or less, than the simulated time: an hour.
pub const CLOCK_SKEW_MS_MAX: i64 = 3_600_000;
/// The greatest incarnation that a replica can be told to have: one that restarts later has the next.
pub const INCARNATION_MAX: u32 = u32::MAX - (1 << 20);
/// The longest time between two exchanges.
pub const INTERVAL_MS_MAX: u32 = 60_000;
/// The most operations of a replica that a node's log can be told to keep.
pub const HISTORY_MAX: usize = 1_000_000;
/// The most peers that a node exchanges news with at a time.
pub const FANOUT_MAX: usize = 64;
/// The most events of a run that are still to come: messages in flight, mostly.
pub const QUEUE_MAX: usize = 1_000_000;
/// The most events that wait for one paused node.
pub const HELD_MAX: usize = 100_000;
/// The most messages that wait on clogged links, on all of them together.
pub const CLOGGED_MAX: usize = 100_000;
/// The longest time that a message waits for those before it, where a link is limited in the bytes
/// that it transmits: 10 s.
pub const LINK_WAIT_MS_MAX: u32 = 10_000;

/// The most operations whose orders of delivery are explored: 40,320 orders.
pub const EXPLORED_MESSAGES_MAX: usize = 8;
