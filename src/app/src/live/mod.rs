//! Live: nodes of this page in a room with those of other tabs and machines.
//!
//! The very nodes that a simulated run has, hosted by a [`Peer`](scalesmall_peer::Peer), over real
//! links. Nothing here decides anything about a room: `local` lets what happens to links and in
//! time befall the peer and carries out what it wants done, and the page shows what the peer has
//! seen.

mod address;
mod by_hand;
mod course;
mod local;
mod names;
mod neighbours;
mod page;
mod recording;
mod server;

use gloo::events::EventListener;
use gloo::utils::window;
use scalesmall_peer::sayable_name;
use scalesmall_peer::web::random_bits;

use crate::location::{decode, fragment, keep_address};
use crate::preferences::Preferences;
pub(crate) use address::is_live;
use address::{LiveWish, without_invitation};
use page::{LivePage, Props};

/// The fragment of the address of a room in which nobody has been yet, with a secret that nobody can
/// guess.
pub(crate) fn new_room() -> String {
    let secret = format!("{:032x}", random_bits());
    format!("room={}&secret={secret}", sayable_name(random_bits()))
}

/// Shows the room that the address names, until it names something else.
pub(crate) fn open() {
    Preferences::of_reader().apply();
    let leave = EventListener::new(&window(), "hashchange", |_| {
        let _ = window().location().reload();
    });
    leave.forget();
    let wish = LiveWish::read(&fragment(), decode);
    if wish.as_ref().is_ok_and(|wish| wish.invitation.is_some()) {
        // Whoever loads the page anew, or passes the address on, is not invited again.
        keep_address(&without_invitation(&fragment()));
    }
    yew::Renderer::<LivePage>::with_props(Props { wish }).render();
}
