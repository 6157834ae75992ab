//! What the reader has chosen: a language, and whether it is day or night.
//!
//! A choice is remembered in this browser. Where that remembers nothing, as in a private window or
//! a frame without an origin of its own, it lasts as long as the page.

use gloo::utils::{document, window};
use web_sys::{Element, Storage};

use crate::paint::Theme;
use crate::texts::Language;

/// What the choices are remembered by. Other pages of the same host have names of their own.
const LANGUAGE: &str = "scalesmall.language";
const APPEARANCE: &str = "scalesmall.appearance";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Preferences {
    pub(crate) language: Language,
    pub(crate) appearance: Appearance,
}

impl Preferences {
    /// What the address asks for, or else what was chosen before, or else what the browser and the
    /// system say.
    pub(crate) fn of_reader() -> Self {
        let query = window().location().search().unwrap_or_default();
        let language = asked_for(&query).or_else(|| Language::of_tag(&recall(LANGUAGE)?));
        let appearance = recall(APPEARANCE).and_then(|name| Appearance::of_name(&name));
        Self {
            language: language.unwrap_or_else(Language::of_reader),
            appearance: appearance.unwrap_or_default(),
        }
    }

    /// Lets the page speak and look like this from now on.
    pub(crate) fn apply(self) {
        self.language.speak();
        set_on_root("lang", self.language.tag());
        self.appearance.apply();
    }

    pub(crate) fn remember(self) {
        remember(LANGUAGE, self.language.tag());
        remember(APPEARANCE, self.appearance.name());
    }
}

/// Whether it is day or night on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Appearance {
    /// As on the rest of the screen.
    #[default]
    System,
    Light,
    Dark,
}

impl Appearance {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// What it is remembered as.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|appearance| appearance.name() == name)
    }

    /// The colours of the paintings; `is_dark` is the system's.
    pub(crate) fn theme(self, is_dark: bool) -> Theme {
        match self {
            Self::Dark => Theme::DARK,
            Self::System if is_dark => Theme::DARK,
            Self::System | Self::Light => Theme::LIGHT,
        }
    }

    /// Tells the stylesheet, and the browser for what it draws around the page.
    fn apply(self) {
        set_on_root("data-theme", self.name());
        for (id, own) in [("theme-color-light", Self::Light), ("theme-color-dark", Self::Dark)] {
            let media = match self {
                Self::System => format!("(prefers-color-scheme: {})", own.name()),
                _ if self == own => "all".to_owned(),
                _ => "not all".to_owned(),
            };
            set(document().get_element_by_id(id), "media", &media);
        }
    }
}

fn set_on_root(name: &str, value: &str) {
    set(document().document_element(), name, value);
}

fn set(element: Option<Element>, name: &str, value: &str) {
    // An attribute of a fixed name can always be set, where there is the element.
    let _ = element.map(|element| element.set_attribute(name, value));
}

/// The language that the query of an address asks for: `?lang=de`.
fn asked_for(query: &str) -> Option<Language> {
    let parts = query.trim_start_matches('?').split('&');
    parts.filter_map(|part| part.strip_prefix("lang=")).find_map(Language::of_tag)
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn recall(name: &str) -> Option<String> {
    storage()?.get_item(name).ok().flatten()
}

fn remember(name: &str, value: &str) {
    if let Some(storage) = storage() {
        // Where it is full or refused, the choice lasts as long as the page.
        let _ = storage.set_item(name, value);
    }
}

/// Whether whoever reads would rather have nothing move by itself.
pub(crate) fn is_motion_reduced() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_asks_for_a_language_that_there_is() {
        let tag = |query| asked_for(query).map(Language::tag);
        assert_eq!(tag("?lang=de"), Some("de"));
        assert_eq!(tag("?embed=1&lang=de-CH"), Some("de"));
        assert_eq!(tag("?lang=tlh&lang=en"), Some("en"));
        assert_eq!(["", "?lang", "?lang=", "?lang=tlh", "?slang=de"].map(tag), [None; 5]);
    }

    #[test]
    fn an_appearance_is_known_by_its_name() {
        for appearance in Appearance::ALL {
            assert_eq!(Appearance::of_name(appearance.name()), Some(appearance));
        }
        assert_eq!(Appearance::of_name("sepia"), None);
    }

    #[test]
    fn the_system_decides_only_where_nobody_else_has() {
        let themes = |appearance: Appearance| [false, true].map(|dark| appearance.theme(dark));
        assert_eq!(themes(Appearance::System), [Theme::LIGHT, Theme::DARK]);
        assert_eq!(themes(Appearance::Light), [Theme::LIGHT; 2]);
        assert_eq!(themes(Appearance::Dark), [Theme::DARK; 2]);
    }
}
