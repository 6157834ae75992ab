//! Web Locks, by which a tab knows of another's death, and that no other one is called as it is.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use gloo::utils::window;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::AbortController;

use crate::PeerId;

// `web-sys` has it for unstable builds only.
#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        callback: &Function,
    ) -> Result<Promise, JsValue>;
}

/// How a lock is to be had.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// By the tab under whose name it is, alone, for as long as it lives.
    Exclusive,
    /// By all who wait for that one's end, together.
    Shared,
}

/// A lock that is held or waited for until this is dropped.
pub struct Lock {
    abort: AbortController,
    release: Function,
    _on_granted: Rc<Closure<dyn FnMut() -> Promise>>,
}

impl Lock {
    /// Holds a name that one tab of this browser has at a time, for as long as this is kept. Nothing
    /// where another one has it for longer than `patience_ms`, or the browser has no such locks.
    pub async fn of_name(name: &str, patience_ms: u32) -> Option<Self> {
        let (mut lock, mut late) = (None, None);
        let granted = Promise::new(&mut |resolve, _| {
            let answer = move |is_granted: bool| {
                // It only keeps a promise.
                let _ = resolve.call1(&JsValue::UNDEFINED, &is_granted.into());
            };
            let too_late = answer.clone();
            lock = Self::request_name(&format!("name/{name}"), Mode::Exclusive, answer);
            late = Some(Timeout::new(patience_ms, move || too_late(false)));
        });
        let lock = lock?;
        let is_granted = JsFuture::from(granted).await.is_ok_and(|it| it.is_truthy());
        is_granted.then_some(lock)
    }

    /// Asks for the lock of `peer`. `on_answer` is told whether it was granted, unless this has
    /// been dropped before. Nothing where the browser has no such locks for this page.
    pub(super) fn request(
        peer: PeerId,
        mode: Mode,
        on_answer: impl Fn(bool) + 'static,
    ) -> Option<Self> {
        Self::request_name(&format!("peer/{peer}"), mode, on_answer)
    }

    fn request_name(name: &str, mode: Mode, on_answer: impl Fn(bool) + 'static) -> Option<Self> {
        let navigator = window().navigator();
        let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
        let locks: LockManager = locks.is_object().then(|| locks.unchecked_into())?;
        let abort = AbortController::new().ok()?;
        let options = Object::new();
        let mode = if mode == Mode::Shared { "shared" } else { "exclusive" };
        Reflect::set(&options, &"mode".into(), &mode.into()).ok()?;
        Reflect::set(&options, &"signal".into(), &abort.signal()).ok()?;

        // The lock is held until the promise that is returned to it is kept.
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let on_answer = Rc::new(on_answer);
        let on_granted = Closure::<dyn FnMut() -> Promise>::new({
            let on_answer = on_answer.clone();
            move || {
                on_answer(true);
                held.clone()
            }
        });
        let name = format!("scalesmall/{name}");
        let request = locks.request(&name, &options, on_granted.as_ref().unchecked_ref()).ok()?;
        let on_granted = Rc::new(on_granted);
        let is_there = Rc::downgrade(&on_granted);
        spawn_local(async move {
            if JsFuture::from(request).await.is_err() && is_there.upgrade().is_some() {
                on_answer(false);
            }
        });
        Some(Self { abort, release: release?, _on_granted: on_granted })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.abort.abort();
        // It only keeps a promise.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}
