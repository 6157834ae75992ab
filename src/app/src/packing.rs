//! A scenario file made so small that an address holds it: deflated (RFC 1951), as base64url.
//!
//! The browser's own streams do it, so that the page need not bring the code. What comes out of
//! them is read piece by piece, and what goes in is given piece by piece, so that an address of
//! some hundred characters cannot fill the memory.

use js_sys::{Array, Function, Reflect, Uint8Array};
use scalesmall_sim::limits::FILE_BYTES_MAX;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    ReadableStream, ReadableStreamDefaultReader, WritableStream, WritableStreamDefaultWriter,
};

use crate::texts::text;
use scalesmall_crdt::base64url;

/// How many bytes go in at a time. A piece can grow a thousandfold.
const PIECE_BYTES: usize = 4 << 10;

/// A text as it stands in an address, where this browser can pack it.
pub(crate) async fn pack(text: &str) -> Option<String> {
    let (readable, writable) = stream("CompressionStream").ok()?;
    let packed = pass(text.as_bytes().to_vec(), &readable, writable, usize::MAX).await.ok()?;
    Some(base64url::encode(&packed))
}

/// The text that is packed in an address.
///
/// # Errors
///
/// Why there is none, for people.
pub(crate) async fn unpack(packed: &str) -> Result<String, String> {
    let bytes =
        base64url::decode(packed).map_err(|at| text!("address.no_base64", position = at))?;
    let (readable, writable) =
        stream("DecompressionStream").map_err(|_| text!("address.cannot_unpack").to_owned())?;
    let text =
        pass(bytes, &readable, writable, FILE_BYTES_MAX).await.map_err(|broken| match broken {
            Broken::Data => text!("address.no_deflate").to_owned(),
            Broken::Length => text!("address.too_long", bytes = FILE_BYTES_MAX),
        })?;
    String::from_utf8(text)
        .map_err(|error| text!("address.no_utf8", position = error.utf8_error().valid_up_to() + 1))
}

/// Why nothing comes out of a stream.
enum Broken {
    /// What goes in is not what the stream takes, or not all of it.
    Data,
    /// More comes out than is wanted.
    Length,
}

/// Both ends of one of the browser's streams for raw deflate; an error where it has none.
fn stream(kind: &str) -> Result<(ReadableStream, WritableStream), JsValue> {
    let constructor: Function = Reflect::get(&js_sys::global(), &kind.into())?.dyn_into()?;
    let stream = Reflect::construct(&constructor, &Array::of1(&"deflate-raw".into()))?;
    let end = |name: &str| Reflect::get(&stream, &name.into());
    Ok((end("readable")?.unchecked_into(), end("writable")?.unchecked_into()))
}

/// What comes out of a stream for these bytes.
async fn pass(
    bytes: Vec<u8>,
    readable: &ReadableStream,
    writable: WritableStream,
    bytes_max: usize,
) -> Result<Vec<u8>, Broken> {
    let broken = |_: JsValue| Broken::Data;
    let reader = ReadableStreamDefaultReader::new(readable).map_err(broken)?;
    let writer = writable.get_writer().map_err(broken)?;
    spawn_local(async move {
        // Whoever reads hears of a failure, too.
        let _ = feed(&writer, &bytes).await;
    });
    let mut passed = Vec::new();
    loop {
        let piece = JsFuture::from(reader.read()).await.map_err(broken)?;
        let part = |name: &str| Reflect::get(&piece, &name.into()).unwrap_or_default();
        if part("done").is_truthy() {
            return Ok(passed);
        }
        let piece: Uint8Array = part("value").unchecked_into();
        if passed.len() + piece.length() as usize > bytes_max {
            let _ = JsFuture::from(reader.cancel()).await;
            return Err(Broken::Length);
        }
        passed.extend(piece.to_vec());
    }
}

/// Gives a stream all bytes, each piece once the one before is through.
async fn feed(writer: &WritableStreamDefaultWriter, bytes: &[u8]) -> Result<(), JsValue> {
    for piece in bytes.chunks(PIECE_BYTES) {
        JsFuture::from(writer.write_with_chunk(&Uint8Array::from(piece))).await?;
    }
    JsFuture::from(writer.close()).await?;
    Ok(())
}
