//! Who disagreed in the room, when and where, since the page has been in it.

use scalesmall_crdt::KeyRange;
use scalesmall_sim::SimTime;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

use crate::components::{map_canvas, map_heading};
use crate::divergence::Divergence;
use crate::paint::{self, Axis, Pixels, Theme};
use crate::picture::Picture;
use crate::shared::Shared;
use crate::{bands, canvas, words};

/// What has been seen so far, and where it is painted.
pub(super) struct Course {
    divergence: Divergence,
    canvas: NodeRef,
    width: usize,
    pixels: Pixels,
    painted: Option<Surface>,
}

/// What a painting depends on.
#[derive(Clone, Copy, PartialEq)]
struct Surface {
    version: u64,
    keys: KeyRange,
    width: usize,
    scale: usize,
    theme: Theme,
}

impl Course {
    pub(super) fn new() -> Self {
        let (canvas, pixels) = Default::default();
        Self { divergence: Divergence::live(), canvas, width: 0, pixels, painted: None }
    }

    pub(super) fn add(&mut self, picture: &Picture) {
        self.divergence.add(picture);
    }

    /// The end of the latest row.
    fn extent(&self) -> SimTime {
        self.divergence.moment(self.divergence.rows().len())
    }

    pub(super) fn view(&self, picture: &Shared<Picture>) -> Html {
        html! {
            <section aria-labelledby="divergence-title">
                { map_heading() }
                <p class="visually-hidden">{ words::divergence(&self.divergence, picture) }</p>
                <div id="divergence" class="band divergence" style={format!("--versions:{}px", paint::VERSIONS_WIDTH)}>
                    { map_canvas(&self.canvas, self.extent()) }
                </div>
            </section>
        }
    }

    /// Notes how wide the canvas is laid out.
    pub(super) fn measure(&mut self) {
        self.width = bands::width(&self.canvas);
    }

    /// Paints the map, if anything on it has changed.
    pub(super) fn paint(&mut self, keys: KeyRange, theme: Theme) {
        let Some(canvas) = self.canvas.cast::<HtmlCanvasElement>() else { return };
        let (scale, version) = (canvas::scale(), self.divergence.version());
        let surface = Some(Surface { version, keys, width: self.width, scale, theme });
        if self.painted == surface {
            return;
        }
        let width = self.width.saturating_sub(paint::VERSIONS_WIDTH) * scale;
        let (axis, extent) = (Axis { keys, width }, self.extent());
        paint::divergence(&mut self.pixels, axis, scale, &theme, &self.divergence, extent);
        if let Err(error) = canvas::show(&canvas, &self.pixels) {
            gloo::console::error!("the divergence map cannot be drawn:", error);
        }
        self.painted = surface;
    }
}
