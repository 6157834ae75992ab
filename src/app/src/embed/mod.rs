//! The page as a part of another page: `?embed=1`.
//!
//! `www/EMBED.md` describes it for those who embed it. The stylesheet leaves out what is not wanted
//! there, by an attribute of the document; [`Embedded`] listens to the page around and pauses where
//! nobody can see the stage.

mod embedded;
mod host;
mod request;
mod sight;

pub(crate) use embedded::Embedded;
pub(crate) use host::Heard;

use gloo::utils::{document, window};
use host::Host;
use request::Request;
use sight::Sight;

use crate::texts::text;

/// How the page is embedded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Embedding {
    controls: Controls,
    /// Whether the run begins to play by itself.
    pub(crate) autoplay: bool,
}

/// What moves time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Controls {
    /// All that the page has.
    Full,
    /// To play and to pause, and the timeline.
    Min,
    None,
}

const CONTROLS: [(&str, Controls); 3] =
    [("full", Controls::Full), ("min", Controls::Min), ("none", Controls::None)];

impl Embedding {
    /// By the address of the page; nothing where it is a page of its own.
    ///
    /// # Errors
    ///
    /// What is wrong with the address, for people.
    pub(crate) fn by_address() -> Result<Option<Self>, String> {
        Self::parse(&window().location().search().unwrap_or_default())
    }

    /// From a query. What is not known there, is for others.
    fn parse(query: &str) -> Result<Option<Self>, String> {
        let (mut is_embedded, mut controls, mut autoplay) = (false, Controls::Full, true);
        for part in query.trim_start_matches('?').split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let unknown = |known: &str| {
                text!("embed.unknown", name = name, value = format!("{value:?}"), known = known)
            };
            let flag = || match value {
                "0" => Ok(false),
                "1" => Ok(true),
                _ => Err(unknown("0, 1")),
            };
            match name {
                "embed" => is_embedded = flag()?,
                "autoplay" => autoplay = flag()?,
                "controls" => {
                    let known = CONTROLS.iter().find(|(known, _)| *known == value);
                    controls = known.ok_or_else(|| unknown("full, min, none"))?.1;
                }
                _ => {}
            }
        }
        Ok(is_embedded.then_some(Self { controls, autoplay }))
    }

    /// Whether there are controls to change the run, and not only to move time.
    pub(crate) fn lets_change(self) -> bool {
        self.controls == Controls::Full
    }

    /// Tells the stylesheet.
    pub(crate) fn apply(self) {
        let name = CONTROLS.iter().find(|(_, controls)| *controls == self.controls);
        if let (Some(root), Some((name, _))) = (document().document_element(), name) {
            // An attribute of a fixed name can always be set.
            let _ = root.set_attribute("data-controls", name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_it_is_embedded() {
        for query in ["", "?", "?lang=de&controls=min", "?embed=0"] {
            assert_eq!(Embedding::parse(query), Ok(None), "{query}");
        }
        let parse = |query: &str| Embedding::parse(query).unwrap().unwrap();
        assert_eq!(parse("?embed=1"), Embedding { controls: Controls::Full, autoplay: true });
        assert_eq!(
            parse("?x=y&controls=none&autoplay=0&embed=1"),
            Embedding { controls: Controls::None, autoplay: false }
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        let refused = |query: &str| Embedding::parse(query).unwrap_err();
        for (query, name, known) in [
            ("?embed=yes", "embed: \"yes\"", "0, 1"),
            ("?embed=1&controls=some", "controls: \"some\"", "full, min, none"),
            ("?embed=1&autoplay", "autoplay: \"\"", "0, 1"),
        ] {
            let message = refused(query);
            assert!(message.starts_with(name) && message.ends_with(known), "{message}");
        }
    }
}
