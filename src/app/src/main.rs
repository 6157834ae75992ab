//! The page: dozens of nodes run in the browser, and one watches the ownership of the key space
//! converge.
//!
//! A [`Player`](player::Player) plays a simulation; a [`Picture`](picture::Picture) is what one
//! moment of it shows, as plain data; [`paint`] makes the bands of it, [`words`] the sentences,
//! and [`components`] the document around them. No component knows a protocol: each can be
//! deleted without changing a run.

mod address;
mod announcer;
mod app;
mod canvas;
mod components;
mod crash_report;
mod identity;
mod keyboard;
mod paint;
mod picture;
mod player;
mod shared;
mod speed;
mod words;

fn main() {
    crash_report::install();
    yew::Renderer::<app::App>::new().render();
}
