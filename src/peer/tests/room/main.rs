//! Rooms of peers over simulated links: they find together, go on through what befalls them, and
//! turn away who does not belong.

mod hostile;
mod meeting;
mod world;
