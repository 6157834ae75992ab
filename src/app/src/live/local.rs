//! A peer of this page, with its links and its time.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use gloo::utils::document;
use scalesmall_crdt::{NodeId, ReplicaId};
use scalesmall_node::{DeadClaims, Depth, Detection, Settings, SimTime, Strategy, Sync};
use scalesmall_peer::web::{self, BrowserError, LinkEvent, Links, Signalling, Ticker};
use scalesmall_peer::{Condition, Effects, Event, Peer, PeerId, Refusal};

use super::LiveWish;

/// How often the peer is woken at most, in milliseconds.
const TICK_MS: u32 = 50;
/// How much may wait in a link before the peer holds back.
const BUFFERED_BYTES_MAX: usize = 256 << 10;

/// How nodes in a room talk.
const SETTINGS: Settings = Settings {
    interval_us: 500_000,
    fanout: 1,
    strategy: Strategy::Tree,
    sync: Sync::Delta,
    anti_entropy: true,
    interest: false,
    history: Depth { inside: 1_000, outside: 1_000, forgets_stable: false },
    detection: Some(Detection {
        probe_us: 1_000_000,
        suspicion_us: 5_000_000,
        dead_claims: DeadClaims::Keep,
    }),
};

/// A peer, and what lets it take part.
pub(crate) struct Local(Rc<Inner>);

struct Inner {
    peer: RefCell<Peer>,
    links: RefCell<Option<Links>>,
    on_change: Box<dyn Fn()>,
    on_refused: Box<dyn Fn(Refusal)>,
}

impl Local {
    /// Enters a room. `on_change` is told when there may be something new to see, and `on_refused`
    /// of operations that were not carried out.
    ///
    /// # Errors
    ///
    /// What the browser says.
    pub(crate) fn join(
        wish: &LiveWish,
        on_change: impl Fn() + 'static,
        on_refused: impl Fn(Refusal) + 'static,
    ) -> Result<(Self, Alive), BrowserError> {
        let id = PeerId::new(web::random_bits());
        // Names that nobody has had before: a page that is loaded anew, or twice, is somebody else.
        let name = syllables(web::random_bits());
        let replica = |node| {
            let name = format!("{name}{node}");
            ReplicaId::first(NodeId::new(&name).expect("letters and a number"))
        };
        let replicas = (1..=wish.nodes).map(replica).collect();
        let seed = web::random_bits() as u64;
        let peer = Peer::new(id, &wish.room, replicas, SETTINGS, seed);
        let inner = Rc::new(Inner {
            peer: RefCell::new(peer),
            links: RefCell::new(None),
            on_change: Box::new(on_change),
            on_refused: Box::new(on_refused),
        });
        inner.handle(Event::Start);
        let on_event = with(&inner, Inner::follow);
        let links = Links::join(id, wish.room.name(), Signalling::Tabs, on_event)?;
        inner.links.replace(Some(links));
        let on_tick = with(&inner, |inner, ()| inner.wake());
        let on_visibility = with(&inner, |inner, ()| inner.note_visibility());
        let alive = Alive {
            _ticker: Ticker::every(TICK_MS, move || on_tick(())),
            _visibility: EventListener::new(&document(), "visibilitychange", move |_| {
                on_visibility(());
            }),
        };
        inner.note_visibility();
        Ok((Self(inner), alive))
    }

    /// Lets something happen to the peer.
    pub(crate) fn handle(&self, event: Event) {
        self.0.handle(event);
    }

    /// Looks at the peer as it is now.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Peer, SimTime) -> T) -> T {
        look(&self.0.peer.borrow(), now())
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.0.handle(Event::Leave);
    }
}

/// What keeps a peer going; ends with the page.
pub(crate) struct Alive {
    _ticker: Ticker,
    _visibility: EventListener,
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
        self.handle(match event {
            LinkEvent::Opened { peer, path, binding } => {
                Event::Opened { peer, path, binding, nonce: web::random_bits() }
            }
            LinkEvent::Received { peer, bytes, .. } => Event::Received(peer, bytes),
            LinkEvent::Drained(peer) => Event::Full(peer, false),
            LinkEvent::Closed { peer, .. } | LinkEvent::Gone(peer) => Event::Closed(peer),
            _ => Event::Wake,
        });
    }
}

/// A name that can be said, of 16 bits: consonants with a vowel between each two.
pub(super) fn syllables(bits: u128) -> String {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 4] = b"aeio";
    let draw = |at: u32| (bits >> at) as usize;
    let consonant = |at| char::from(CONSONANTS[draw(at) & 15]);
    let vowel = |at| char::from(VOWELS[draw(at) & 3]);
    [consonant(0), vowel(4), consonant(6), vowel(10), consonant(12)].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_said() {
        assert_eq!(syllables(0), "babab");
        assert_eq!(syllables(u128::MAX), "zozoz");
    }
}
