//! The copy of the page that needs no network, and how its next version gets its turn.
//!
//! `www/service-worker.js` keeps the copy and says by which rules. Where a browser has no such
//! workers, or refuses them, as on insecure hosts and in some private windows, the page works as
//! any other.

use gloo::console;
use gloo::events::EventListener;
use gloo::utils::window;
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{
    RegistrationOptions, ServiceWorkerContainer, ServiceWorkerRegistration,
    ServiceWorkerUpdateViaCache,
};
use yew::Callback;

/// The worker, below the page's own address, which is its scope.
const WORKER: &str = "service-worker.js";
/// What the worker takes for a word to go ahead.
const TAKE_OVER: &str = "take over";

/// Has the browser keep a copy of this page, and calls `on_new_version` each time that another
/// version is complete and waits for its turn.
pub(crate) fn keep_copy(on_new_version: Callback<NewVersion>) {
    // A developer is to see what has just been built.
    if cfg!(debug_assertions) {
        return;
    }
    let Some(workers) = workers() else { return };
    let options = RegistrationOptions::new();
    // Hosts let browsers keep scripts for a while: updates would be as late.
    options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
    let registration = workers.register_with_options(WORKER, &options);
    let follow = Closure::once(move |registration: JsValue| {
        let registration = registration.unchecked_into();
        NewVersion { workers, registration }.follow(on_new_version);
    });
    let complain =
        Closure::once(|error: JsValue| console::warn!("the page will not work offline:", error));
    let _ = registration.then2(&follow, &complain);
    // One of them is called, after this function has returned.
    follow.forget();
    complain.forget();
}

/// The version of the page that comes after the one that runs.
#[derive(Clone, PartialEq)]
pub(crate) struct NewVersion {
    workers: ServiceWorkerContainer,
    registration: ServiceWorkerRegistration,
}

impl NewVersion {
    /// Lets it take over, and loads the page anew from it.
    pub(crate) fn load(&self) {
        let Some(waiting) = self.registration.waiting() else {
            // Another tab has had it take over.
            return reload();
        };
        EventListener::once(&self.workers, "controllerchange", |_| reload()).forget();
        if let Err(error) = waiting.post_message(&TAKE_OVER.into()) {
            console::error!("the new version cannot be loaded:", error);
        }
    }

    /// Calls `on_ready` when it is ready to be loaded, and with each version after it again.
    fn follow(self, on_ready: Callback<Self>) {
        self.tell(&on_ready);
        self.await_installed(&on_ready);
        let registration = self.registration.clone();
        let on_found = move |_: &web_sys::Event| self.await_installed(&on_ready);
        // For as long as the page is there.
        EventListener::new(&registration, "updatefound", on_found).forget();
    }

    /// Waits for the version that is being fetched, if there is one. It is installed, or given
    /// up.
    fn await_installed(&self, on_ready: &Callback<Self>) {
        let Some(installing) = self.registration.installing() else { return };
        let (this, on_ready) = (self.clone(), on_ready.clone());
        EventListener::once(&installing, "statechange", move |_| this.tell(&on_ready)).forget();
    }

    /// A page that no worker serves came from the network, and runs the newest version.
    fn tell(&self, on_ready: &Callback<Self>) {
        if self.registration.waiting().is_some() && self.workers.controller().is_some() {
            on_ready.emit(self.clone());
        }
    }
}

/// The browser's side of workers, if it has one for this page.
fn workers() -> Option<ServiceWorkerContainer> {
    // The mere question throws where the page is in a sandbox.
    Reflect::get(&window().navigator(), &"serviceWorker".into()).ok()?.dyn_into().ok()
}

fn reload() {
    if let Err(error) = window().location().reload() {
        console::error!("the page cannot be loaded again:", error);
    }
}
