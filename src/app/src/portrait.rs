//! The stage as a picture to keep: the three bands with what they mean, and what is played.
//!
//! A picture is made anew, at a width of its own, so that it looks the same from every window.

use gloo::utils::document;
use js_sys::Function;
use scalesmall_crdt::KeyRange;
use scalesmall_sim::SimTime;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement};

use crate::canvas;
use crate::components::times;
use crate::divergence::Divergence;
use crate::download;
use crate::identity::Identities;
use crate::paint::{self, Axis, Fill, Label, Pixels, ROW_PITCH, Rect, Theme};
use crate::picture::Picture;
use crate::texts::text;
use crate::words;

/// All in units of the page, a pixel or more each.
const WIDTH: usize = 1_200;
const MARGIN: usize = 20;
/// Left of the key axis.
const GUTTER: usize = 92;
const LEFT: usize = MARGIN + GUTTER;
const TITLE_HEIGHT: usize = 50;
const HEADING_HEIGHT: usize = 32;
/// Between a heading and what it means.
const HEADING_GAP: usize = 12;
const SWATCH_WIDTH: usize = 20;
const SWATCH_HEIGHT: usize = 11;
const LEGEND_WIDTH: usize = 96;
const LEGEND_HEIGHT: usize = 8;

/// What there is to be seen.
pub(crate) struct Scene<'a> {
    pub(crate) title: &'a str,
    pub(crate) about: String,
    pub(crate) now: SimTime,
    pub(crate) picture: &'a Picture,
    /// How many nodes have a strip.
    pub(crate) count: usize,
    pub(crate) identities: &'a Identities,
    pub(crate) divergence: &'a Divergence,
    /// The lower end of the divergence map.
    pub(crate) extent: SimTime,
    pub(crate) theme: Theme,
}

/// How a text is written.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Title,
    Heading,
    Plain,
    Faint,
    Key,
}

/// Where a text stands beside its place.
#[derive(Clone, Copy, PartialEq)]
enum Anchor {
    Start,
    Middle,
    End,
    /// To the right of the text before, however long that is.
    After,
}

struct Caption {
    text: String,
    /// In pixels; of the baseline.
    x: usize,
    y: usize,
    style: Style,
    anchor: Anchor,
}

/// A picture on its way.
struct Portrait {
    pixels: Pixels,
    captions: Vec<Caption>,
    scale: usize,
    /// How much of the height is taken, in units.
    height: usize,
}

/// Saves a picture of the scene, with `scale` pixels to a unit.
///
/// # Errors
///
/// What the browser says if it has no memory for a picture of this size.
pub(crate) fn save(scene: &Scene<'_>, scale: usize) -> Result<(), JsValue> {
    let Portrait { pixels, captions, .. } = compose(scene, scale);
    let picture: HtmlCanvasElement = document().create_element("canvas")?.unchecked_into();
    let (width, height) = (pixels.width as u32, pixels.height as u32);
    picture.set_width(width);
    picture.set_height(height);
    let context = picture.get_context("2d")?.ok_or("this browser draws no 2d canvas")?;
    let context: CanvasRenderingContext2d = context.unchecked_into();
    let image = canvas::image(&pixels.data, width)?;
    context.put_image_data(&image, 0.0, 0.0)?;
    let mut end = 0.0;
    for caption in &captions {
        end = write(&context, caption, end, scale, &scene.theme)?;
    }

    let name = download::name(scene.title, "png");
    let save = Closure::once_into_js(move |data: Option<Blob>| {
        let data = data.ok_or_else(|| JsValue::from("the picture is too large"));
        if let Err(error) = data.and_then(|data| download::save(&name, &data)) {
            gloo::console::error!("the picture cannot be saved:", error);
        }
    });
    picture.to_blob(save.unchecked_ref::<Function>())
}

/// Writes a text, and returns where it ends; `end` is where the one before does.
fn write(
    context: &CanvasRenderingContext2d,
    caption: &Caption,
    end: f64,
    scale: usize,
    theme: &Theme,
) -> Result<f64, JsValue> {
    let (size, weight, family) = match caption.style {
        Style::Title => (17, "700 ", "system-ui, sans-serif"),
        Style::Heading => (12, "700 ", "system-ui, sans-serif"),
        Style::Plain | Style::Faint => (12, "", "system-ui, sans-serif"),
        Style::Key => (11, "", "ui-monospace, monospace"),
    };
    context.set_font(&format!("{weight}{}px {family}", size * scale));
    context.set_fill_style_str(match caption.style {
        Style::Title | Style::Heading | Style::Plain => theme.text,
        Style::Faint | Style::Key => theme.faint_text,
    });
    let width = context.measure_text(&caption.text)?.width();
    let left = match caption.anchor {
        Anchor::Start => caption.x as f64,
        Anchor::Middle => caption.x as f64 - width / 2.0,
        Anchor::End => caption.x as f64 - width,
        Anchor::After => end + (HEADING_GAP * scale) as f64,
    };
    context.fill_text(&caption.text, left, caption.y as f64)?;
    Ok(left + width)
}

fn compose(scene: &Scene<'_>, scale: usize) -> Portrait {
    let bands =
        paint::truth_height() + paint::views_height(scene.count) + paint::divergence_height();
    let height = TITLE_HEIGHT + 3 * HEADING_HEIGHT + bands + MARGIN;
    let mut pixels = Pixels::default();
    pixels.reset(WIDTH * scale, height * scale, scene.theme.paper);
    let mut portrait = Portrait { pixels, captions: Vec::new(), scale, height: 0 };
    portrait.title(scene);
    portrait.truth(scene);
    portrait.views(scene);
    portrait.divergence(scene);
    portrait
}

impl Portrait {
    fn caption(
        &mut self,
        text: impl Into<String>,
        x: usize,
        y: usize,
        style: Style,
        anchor: Anchor,
    ) {
        let (x, y) = (x * self.scale, y * self.scale);
        self.captions.push(Caption { text: text.into(), x, y, style, anchor });
    }

    fn axis(&self) -> Axis {
        Axis { keys: KeyRange::ALL, width: (WIDTH - LEFT - MARGIN) * self.scale }
    }

    /// Puts a band below what there is, its left edge at `left`.
    fn place(&mut self, band: &Pixels, left: usize) {
        let (left, top) = (left * self.scale, self.height * self.scale);
        self.pixels.copy(band, left, top);
        self.height += band.height / self.scale;
    }

    fn heading(&mut self, title: &str, about: &str) {
        let baseline = self.height + HEADING_HEIGHT - 9;
        self.caption(title, LEFT, baseline, Style::Heading, Anchor::Start);
        self.caption(about, LEFT, baseline, Style::Faint, Anchor::After);
        self.height += HEADING_HEIGHT;
    }

    fn title(&mut self, scene: &Scene<'_>) {
        let title = format!("{} · {}", scene.title, scene.about);
        self.caption(title, MARGIN, 32, Style::Title, Anchor::Start);
        let verdict = words::sentence(&words::verdict(scene.picture));
        let verdict = format!("{} · {verdict}", scene.now);
        self.caption(verdict, WIDTH - MARGIN, 32, Style::Plain, Anchor::End);
        self.height += TITLE_HEIGHT;
    }

    fn truth(&mut self, scene: &Scene<'_>) {
        self.heading(text!("truth.title"), text!("truth.about"));
        let mut band = Pixels::default();
        let (axis, scale) = (self.axis(), self.scale);
        let truth = &scene.picture.truth;
        let labels = paint::truth(&mut band, axis, scale, &scene.theme, truth, scene.identities);
        let top = self.height;
        self.caption(text!("truth.primary"), MARGIN, top + 49, Style::Faint, Anchor::Start);
        self.caption(text!("truth.backups"), MARGIN, top + 92, Style::Faint, Anchor::Start);
        for Label { text, x, y, is_faint } in labels {
            let anchor = match x {
                0 => Anchor::Start,
                x if x == axis.width => Anchor::End,
                _ => Anchor::Middle,
            };
            let style = if is_faint { Style::Key } else { Style::Plain };
            let (x, y) = (LEFT * scale + x, top * scale + y);
            self.captions.push(Caption { text, x, y, style, anchor });
        }
        self.place(&band, LEFT);
    }

    fn views(&mut self, scene: &Scene<'_>) {
        self.heading(text!("views.title"), text!("views.about"));
        let top = self.height;
        for (row, view) in scene.picture.views.iter().take(scene.count).enumerate() {
            let y = top + row * ROW_PITCH;
            let style = if view.disagrees() { Style::Heading } else { Style::Faint };
            self.caption(shortened(view.name.as_str()), MARGIN, y + 11, style, Anchor::Start);
            let swatch = Rect {
                x: (LEFT - SWATCH_WIDTH - 12) * self.scale,
                y: (y + 1) * self.scale,
                width: SWATCH_WIDTH * self.scale,
                height: SWATCH_HEIGHT * self.scale,
            };
            let identity = scene.identities.get(&view.name);
            let look = Fill::Node { identity, paper: scene.theme.paper, strength: 255 };
            self.pixels.fill(swatch, look, self.scale);
        }
        let mut band = Pixels::default();
        let (axis, scale) = (self.axis(), self.scale);
        let Scene { picture, count, identities, theme, .. } = scene;
        paint::views(&mut band, None, axis, scale, theme, &picture.views[..*count], identities);
        self.place(&band, LEFT);
    }

    fn divergence(&mut self, scene: &Scene<'_>) {
        let legend_y = self.height + HEADING_HEIGHT - 17;
        self.heading(text!("divergence_map.title"), text!("divergence_map.about"));
        self.legend(legend_y);
        let (top, height) = (self.height, paint::divergence_height());
        for (at, text) in times(scene.extent) {
            let down = at.as_us() * height as u64 / scene.extent.as_us().max(1);
            self.caption(text, MARGIN, top + down as usize + 4, Style::Faint, Anchor::Start);
        }
        let mut band = Pixels::default();
        let (axis, scale) = (self.axis(), self.scale);
        paint::divergence(&mut band, axis, scale, &scene.theme, scene.divergence, scene.extent);
        self.place(&band, LEFT - paint::VERSIONS_WIDTH);
    }

    /// The scale of colours, from no node to all, at the right edge.
    fn legend(&mut self, y: usize) {
        let right = WIDTH - MARGIN - 64;
        let left = right - LEGEND_WIDTH;
        self.caption(text!("divergence_map.all"), right + 6, y + 8, Style::Faint, Anchor::Start);
        self.caption(text!("divergence_map.none"), left - 6, y + 8, Style::Faint, Anchor::End);
        for step in 0..LEGEND_WIDTH {
            let share = (step * 255 / (LEGEND_WIDTH - 1)) as u8;
            let part = Rect {
                x: (left + step) * self.scale,
                y: y * self.scale,
                width: self.scale,
                height: LEGEND_HEIGHT * self.scale,
            };
            self.pixels.fill(part, Fill::Plain(paint::divergence_colour(share)), self.scale);
        }
    }
}

/// A name as far as there is room for it.
fn shortened(name: &str) -> String {
    const CHARS_MAX: usize = 8;
    match name.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Photographer;
    use scalesmall_sim::{Scenario, Simulation, builtin};

    #[test]
    fn all_bands_are_there_at_every_scale() {
        let mut simulation = Simulation::new(Scenario::parse(builtin::FIRST_LIGHT).unwrap());
        let mut divergence = Divergence::new(simulation.scenario());
        while simulation.now() < SimTime::from_ms(3_000) {
            divergence.pass(&simulation, simulation.next_time().unwrap());
            simulation.step();
        }
        let picture = Photographer::default().take(&simulation);
        let identities = Identities::of(simulation.scenario());
        let scene = Scene {
            title: "title",
            about: words::about(simulation.scenario()),
            now: simulation.now(),
            picture: &picture,
            count: 24,
            identities: &identities,
            divergence: &divergence,
            extent: SimTime::from_ms(10_000),
            theme: Theme::LIGHT,
        };
        for scale in [1, 2] {
            let Portrait { pixels, captions, height, .. } = compose(&scene, scale);
            assert_eq!((pixels.width, pixels.height), (WIDTH * scale, (height + MARGIN) * scale));
            let is_painted = |units: usize| {
                let row = &pixels.data[units * scale * pixels.width * 4..][..pixels.width * 4];
                row.chunks(4).filter(|pixel| pixel[..3] != scene.theme.paper).count() > 100
            };
            let truth = TITLE_HEIGHT + HEADING_HEIGHT;
            let views = truth + paint::truth_height() + HEADING_HEIGHT;
            let map = views + paint::views_height(24) + HEADING_HEIGHT;
            for (units, expected) in
                [(20, false), (truth + 70, true), (views + 5, true), (map + 5, true)]
            {
                assert_eq!(is_painted(units), expected, "{units}");
            }
            let texts: Vec<&str> = captions.iter().map(|caption| caption.text.as_str()).collect();
            for text in ["n01", "n24", "00000000", "ffffffff", "5 s"] {
                assert!(texts.contains(&text), "{text}");
            }
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(shortened("n01"), "n01");
        assert_eq!(shortened("äöüäöüäöü"), "äöüäöüäö…");
    }
}
