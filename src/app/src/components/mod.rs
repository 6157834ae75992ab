//! The document around the paintings.

mod error_message;
mod icon;
mod node_panel;
mod swatch;
mod tables;
mod timeline;
mod top_bar;
mod transport;
mod view_rows;

pub(crate) use error_message::ErrorMessage;
pub(crate) use icon::{Icon, Shape};
pub(crate) use node_panel::{NodeFacts, NodePanel};
pub(crate) use swatch::Swatch;
pub(crate) use tables::Tables;
pub(crate) use timeline::{Mark, Timeline, marks};
pub(crate) use top_bar::{Status, TopBar};
pub(crate) use transport::Transport;
pub(crate) use view_rows::ViewRows;
