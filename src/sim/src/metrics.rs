//! What a run costs.

/// What a run has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Operations that took a dot.
    pub operations: u64,
    /// Operations asked for that had no effect where they were asked.
    pub operations_without_effect: u64,
    /// Messages that nodes, or steps, have sent.
    pub messages_sent: u64,
    /// Messages that were lost on a link, across a cut, where too many waited or at a crashed node.
    pub messages_lost: u64,
    /// The size of all messages sent.
    pub bytes_sent: u64,
    /// The part of it that is messages which carry operations or states.
    pub payload_bytes: u64,
    /// The part of it that is messages which say what somebody has, or has got.
    pub digest_bytes: u64,
    /// The part of it that is messages about who is a member, and who is there.
    pub membership_bytes: u64,
    /// Operations that came where they were known already, in messages that list operations.
    pub duplicates_received: u64,
    /// The most messages that were on their way at a time.
    pub queue_maximum: usize,
    /// The least that could have been sent: each operation's own size, once for each replica that
    /// lacked it and has got it.
    pub payload_bytes_minimum: u64,
}
