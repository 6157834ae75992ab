//! The bands that show a picture: the truth, what each node believes, and the truth in small.
//!
//! They are painted outside of the document's own drawing, on canvases that components put into it,
//! and only where they differ from what was painted last.

use std::rc::Rc;

use scalesmall_crdt::KeyRange;
use wasm_bindgen::JsValue;
use web_sys::HtmlCanvasElement;
use yew::NodeRef;

use crate::canvas;
use crate::identity::Identities;
use crate::paint::{self, Axis, Pixels, Theme};
use crate::picture::Picture;
use crate::shared::Shared;

/// The canvases of the bands, and what is to be seen on them.
#[derive(Default)]
pub(crate) struct Bands {
    pub(crate) truth: NodeRef,
    pub(crate) views: NodeRef,
    /// The truth in small, where there is one.
    pub(crate) overview: NodeRef,
    /// How wide they are laid out, in this order.
    widths: [usize; 3],
    pixels: Pixels,
    /// The strips as they are shown.
    strips: Pixels,
    painted: Option<(Shared<Picture>, Shared<Identities>, Surface)>,
}

/// What a painting depends on, besides the picture.
#[derive(Clone, Copy, PartialEq)]
struct Surface {
    widths: [usize; 3],
    keys: KeyRange,
    scale: usize,
    theme: Theme,
}

impl Bands {
    /// Notes how wide the canvases are laid out. To ask for that in each frame would have the
    /// browser lay out the document as often.
    pub(crate) fn measure(&mut self) {
        self.widths = [&self.truth, &self.views, &self.overview].map(width);
    }

    /// Nothing is painted any more.
    pub(crate) fn forget(&mut self) {
        self.painted = None;
    }

    /// Paints the bands, if anything on them has changed.
    pub(crate) fn paint(
        &mut self,
        picture: &Shared<Picture>,
        identities: &Shared<Identities>,
        keys: KeyRange,
        theme: Theme,
    ) {
        let surface = Surface { widths: self.widths, keys, scale: canvas::scale(), theme };
        let painted = Some((picture.clone(), identities.clone(), surface));
        let [Some(truth), Some(views)] = [&self.truth, &self.views].map(NodeRef::cast) else {
            return;
        };
        if self.painted == painted {
            return;
        }
        if let Err(error) = self.paint_on([&truth, &views], picture, identities, surface) {
            gloo::console::error!("the stage cannot be drawn:", error);
        }
        self.painted = painted;
    }

    /// Paints what differs from what was painted last.
    fn paint_on(
        &mut self,
        [truth_canvas, views_canvas]: [&HtmlCanvasElement; 2],
        picture: &Picture,
        identities: &Shared<Identities>,
        surface: Surface,
    ) -> Result<(), JsValue> {
        let Surface { widths, keys, scale, theme } = surface;
        let [truth_axis, views_axis, _] = widths.map(|width| Axis { keys, width: width * scale });
        let is_same = |(_, before, on): &&(_, Shared<Identities>, Surface)| {
            before == identities && *on == surface
        };
        let before = self.painted.as_ref().filter(is_same).map(|(picture, ..)| picture);

        let views = &picture.views[..picture.strips()];
        let before_views = before.map(|before| &*before.views);
        let pixels = &mut self.strips;
        let lines =
            paint::views(pixels, before_views, views_axis, scale, &theme, views, identities);
        canvas::show_lines(views_canvas, pixels, &lines)?;

        let truth = &picture.truth;
        if before.is_some_and(|before| Rc::ptr_eq(&before.truth, truth)) {
            return Ok(());
        }
        let pixels = &mut self.pixels;
        let labels = paint::truth(pixels, truth_axis, scale, &theme, truth, identities);
        canvas::show(truth_canvas, pixels)?;
        canvas::write(truth_canvas, &labels, scale, &theme)?;
        if let Some(canvas) = self.overview.cast::<HtmlCanvasElement>() {
            paint::overview(pixels, widths[2] * scale, scale, &theme, truth, identities);
            canvas::show(&canvas, pixels)?;
        }
        Ok(())
    }
}

/// How wide a canvas is laid out; 0 where it is not there.
pub(crate) fn width(canvas: &NodeRef) -> usize {
    canvas.cast::<HtmlCanvasElement>().as_ref().map_or(0, canvas::width)
}
