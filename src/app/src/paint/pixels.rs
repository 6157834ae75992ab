//! A picture in memory.

use crate::identity::{Colour, Identity, Texture};

/// Red, green, blue, alpha, row by row.
#[derive(Default)]
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u8>,
}

/// A rectangle of pixels; what lies outside the picture is not painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// What a rectangle is filled with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fill {
    Plain(Colour),
    /// A node's look, mixed with the paper: `strength` of 255 is the look alone.
    Node {
        identity: Identity,
        paper: Colour,
        strength: u8,
    },
    /// Thin slanted lines: nobody is here.
    Hatched {
        paper: Colour,
        line: Colour,
    },
}

impl Pixels {
    /// An empty picture of this size and colour.
    pub(crate) fn reset(&mut self, width: usize, height: usize, colour: Colour) {
        self.width = width;
        self.height = height;
        let [red, green, blue] = colour;
        self.data.clear();
        self.data.resize(width * height * 4, 255);
        for pixel in self.data.chunks_exact_mut(4) {
            pixel[..3].copy_from_slice(&[red, green, blue]);
        }
    }

    /// Puts another picture into this one; what would lie outside is left out.
    pub(crate) fn copy(&mut self, other: &Self, x: usize, y: usize) {
        let width = other.width.min(self.width.saturating_sub(x));
        for row in 0..other.height.min(self.height.saturating_sub(y)) {
            let from = row * other.width * 4;
            let to = ((y + row) * self.width + x) * 4;
            self.data[to..to + width * 4].copy_from_slice(&other.data[from..from + width * 4]);
        }
    }

    /// Puts `height` lines from one place in the picture to another.
    pub(crate) fn repeat(&mut self, from: usize, to: usize, height: usize) {
        let line = self.width * 4;
        self.data.copy_within(from * line..(from + height) * line, to * line);
    }

    /// Fills a rectangle; `scale` is the number of pixels to a unit of the page, so that textures
    /// look the same on every screen.
    pub(crate) fn fill(&mut self, rect: Rect, fill: Fill, scale: usize) {
        let (base, ink) = match fill {
            Fill::Plain(colour) => (colour, colour),
            Fill::Node { identity, paper, strength } => {
                (mix(identity.colour, paper, strength), mix(identity.ink, paper, strength))
            }
            Fill::Hatched { paper, line } => (paper, line),
        };
        let right = (rect.x + rect.width).min(self.width);
        let bottom = (rect.y + rect.height).min(self.height);
        if rect.x >= right {
            return;
        }
        // Where each line that looks different from all others was painted first.
        let mut painted = [None::<usize>; LINES_MAX];
        for y in rect.y..bottom {
            let is_edge = (y - rect.y) < 2 * scale || (rect.y + rect.height - y) <= 2 * scale;
            let line = fill.line((y - rect.y) / scale, is_edge);
            let span = (y * self.width + rect.x) * 4..(y * self.width + right) * 4;
            if let Some(same) = painted[line] {
                let from = (same * self.width + rect.x) * 4;
                self.data.copy_within(from..from + span.len(), span.start);
                continue;
            }
            painted[line] = Some(y);
            for (pixel, x) in self.data[span].chunks_exact_mut(4).zip(rect.x..) {
                let has_ink = fill.has_ink(x / scale, line);
                pixel[..3].copy_from_slice(if has_ink { &ink } else { &base });
            }
        }
    }
}

/// The most lines of a filling that look different from each other: those of the stripes and an edge.
const LINES_MAX: usize = EDGE + 1;
/// The line that is all ink.
const EDGE: usize = 8;

impl Fill {
    /// Which of the lines that look different this one is, counted from the top.
    fn line(self, y: usize, is_edge: bool) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Node { identity, .. } if identity.has_edge && is_edge => EDGE,
            Self::Node { identity, .. } => match identity.texture {
                Texture::Plain => 0,
                Texture::Stripes => y % 8,
                Texture::Dots => usize::from((y % 6).wrapping_sub(2) < 2),
            },
            Self::Hatched { .. } => y % 6,
        }
    }

    /// Whether a line has ink at a point.
    fn has_ink(self, x: usize, line: usize) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Node { .. } if line == EDGE => true,
            Self::Node { identity, .. } => match identity.texture {
                Texture::Plain => false,
                Texture::Stripes => (x + line) % 8 < 3,
                Texture::Dots => line == 1 && (x % 6).wrapping_sub(2) < 2,
            },
            Self::Hatched { .. } => (x + line).is_multiple_of(6),
        }
    }
}

/// `strength` 255ths of `colour` and the rest of `paper`.
pub(crate) fn mix(colour: Colour, paper: Colour, strength: u8) -> Colour {
    let strength = u16::from(strength);
    let part = |index: usize| {
        let (colour, paper) = (u16::from(colour[index]), u16::from(paper[index]));
        ((colour * strength + paper * (255 - strength)) / 255) as u8
    };
    [part(0), part(1), part(2)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_is_filled_and_nothing_else() {
        let mut pixels = Pixels::default();
        pixels.reset(4, 3, [0, 0, 0]);
        let red = Fill::Plain([255, 0, 0]);
        pixels.fill(Rect { x: 1, y: 1, width: 2, height: 9 }, red, 1);
        pixels.fill(Rect { x: 4, y: 0, width: 2, height: 2 }, red, 1);
        let painted: Vec<bool> = pixels.data.chunks(4).map(|pixel| pixel[0] == 255).collect();
        let (f, t) = (false, true);
        assert_eq!(painted, [f, f, f, f, f, t, t, f, f, t, t, f]);
        assert!(pixels.data.chunks(4).all(|pixel| pixel[3] == 255));
    }

    #[test]
    fn a_picture_is_put_into_another_as_far_as_it_reaches() {
        let [mut pixels, mut other] = [Pixels::default(), Pixels::default()];
        pixels.reset(3, 3, [0, 0, 0]);
        other.reset(2, 2, [255, 0, 0]);
        pixels.copy(&other, 2, 1);
        pixels.copy(&other, 0, 2);
        pixels.copy(&other, 9, 9);
        let painted: Vec<bool> = pixels.data.chunks(4).map(|pixel| pixel[0] == 255).collect();
        let (f, t) = (false, true);
        assert_eq!(painted, [f, f, f, f, f, t, t, t, t]);
    }

    #[test]
    fn a_mix_ends_at_both_colours() {
        assert_eq!(mix([10, 20, 30], [200, 100, 0], 255), [10, 20, 30]);
        assert_eq!(mix([10, 20, 30], [200, 100, 0], 0), [200, 100, 0]);
    }
}
