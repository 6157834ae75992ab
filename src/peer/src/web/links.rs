//! The links of one peer.

use std::rc::Rc;

use super::room::Room;
use super::{BrowserError, IceServers, Lane, LinkEvent, NoIntroduction, SendError, Signalling};
use crate::PeerId;

/// The links of one peer to others of its room. To drop this is to leave.
pub struct Links {
    room: Rc<Room>,
}

impl Links {
    /// Enters a room as `own`, and links it with others from then on, where it takes that with the help
    /// of `ice`. `on_event` hears of all that happens; never before this has returned.
    ///
    /// # Errors
    ///
    /// What the browser says.
    pub fn join(
        own: PeerId,
        room: &str,
        signalling: Signalling,
        ice: IceServers,
        on_event: impl Fn(LinkEvent) + 'static,
    ) -> Result<Self, BrowserError> {
        Ok(Self { room: Room::enter(own, room, signalling, ice, Box::new(on_event))? })
    }

    /// Invites somebody whom nothing but people can reach: the text is for one other peer of the room to
    /// [take](Self::take), and is good for as long as this is there. It may take some seconds.
    ///
    /// # Errors
    ///
    /// This machine cannot be reached, or what the browser says.
    pub fn invite(&self) -> impl Future<Output = Result<String, NoIntroduction>> + use<> {
        Rc::clone(&self.room).invite()
    }

    /// Takes what a person has brought: an invitation, for which the text that comes is to be brought
    /// back, or that, upon which there will be a link, or not, within half a minute.
    ///
    /// # Errors
    ///
    /// It is something else, or comes to nothing.
    pub fn take(
        &self,
        text: String,
    ) -> impl Future<Output = Result<Option<String>, NoIntroduction>> + use<> {
        Rc::clone(&self.room).take(text)
    }

    /// Sends a message of at most [`MESSAGE_BYTES_MAX`](super::MESSAGE_BYTES_MAX) bytes.
    ///
    /// # Errors
    ///
    /// There is no open link to `peer`, the message is too long, or too much is waiting to be sent.
    pub fn send(&self, peer: PeerId, lane: Lane, bytes: &[u8]) -> Result<(), SendError> {
        self.room.send(peer, lane, bytes)
    }

    /// How many bytes wait to be sent to `peer`. It is 0 where nobody knows, as over a
    /// [`BroadcastChannel`](super::Path::BroadcastChannel).
    #[must_use]
    pub fn buffered_bytes(&self, peer: PeerId) -> usize {
        self.room.buffered_bytes(peer)
    }

    /// Parts from a peer, which is told so, without an event. It is found again when it next says
    /// that it is there, within seconds if it is well.
    pub fn close(&self, peer: PeerId) {
        self.room.part(peer);
    }

    /// Parts from a peer, and hears nothing more of it for as long as this is there, or until as
    /// many others have been shunned as are remembered.
    pub fn shun(&self, peer: PeerId) {
        self.room.shun(peer);
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.room.leave();
    }
}
