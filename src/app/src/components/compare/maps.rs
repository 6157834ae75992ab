//! The divergence maps of all runs, painted with the same axes.

use scalesmall_sim::SimTime;
use web_sys::HtmlCanvasElement;
use yew::NodeRef;

use crate::canvas;
use crate::comparison::{Comparison, Contender};
use crate::paint::{self, Axis, Pixels, Theme};
use crate::setting::SETTINGS_MAX;
use crate::visible;

/// The height of a map, in units of the page.
pub(super) const MAP_HEIGHT: usize = 120;

/// What each map is painted on, and what is painted there.
#[derive(Default)]
pub(super) struct Maps {
    pub(super) canvases: [NodeRef; SETTINGS_MAX],
    painted: [Option<Painted>; SETTINGS_MAX],
    pixels: Pixels,
}

/// What a painted map depends on, within one run.
#[derive(Clone, Copy, PartialEq)]
struct Painted {
    version: u64,
    extent: SimTime,
    width: usize,
    scale: usize,
    theme: Theme,
}

impl Maps {
    /// Takes none of the maps for painted any more.
    pub(super) fn forget(&mut self) {
        self.painted = [None; SETTINGS_MAX];
    }

    /// Paints the maps of which anything has changed.
    pub(super) fn paint(&mut self, comparison: &Comparison, theme: Theme) {
        let (scale, extent) = (canvas::scale(), comparison.extent());
        let places = self.canvases.iter().zip(&mut self.painted);
        for (Contender { player, .. }, (canvas, painted)) in
            comparison.contenders().iter().zip(places)
        {
            let Some(canvas) = canvas.cast::<HtmlCanvasElement>() else { continue };
            let divergence = player.divergence();
            let (version, width) = (divergence.version(), canvas::width(&canvas));
            let due = Some(Painted { version, extent, width, scale, theme });
            if *painted == due {
                continue;
            }
            let axis =
                Axis { keys: visible::of_scenario(comparison.scenario()), width: width * scale };
            let height = MAP_HEIGHT * scale;
            paint::divergence_map(&mut self.pixels, axis, height, &theme, divergence, extent);
            if let Err(error) = canvas::show(&canvas, &self.pixels) {
                gloo::console::error!("the divergence map cannot be drawn:", error);
            }
            *painted = due;
        }
    }
}
