//! Process maps: one drawing and one table for each object type.

use crate::report::figure::{count, counted, percent};
use crate::report::layout::{Drawing, Route, Size, Wire, draw};
use crate::report::summary::{MapEdgeSummary, MapNodeSummary, MapSummary};
use crate::report::visible;

use super::markup::Markup;
use super::step::{Kind, Step, kind, leaving};

/// Edges in one drawing; more cannot be read. The table has them all.
const DRAWN: usize = 48;
/// Width of a letter and height of a line in the drawing's two sizes of text, in pixels.
const NAME_LETTER: f64 = 7.8;
const LABEL_LETTER: f64 = 6.7;
const LABEL_LINE: f64 = 17.0;
/// Room around the drawing; the top holds the marks where lives begin.
const MARGIN: f64 = 26.0;
/// Letters of a name before it is cut; the whole is in the table.
const NAME_LENGTH: usize = 28;
/// Name of the node where several states are possible.
const SEVERAL: &str = "?";

/// Edges drawn as one: a loop carries all its activities, any other edge one.
struct Bundle<'a> {
    edges: Vec<Step<'a>>,
}

/// Writes every map.
pub(super) fn write(page: &mut Markup, maps: &[MapSummary]) {
    if maps.is_empty() {
        page.raw("<p>No process map: no object type has a lifecycle and no activities were mined.</p>");
        return;
    }
    page.raw(
        "<ul class=\"legend\"><li><svg width=\"38\" height=\"12\" aria-hidden=\"true\"><path class=\"edge\" d=\"M2 6H36\" stroke-width=\"3\"/></svg> seen; width grows with the count</li>\
         <li><svg width=\"38\" height=\"12\" aria-hidden=\"true\"><path class=\"edge never\" d=\"M2 6H36\" stroke-width=\"1.5\"/></svg> declared, never seen</li>\
         <li><svg width=\"38\" height=\"12\" aria-hidden=\"true\"><path class=\"edge undeclared\" d=\"M2 6H36\" stroke-width=\"4\"/></svg> <span class=\"bad\">▲</span> seen, not declared</li>\
         <li><span class=\"dot\" aria-hidden=\"true\"></span> a life begins</li><li><span class=\"ring\" aria-hidden=\"true\"></span> a life ends</li><li>◆ restricted by the model</li>",
    );
    if maps.iter().any(|map| map.edges.iter().any(|edge| edge.perhaps)) {
        page.raw("<li><strong>≈</strong> perhaps: the source hides what would tell it from a retry, or from which state it was</li>");
    }
    if maps.iter().any(|map| map.nodes.iter().any(|node| node.name == SEVERAL)) {
        page.raw(
            "<li><strong>?</strong> several states were possible: a step before was not seen, or not which one</li>",
        );
    }
    page.raw(
        "</ul><p class=\"small\">Beside a step: how often it happened, and its share of the steps from the same place. \
         A click on a step shows cases in which it happened.</p>\
         <p id=\"least-row\" class=\"slider\" hidden><label>Hide rare steps \
         <input id=\"least\" type=\"range\" min=\"0\" value=\"0\" step=\"1\"> <output id=\"least-shown\"></output></label> \
         <span class=\"small\">Steps that are not declared always stay.</span></p>",
    );
    for map in maps {
        page.open("section", &[("class", "map")]);
        page.element("h3", "", &map.object_type).element("p", "small", &counted(map.objects, "object", "objects"));
        let bundles = bundles(map);
        let drawn: usize = bundles.iter().map(|bundle| bundle.edges.len()).sum();
        page.open("p", &[("class", "small shown"), ("role", "status"), ("data-all", &map.edges.len().to_string())])
            .text(&format!(
                "Showing {drawn} of {}; the table has them all.",
                counted(map.edges.len() as u64, "step", "steps")
            ))
            .close("p");
        drawing(page, map, &bundles);
        table(page, map);
        page.close("section");
    }
}

/// The edges to draw: what the model forbids first, then what it declares, then by count.
fn bundles(map: &MapSummary) -> Vec<Bundle<'_>> {
    let mut edges: Vec<&MapEdgeSummary> =
        map.edges.iter().filter(|edge| edge.from < map.nodes.len() && edge.to < map.nodes.len()).collect();
    edges.sort_by_key(|edge| {
        let telling = (kind(edge) != Kind::Undeclared, edge.allowed != Some(true));
        (telling, std::cmp::Reverse(edge.count), edge.from, edge.to, edge.perhaps)
    });
    edges.truncate(DRAWN);
    edges.sort_by_key(|edge| (edge.from, edge.to, &edge.label, edge.perhaps));
    let mut bundles: Vec<Bundle> = Vec::new();
    let leaving = leaving(map);
    for edge in edges {
        let step = Step::new(map, edge, &leaving);
        match bundles.last_mut() {
            Some(last)
                if edge.from == edge.to
                    && last.edges.iter().all(|other| (other.edge.from, other.edge.to) == (edge.from, edge.to)) =>
            {
                last.edges.push(step);
            }
            _ => bundles.push(Bundle { edges: vec![step] }),
        }
    }
    bundles
}

fn shortened(text: &str, width: usize) -> String {
    crate::report::visible::shortened(text, width).into_owned()
}

fn node_name(node: &MapNodeSummary) -> String {
    let name = shortened(&visible(&node.name), NAME_LENGTH);
    if node.restricted { format!("◆ {name}") } else { name }
}

fn drawing(page: &mut Markup, map: &MapSummary, bundles: &[Bundle]) {
    let letters = |text: &str| text.chars().count() as f64;
    let sizes: Vec<Size> = map
        .nodes
        .iter()
        .map(|node| Size { width: (letters(&node_name(node)) * NAME_LETTER + 30.0).max(96.0), height: 44.0 })
        .collect();
    let wires: Vec<Wire> = bundles.iter().filter_map(|bundle| wire(bundle)).collect();
    let first: Vec<usize> =
        map.nodes.iter().enumerate().filter(|(_, node)| node.initial).map(|(place, _)| place).collect();
    let drawn = draw(&sizes, &first, &wires);
    let (width, height) = (drawn.size.width + 2.0 * MARGIN, drawn.size.height + 2.0 * MARGIN);
    page.raw("<div class=\"scroll drawing\" tabindex=\"0\" role=\"group\">").open(
        "svg",
        &[
            ("class", "process"),
            ("viewBox", &format!("{:.0} {:.0} {width:.0} {height:.0}", -MARGIN, -MARGIN)),
            ("width", &format!("{width:.0}")),
            ("height", &format!("{height:.0}")),
            ("role", "img"),
            (
                "aria-label",
                &format!(
                    "Process map of {}: {} states or steps; the table below says the same",
                    map.object_type,
                    map.nodes.len()
                ),
            ),
        ],
    );
    let most = map.edges.iter().map(|edge| edge.count).max().unwrap_or(1).max(1);
    for (bundle, route) in bundles.iter().zip(&drawn.routes) {
        edge(page, bundle, route, most);
    }
    nodes(page, map, &sizes, &drawn);
    for (bundle, route) in bundles.iter().zip(&drawn.routes) {
        labels(page, bundle, route);
    }
    page.raw("</svg></div>");
}

fn wire(bundle: &Bundle) -> Option<Wire> {
    let longest = bundle.edges.iter().map(|step| step.label.chars().count()).max()? as f64;
    let edge = bundle.edges.first()?.edge;
    let label = Size { width: longest * LABEL_LETTER + 12.0, height: LABEL_LINE * bundle.edges.len() as f64 + 4.0 };
    Some(Wire { from: edge.from, to: edge.to, label })
}

fn class(kind: Kind, seen: &'static str, never: &'static str, undeclared: &'static str) -> &'static str {
    match kind {
        Kind::Seen => seen,
        Kind::NeverSeen | Kind::Perhaps => never,
        Kind::Undeclared => undeclared,
    }
}

/// The worst kind of a bundle decides how its line looks.
fn worst(bundle: &Bundle) -> Kind {
    let has = |wanted: Kind| bundle.edges.iter().any(|step| kind(step.edge) == wanted);
    if has(Kind::Undeclared) {
        Kind::Undeclared
    } else if has(Kind::Seen) {
        Kind::Seen
    } else if has(Kind::Perhaps) {
        Kind::Perhaps
    } else {
        Kind::NeverSeen
    }
}

fn edge(page: &mut Markup, bundle: &Bundle, route: &Route, most: u64) {
    let (Some(&end), true) = (route.points.last(), route.points.len() > 1) else { return };
    let kind = worst(bundle);
    let number: u64 = bundle.edges.iter().map(|step| step.edge.count).sum();
    let width = match kind {
        Kind::NeverSeen | Kind::Perhaps => 1.5,
        Kind::Seen => 1.4 + 5.0 * (number as f64 / most as f64).sqrt(),
        Kind::Undeclared => 3.2 + 3.2 * (number as f64 / most as f64).sqrt(),
    };
    let size = 6.0 + width;
    // A loop's line stays as long as one of its labels does.
    let most_seen = bundle.edges.iter().map(|step| step.edge.count).max().unwrap_or(0);
    let undeclared = if kind == Kind::Undeclared { "1" } else { "" };
    page.open("g", &[("class", "line"), ("data-count", &most_seen.to_string()), ("data-undeclared", undeclared)]);
    page.open(
        "path",
        &[
            ("class", class(kind, "edge", "edge never", "edge undeclared")),
            ("d", &path(route, size)),
            ("stroke-width", &format!("{width:.1}")),
        ],
    )
    .close("path");
    let (x, y) = end;
    let half = size * 0.55;
    let tip = if route.around {
        format!("M{x:.1} {y:.1}l{size:.1} {:.1}v{:.1}z", -half, 2.0 * half)
    } else if route.upward {
        format!("M{x:.1} {y:.1}l{:.1} {size:.1}h{:.1}z", -half, 2.0 * half)
    } else {
        format!("M{x:.1} {y:.1}l{:.1} {:.1}h{:.1}z", -half, -size, 2.0 * half)
    };
    page.open("path", &[("class", class(kind, "tip", "tip never", "tip undeclared")), ("d", &tip)]).close("path");
    page.close("g");
}

/// The line of a route, ending where its arrow head begins.
pub(in crate::report) fn path(route: &Route, head: f64) -> String {
    let mut points = route.points.clone();
    let Some(&(x, y)) = points.first() else { return String::new() };
    if let Some(last) = points.last_mut() {
        if route.around {
            last.0 += head * 0.8;
        } else {
            last.1 += if route.upward { head * 0.8 } else { -head * 0.8 };
        }
    }
    let mut path = format!("M{x:.1} {y:.1}");
    if let (true, Some(&(end_x, end_y))) = (route.around, points.last()) {
        path.push_str(&format!(
            "C{:.1} {:.1} {:.1} {:.1} {end_x:.1} {end_y:.1}",
            x + 38.0,
            y - 8.0,
            x + 38.0,
            end_y + 8.0
        ));
        return path;
    }
    for (place, pair) in points.windows(2).enumerate() {
        let &[(from_x, from_y), (to_x, to_y)] = pair else { continue };
        // Vertical at both ends, and in between along the line from the point before to the point after.
        let bend = (to_y - from_y) / 2.0;
        let (out_x, out_y) = match place.checked_sub(1).and_then(|before| points.get(before)) {
            Some(before) => (from_x + (to_x - before.0) / 6.0, from_y + (to_y - before.1) / 6.0),
            None => (from_x, from_y + bend),
        };
        let (in_x, in_y) = match points.get(place + 2) {
            Some(after) => (to_x - (after.0 - from_x) / 6.0, to_y - (after.1 - from_y) / 6.0),
            None => (to_x, to_y - bend),
        };
        path.push_str(&format!("C{out_x:.1} {out_y:.1} {in_x:.1} {in_y:.1} {to_x:.1} {to_y:.1}"));
    }
    path
}

fn nodes(page: &mut Markup, map: &MapSummary, sizes: &[Size], drawn: &Drawing) {
    for ((node, size), &(x, y)) in map.nodes.iter().zip(sizes).zip(&drawn.nodes) {
        let (left, top) = (x - size.width / 2.0, y - size.height / 2.0);
        let rect = |page: &mut Markup, class: &str, grow: f64| {
            page.open(
                "rect",
                &[
                    ("class", class),
                    ("x", &format!("{:.1}", left - grow)),
                    ("y", &format!("{:.1}", top - grow)),
                    ("width", &format!("{:.1}", size.width + 2.0 * grow)),
                    ("height", &format!("{:.1}", size.height + 2.0 * grow)),
                    ("rx", &format!("{:.1}", 9.0 + grow)),
                ],
            )
            .close("rect");
        };
        if node.initial {
            page.open(
                "path",
                &[
                    ("class", "edge"),
                    ("d", &format!("M{:.1} {:.1}v14", left + 16.0, top - 14.0)),
                    ("stroke-width", "2"),
                ],
            )
            .close("path");
            page.open(
                "circle",
                &[
                    ("class", "start"),
                    ("cx", &format!("{:.1}", left + 16.0)),
                    ("cy", &format!("{:.1}", top - 14.0)),
                    ("r", "5"),
                ],
            )
            .close("circle");
        }
        if node.end {
            rect(page, "node-end", 4.0);
        }
        rect(
            page,
            if node.restricted {
                "node restricted"
            } else if node.count == 0 {
                "node never"
            } else {
                "node"
            },
            0.0,
        );
        text(page, "node-name", (x, y - 2.0), &node_name(node));
        text(page, "node-count", (x, y + 14.0), &count(node.count));
    }
}

fn labels(page: &mut Markup, bundle: &Bundle, route: &Route) {
    let Some(Wire { label: size, .. }) = wire(bundle).filter(|_| !route.points.is_empty()) else { return };
    let (x, y) = route.label;
    page.raw("<g class=\"labels\">");
    page.open(
        "rect",
        &[
            ("class", "label-back"),
            ("x", &format!("{:.1}", x - size.width / 2.0)),
            ("y", &format!("{:.1}", y - size.height / 2.0)),
            ("width", &format!("{:.1}", size.width)),
            ("height", &format!("{:.1}", size.height)),
            ("rx", "5"),
        ],
    )
    .close("rect");
    let top = y - LABEL_LINE * (bundle.edges.len() as f64 - 1.0) / 2.0 + 4.0;
    for (line, step) in bundle.edges.iter().enumerate() {
        let at = (x, top + LABEL_LINE * line as f64);
        step.open(page);
        text(page, class(kind(step.edge), "label", "label never", "label undeclared"), at, &step.label);
        page.close("a");
    }
    page.close("g");
}

fn text(page: &mut Markup, class: &'static str, at: (f64, f64), text: &str) {
    page.element_with(
        "text",
        &[("class", class), ("x", &format!("{:.1}", at.0)), ("y", &format!("{:.1}", at.1))],
        text,
    );
}

fn table(page: &mut Markup, map: &MapSummary) {
    page.raw(
        "<details><summary>The same as a table</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\">From</th>\
         <th scope=\"col\">Step</th><th scope=\"col\">To</th><th scope=\"col\" class=\"n\">Count</th><th scope=\"col\" class=\"n\">Of steps from there</th>\
         <th scope=\"col\">Model</th></tr></thead><tbody>",
    );
    let leaving = leaving(map);
    for edge in &map.edges {
        let name = |node: usize| map.nodes.get(node).map_or("?", |node| node.name.as_str());
        page.raw("<tr>").element("td", "", name(edge.from)).element("td", "", &edge.label).element(
            "td",
            "",
            name(edge.to),
        );
        page.raw("<td class=\"n\">");
        if edge.count > 0 {
            page.element_with("a", &[("href", &Step::new(map, edge, &leaving).link)], &count(edge.count));
        } else {
            page.text("0");
        }
        page.raw("</td>").element("td", "n", &percent(edge.count, leaving.get(edge.from).copied().unwrap_or(0)));
        page.raw(match (kind(edge), edge.allowed) {
            (Kind::NeverSeen, _) => "<td>declared, never seen</td>",
            (Kind::Undeclared, _) => "<td class=\"bad\">▲ seen, not declared</td>",
            (Kind::Perhaps, _) => "<td>≈ perhaps</td>",
            (Kind::Seen, Some(_)) => "<td>declared and seen</td>",
            (Kind::Seen, None) => "<td>no model</td>",
        });
        page.raw("</tr>");
    }
    page.raw("</tbody></table></div></details>");
}
