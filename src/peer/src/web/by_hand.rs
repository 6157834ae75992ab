//! Connections whose offer and answer people carry to each other, as texts, where nothing else does.
//!
//! An invitation is the very signal that offers a connection, with all by which this page may be
//! reached, and what is sent back for it the very answer. It is good for one other page, and for as long
//! as this one is there. Who was introduced in this way is linked like anybody else; when that link ends,
//! it takes another introduction.

use std::cell::Cell;
use std::rc::Rc;

use scalesmall_crdt::base64url;

use super::connection::Connection;
use super::room::{Room, State};
use super::{BrowserError, Happening, PEERS_MAX};
use crate::PeerId;
use crate::signalling::meeting::Input;
use crate::signalling::signal::{Envelope, Signal};

/// The most invitations that wait for an answer; of more the oldest is good for nobody.
const INVITATIONS_MAX: usize = 8;
/// The most characters of an introduction. Browsers' have about 1,500.
const CHARS_MAX: usize = 24_000;

/// A connection that is offered to whoever answers first.
pub(super) struct Invitation {
    attempt: u32,
    connection: Connection,
    /// Who that was.
    guest: Rc<Cell<Option<PeerId>>>,
}

/// Why an introduction comes to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoIntroduction {
    /// It is too long to be one.
    #[error("an introduction has at most {CHARS_MAX} characters, this one {0}")]
    TooLong(usize),
    /// A character of it, counted from 1, stands in no introduction.
    #[error("character {0} is none that an introduction has; perhaps not all of it was copied")]
    Character(usize),
    /// What is said is something else, or in another version's words.
    #[error("it is neither an invitation nor the answer to one, or that of another version")]
    Else,
    /// It comes from here.
    #[error("this is the invitation of this very page: it is for somebody else")]
    Own,
    /// The link that would come of it is there.
    #[error("there is a link to whom it comes from already")]
    Linked,
    /// It answers somebody else.
    #[error("it answers the invitation of another page")]
    Elsewhere,
    /// What it answers is not there any more.
    #[error("it answers an invitation that is taken, or no longer open: invite again")]
    Closed,
    /// More are not taken.
    #[error("there are {PEERS_MAX} peers already")]
    Full,
    /// Nobody could get here.
    #[error("this machine has no address by which others may reach it")]
    Unreachable,
    /// Whoever it comes from has another kind of browser, or somebody has changed it.
    #[error("this browser can make nothing of it")]
    Refused,
    /// What the browser says.
    #[error(transparent)]
    Browser(#[from] BrowserError),
}

impl Room {
    /// See [`Links::invite`](super::Links::invite).
    pub(super) async fn invite(self: Rc<Self>) -> Result<String, NoIntroduction> {
        let description = self.read(|state| {
            let attempt = super::random_bits() as u32;
            let guest = Rc::new(Cell::new(None));
            let (room, known) = (state.room.clone(), Rc::clone(&guest));
            let on_happening = move |happening| {
                if let (Some(room), Some(peer)) = (room.upgrade(), known.get()) {
                    room.turn(|state| state.handle(Input::Happened(peer, attempt, happening)));
                }
            };
            let connection = Connection::begin(&state.ice, None, on_happening)?;
            let description = connection.description();
            if state.invitations.len() == INVITATIONS_MAX {
                state.invitations.pop_front();
            }
            state.invitations.push_back(Invitation { attempt, connection, guest });
            Ok::<_, BrowserError>(async move { (attempt, description.await) })
        })?;
        let (attempt, description) = description.await;
        let signal = Signal::Offer { attempt, description: description? };
        Ok(self.read(|state| write(state.own, None, signal)))
    }

    /// See [`Links::take`](super::Links::take).
    pub(super) async fn take(
        self: Rc<Self>,
        text: String,
    ) -> Result<Option<String>, NoIntroduction> {
        let Envelope { from, to, signal } = read(&text)?;
        let own = self.read(|state| state.own);
        match signal {
            Signal::Offer { .. } if from == own => Err(NoIntroduction::Own),
            Signal::Offer { attempt, description } => {
                let answer = self.answer(from, attempt, description)?.await;
                if answer.is_err() {
                    let broke = Happening::Ended(super::Why::Broke);
                    self.turn(|state| state.handle(Input::Happened(from, attempt, broke)));
                }
                let signal = Signal::Answer { attempt, description: answer? };
                Ok(Some(write(own, Some(from), signal)))
            }
            Signal::Answer { .. } if to != Some(own) => Err(NoIntroduction::Elsewhere),
            Signal::Answer { attempt, description } => {
                let mut taken = Ok(());
                self.turn(|state| taken = state.welcome(from, attempt, description));
                taken.map(|()| None)
            }
            _ => Err(NoIntroduction::Else),
        }
    }

    /// Begins the connection that was offered. What comes is its description.
    fn answer(
        self: &Rc<Self>,
        peer: PeerId,
        attempt: u32,
        offer: String,
    ) -> Result<impl Future<Output = Result<String, NoIntroduction>> + use<>, NoIntroduction> {
        let mut introduced = Ok(());
        self.turn(|state| introduced = state.introduce(peer, attempt, false));
        introduced?;
        let (sender, receiver) = (Rc::downgrade(self), self);
        let on_happening = move |happening| {
            if let Some(room) = sender.upgrade() {
                room.turn(|state| state.handle(Input::Happened(peer, attempt, happening)));
            }
        };
        receiver.read(|state| {
            let connection = Connection::begin(&state.ice, Some(offer), on_happening)?;
            let description = connection.description();
            state.other(peer).connection = Some(connection);
            Ok(description)
        })
    }
}

impl State {
    fn introduce(
        &mut self,
        peer: PeerId,
        attempt: u32,
        has_answered: bool,
    ) -> Result<(), NoIntroduction> {
        if self.meeting.is_linked(peer) {
            return Err(NoIntroduction::Linked);
        }
        self.handle(Input::Introduced { peer, attempt, has_answered });
        let is_known = self.meeting.link(peer).is_some();
        is_known.then_some(()).ok_or(NoIntroduction::Full)
    }

    /// Lets whoever has answered an invitation have the connection.
    fn welcome(
        &mut self,
        peer: PeerId,
        attempt: u32,
        answer: String,
    ) -> Result<(), NoIntroduction> {
        let place = self.invitations.iter().position(|open| open.attempt == attempt);
        let place = place.ok_or(NoIntroduction::Closed)?;
        self.introduce(peer, attempt, true)?;
        if let Some(Invitation { connection, guest, .. }) = self.invitations.remove(place) {
            guest.set(Some(peer));
            connection.accept(answer);
            self.other(peer).connection = Some(connection);
        }
        Ok(())
    }
}

fn write(from: PeerId, to: Option<PeerId>, signal: Signal) -> String {
    base64url::encode(&Envelope { from, to, signal }.encode())
}

/// Reads what a person has brought, who may have broken it into lines.
fn read(text: &str) -> Result<Envelope, NoIntroduction> {
    let chars = text.chars().count();
    if chars > CHARS_MAX {
        return Err(NoIntroduction::TooLong(chars));
    }
    let whole: String = text.split_whitespace().collect();
    let bytes = base64url::decode(&whole).map_err(NoIntroduction::Character)?;
    Envelope::decode(&bytes).ok_or(NoIntroduction::Else)
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test]
    fn introductions_are_read_as_they_are_written() {
        let signal = Signal::Offer { attempt: 7, description: "v=0\r\n".to_owned() };
        let (from, to) = (PeerId::new(3), Some(PeerId::new(4)));
        let text = write(from, to, signal.clone());
        let envelope = Envelope { from, to, signal };
        assert_eq!(read(&text), Ok(envelope.clone()));
        let (one, other) = text.split_at(20);
        assert_eq!(read(&format!(" {one}\r\n  {other}\n")), Ok(envelope));
    }

    #[wasm_bindgen_test]
    fn what_is_none_is_named() {
        assert_eq!(read(""), Err(NoIntroduction::Else));
        assert_eq!(read("AAAA"), Err(NoIntroduction::Else));
        assert_eq!(read("AA+A"), Err(NoIntroduction::Character(3)));
        let long = "A".repeat(CHARS_MAX + 1);
        assert_eq!(read(&long), Err(NoIntroduction::TooLong(CHARS_MAX + 1)));
    }
}
