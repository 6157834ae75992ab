//! What can go wrong at once.

use js_sys::Error;
use wasm_bindgen::{JsCast, JsValue};

use super::MESSAGE_BYTES_MAX;
use crate::PeerId;

/// The most characters that are kept of what a browser says.
const TEXT_CHARS_MAX: usize = 200;

/// What the browser would not do, and why, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{doing}: {text}")]
pub struct BrowserError {
    doing: &'static str,
    text: String,
}

impl BrowserError {
    /// The error that was thrown at `doing` something.
    pub(super) fn at(doing: &'static str) -> impl FnOnce(JsValue) -> Self {
        move |thrown| {
            let message = thrown.dyn_ref::<Error>().map(|error| String::from(error.message()));
            let text = message.or_else(|| thrown.as_string()).unwrap_or_default();
            Self { doing, text: text.chars().take(TEXT_CHARS_MAX).collect() }
        }
    }
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There is no open link to this peer.
    #[error("there is no link to {0}")]
    NoLink(PeerId),
    /// It is longer than [`MESSAGE_BYTES_MAX`].
    #[error("a message has at most {MESSAGE_BYTES_MAX} bytes, this one {bytes}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Too much is waiting to be sent over this link; [`Drained`](super::LinkEvent::Drained) says
    /// when to go on.
    #[error("{buffered_bytes} bytes wait to be sent to {peer} already")]
    Full {
        /// Who it is for.
        peer: PeerId,
        /// How much is waiting.
        buffered_bytes: usize,
    },
    /// The browser refused.
    #[error(transparent)]
    Browser(#[from] BrowserError),
}
