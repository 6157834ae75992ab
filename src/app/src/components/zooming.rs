//! How a band is zoomed and moved along by wheel, by trackpad and by touch.
//!
//! Browsers hand on the pinch of a trackpad as a wheel that is turned with ctrl held. A wheel alone
//! goes on scrolling the page, and so does a finger that is drawn up or down: `touch-action` of the
//! bands, in the stylesheet, leaves only the rest to the page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use scalesmall_crdt::KeyRange;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent, PointerEvent, WheelEvent};
use yew::prelude::*;

use super::on_axis::Pointed;
use crate::visible::{Look, On, held};

/// How far a wheel is turned, in pixels, until twice as many keys are to be seen.
const DOUBLE_PX: f64 = 240.0;
/// A line and a page of those wheels that count in them, in pixels.
const LINE_PX: f64 = 16.0;
const PAGE_PX: f64 = 400.0;

/// What the listeners go by, which outlive a rendering.
struct Band {
    canvas: NodeRef,
    /// What the canvas shows to the left of the keys, in pixels.
    inset: usize,
    keys: Cell<KeyRange>,
    on_look: Callback<Look>,
    /// How far the wheel has been turned for which there was not yet a key.
    turned_px: Cell<f64>,
    touch: RefCell<Touch>,
}

/// Fingers on the band.
#[derive(Default)]
struct Touch {
    /// Which, where they came to be at first, and where they are now; two at most.
    fingers: Vec<(i32, i32, i32)>,
    /// What was to be seen at first.
    keys: Option<KeyRange>,
}

/// Lets the band of a canvas be zoomed and moved along.
#[hook]
pub(crate) fn use_zooming(
    canvas: &NodeRef,
    inset: usize,
    keys: KeyRange,
    on_look: &Callback<Look>,
) {
    let band = use_memo((), |()| Band {
        canvas: canvas.clone(),
        inset,
        keys: Cell::new(keys),
        on_look: on_look.clone(),
        turned_px: Cell::new(0.0),
        touch: RefCell::default(),
    });
    band.keys.set(keys);
    use_effect_with((), move |()| {
        let listeners = listeners(&band);
        move || drop(listeners)
    });
}

fn listeners(band: &Rc<Band>) -> Vec<EventListener> {
    let canvas = band.canvas.cast::<Element>();
    let Some(element) = canvas.and_then(|canvas| canvas.parent_element()) else {
        return Vec::new();
    };
    let on = |kind: &'static str, act: fn(&Band, &web_sys::Event)| {
        let band = Rc::clone(band);
        let options = EventListenerOptions::enable_prevent_default();
        EventListener::new_with_options(&element, kind, options, move |event| act(&band, event))
    };
    vec![
        on("wheel", |band, event| band.turn(event.unchecked_ref())),
        on("pointerdown", |band, event| band.put_down(event.unchecked_ref())),
        on("pointermove", |band, event| band.move_finger(event.unchecked_ref())),
        on("pointerup", |band, event| band.lift(event.unchecked_ref())),
        on("pointercancel", |band, event| band.lift(event.unchecked_ref())),
    ]
}

impl Band {
    fn pointed(&self, event: &MouseEvent) -> Option<Pointed> {
        Pointed::of(&self.canvas, self.inset, event)
    }

    fn turn(&self, event: &WheelEvent) {
        let Some(pointed) = self.pointed(event) else { return };
        let width = pointed.width;
        let unit_px = match event.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => LINE_PX,
            WheelEvent::DOM_DELTA_PAGE => PAGE_PX,
            _ => 1.0,
        };
        let [along_px, down_px] = [event.delta_x(), event.delta_y()].map(|delta| delta * unit_px);
        if event.ctrl_key() || event.meta_key() {
            event.prevent_default();
            let per_mille = 1_000.0 * (down_px / DOUBLE_PX).exp2();
            let on = On::Pixel(pointed.x(), width);
            self.on_look.emit(Look::Zoom { on, per_mille: per_mille.clamp(1.0, 1e6) as u32 });
            return;
        }
        let turned_px = match event.shift_key() {
            true if along_px == 0.0 => down_px,
            _ => along_px,
        };
        // Who scrolls up or down on a trackpad goes a little sideways, too.
        if turned_px.abs() <= down_px.abs() && !event.shift_key() {
            return;
        }
        event.prevent_default();
        let turned_px = self.turned_px.get() + turned_px;
        let whole_px = match turned_px.abs() * self.keys.get().keys() as f64 >= width as f64 {
            true => turned_px.trunc(),
            false => 0.0,
        };
        self.turned_px.set(turned_px - whole_px);
        if whole_px != 0.0 {
            self.on_look.emit(Look::Pan { by: whole_px as i64, of: width as u32 });
        }
    }

    fn put_down(&self, event: &PointerEvent) {
        let Some(Pointed { x, .. }) = self.pointed(event) else { return };
        let touch = &mut *self.touch.borrow_mut();
        if event.pointer_type() == "touch" && touch.fingers.len() < 2 {
            touch.fingers.push((event.pointer_id(), x, x));
            touch.begin(self.keys.get());
        }
    }

    fn move_finger(&self, event: &PointerEvent) {
        let Some(Pointed { x, width, .. }) = self.pointed(event) else { return };
        let touch = &mut *self.touch.borrow_mut();
        let moved = touch.fingers.iter_mut().find(|finger| finger.0 == event.pointer_id());
        let Some(moved) = moved else { return };
        moved.2 = x;
        let (Some(first), Some(last)) = (touch.fingers.first(), touch.fingers.last()) else {
            return;
        };
        if let Some(keys) = touch.keys {
            let keys = held(keys, [first.1, last.1], [first.2, last.2], width);
            self.on_look.emit(Look::At(keys));
        }
    }

    fn lift(&self, event: &PointerEvent) {
        let touch = &mut *self.touch.borrow_mut();
        touch.fingers.retain(|finger| finger.0 != event.pointer_id());
        touch.begin(self.keys.get());
    }
}

impl Touch {
    /// From here on the fingers that there are now hold what is to be seen now.
    fn begin(&mut self, keys: KeyRange) {
        for finger in &mut self.fingers {
            finger.1 = finger.2;
        }
        self.keys = Some(keys);
    }
}
