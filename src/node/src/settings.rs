//! How a node spreads news.

/// How often a node exchanges news, and with how many peers at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The time between two exchanges that a node begins, in microseconds; at least 1.
    pub interval_us: u32,
    /// How many peers it begins an exchange with each time.
    pub fanout: usize,
}
