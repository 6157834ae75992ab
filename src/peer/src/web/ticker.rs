//! Ticks that go on in a tab that nobody looks at.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use gloo::timers::callback::Interval;
use web_sys::Worker;

use super::clock::now_us;

/// The worker: a tick, so many milliseconds after each request for one.
const SCRIPT: &str = "data:text/javascript,onmessage=e=>setTimeout(postMessage,e.data,0)";

/// Calls back at regular times until it is dropped.
///
/// Browsers slow down the timers of hidden tabs to one a second, or a minute, but not those of
/// workers. Each tick is asked for when the one before has been dealt with: a page that was busy or
/// asleep finds one tick, not all those that it has missed.
pub struct Ticker {
    _beat: Rc<Beat>,
}

impl Ticker {
    /// Calls `on_tick` every `every_ms` milliseconds, at least one.
    #[must_use]
    pub fn every(every_ms: u32, on_tick: impl Fn() + 'static) -> Self {
        let beat = Rc::new(Beat {
            every_ms: every_ms.max(1),
            due_us: Cell::new(now_us()),
            on_tick: Box::new(on_tick),
            source: RefCell::new(None),
        });
        let source = Source::worker(&beat).unwrap_or_else(|| Source::page(&beat));
        beat.source.replace(Some(source));
        beat.ask();
        Self { _beat: beat }
    }
}

struct Beat {
    every_ms: u32,
    due_us: Cell<u64>,
    on_tick: Box<dyn Fn()>,
    source: RefCell<Option<Source>>,
}

impl Beat {
    fn tick(&self) {
        (self.on_tick)();
        self.ask();
    }

    /// Asks the worker for the next tick: when it is due or, where that has passed, a whole pause
    /// from now.
    fn ask(&self) {
        let every_us = u64::from(self.every_ms) * 1_000;
        let now_us = now_us();
        let due_us = self.due_us.get() + every_us;
        let due_us = if due_us < now_us { now_us + every_us } else { due_us };
        self.due_us.set(due_us);
        if let Some(Source::Worker { worker, .. }) = &*self.source.borrow() {
            // A number can always be posted.
            let _ = worker.post_message(&((due_us - now_us) as f64 / 1_000.0).into());
        }
    }
}

/// Where ticks come from.
enum Source {
    Worker {
        worker: Worker,
        _listeners: [EventListener; 2],
    },
    /// Where the page may not have a worker.
    Page {
        _interval: Interval,
    },
}

impl Source {
    fn worker(beat: &Rc<Beat>) -> Option<Self> {
        let worker = Worker::new(SCRIPT).ok()?;
        let on_message = with(beat, |beat| beat.tick());
        // Refusals by the page's policy come late.
        let on_error = with(beat, |beat| {
            beat.source.replace(Some(Self::page(beat)));
        });
        let listeners = [
            EventListener::new(&worker, "message", move |_| on_message()),
            EventListener::new(&worker, "error", move |_| on_error()),
        ];
        Some(Self::Worker { worker, _listeners: listeners })
    }

    fn page(beat: &Rc<Beat>) -> Self {
        Self::Page { _interval: Interval::new(beat.every_ms, with(beat, |beat| beat.tick())) }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Self::Worker { worker, .. } = self {
            worker.terminate();
        }
    }
}

/// Does something with the beat while it is there.
fn with(beat: &Rc<Beat>, act: impl Fn(&Rc<Beat>) + 'static) -> impl Fn() + 'static {
    let beat: Weak<Beat> = Rc::downgrade(beat);
    move || {
        if let Some(beat) = beat.upgrade() {
            act(&beat);
        }
    }
}
