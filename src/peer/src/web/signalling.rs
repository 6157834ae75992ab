//! How peers of a room hear of each other.

use super::broadcast::Broadcast;
use super::server::Server;
use super::{BrowserError, ServerAddress};
use crate::PeerId;
use crate::signalling::meeting::Input;
use crate::signalling::signal::Signal;

/// How peers of a room hear of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signalling {
    /// As tabs of one browser, or peers in one tab, from the same host: no server takes part.
    Tabs,
    /// By a signalling server, on whatever machines they are.
    Server(ServerAddress),
}

impl Signalling {
    /// Begins to hear signals to `own` and to all, but not its own. A server also says when others
    /// are heard, and when no longer.
    ///
    /// # Errors
    ///
    /// What the browser says.
    pub(super) fn start(
        &self,
        own: PeerId,
        room: &str,
        on_input: impl Fn(Input) + 'static,
    ) -> Result<Box<dyn Signaller>, BrowserError> {
        match self {
            Self::Tabs => Ok(Box::new(Broadcast::open(own, room, on_input)?)),
            Self::Server(address) => {
                Ok(Box::new(Server::call(own, &address.of_room(room), Box::new(on_input))?))
            }
        }
    }

    /// Whether all peers are of this browser: then Web Locks tell who of them is alive, and the
    /// signaller may carry messages where no connection can be had.
    pub(super) fn is_local(&self) -> bool {
        *self == Self::Tabs
    }
}

/// What carries signals until it is dropped. It may lose them, or deliver them twice; what it
/// delivers of one peer is in order.
pub(super) trait Signaller {
    /// Sends a signal to one peer, or to all.
    ///
    /// # Errors
    ///
    /// What the browser says.
    fn post(&self, to: Option<PeerId>, signal: Signal) -> Result<(), BrowserError>;
}
