//! Rooms of peers over simulated links: they find together, go on through what befalls them, and
//! turn away who does not belong.

mod churn;
mod crowd;
mod hostile;
mod meeting;
mod recording;
mod retiring;
mod world;

/// Who of many is linked with whom, as between browsers.
#[path = "../../src/signalling/neighbours.rs"]
mod neighbours;

pub(crate) use scalesmall_peer::PeerId;
