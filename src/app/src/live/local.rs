//! A peer of this page, with its links and its time.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use gloo::utils::{document, window};
use scalesmall_node::SimTime;
use scalesmall_peer::web::{self, BrowserError, LinkEvent, Links, NoIntroduction, Ticker, Why};
use scalesmall_peer::{Condition, Effects, Event, Peer, PeerId, Recorded, Refusal};

use super::LiveWish;
use super::names::Names;

/// How often the peer is woken at most, in milliseconds.
const TICK_MS: u32 = 50;
/// How much may wait in a link before the peer holds back.
const BUFFERED_BYTES_MAX: usize = 256 << 10;

/// A peer, and what lets it take part. To drop this is to leave.
pub(crate) struct Local {
    inner: Rc<Inner>,
    _ticker: Ticker,
    _visibility: EventListener,
    _hide: EventListener,
}

struct Inner {
    peer: RefCell<Peer>,
    names: Names,
    links: RefCell<Option<Links>>,
    /// Whether the signalling server is reached, where there is one and it is known.
    reaches_server: Cell<Option<bool>>,
    on_change: Box<dyn Fn()>,
    on_refused: Box<dyn Fn(Refusal)>,
}

impl Local {
    /// Enters a room under these names. `on_change` is told when there may be something new to see, and `on_refused`
    /// of operations that were not carried out.
    ///
    /// # Errors
    ///
    /// What the browser says.
    pub(crate) fn join(
        wish: &LiveWish,
        names: Names,
        on_change: impl Fn() + 'static,
        on_refused: impl Fn(Refusal) + 'static,
    ) -> Result<Self, BrowserError> {
        let id = PeerId::new(web::random_bits());
        let seed = web::random_bits() as u64;
        let mut peer = Peer::new(id, &wish.room, names.replicas(wish.nodes), seed);
        names.bring(&mut peer);
        let inner = Rc::new(Inner {
            peer: RefCell::new(peer),
            names,
            links: RefCell::new(None),
            reaches_server: Cell::new(None),
            on_change: Box::new(on_change),
            on_refused: Box::new(on_refused),
        });
        inner.handle(Event::Start);
        let on_event = with(&inner, Inner::follow);
        let (signalling, ice) = (wish.signalling.clone(), wish.ice.clone());
        let links = Links::join(id, wish.room.name(), signalling, ice, on_event)?;
        inner.links.replace(Some(links));
        let on_tick = with(&inner, |inner, ()| inner.wake());
        let on_visibility = with(&inner, |inner, ()| inner.note_visibility());
        let ticker = Ticker::every(TICK_MS, move || on_tick(()));
        let visibility = EventListener::new(&document(), "visibilitychange", move |_| {
            on_visibility(());
        });
        let on_hide = with(&inner, |inner, ()| inner.names.note(&inner.peer.borrow()));
        let hide = EventListener::new(&window(), "pagehide", move |_| on_hide(()));
        inner.note_visibility();
        Ok(Self { inner, _ticker: ticker, _visibility: visibility, _hide: hide })
    }

    /// Lets something happen to the peer.
    pub(crate) fn handle(&self, event: Event) {
        self.inner.handle(event);
    }

    /// What introduces the peer to others, by hand.
    pub(super) fn introducer(&self) -> Introducer {
        Introducer(Rc::downgrade(&self.inner))
    }

    /// Whether the signalling server is reached, where there is one and it is known.
    pub(crate) fn reaches_server(&self) -> Option<bool> {
        self.inner.reaches_server.get()
    }

    /// What is on record of the room.
    pub(crate) fn recorded(&self) -> Option<Recorded> {
        self.inner.peer.borrow_mut().recorded(now())
    }

    /// Looks at the peer as it is now.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Peer, SimTime) -> T) -> T {
        look(&self.inner.peer.borrow(), now())
    }
}

/// What introduces a peer to others, by hand. Nothing comes of it once the peer has left.
#[derive(Clone)]
pub(super) struct Introducer(Weak<Inner>);

impl Introducer {
    /// See [`Links::invite`].
    pub(super) fn invite(
        &self,
    ) -> Option<impl Future<Output = Result<String, NoIntroduction>> + use<>> {
        let inner = self.0.upgrade()?;
        let links = inner.links.borrow();
        links.as_ref().map(Links::invite)
    }

    /// See [`Links::take`].
    pub(super) fn take(
        &self,
        text: String,
    ) -> Option<impl Future<Output = Result<Option<String>, NoIntroduction>> + use<>> {
        let inner = self.0.upgrade()?;
        let links = inner.links.borrow();
        links.as_ref().map(|links| links.take(text))
    }
}

impl PartialEq for Introducer {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.inner.handle(Event::Leave);
    }
}

fn now() -> SimTime {
    SimTime::from_us(web::now_us())
}

/// Lets something befall it while it is there.
fn with<T>(inner: &Rc<Inner>, act: impl Fn(&Inner, T) + 'static) -> impl Fn(T) + 'static {
    let inner: Weak<Inner> = Rc::downgrade(inner);
    move |what| {
        if let Some(inner) = inner.upgrade() {
            act(&inner, what);
        }
    }
}

impl Inner {
    fn handle(&self, event: Event) {
        let mut effects = Effects::default();
        self.peer.borrow_mut().handle(now(), event, &mut effects);
        let Effects { send, close, refused } = effects;
        let links = self.links.borrow();
        if let Some(links) = &*links {
            for (peer, lane, bytes) in send {
                // What cannot be sent is lost, as on any link.
                let _ = links.send(peer, lane, &bytes);
                if links.buffered_bytes(peer) > BUFFERED_BYTES_MAX {
                    let event = Event::Full(peer, true);
                    self.peer.borrow_mut().handle(now(), event, &mut Effects::default());
                }
            }
            for (peer, why) in close {
                if why.is_foul() { links.shun(peer) } else { links.close(peer) }
            }
        }
        drop(links);
        refused.into_iter().for_each(|refusal| (self.on_refused)(refusal));
        (self.on_change)();
    }

    fn wake(&self) {
        if self.peer.borrow().wake_at() <= now() {
            self.handle(Event::Wake);
        }
    }

    fn note_visibility(&self) {
        let is_hidden = document().hidden();
        self.handle(Event::Condition(if is_hidden { Condition::Hidden } else { Condition::Awake }));
    }

    fn follow(&self, event: LinkEvent) {
        if let LinkEvent::Server { is_reached } = event {
            self.reaches_server.set(Some(is_reached));
        }
        self.handle(match event {
            LinkEvent::Opened { peer, path, binding } => {
                Event::Opened { peer, path, binding, nonce: web::random_bits() }
            }
            LinkEvent::Received { peer, bytes, .. } => Event::Received(peer, bytes),
            LinkEvent::Drained(peer) => Event::Full(peer, false),
            LinkEvent::Closed { peer, why: Why::Left | Why::Died } => Event::Gone(peer),
            LinkEvent::Closed { peer, .. } | LinkEvent::Gone(peer) => Event::Closed(peer),
            _ => Event::Wake,
        });
    }
}
