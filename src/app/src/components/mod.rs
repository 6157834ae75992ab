//! The document around the paintings.

mod beads;
mod break_it;
mod divergence_map;
mod envelope;
mod error_message;
mod flights;
mod icon;
mod node_panel;
mod operate;
mod share;
mod space_time;
mod swatch;
mod tables;
mod timeline;
mod top_bar;
mod transport;
mod view_rows;
mod why;

pub(crate) use beads::{BeadRow, Beads};
pub(crate) use break_it::{BreakIt, NetworkFacts};
pub(crate) use divergence_map::DivergenceMap;
pub(crate) use envelope::Envelope;
pub(crate) use error_message::ErrorMessage;
pub(crate) use flights::Flights;
pub(crate) use icon::{Icon, Shape};
pub(crate) use node_panel::{NodeFacts, NodePanel};
pub(crate) use operate::Operate;
pub(crate) use share::{Share, Sharing};
pub(crate) use space_time::SpaceTimeBand;
pub(crate) use swatch::Swatch;
pub(crate) use tables::Tables;
pub(crate) use timeline::{Mark, Timeline, marks};
pub(crate) use top_bar::{Status, TopBar};
pub(crate) use transport::Transport;
pub(crate) use view_rows::ViewRows;
pub(crate) use why::{Why, WhyFacts};
