//! How the bands are painted: into a buffer of pixels, which is shown in one piece.
//!
//! To fill a shape for each segment by the canvas' own calls takes tens of milliseconds a frame
//! for dozens of nodes; a buffer filled here takes one or two.

mod axis;
mod cividis;
mod divergence;
mod overview;
mod pixels;
mod theme;
mod truth;
mod views;

pub(crate) use axis::Axis;
pub(crate) use divergence::{
    VERSIONS_WIDTH, divergence, divergence_colour, divergence_height, divergence_map, legend,
};
pub(crate) use overview::{overview, overview_height};
pub(crate) use pixels::{Fill, Pixels, Rect};
pub(crate) use theme::Theme;
pub(crate) use truth::{Label, truth, truth_height};
pub(crate) use views::{ROW_PITCH, views, views_height};
