//! What the page says, in the language of whoever reads it.
//!
//! The texts of a language are a file in `src/app/texts`: a name for each text, and the text, in
//! which `{name}` stands for a value. A text that depends on a count has two forms, `NAME.one` and
//! `NAME.other`, as all languages need that there are so far. That a name exists is checked when
//! the page is compiled; that all languages have the same names and values, by a test.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::LazyLock;

use gloo::utils::window;
use serde_json::Error;

pub(crate) const ENGLISH: &str = include_str!("../texts/en.json");

/// The languages that there are, by the tag that a page is marked with; the first is that of
/// whoever reads none of the others.
const LANGUAGES: [(&str, &str); 2] = [("en", ENGLISH), ("de", include_str!("../texts/de.json"))];

/// A language that the page speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Language(usize);

type Texts = BTreeMap<String, String>;

/// The texts of each language, in the order of their names.
static TEXTS: LazyLock<[Vec<String>; LANGUAGES.len()]> = LazyLock::new(|| {
    let texts = |file| read(file).expect("the texts are tested").into_values().collect();
    LANGUAGES.map(|(_, file)| texts(file))
});

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language(0)) };
}

/// A text by its name, with values for what stands in it as `{name}`.
///
/// ```ignore
/// text!("share.title");
/// text!("timeline.agreed", at = time);
/// ```
macro_rules! text {
    ($name:literal) => {{
        const PLACE: usize = $crate::texts::place($name);
        $crate::texts::at(PLACE)
    }};
    ($name:literal, $($value_name:ident = $value:expr),+ $(,)?) => {{
        const PLACE: usize = $crate::texts::place($name);
        $crate::texts::fill(PLACE, &[$((stringify!($value_name), &$value)),+])
    }};
}

/// A text that depends on a count, which stands in it as `{count}`.
///
/// ```ignore
/// plural!("nodes", 3);
/// plural!("nodes.behind", 3, of = 24);
/// ```
macro_rules! plural {
    ($name:literal, $count:expr $(, $value_name:ident = $value:expr)* $(,)?) => {{
        const ONE: usize = $crate::texts::place(concat!($name, ".one"));
        const OTHER: usize = $crate::texts::place(concat!($name, ".other"));
        let count = $count as u64;
        let place = if count == 1 { ONE } else { OTHER };
        $crate::texts::fill(place, &[("count", &count) $(, (stringify!($value_name), &$value))*])
    }};
}

pub(crate) use {plural, text};

impl Language {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..LANGUAGES.len()).map(Self)
    }

    /// The one that a tag such as `de` or `de-AT` stands for.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::all().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The first that the browser says its user reads.
    pub(crate) fn of_reader() -> Self {
        let tags = window().navigator().languages();
        let read = tags.iter().filter_map(|tag| tag.as_string());
        read.filter_map(|tag| Self::of_tag(&tag)).next().unwrap_or_default()
    }

    /// Its tag in documents (BCP 47).
    pub(crate) fn tag(self) -> &'static str {
        LANGUAGES[self.0].0
    }

    /// What it calls itself.
    pub(crate) fn name(self) -> &'static str {
        const PLACE: usize = place("language");
        &TEXTS[self.0][PLACE]
    }

    /// The one that the page speaks at present.
    pub(crate) fn spoken() -> Self {
        SPOKEN.get()
    }

    /// Speaks this one from now on; what has been said stays until it is said anew.
    pub(crate) fn speak(self) {
        SPOKEN.set(self);
    }
}

/// The text at a place of the file. Called all over the page, so it is not to be inlined.
#[inline(never)]
pub(crate) fn at(place: usize) -> &'static str {
    &TEXTS[Language::spoken().0][place]
}

/// The text at a place of the file, with its values.
pub(crate) fn fill(place: usize, values: &[(&str, &dyn Display)]) -> String {
    fill_in(at(place), values)
}

fn fill_in(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut parts = text.split('{');
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let value = values.iter().find(|(of, _)| *of == name);
        debug_assert!(value.is_some(), "{text:?} is said without {name:?}");
        filled.extend(value.map(|(_, value)| value.to_string()));
        filled.push_str(rest);
    }
    filled
}

fn read(file: &str) -> Result<Texts, Error> {
    serde_json::from_str(file)
}

/// The place of a name among all of them, for the compiler. The names are in order, and a test sees
/// to it that they are so in every language.
pub(crate) const fn place(name: &str) -> usize {
    let (file, name) = (ENGLISH.as_bytes(), name.as_bytes());
    let (mut at, mut place) = (0, 0);
    while at < file.len() {
        // A name stands at the beginning of its line, two spaces in.
        if file[at] == b'\n' && stands_at(file, at + 1, b"  \"") {
            let start = at + 4;
            let past = start + name.len();
            if stands_at(file, start, name) && stands_at(file, past, b"\":") {
                return place;
            }
            place += 1;
        }
        at += 1;
    }
    panic!("no text has this name")
}

const fn stands_at(file: &[u8], at: usize, name: &[u8]) -> bool {
    let mut index = 0;
    while index < name.len() {
        if at + index >= file.len() || file[at + index] != name[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// What stands in a text in braces.
    fn values(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn every_language_says_everything() {
        let english = read(ENGLISH).unwrap();
        for (tag, file) in LANGUAGES {
            let texts = read(file).unwrap();
            let names = |texts: &Texts| texts.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&texts), names(&english), "{tag}");
            for (name, text) in &texts {
                assert!(!text.trim().is_empty(), "{tag}: {name}");
                // The form for one can do without the number.
                let is_one = name.ends_with(".one");
                let is_value = |value: &&str| !is_one || *value != "count";
                let [own, of_english] = [text, &english[name]]
                    .map(|text| values(text).into_iter().filter(is_value).collect::<Vec<_>>());
                assert_eq!(own, of_english, "{tag}: {name}");
            }
            let lines: Vec<&str> = file.lines().filter(|line| line.starts_with("  \"")).collect();
            assert!(lines.is_sorted_by_key(|line| line.split('"').nth(1)), "{tag}: the order");
            assert_eq!(lines.len(), texts.len(), "{tag}: a name that is there twice");
        }
    }

    #[test]
    fn every_text_is_said_somewhere() {
        fn sources(folder: &Path, all: &mut String) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => sources(&path, all),
                    false => all.push_str(&fs::read_to_string(path).unwrap()),
                }
            }
        }
        let mut all = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        for name in read(ENGLISH).unwrap().keys() {
            let name = name.strip_suffix(".one").or(name.strip_suffix(".other")).unwrap_or(name);
            assert!(all.contains(&format!("\"{name}\"")), "{name} is said nowhere");
        }
    }

    #[test]
    fn values_stand_where_they_belong() {
        assert_eq!(fill_in("{a} of {b}, {a}", &[("a", &1), ("b", &"{a}")]), "1 of {a}, 1");
        assert_eq!(text!("top_bar.share"), "Share");
    }

    #[test]
    fn a_text_is_found_at_the_place_of_its_name() {
        let english = read(ENGLISH).unwrap();
        for (name, text) in &english {
            assert_eq!(at(place(name)), text);
        }
        for no_name in ["nodes", "odes.one", "", "{count} node"] {
            assert!(std::panic::catch_unwind(|| place(no_name)).is_err(), "{no_name:?}");
        }
    }

    #[test]
    fn a_language_is_found_by_its_tag() {
        let tags = ["de", "de-AT", "DE", "en-GB", "fr", ""];
        let found = tags.map(|tag| Language::of_tag(tag).map(Language::tag));
        assert_eq!(found, [Some("de"), Some("de"), Some("de"), Some("en"), None, None]);
    }
}
