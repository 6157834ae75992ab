//! What somebody who opens the page is to see.

use crate::address::{self, Wish};
use crate::location::{decode, fragment};
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
        let asked = fragment();
        let unpacked = match address::packed(&asked) {
            Some(packed) => Some(packing::unpack(packed).await),
            None => None,
        };
        let arrival = match address::read(&asked, decode, unpacked) {
            Ok(wish) => Self { wish, error: None },
            Err(error) => Self { wish: Wish::of(address::first_light()), error: Some(error) },
        };
        (fragment() == asked).then_some(arrival)
    }
}
