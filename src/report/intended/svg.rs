//! Lives as one drawing that stands by itself: no script, no style sheet, nothing that is loaded.

use std::fmt::Write as _;

use super::{Intended, Life, Way};
use crate::report::html::map::path;
use crate::report::layout::{Drawing, Route, Size, Wire, draw};
use crate::report::visible;
use crate::report::visible::shortened;

/// Arrows of one life; more cannot be read, and are long in the drawing.
const ARROWS: usize = 200;
/// Width of a letter of a state and of a label, height of a line, in pixels.
const NAME_LETTER: f64 = 8.0;
const LABEL_LETTER: f64 = 6.4;
const LINE: f64 = 15.0;
/// Letters of a line beside an arrow, and of a state's name.
const LABEL_LENGTH: usize = 44;
const NAME_LENGTH: usize = 32;
const MARGIN: f64 = 30.0;
const HEAD: f64 = 40.0;

/// Arrows that start and end at the same states; loops of one state are one.
struct Arrow<'a> {
    wire: (usize, usize),
    ways: Vec<&'a Way>,
}

/// The drawing; how many arrows a life has where they are too many to draw.
///
/// # Errors
/// The object type whose life is too large, and its number of arrows.
pub fn svg(intended: &Intended) -> Result<String, (String, usize)> {
    let mut parts = Vec::new();
    for life in &intended.lifecycles {
        let arrows = arrows(life);
        if arrows.len() > ARROWS {
            return Err((life.object_type.clone(), arrows.len()));
        }
        parts.push(part(life, &arrows));
    }
    let width = parts.iter().map(|(_, size)| size.width).fold(200.0, f64::max) + 2.0 * MARGIN;
    let height = parts.iter().map(|(_, size)| size.height + HEAD + MARGIN).sum::<f64>() + MARGIN;
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n<title>"
    );
    out.push_str(&escaped(&format!("{} {}", intended.id, intended.version)));
    out.push_str("</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    let mut top = MARGIN;
    for (life, (body, size)) in intended.lifecycles.iter().zip(&parts) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<text x=\"{MARGIN:.0}\" y=\"{:.0}\" font-size=\"16\" font-weight=\"bold\">{}</text>\n<g transform=\"translate({MARGIN:.0} {:.0})\">\n{body}</g>",
            top + 12.0,
            escaped(&life.object_type),
            top + HEAD
        );
        top += size.height + HEAD + MARGIN;
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn arrows(life: &Life) -> Vec<Arrow<'_>> {
    let mut arrows: Vec<Arrow<'_>> = Vec::new();
    for way in &life.transitions {
        for from in &way.from {
            let wire = (*from, way.to);
            match arrows.iter_mut().find(|arrow| arrow.wire == wire && wire.0 == wire.1) {
                Some(arrow) => arrow.ways.push(way),
                None => arrows.push(Arrow { wire, ways: vec![way] }),
            }
        }
    }
    arrows
}

impl Arrow<'_> {
    fn lines(&self) -> Vec<String> {
        let lines = self.ways.iter().flat_map(|way| way.lines());
        lines.map(|line| shortened(&visible(&line), LABEL_LENGTH).into_owned()).collect()
    }
}

fn part(life: &Life, arrows: &[Arrow<'_>]) -> (String, Size) {
    let letters = |text: &str| text.chars().count() as f64;
    let sizes: Vec<Size> = life
        .states
        .iter()
        .map(|state| Size { width: (letters(&name(&state.name)) * NAME_LETTER + 34.0).max(80.0), height: 38.0 })
        .collect();
    let wires: Vec<Wire> = arrows
        .iter()
        .map(|arrow| {
            let lines = arrow.lines();
            let longest = lines.iter().map(|line| letters(line)).fold(0.0, f64::max);
            let label = Size { width: longest * LABEL_LETTER + 10.0, height: LINE * lines.len() as f64 + 4.0 };
            Wire { from: arrow.wire.0, to: arrow.wire.1, label }
        })
        .collect();
    let first: Vec<usize> = life.states.iter().position(|state| state.initial).into_iter().collect();
    let drawing = draw(&sizes, &first, &wires);
    let mut out = String::new();
    drawing.routes.iter().for_each(|route| line(route, &mut out));
    states(life, &sizes, &drawing, &mut out);
    for (arrow, route) in arrows.iter().zip(&drawing.routes) {
        label(&arrow.lines(), route, &mut out);
    }
    (out, drawing.size)
}

fn name(name: &str) -> String {
    shortened(&visible(name), NAME_LENGTH).into_owned()
}

fn line(route: &Route, out: &mut String) {
    let (Some(&(x, y)), true) = (route.points.last(), route.points.len() > 1) else { return };
    let tip = if route.around {
        format!("M{x:.1} {y:.1}l8 -4v8z")
    } else if route.upward {
        format!("M{x:.1} {y:.1}l-4 8h8z")
    } else {
        format!("M{x:.1} {y:.1}l-4 -8h8z")
    };
    let _ = writeln!(
        out,
        "<path d=\"{}\" fill=\"none\" stroke=\"#555\" stroke-width=\"1.4\"/><path d=\"{tip}\" fill=\"#555\"/>",
        path(route, 8.0)
    );
}

fn states(life: &Life, sizes: &[Size], drawing: &Drawing, out: &mut String) {
    for ((state, size), &(x, y)) in life.states.iter().zip(sizes).zip(&drawing.nodes) {
        let mut rect = |grow: f64, width: f64, fill: &str| {
            let _ = writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"9\" fill=\"{fill}\" stroke=\"#222\" stroke-width=\"{width}\"/>",
                x - size.width / 2.0 + grow,
                y - size.height / 2.0 + grow,
                size.width - 2.0 * grow,
                size.height - 2.0 * grow
            );
        };
        rect(0.0, if state.restricted { 3.0 } else { 1.2 }, if state.initial { "#e8eef7" } else { "#fff" });
        if state.is_final {
            rect(4.0, 1.0, "none");
        }
        let mark = if state.restricted { "◆ " } else { "" };
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-weight=\"bold\">{mark}{}</text>",
            y + 4.0,
            escaped(&name(&state.name))
        );
    }
}

fn label(lines: &[String], route: &Route, out: &mut String) {
    if route.points.len() < 2 {
        return;
    }
    let (x, middle) = route.label;
    let top = middle - LINE * lines.len() as f64 / 2.0;
    for (number, text) in lines.iter().enumerate() {
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"middle\" stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\">{}</text>",
            top + LINE * (number as f64 + 0.75),
            escaped(text)
        );
    }
}

/// Text of an element or attribute.
fn escaped(text: &str) -> String {
    let text = visible(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
