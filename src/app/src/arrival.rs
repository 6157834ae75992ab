//! What somebody who opens the page is to see.

use gloo::utils::window;

use crate::address::{self, Wish};
use crate::packing;

/// What is asked for; where that cannot be, the built-in scenario, and why.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Arrival {
    pub(crate) wish: Wish,
    pub(crate) error: Option<String>,
}

impl Arrival {
    /// By the address of the page. Nothing where that has become another one meanwhile.
    pub(crate) async fn by_address() -> Option<Self> {
        let fragment = fragment();
        let unpacked = match address::packed(&fragment) {
            Some(packed) => Some(packing::unpack(packed).await),
            None => None,
        };
        let decode = |text: &str| js_sys::decode_uri_component(text).ok().map(String::from);
        let arrival = match address::read(&fragment, decode, unpacked) {
            Ok(wish) => Self { wish, error: None },
            Err(error) => Self { wish: Wish::of(address::first_light()), error: Some(error) },
        };
        (self::fragment() == fragment).then_some(arrival)
    }
}

fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}
