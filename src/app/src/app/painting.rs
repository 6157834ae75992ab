//! Paints the bands, when what is to be seen on them has changed.

use std::rc::Rc;

use scalesmall_crdt::KeyRange;
use scalesmall_sim::SimTime;
use wasm_bindgen::JsValue;
use web_sys::{HtmlCanvasElement, MediaQueryList};

use super::App;
use crate::canvas;
use crate::identity::Identities;
use crate::paint::{self, Axis, Theme};
use crate::shared::Shared;

/// What a painting depends on, besides the picture.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Surface {
    widths: [usize; 4],
    keys: KeyRange,
    scale: usize,
    theme: Theme,
}

/// What the painted divergence map depends on, within one run.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct PaintedDivergence {
    version: u64,
    extent: SimTime,
    keys: KeyRange,
    width: usize,
    scale: usize,
    theme: Theme,
}

impl App {
    pub(super) fn theme(&self) -> Theme {
        let is_dark = self.dark.as_ref().is_some_and(MediaQueryList::matches);
        self.preferences.appearance.theme(is_dark)
    }

    /// Notes how wide the canvases are laid out. To ask for that in each frame would have the
    /// browser lay out the document as often.
    pub(super) fn measure(&mut self) {
        let canvases = [
            &self.truth_canvas,
            &self.views_canvas,
            &self.overview_canvas,
            &self.divergence_canvas,
        ];
        let width = |canvas: Option<HtmlCanvasElement>| canvas.as_ref().map_or(0, canvas::width);
        self.widths = canvases.map(|canvas| width(canvas.cast::<HtmlCanvasElement>()));
    }

    /// Paints the bands, if anything on them has changed.
    pub(super) fn paint(&mut self) {
        let canvases = [&self.truth_canvas, &self.views_canvas];
        let [Some(truth_canvas), Some(views_canvas)] =
            canvases.map(|canvas| canvas.cast::<HtmlCanvasElement>())
        else {
            return;
        };
        let surface = Surface {
            widths: self.widths,
            keys: self.keys,
            scale: canvas::scale(),
            theme: self.theme(),
        };
        self.paint_divergence(surface.scale, surface.theme);
        let painted = Some((self.picture.clone(), self.identities.clone(), surface));
        if self.painted == painted {
            return;
        }
        if let Err(error) = self.paint_bands(surface, &truth_canvas, &views_canvas) {
            gloo::console::error!("the stage cannot be drawn:", error);
        }
        self.painted = painted;
    }

    /// Paints what differs from what was painted last.
    fn paint_bands(
        &mut self,
        surface: Surface,
        truth_canvas: &HtmlCanvasElement,
        views_canvas: &HtmlCanvasElement,
    ) -> Result<(), JsValue> {
        let Surface { widths, keys, scale, theme } = surface;
        let [truth_axis, views_axis, ..] = widths.map(|width| Axis { keys, width: width * scale });
        let is_same = |(_, identities, before): &&(_, Shared<Identities>, Surface)| {
            *identities == self.identities && *before == surface
        };
        let before = self.painted.as_ref().filter(is_same).map(|(picture, ..)| picture);
        let (truth, identities) = (&self.picture.truth, &self.identities);

        let views = &self.picture.views[..self.strips()];
        let before_views = before.map(|before| &*before.views);
        let pixels = &mut self.strips;
        let lines =
            paint::views(pixels, before_views, views_axis, scale, &theme, views, identities);
        canvas::show_lines(views_canvas, pixels, &lines)?;

        if before.is_some_and(|before| Rc::ptr_eq(&before.truth, truth)) {
            return Ok(());
        }
        let pixels = &mut self.pixels;
        let labels = paint::truth(pixels, truth_axis, scale, &theme, truth, identities);
        canvas::show(truth_canvas, pixels)?;
        canvas::write(truth_canvas, &labels, scale, &theme)?;
        if let Some(canvas) = self.overview_canvas.cast::<HtmlCanvasElement>() {
            paint::overview(pixels, widths[2] * scale, scale, &theme, truth, identities);
            canvas::show(&canvas, pixels)?;
        }
        Ok(())
    }

    /// Paints the divergence map, which changes when the others need not: as time passes in which
    /// nothing happens, and when the end of the run is known.
    pub(super) fn paint_divergence(&mut self, scale: usize, theme: Theme) {
        let Some(canvas) = self.divergence_canvas.cast::<HtmlCanvasElement>() else {
            return;
        };
        let (divergence, extent) = (self.player.divergence(), self.player.extent());
        let (width, version) = (self.widths[3], divergence.version());
        let keys = self.keys;
        let painted = Some(PaintedDivergence { version, extent, keys, width, scale, theme });
        if self.painted_divergence == painted {
            return;
        }
        let width = width.saturating_sub(paint::VERSIONS_WIDTH) * scale;
        let axis = Axis { keys, width };
        paint::divergence(&mut self.pixels, axis, scale, &theme, divergence, extent);
        if let Err(error) = canvas::show(&canvas, &self.pixels) {
            gloo::console::error!("the divergence map cannot be drawn:", error);
        }
        self.painted_divergence = painted;
    }
}
