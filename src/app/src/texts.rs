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

use gloo::utils::{document, window};
use serde_json::Error;

pub(crate) const ENGLISH: &str = include_str!("../texts/en.json");

/// The languages that there are, by the tag that a page is marked with; the first is that of
/// whoever reads none of the others.
const LANGUAGES: [(&str, &str); 2] = [("en", ENGLISH), ("de", include_str!("../texts/de.json"))];

/// A language that the page speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Language(usize);

type Texts = BTreeMap<String, String>;

static TEXTS: LazyLock<[Texts; LANGUAGES.len()]> =
    LazyLock::new(|| LANGUAGES.map(|(_, file)| read(file).expect("the texts are tested")));

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
        const { assert!($crate::texts::is_known($name), "no text has this name") };
        $crate::texts::find($name)
    }};
    ($name:literal, $($value_name:ident = $value:expr),+ $(,)?) => {{
        const { assert!($crate::texts::is_known($name), "no text has this name") };
        $crate::texts::fill($crate::texts::find($name), &[$((stringify!($value_name), &$value)),+])
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
        const {
            assert!($crate::texts::is_known(concat!($name, ".one")), "the form for one is missing");
            assert!($crate::texts::is_known(concat!($name, ".other")), "the other form is missing");
        };
        let count = $count as u64;
        let text = match count {
            1 => $crate::texts::find(concat!($name, ".one")),
            _ => $crate::texts::find(concat!($name, ".other")),
        };
        $crate::texts::fill(text, &[("count", &count) $(, (stringify!($value_name), &$value))*])
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

    /// The one that the page speaks at present.
    pub(crate) fn spoken() -> Self {
        SPOKEN.get()
    }

    /// Speaks this one from now on; what has been said stays until it is said anew.
    pub(crate) fn speak(self) {
        SPOKEN.set(self);
        if let Some(root) = document().document_element() {
            // An attribute of a fixed name can always be set.
            let _ = root.set_attribute("lang", self.tag());
        }
    }
}

/// The text of a name.
pub(crate) fn find(name: &str) -> &'static str {
    &TEXTS[Language::spoken().0][name]
}

/// A text with its values.
pub(crate) fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{name}}}"), &value.to_string());
    }
    filled
}

fn read(file: &str) -> Result<Texts, Error> {
    serde_json::from_str(file)
}

/// Whether a text has this name, for the compiler.
pub(crate) const fn is_known(name: &str) -> bool {
    let (file, name) = (ENGLISH.as_bytes(), name.as_bytes());
    let mut at = 0;
    while at + name.len() + 3 <= file.len() {
        if file[at] == b'"' && stands_at(file, at + 1, name) {
            let past = at + 1 + name.len();
            if file[past] == b'"' && file[past + 1] == b':' {
                return true;
            }
        }
        at += 1;
    }
    false
}

const fn stands_at(file: &[u8], at: usize, name: &[u8]) -> bool {
    let mut index = 0;
    while index < name.len() {
        if file[at + index] != name[index] {
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
        assert_eq!(fill("{a} of {b}, {a}", &[("a", &1), ("b", &"x")]), "1 of x, 1");
        assert_eq!(text!("top_bar.share"), "Share");
        assert!(is_known("nodes.one") && !is_known("nodes") && !is_known("odes.one"));
    }

    #[test]
    fn a_language_is_found_by_its_tag() {
        let tags = ["de", "de-AT", "DE", "en-GB", "fr", ""];
        let found = tags.map(|tag| Language::of_tag(tag).map(Language::tag));
        assert_eq!(found, [Some("de"), Some("de"), Some("de"), Some("en"), None, None]);
    }
}
