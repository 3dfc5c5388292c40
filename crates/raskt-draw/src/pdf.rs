//! Scenes as PDF: one page, vector shapes, and text that can be selected and searched, in the embedded font.

#![allow(clippy::cast_possible_truncation, reason = "PDF has coordinates of single precision")]

use std::collections::BTreeMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use ttf_parser::Face;

use crate::layout::{Curve, Point, Segment};
use crate::scene::{Mark, Scene, Stroke, Text};
use crate::{Color, font};

/// Points (1/72 inch) for each pixel (1/96 inch).
const POINTS_PER_PIXEL: f64 = 0.75;
/// Readers refuse longer sides.
const SIDE_MAX: f64 = 14_400.0;
const ROUND: f64 = 0.552_284_75;
const FONT_NAME: &str = "Inter-Medium";
const ADOBE_IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Numbers of the document's objects.
struct Refs {
    catalog: Ref,
    pages: Ref,
    page: Ref,
    content: Ref,
    font: Ref,
    cid_font: Ref,
    descriptor: Ref,
    unicode: Ref,
    file: Ref,
    info: Ref,
}

impl Refs {
    fn new() -> Self {
        Self {
            catalog: Ref::new(1),
            pages: Ref::new(2),
            page: Ref::new(3),
            content: Ref::new(4),
            font: Ref::new(5),
            cid_font: Ref::new(6),
            descriptor: Ref::new(7),
            unicode: Ref::new(8),
            file: Ref::new(9),
            info: Ref::new(10),
        }
    }
}

/// Writes the document.
pub(crate) fn write(scene: &Scene) -> Vec<u8> {
    let scale = POINTS_PER_PIXEL.min(SIDE_MAX / scene.width.max(scene.height));
    let refs = Refs::new();
    let mut pdf = Pdf::new();
    pdf.catalog(refs.catalog).pages(refs.pages);
    pdf.pages(refs.pages).kids([refs.page]).count(1);
    let mut page = pdf.page(refs.page);
    page.parent(refs.pages).contents(refs.content);
    page.media_box(Rect::new(0.0, 0.0, (scene.width * scale) as f32, (scene.height * scale) as f32));
    page.resources().fonts().pair(Name(b"F"), refs.font);
    page.finish();

    let mut glyphs: BTreeMap<u16, char> = BTreeMap::new();
    let content = content(scene, scale, &mut glyphs);
    pdf.stream(refs.content, &deflated(&content)).filter(Filter::FlateDecode);
    if let Some(face) = font::face() {
        write_font(&mut pdf, &refs, face, &glyphs);
    }
    let mut info = pdf.document_info(refs.info);
    info.producer(TextStr("raskt"));
    if let Some(title) = &scene.title {
        info.title(TextStr(title));
    }
    info.finish();
    pdf.finish()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 8)
}

fn content(scene: &Scene, scale: f64, glyphs: &mut BTreeMap<u16, char>) -> Vec<u8> {
    let mut out = Content::new();
    // The page counts upwards from its lower left corner, the scene downwards from its upper left.
    let (scale, height) = (scale as f32, (scene.height * scale) as f32);
    out.transform([scale, 0.0, 0.0, -scale, 0.0, height]);
    if scene.background.a > 0 {
        set_fill(&mut out, scene.background);
        out.rect(0.0, 0.0, scene.width as f32, scene.height as f32).fill_nonzero();
    }
    for mark in scene.groups.iter().flat_map(|group| &group.marks) {
        draw(&mut out, mark, glyphs);
    }
    out.finish().into_vec()
}

/// Colours are mixed with white by their opacity: transparency proper would need a state object each.
fn channels(color: Color) -> [f32; 3] {
    let seen = Color::WHITE.mix(Color { a: 255, ..color }, f64::from(color.a) / 255.0);
    [seen.r, seen.g, seen.b].map(|channel| f32::from(channel) / 255.0)
}

fn set_fill(out: &mut Content, color: Color) {
    let [r, g, b] = channels(color);
    out.set_fill_rgb(r, g, b);
}

fn draw(out: &mut Content, mark: &Mark, glyphs: &mut BTreeMap<u16, char>) {
    match mark {
        Mark::Rectangle { corner, width, height, radius, fill, stroke } => {
            rounded(out, *corner, *width, *height, *radius, *radius);
            paint(out, *fill, *stroke);
        }
        Mark::Ellipse { centre, rx, ry, fill, stroke } => {
            let corner = Point::new(centre.x - rx, centre.y - ry);
            rounded(out, corner, 2.0 * rx, 2.0 * ry, *rx, *ry);
            paint(out, *fill, *stroke);
        }
        Mark::Path { curve, stroke } => {
            path(out, curve);
            paint(out, Color::TRANSPARENT, Some(*stroke));
        }
        Mark::Polygon { points, fill } => {
            for (index, point) in points.iter().enumerate() {
                let (x, y) = (point.x as f32, point.y as f32);
                if index == 0 {
                    out.move_to(x, y)
                } else {
                    out.line_to(x, y)
                };
            }
            out.close_path();
            paint(out, *fill, None);
        }
        Mark::Text(text) => draw_text(out, text, glyphs),
    }
}

fn paint(out: &mut Content, fill: Color, stroke: Option<Stroke>) {
    let filled = fill.a > 0;
    if filled {
        set_fill(out, fill);
    }
    let Some(stroke) = stroke.filter(|stroke| stroke.color.a > 0 && stroke.width > 0.0) else {
        if filled {
            out.fill_nonzero();
        } else {
            out.end_path();
        }
        return;
    };
    let [r, g, b] = channels(stroke.color);
    out.set_stroke_rgb(r, g, b).set_line_width(stroke.width as f32);
    let dashes: &[f32] = if stroke.dashed { &[5.0, 4.0] } else { &[] };
    out.set_dash_pattern(dashes.iter().copied(), 0.0);
    if filled {
        out.fill_nonzero_and_stroke()
    } else {
        out.stroke()
    };
}

fn path(out: &mut Content, curve: &Curve) {
    out.move_to(curve.start.x as f32, curve.start.y as f32);
    for segment in &curve.segments {
        match segment {
            Segment::Line(to) => out.line_to(to.x as f32, to.y as f32),
            Segment::Cubic(a, b, to) => {
                out.cubic_to(a.x as f32, a.y as f32, b.x as f32, b.y as f32, to.x as f32, to.y as f32)
            }
        };
    }
}

/// A rectangle whose corners are quarters of an ellipse; an ellipse where they take all of it.
fn rounded(out: &mut Content, corner: Point, width: f64, height: f64, rx: f64, ry: f64) {
    let (rx, ry) = (rx.min(width / 2.0), ry.min(height / 2.0));
    let (left, top, right, bottom) = (corner.x, corner.y, corner.x + width, corner.y + height);
    let corners = [
        ((right - rx, top), (right, top), (right, top + ry)),
        ((right, bottom - ry), (right, bottom), (right - rx, bottom)),
        ((left + rx, bottom), (left, bottom), (left, bottom - ry)),
        ((left, top + ry), (left, top), (left + rx, top)),
    ];
    out.move_to((left + rx) as f32, top as f32);
    for (from, tip, to) in corners {
        out.line_to(from.0 as f32, from.1 as f32);
        let control = |end: (f64, f64)| (end.0 + (tip.0 - end.0) * ROUND, end.1 + (tip.1 - end.1) * ROUND);
        let (a, b) = (control(from), control(to));
        out.cubic_to(a.0 as f32, a.1 as f32, b.0 as f32, b.1 as f32, to.0 as f32, to.1 as f32);
    }
    out.close_path();
}

fn draw_text(out: &mut Content, text: &Text, glyphs: &mut BTreeMap<u16, char>) {
    set_fill(out, text.color);
    out.begin_text().set_font(Name(b"F"), text.size as f32);
    // Glyphs are placed one by one: what the font lacks takes the room that the layout gave it.
    let mut x = text.left();
    for character in text.text.chars() {
        let glyph = font::glyph(character);
        glyphs.entry(glyph.id.0).or_insert(if glyph.is_own {
            character
        } else {
            char::REPLACEMENT_CHARACTER
        });
        out.set_text_matrix([1.0, 0.0, 0.0, -1.0, x as f32, text.at.y as f32]);
        out.show(Str(&glyph.id.0.to_be_bytes()));
        x += glyph.advance * text.size;
    }
    out.end_text();
}

fn write_font(pdf: &mut Pdf, refs: &Refs, face: &Face<'_>, glyphs: &BTreeMap<u16, char>) {
    let name = Name(FONT_NAME.as_bytes());
    let mut font = pdf.type0_font(refs.font);
    font.base_font(name).encoding_predefined(Name(b"Identity-H"));
    font.descendant_font(refs.cid_font).to_unicode(refs.unicode);
    font.finish();

    let thousandths = |units: f32| units * 1_000.0 / f32::from(face.units_per_em());
    let mut cid_font = pdf.cid_font(refs.cid_font);
    cid_font.subtype(CidFontType::Type2).base_font(name).system_info(ADOBE_IDENTITY);
    cid_font.font_descriptor(refs.descriptor).default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = cid_font.widths();
    for &glyph in glyphs.keys() {
        let advance = face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0);
        widths.consecutive(glyph, [thousandths(f32::from(advance))]);
    }
    widths.finish();
    cid_font.finish();

    let bounds = face.global_bounding_box();
    let [left, low, right, high] =
        [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|units| thousandths(f32::from(units)));
    let mut descriptor = pdf.font_descriptor(refs.descriptor);
    descriptor
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(left, low, right, high))
        .italic_angle(0.0);
    descriptor
        .ascent(thousandths(f32::from(face.ascender())))
        .descent(thousandths(f32::from(face.descender())));
    descriptor.cap_height(thousandths(f32::from(face.capital_height().unwrap_or(0)))).stem_v(95.0);
    descriptor.font_file2(refs.file);
    descriptor.finish();

    let mut cmap = UnicodeCmap::new(Name(b"Custom"), ADOBE_IDENTITY);
    for (&glyph, &character) in glyphs {
        cmap.pair(glyph, character);
    }
    pdf.cmap(refs.unicode, &cmap.finish());
    let length = i32::try_from(font::FONT.len()).unwrap_or(i32::MAX);
    pdf.stream(refs.file, &deflated(font::FONT)).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
}
