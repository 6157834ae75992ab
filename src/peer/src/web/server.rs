//! Signalling by a server, for browsers on any machines.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, WebSocket};

use super::signalling::Signaller;
use super::{BrowserError, random_bits};
use crate::PeerId;
use crate::signalling::directory::{Directory, News, pause_ms};
use crate::signalling::meeting::Input;
use crate::signalling::signal::Signal;

/// How long a call may take to be answered.
const ANSWER_LIMIT_MS: u32 = 10_000;
/// Where more waits to be sent to the server, nobody listens any longer.
const BUFFERED_BYTES_MAX: u32 = 1 << 20;

/// A server that is called again whenever it has gone.
pub(super) struct Server(Rc<Inner>);

struct Inner {
    url: String,
    directory: RefCell<Directory>,
    on_input: Box<dyn Fn(Input)>,
    call: RefCell<Option<Call>>,
    is_reached: Cell<bool>,
    /// How many calls in a row have not been answered.
    failures: Cell<u32>,
    /// Ends the wait for an answer, or the pause before the next call.
    timer: Cell<Option<Timeout>>,
}

/// A call of the server, until it is dropped.
struct Call {
    socket: WebSocket,
    listeners: Vec<EventListener>,
}

impl Server {
    /// Calls the server at `url`, where the room is the last part of the path.
    ///
    /// # Errors
    ///
    /// The browser does not let this page call there.
    pub(super) fn call(
        own: PeerId,
        url: &str,
        on_input: Box<dyn Fn(Input)>,
    ) -> Result<Self, BrowserError> {
        let inner = Rc::new(Inner {
            url: url.to_owned(),
            directory: RefCell::new(Directory::new(own)),
            on_input,
            call: RefCell::new(None),
            is_reached: Cell::new(false),
            failures: Cell::new(0),
            timer: Cell::new(None),
        });
        inner.call()?;
        Ok(Self(inner))
    }
}

impl Signaller for Server {
    fn post(&self, to: Option<PeerId>, signal: Signal) -> Result<(), BrowserError> {
        let texts = self.0.directory.borrow().post(to, &signal);
        texts.iter().try_for_each(|text| self.0.say(text))
    }
}

impl Inner {
    fn call(self: &Rc<Self>) -> Result<(), BrowserError> {
        let socket =
            WebSocket::new(&self.url).map_err(BrowserError::at("calling the signalling server"))?;
        let (on_message, on_close) = (Rc::downgrade(self), Rc::downgrade(self));
        let listeners = vec![
            EventListener::new(&socket, "message", move |event| {
                let event: &MessageEvent = event.unchecked_ref();
                // There are no others.
                if let (Some(inner), Some(text)) = (on_message.upgrade(), event.data().as_string())
                {
                    inner.hear(&text);
                }
            }),
            EventListener::new(&socket, "close", move |_| fail(&on_close)),
        ];
        self.call.replace(Some(Call { socket, listeners }));
        let this = Rc::downgrade(self);
        self.timer.set(Some(Timeout::new(ANSWER_LIMIT_MS, move || fail(&this))));
        Ok(())
    }

    fn hear(&self, text: &str) {
        let news = self.directory.borrow_mut().hear(text);
        match news {
            Some(News::Assigned) => {
                self.timer.set(None);
                self.failures.set(0);
                self.is_reached.set(true);
                (self.on_input)(Input::Server { is_reached: true });
                (self.on_input)(Input::Appeared);
            }
            // Whoever it was is greeted when it comes again.
            Some(News::Came(greeting)) => drop(self.say(&greeting)),
            Some(News::Left(peer)) => (self.on_input)(Input::Unheard(peer)),
            Some(News::Heard(from, signal)) => (self.on_input)(Input::Heard(from, signal)),
            None => {}
        }
    }

    fn say(&self, text: &str) -> Result<(), BrowserError> {
        match &*self.call.borrow() {
            Some(Call { socket, .. })
                if self.is_reached.get() && socket.buffered_amount() <= BUFFERED_BYTES_MAX =>
            {
                socket
                    .send_with_str(text)
                    .map_err(BrowserError::at("telling the signalling server"))
            }
            _ => Ok(()),
        }
    }
}

/// Ends a call that is of no use, and calls again after a pause.
fn fail(inner: &Weak<Inner>) {
    let Some(inner) = inner.upgrade() else { return };
    inner.call.replace(None);
    inner.directory.borrow_mut().clear();
    let failures = inner.failures.get();
    inner.failures.set(failures.saturating_add(1));
    let this = Rc::downgrade(&inner);
    let pause = Timeout::new(pause_ms(failures, random_bits() as u32), move || {
        if this.upgrade().is_some_and(|inner| inner.call().is_err()) {
            fail(&this);
        }
    });
    inner.timer.set(Some(pause));
    if inner.is_reached.replace(false) || failures == 0 {
        (inner.on_input)(Input::Server { is_reached: false });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.listeners.clear();
        // What has been said before is still sent.
        let _ = self.socket.close();
    }
}
