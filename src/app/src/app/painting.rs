//! Paints what has changed of the bands, and of the divergence map.

use scalesmall_crdt::KeyRange;
use scalesmall_sim::SimTime;
use web_sys::{HtmlCanvasElement, MediaQueryList};

use super::App;
use crate::paint::{self, Axis, Theme};
use crate::{bands, canvas};

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

    /// Notes how wide the canvases are laid out.
    pub(super) fn measure(&mut self) {
        self.bands.measure();
        self.divergence_width = bands::width(&self.divergence_canvas);
    }

    /// Paints what has changed.
    pub(super) fn paint(&mut self) {
        let theme = self.theme();
        self.paint_divergence(canvas::scale(), theme);
        self.bands.paint(&self.picture, &self.identities, self.keys, theme);
    }

    /// Paints the divergence map, which changes when the others need not: as time passes in which
    /// nothing happens, and when the end of the run is known.
    fn paint_divergence(&mut self, scale: usize, theme: Theme) {
        let Some(canvas) = self.divergence_canvas.cast::<HtmlCanvasElement>() else {
            return;
        };
        let (divergence, extent) = (self.player.divergence(), self.player.extent());
        let (width, version) = (self.divergence_width, divergence.version());
        let keys = self.keys;
        let painted = Some(PaintedDivergence { version, extent, keys, width, scale, theme });
        if self.painted_divergence == painted {
            return;
        }
        let width = width.saturating_sub(paint::VERSIONS_WIDTH) * scale;
        let axis = Axis { keys, width };
        paint::divergence(&mut self.divergence_pixels, axis, scale, &theme, divergence, extent);
        if let Err(error) = canvas::show(&canvas, &self.divergence_pixels) {
            gloo::console::error!("the divergence map cannot be drawn:", error);
        }
        self.painted_divergence = painted;
    }
}
