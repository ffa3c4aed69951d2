//! Layered drawing of a small directed graph, after Sugiyama: cycles are broken, nodes get ranks, every edge gets a box
//! for its label between the ranks, crossings are reduced by sweeps, and positions are fitted by least squares.
//!
//! Because a label is a box like any other, labels never lie on nodes or on each other, and parallel edges come apart.

/// Gap between neighbours of one rank, in pixels.
const GAP: f64 = 22.0;
/// Gap between two ranks, in pixels.
const RANK_GAP: f64 = 24.0;
/// Sweeps of crossing reduction; more change nothing on graphs that people can read.
const SWEEPS: usize = 12;
/// Sweeps of placement; long wires straighten slowly, since each sweep moves a bend by half.
const PLACEMENTS: usize = 80;

/// Width and height of a box, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// An edge to be drawn: indices of its nodes and the size of its label.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    /// Node it leaves.
    pub from: usize,
    /// Node it reaches.
    pub to: usize,
    /// Its label.
    pub label: Size,
}

/// Where a wire runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// Points from the border of the first node to the border of the last.
    pub points: Vec<(f64, f64)>,
    /// Middle of the label.
    pub label: (f64, f64),
    /// It runs against the direction of the drawing.
    pub upward: bool,
    /// It leaves and reaches the same node: `points` are its two ends on the node's right border.
    pub around: bool,
}

/// A finished drawing, in pixels, origin at the top left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Middle of each node.
    pub nodes: Vec<(f64, f64)>,
    /// One route a wire, in its order.
    pub routes: Vec<Route>,
    /// Size of the whole.
    pub size: Size,
}

/// Draws a graph from top to bottom. `first` says which nodes should come first. Wires to unknown nodes get no points.
pub fn draw(nodes: &[Size], first: &[usize], wires: &[Wire]) -> Drawing {
    let ranks = rank(nodes.len(), first, wires);
    let mut grid = Grid::new(nodes, wires, &ranks);
    grid.reduce_crossings();
    grid.place();
    grid.drawing(nodes, wires, &ranks)
}

/// Rank of each node, and for each wire whether it runs upward.
struct Ranks {
    of: Vec<usize>,
    upward: Vec<bool>,
}

/// Whether a wire takes part in ranking.
fn ranked(wire: &Wire, nodes: usize) -> bool {
    wire.from < nodes && wire.to < nodes && wire.from != wire.to
}

/// Breaks cycles by a depth-first walk, then gives each node its longest distance from a source.
fn rank(nodes: usize, first: &[usize], wires: &[Wire]) -> Ranks {
    let mut leaving = vec![Vec::new(); nodes];
    for (index, wire) in wires.iter().enumerate().filter(|(_, wire)| ranked(wire, nodes)) {
        leaving[wire.from].push(index);
    }
    let upward = closing_wires(nodes, first, wires, &leaving);
    let mut waiting = vec![0usize; nodes];
    let oriented: Vec<Option<(usize, usize)>> = wires
        .iter()
        .zip(&upward)
        .map(|(wire, &up)| ranked(wire, nodes).then_some(if up { (wire.to, wire.from) } else { (wire.from, wire.to) }))
        .collect();
    for (_, below) in oriented.iter().flatten() {
        waiting[*below] += 1;
    }
    let mut of = vec![0usize; nodes];
    let mut ready: Vec<usize> = (0..nodes).filter(|&node| waiting[node] == 0).collect();
    while let Some(node) = ready.pop() {
        for &(above, below) in oriented.iter().flatten().filter(|(above, _)| *above == node) {
            of[below] = of[below].max(of[above] + 1);
            waiting[below] -= 1;
            if waiting[below] == 0 {
                ready.push(below);
            }
        }
    }
    Ranks { of, upward }
}

/// Wires that close a cycle, found by a depth-first walk with its own stack.
fn closing_wires(nodes: usize, first: &[usize], wires: &[Wire], leaving: &[Vec<usize>]) -> Vec<bool> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; nodes];
    let mut upward = vec![false; wires.len()];
    for start in first.iter().copied().filter(|&node| node < nodes).chain(0..nodes) {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut stack = vec![(start, 0usize)];
        while let Some((node, next)) = stack.pop() {
            let Some(&wire) = leaving[node].get(next) else {
                marks[node] = Mark::Done;
                continue;
            };
            stack.push((node, next + 1));
            let target = wires[wire].to;
            match marks[target] {
                Mark::Open => upward[wire] = true,
                Mark::New => {
                    marks[target] = Mark::Open;
                    stack.push((target, 0));
                }
                Mark::Done => {}
            }
        }
    }
    upward
}

/// A box of the grid: a node, a label, or the passage of a long wire through a rank.
struct Slot {
    width: f64,
    height: f64,
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// All boxes by rank. Even ranks hold nodes, odd ranks hold labels; passages may be in any.
struct Grid {
    slots: Vec<Slot>,
    rows: Vec<Vec<usize>>,
    /// For each wire, its slots from the upper node to the lower one.
    chains: Vec<Vec<usize>>,
}

impl Grid {
    fn new(nodes: &[Size], wires: &[Wire], ranks: &Ranks) -> Grid {
        let depth = ranks.of.iter().max().map_or(0, |last| last * 2 + 1);
        let mut grid = Grid { slots: Vec::new(), rows: vec![Vec::new(); depth], chains: Vec::new() };
        for (size, rank) in nodes.iter().zip(&ranks.of) {
            grid.add(*size, rank * 2);
        }
        for (index, wire) in wires.iter().enumerate() {
            let chain =
                if ranked(wire, nodes.len()) { grid.chain(wire, ranks.upward[index], ranks) } else { Vec::new() };
            grid.chains.push(chain);
        }
        // A loop's label stands to the right of its node: the node's box grows on both sides so that it stays centred.
        for wire in wires.iter().filter(|wire| wire.from == wire.to) {
            if let Some(slot) = grid.slots.get_mut(wire.from).filter(|_| wire.from < nodes.len()) {
                slot.width = slot.width.max(nodes[wire.from].width + 2.0 * (wire.label.width + 34.0));
                slot.height = slot.height.max(wire.label.height);
            }
        }
        grid
    }

    fn add(&mut self, size: Size, row: usize) -> usize {
        let index = self.slots.len();
        self.slots.push(Slot { width: size.width, height: size.height, x: 0.0, above: Vec::new(), below: Vec::new() });
        self.rows[row].push(index);
        index
    }

    /// Lays a wire through every rank between its nodes; its label sits in the middle one that is odd.
    fn chain(&mut self, wire: &Wire, upward: bool, ranks: &Ranks) -> Vec<usize> {
        let (upper, lower) = if upward { (wire.to, wire.from) } else { (wire.from, wire.to) };
        let (top, bottom) = (ranks.of[upper] * 2, ranks.of[lower] * 2);
        let labelled = ((top + bottom) / 2) | 1;
        let mut chain = vec![upper];
        for row in top + 1..bottom {
            let size = if row == labelled { wire.label } else { Size { width: 8.0, height: 0.0 } };
            chain.push(self.add(size, row));
        }
        chain.push(lower);
        for pair in chain.windows(2) {
            self.slots[pair[0]].below.push(pair[1]);
            self.slots[pair[1]].above.push(pair[0]);
        }
        chain
    }

    /// Sorts each row by the mean place of its neighbours, down and up in turn, and keeps the best order seen.
    fn reduce_crossings(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let order: Vec<usize> = if down {
                (1..self.rows.len()).collect()
            } else {
                (0..self.rows.len().saturating_sub(1)).rev().collect()
            };
            for row in order {
                let fixed = if down { row - 1 } else { row + 1 };
                let places = places(&self.rows[fixed], self.slots.len());
                let mut keyed: Vec<(f64, usize)> = Vec::with_capacity(self.rows[row].len());
                for (place, &slot) in self.rows[row].iter().enumerate() {
                    let near = if down { &self.slots[slot].above } else { &self.slots[slot].below };
                    let mean = mean(near.iter().map(|&other| places[other] as f64)).unwrap_or(place as f64);
                    keyed.push((mean, slot));
                }
                keyed.sort_by(|left, right| left.0.total_cmp(&right.0));
                self.rows[row] = keyed.into_iter().map(|(_, slot)| slot).collect();
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    /// Pairs of wires that cross between neighbouring rows.
    fn crossings(&self) -> usize {
        let mut crossings = 0;
        for pair in self.rows.windows(2) {
            let lower = places(&pair[1], self.slots.len());
            let mut ends: Vec<usize> = Vec::new();
            for &slot in &pair[0] {
                let mut here: Vec<usize> = self.slots[slot].below.iter().map(|&other| lower[other]).collect();
                here.sort_unstable();
                crossings += here.iter().map(|end| ends.iter().filter(|&earlier| earlier > end).count()).sum::<usize>();
                ends.extend(here);
            }
        }
        crossings
    }

    /// Moves every box towards its neighbours without changing the order of a row.
    fn place(&mut self) {
        for row in self.rows.clone() {
            self.fit(&row, |_, _| 0.0);
        }
        for sweep in 0..PLACEMENTS {
            let mut rows = self.rows.clone();
            if sweep % 2 == 1 {
                rows.reverse();
            }
            for row in rows {
                self.fit(&row, |grid, slot| {
                    let near = grid.slots[slot].above.iter().chain(&grid.slots[slot].below);
                    mean(near.map(|&other| grid.slots[other].x)).unwrap_or(grid.slots[slot].x)
                });
            }
        }
        let left = self.slots.iter().map(|slot| slot.x - slot.width / 2.0).fold(f64::INFINITY, f64::min);
        for slot in &mut self.slots {
            slot.x -= left;
        }
    }

    /// Least-squares positions for one row that keep order and gaps: isotonic regression by pooling neighbours.
    fn fit(&mut self, row: &[usize], wanted: impl Fn(&Grid, usize) -> f64) {
        let mut offset = 0.0;
        let mut offsets = Vec::with_capacity(row.len());
        let mut pools: Vec<(f64, usize)> = Vec::new();
        for (place, &slot) in row.iter().enumerate() {
            if place > 0 {
                offset += (self.slots[row[place - 1]].width + self.slots[slot].width) / 2.0 + GAP;
            }
            offsets.push(offset);
            let mut pool = (wanted(self, slot) - offset, 1usize);
            while let Some(&(sum, size)) = pools.last() {
                if sum / size as f64 <= pool.0 / pool.1 as f64 {
                    break;
                }
                pools.pop();
                pool = (pool.0 + sum, pool.1 + size);
            }
            pools.push(pool);
        }
        let fitted = pools.iter().flat_map(|&(sum, size)| std::iter::repeat_n(sum / size as f64, size));
        for ((&slot, offset), base) in row.iter().zip(offsets).zip(fitted) {
            self.slots[slot].x = base + offset;
        }
    }

    fn drawing(&self, nodes: &[Size], wires: &[Wire], ranks: &Ranks) -> Drawing {
        let mut middle = vec![0.0; self.slots.len()];
        let mut y = 0.0;
        for row in &self.rows {
            let height = row.iter().map(|&slot| self.slots[slot].height).fold(0.0, f64::max);
            for &slot in row {
                middle[slot] = y + height / 2.0;
            }
            y += height + RANK_GAP;
        }
        let width = self.slots.iter().map(|slot| slot.x + slot.width / 2.0).fold(0.0, f64::max);
        let at = |slot: usize| (self.slots[slot].x, middle[slot]);
        let routes = wires.iter().enumerate().map(|(index, wire)| {
            if wire.from == wire.to && wire.from < nodes.len() {
                return around(at(wire.from), nodes[wire.from], wire.label);
            }
            self.route(index, wire, ranks.upward[index], nodes, &at)
        });
        Drawing {
            routes: routes.collect(),
            nodes: (0..nodes.len()).map(at).collect(),
            size: Size { width, height: (y - RANK_GAP).max(0.0) },
        }
    }

    /// The points of one wire, from the node it leaves to the node it reaches.
    fn route(
        &self,
        index: usize,
        wire: &Wire,
        upward: bool,
        nodes: &[Size],
        at: &impl Fn(usize) -> (f64, f64),
    ) -> Route {
        let chain = &self.chains[index];
        let (Some(&upper), Some(&lower)) = (chain.first(), chain.last()) else { return Route::default() };
        let inner = &chain[1..chain.len() - 1];
        let mut points =
            vec![(at(upper).0 + self.port(upper, index, nodes, true), at(upper).1 + nodes[upper].height / 2.0)];
        points.extend(inner.iter().map(|&slot| at(slot)));
        points.push((at(lower).0 + self.port(lower, index, nodes, false), at(lower).1 - nodes[lower].height / 2.0));
        let label = inner.iter().copied().find(|&slot| self.slots[slot].height > 0.0 || wire.label.height == 0.0);
        if upward {
            points.reverse();
        }
        Route { points, label: label.map_or((0.0, 0.0), at), upward, around: false }
    }

    /// Where on a node's border a wire ends, from the node's middle: wires are spread in the order they arrive.
    fn port(&self, node: usize, wire: usize, nodes: &[Size], bottom: bool) -> f64 {
        let mut ends: Vec<(f64, usize)> = Vec::new();
        for (index, chain) in self.chains.iter().enumerate() {
            let (end, next) =
                if bottom { (chain.first(), chain.get(1)) } else { (chain.last(), chain.iter().rev().nth(1)) };
            if let (Some(&end), Some(&next)) = (end, next)
                && end == node
            {
                ends.push((self.slots[next].x, index));
            }
        }
        ends.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
        let place = ends.iter().position(|&(_, index)| index == wire).unwrap_or(0);
        let step = (nodes[node].width * 0.7 / ends.len().max(1) as f64).min(26.0);
        (place as f64 - ends.len().saturating_sub(1) as f64 / 2.0) * step
    }
}

/// A wire that leaves and reaches one node, to its right.
fn around(middle: (f64, f64), node: Size, label: Size) -> Route {
    let right = middle.0 + node.width / 2.0;
    let reach = node.height / 4.0;
    Route {
        points: vec![(right, middle.1 - reach), (right, middle.1 + reach)],
        label: (right + 32.0 + label.width / 2.0, middle.1),
        upward: false,
        around: true,
    }
}

/// Place of each slot in a row, by slot.
fn places(row: &[usize], slots: usize) -> Vec<usize> {
    let mut places = vec![0; slots];
    for (place, &slot) in row.iter().enumerate() {
        places[slot] = place;
    }
    places
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NODE: Size = Size { width: 100.0, height: 40.0 };
    const LABEL: Size = Size { width: 60.0, height: 16.0 };

    fn wire(from: usize, to: usize) -> Wire {
        Wire { from, to, label: LABEL }
    }

    #[test]
    fn a_chain_runs_straight_down() {
        let drawing = draw(&[NODE; 3], &[0], &[wire(0, 1), wire(1, 2)]);
        assert!(drawing.nodes.windows(2).all(|pair| pair[0].1 < pair[1].1 && pair[0].0 == pair[1].0), "{drawing:?}");
    }

    #[test]
    fn the_wire_that_closes_a_cycle_runs_upward() {
        let drawing = draw(&[NODE; 3], &[0], &[wire(0, 1), wire(1, 2), wire(2, 0)]);
        assert_eq!(drawing.routes.iter().map(|route| route.upward).collect::<Vec<_>>(), [false, false, true]);
        let back = &drawing.routes[2].points;
        assert!(back[0].1 > back[back.len() - 1].1, "starts low, ends high");
    }

    #[test]
    fn wires_to_nowhere_and_empty_graphs_draw_nothing() {
        assert_eq!(draw(&[], &[3], &[wire(0, 1)]).routes, [Route::default()]);
        assert_eq!(draw(&[NODE], &[], &[wire(0, 7)]).routes, [Route::default()]);
    }

    fn boxes(nodes: &[Size], wires: &[Wire], drawing: &Drawing) -> Vec<(f64, f64, Size)> {
        let mut boxes: Vec<_> = nodes.iter().zip(&drawing.nodes).map(|(size, at)| (at.0, at.1, *size)).collect();
        for (wire, route) in wires.iter().zip(&drawing.routes).filter(|(_, route)| !route.points.is_empty()) {
            boxes.push((route.label.0, route.label.1, wire.label));
        }
        boxes
    }

    proptest! {
        #[test]
        fn boxes_never_overlap_and_lie_in_the_drawing(
            count in 1usize..9,
            pairs in prop::collection::vec((0usize..9, 0usize..9), 0..16),
        ) {
            let mut seen = std::collections::BTreeSet::new();
            // One loop a node: two would share their place at the node's side.
            let wires: Vec<Wire> = pairs.into_iter().map(|(from, to)| wire(from % count, to % count))
                .filter(|wire| wire.from != wire.to || seen.insert(wire.from)).collect();
            let nodes = vec![NODE; count];
            let drawing = draw(&nodes, &[0], &wires);
            let boxes = boxes(&nodes, &wires, &drawing);
            for (index, left) in boxes.iter().enumerate() {
                prop_assert!(left.0 - left.2.width / 2.0 > -0.01 && left.0 + left.2.width / 2.0 < drawing.size.width + 0.01);
                prop_assert!(left.1 - left.2.height / 2.0 > -0.01 && left.1 + left.2.height / 2.0 < drawing.size.height + 0.01);
                for right in &boxes[index + 1..] {
                    let apart = (left.0 - right.0).abs() + 0.01 >= (left.2.width + right.2.width) / 2.0
                        || (left.1 - right.1).abs() + 0.01 >= (left.2.height + right.2.height) / 2.0;
                    prop_assert!(apart, "{left:?} {right:?}");
                }
            }
            for (wire, route) in wires.iter().zip(&drawing.routes) {
                if wire.from != wire.to {
                    let down = drawing.nodes[wire.from].1 < drawing.nodes[wire.to].1;
                    prop_assert_eq!(down, !route.upward);
                }
            }
            prop_assert_eq!(draw(&nodes, &[0], &wires), drawing);
        }
    }
}
