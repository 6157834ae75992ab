//! What comes to a node from outside of the run.

use std::sync::Arc;

use scalesmall_crdt::codec::{DecodeError, Flaw};
use scalesmall_crdt::{ClaimMap, Delta, Replicated, base64url};

/// Updates, or a whole state, that nobody in the run needs to have issued: what nodes of another
/// run, or real ones, had before this one begins, or have seen without it. In a file it is the bytes
/// of the codec as base64url.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    text: Arc<str>,
    news: ElsewhereNews,
}

/// The same, read.
#[derive(Clone, Debug)]
pub(crate) enum ElsewhereNews {
    Updates(Delta),
    State(Arc<dyn Replicated>),
}

/// A text that is no news from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNews {
    /// No bytes stand like that.
    #[error("character {0} is not one of base64url, without padding, that stands there")]
    Text(usize),
    /// The bytes are neither updates nor a state.
    #[error("these bytes are neither updates nor a state: {0}")]
    Bytes(#[from] DecodeError),
}

impl Elsewhere {
    /// Reads what a file has.
    ///
    /// # Errors
    ///
    /// [`NoNews`] for what is no such text.
    pub fn parse(text: &str) -> Result<Self, NoNews> {
        let bytes = base64url::decode(text).map_err(NoNews::Text)?;
        let news = match Delta::from_bytes(&bytes) {
            Err(DecodeError { flaw: Flaw::OtherKind(_), .. }) => {
                ElsewhereNews::State(Arc::new(ClaimMap::from_bytes(&bytes)?))
            }
            updates => ElsewhereNews::Updates(updates?),
        };
        Ok(Self { text: text.into(), news })
    }

    /// What a file has.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn news(&self) -> &ElsewhereNews {
        &self.news
    }
}

impl PartialEq for Elsewhere {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
