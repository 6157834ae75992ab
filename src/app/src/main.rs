//! The page: dozens of nodes run in the browser, and one watches the ownership of the key space
//! converge.
//!
//! A [`Player`](player::Player) plays a simulation; a [`Picture`](picture::Picture) is what one
//! moment of it shows, as plain data, and a [`Divergence`](divergence::Divergence) who disagreed at
//! all moments so far; [`paint`] makes the bands of them, [`words`] the sentences, and
//! [`components`] the document around them. No component knows a protocol: each can be
//! deleted without changing a run.

mod address;
mod announcer;
mod app;
mod arrival;
mod bands;
mod canvas;
mod checkpoints;
mod chronicle;
mod comparison;
mod components;
mod crash_report;
mod disputes;
mod divergence;
mod download;
mod drag;
mod drawing;
mod edit;
mod embed;
mod export;
mod figures;
mod identity;
mod key_set;
mod keyboard;
mod links;
mod live;
mod location;
mod merging;
mod offline;
mod packing;
mod paint;
mod picture;
mod player;
mod portrait;
mod preferences;
mod problem;
mod segments;
mod setting;
mod shared;
mod shrinking;
mod space_time;
mod speed;
mod texts;
mod visible;
mod why;
mod words;

fn main() {
    crash_report::install();
    match live::is_live(&location::fragment()) {
        true => live::open(),
        false => app::open(),
    }
}
