//! What can be switched off, to check that the model notices.

use std::sync::atomic::{AtomicBool, Ordering};

static STRANGERS_ARE_HEARD: AtomicBool = AtomicBool::new(false);

/// Whether replicas listen to those who are no members; it is up to whoever brings the messages
/// that they do not.
pub(crate) fn strangers_are_heard() -> bool {
    STRANGERS_ARE_HEARD.load(Ordering::SeqCst)
}

/// Switches that rule off.
#[cfg(feature = "ablation")]
pub(crate) fn hear_strangers(yes: bool) {
    STRANGERS_ARE_HEARD.store(yes, Ordering::SeqCst);
}
