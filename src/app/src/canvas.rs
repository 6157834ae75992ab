//! From pixels in memory to the screen.

use std::ops::Range;
use std::slice;

use js_sys::Uint8ClampedArray;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use crate::paint::{Label, Pixels, Theme};

/// The number of pixels to a unit of the page, whole so that textures stay even.
pub(crate) fn scale() -> usize {
    gloo::utils::window().device_pixel_ratio().ceil().clamp(1.0, 4.0) as usize
}

/// The width of a canvas as it is laid out, in units of the page.
pub(crate) fn width(canvas: &HtmlCanvasElement) -> usize {
    usize::try_from(canvas.client_width()).unwrap_or(0)
}

/// Shows a picture.
///
/// # Errors
///
/// What the browser says if it has no memory for a canvas of this size.
pub(crate) fn show(canvas: &HtmlCanvasElement, pixels: &Pixels) -> Result<(), JsValue> {
    show_lines(canvas, pixels, slice::from_ref(&(0..pixels.height)))
}

/// Shows some lines of a picture of which the others are to be seen already; all of them on a
/// canvas of another size.
///
/// # Errors
///
/// What the browser says if it has no memory for a canvas of this size.
pub(crate) fn show_lines(
    canvas: &HtmlCanvasElement,
    pixels: &Pixels,
    lines: &[Range<usize>],
) -> Result<(), JsValue> {
    let (width, height) = (pixels.width as u32, pixels.height as u32);
    if width == 0 || height == 0 {
        return Ok(());
    }
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
        return show(canvas, pixels);
    }
    let context = context(canvas)?;
    for lines in lines.iter().filter(|lines| !lines.is_empty()) {
        let line = pixels.width * 4;
        let image = image(&pixels.data[lines.start * line..lines.end * line], width)?;
        context.put_image_data(&image, 0.0, lines.start as f64)?;
    }
    Ok(())
}

/// An image of its own memory. One over the memory of this module would lose its pixels as soon as
/// that memory grows, which can happen before they are put on a canvas.
///
/// # Errors
///
/// Where the browser has no memory for it.
pub(crate) fn image(rgba: &[u8], width: u32) -> Result<ImageData, JsValue> {
    let own = Uint8ClampedArray::from(rgba);
    ImageData::new_with_js_u8_clamped_array(&own, width)
}

/// Writes labels over what is shown.
///
/// # Errors
///
/// Where the browser does not measure text.
pub(crate) fn write(
    canvas: &HtmlCanvasElement,
    labels: &[Label],
    scale: usize,
    theme: &Theme,
) -> Result<(), JsValue> {
    let context = context(canvas)?;
    let size = 11 * scale;
    for label in labels {
        let family =
            if label.is_faint { "ui-monospace, monospace" } else { "system-ui, sans-serif" };
        context.set_font(&format!("{size}px {family}"));
        context.set_fill_style_str(if label.is_faint { theme.faint_text } else { theme.text });
        // A label at the edge stays within the picture.
        let text_width = context.measure_text(&label.text)?.width();
        let most = (f64::from(canvas.width()) - text_width).max(0.0);
        let x = (label.x as f64 - text_width / 2.0).clamp(0.0, most);
        context.fill_text(&label.text, x, label.y as f64)?;
    }
    Ok(())
}

fn context(canvas: &HtmlCanvasElement) -> Result<CanvasRenderingContext2d, JsValue> {
    let context = canvas.get_context("2d")?.ok_or("this browser draws no 2d canvas")?;
    Ok(context.unchecked_into())
}
