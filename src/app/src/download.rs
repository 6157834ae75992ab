//! Files that the page makes and its user keeps.

use gloo::utils::document;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Saves a text as a file.
///
/// # Errors
///
/// What the browser says, which may have no memory for it.
pub(crate) fn save_text(name: &str, text: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("text/plain;charset=utf-8");
    // The bytes as they are: another copy as a string of JavaScript would be twice as large.
    let parts = Array::of1(&Uint8Array::from(text.as_bytes()));
    save(name, &Blob::new_with_u8_array_sequence_and_options(&parts, &options)?)
}

/// Saves data as a file.
///
/// # Errors
///
/// What the browser says.
pub(crate) fn save(name: &str, data: &Blob) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(data)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // What has begun to be saved is kept until it is.
    Url::revoke_object_url(&url)
}

/// The name of a file about a scenario, from its title.
pub(crate) fn name(title: &str, extension: &str) -> String {
    let words = title
        .split(|char: char| char.is_ascii() && !char.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    if name.is_empty() {
        name.push_str("scalesmall");
    }
    format!("{name}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_from_the_title() {
        assert_eq!(name("Add wins: a/b", "csv"), "add-wins-a-b.csv");
        assert_eq!(name("../..", "log"), "scalesmall.log");
        assert_eq!(name("Für alle", "png"), "für-alle.png");
    }
}
