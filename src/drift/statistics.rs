//! The statistics of drift: whether counts of two runs differ by more than chance, and by how much.
//!
//! Tables of counts are compared by the G-test (the likelihood ratio) with Williams' correction; where some count is
//! expected to be less than [`FEW`], four-fold tables are compared by Fisher's exact test. Many comparisons of one run
//! are corrected together by the procedure of Benjamini and Hochberg, which bounds the share of false ones among those
//! reported. A difference of shares comes with Newcombe's interval, and its size is Cohen's h, which weighs 0.1 % to
//! 1 % about as much as 50 % to 55 %. Everything is a pure function of counts.

#[cfg(test)]
mod tests;

/// Expected count below which the G-test's approximation is not used.
pub const FEW: f64 = 5.0;
/// Two-sided normal quantile of 95 %.
const Z: f64 = 1.959_963_984_540_054;
/// Terms of a series or continued fraction before it is taken as it is; they converge in far fewer.
const TERMS: usize = 100_000;
/// How near to each other probabilities are taken to be equal: sums of logarithms are not exact.
const TIE: f64 = 1e-7;

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Share {
    /// Those that count.
    pub count: u64,
    /// All of them; no less than `count`.
    pub of: u64,
}

impl Share {
    /// So many of so many; no more than all.
    pub fn new(count: u64, of: u64) -> Share {
        Share { count: count.min(of), of }
    }

    /// The share, 0 to 1; 0 of nothing.
    pub fn value(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 }
    }

    /// Wilson's interval of 95 % for the share that this is a sample of.
    pub fn interval(self) -> (f64, f64) {
        if self.of == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (self.of as f64, self.value());
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((middle - half).clamp(0.0, p), (middle + half).clamp(p, 1.0))
    }
}

/// Which test gave a probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// G-test with Williams' correction.
    GTest,
    /// Fisher's exact test, two-sided.
    Fisher,
}

impl Method {
    /// As a sentence has it.
    pub fn words(self) -> &'static str {
        match self {
            Method::GTest => "G-test",
            Method::Fisher => "exact test",
        }
    }
}

/// How likely shares as different as these are where nothing changed, and by which test.
pub fn compare(before: Share, after: Share) -> (f64, Method) {
    let table = fourfold(before, after);
    let all = (before.of + after.of) as f64;
    let rows = [before.of as f64, after.of as f64];
    let columns = [(before.count + after.count) as f64, all - (before.count + after.count) as f64];
    let least = rows.iter().flat_map(|row| columns.iter().map(move |column| row * column / all.max(1.0)));
    if least.fold(f64::INFINITY, f64::min) < FEW {
        (fisher(before, after), Method::Fisher)
    } else {
        (g_test(&table.map(|row| row.to_vec())).p, Method::GTest)
    }
}

fn fourfold(before: Share, after: Share) -> [[u64; 2]; 2] {
    [before, after].map(|share| [share.count, share.of.saturating_sub(share.count)])
}

/// What a test of a table says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tested {
    /// The corrected statistic.
    pub g: f64,
    /// Degrees of freedom.
    pub freedom: u64,
    /// Probability of one as large where rows do not differ.
    pub p: f64,
    /// Cramér's V, 0 to 1: how much rows differ, whatever their number.
    pub v: f64,
}

/// The G-test of a table of rows of counts, with Williams' correction. Rows and columns without counts are left out; what
/// remains of less than two of either differs in nothing.
pub fn g_test(rows: &[Vec<u64>]) -> Tested {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &Vec<u64>, at: usize| row.get(at).copied().unwrap_or(0) as f64;
    let across: Vec<f64> = rows.iter().map(|row| row.iter().map(|n| *n as f64).sum()).collect();
    let down: Vec<f64> = (0..width).map(|at| rows.iter().map(|row| cell(row, at)).sum()).collect();
    let all: f64 = across.iter().sum();
    let (filled, columns) = (across.iter().filter(|n| **n > 0.0), down.iter().filter(|n| **n > 0.0));
    let (r, c) = (filled.clone().count(), columns.clone().count());
    if r < 2 || c < 2 {
        return Tested { g: 0.0, freedom: 0, p: 1.0, v: 0.0 };
    }
    let (mut g, mut square) = (0.0, 0.0);
    for (row, sum) in rows.iter().zip(&across) {
        for (at, column) in down.iter().enumerate() {
            let expected = sum * column / all;
            let seen = cell(row, at);
            if seen > 0.0 {
                g += seen * (seen / expected).ln();
            }
            if expected > 0.0 {
                square += (seen - expected) * (seen - expected) / expected;
            }
        }
    }
    let freedom = (r - 1) * (c - 1);
    let inverse = |sums: &mut dyn Iterator<Item = &f64>| all * sums.map(|sum| 1.0 / sum).sum::<f64>() - 1.0;
    let q = 1.0 + inverse(&mut filled.into_iter()) * inverse(&mut columns.into_iter()) / (6.0 * all * freedom as f64);
    let g = (2.0 * g / q).max(0.0);
    let v = (square / (all * (r.min(c) - 1) as f64)).max(0.0).sqrt().min(1.0);
    Tested { g, freedom: freedom as u64, p: above(g, freedom as f64), v }
}

/// Fisher's exact test, two-sided: the probability of all tables with the same sums that are no likelier than this one.
///
/// It looks at as many tables as the least of the four sums, plus one.
pub fn fisher(before: Share, after: Share) -> f64 {
    let (n0, n1) = (before.of, after.of);
    let hits = before.count + after.count;
    let (least, most) = (hits.saturating_sub(n1), hits.min(n0));
    let log = |k: u64| choose(n0, k) + choose(n1, hits - k) - choose(n0 + n1, hits);
    let seen = log(before.count);
    let sum: f64 = (least..=most).map(log).filter(|log| *log <= seen + TIE).map(f64::exp).sum();
    sum.min(1.0)
}

/// Probability that none of `tries` is what a share of `rate` are: how little an absence may be chance.
pub fn none_of(tries: u64, rate: f64) -> f64 {
    if tries == 0 { 1.0 } else { (tries as f64 * (-rate.clamp(0.0, 1.0)).ln_1p()).exp() }
}

/// The rule of three, exactly: the largest share of which none of `tries` is seen once in twenty times.
pub fn at_most(tries: u64) -> f64 {
    if tries == 0 { 1.0 } else { 1.0 - 0.05_f64.powf(1.0 / tries as f64) }
}

/// Cohen's h of two shares, with its sign: the difference of their angles; 0.2 is called small, 0.5 medium, 0.8 large.
pub fn effect(before: Share, after: Share) -> f64 {
    let angle = |share: Share| 2.0 * share.value().sqrt().asin();
    angle(after) - angle(before)
}

/// The difference of two shares, after less before, with Newcombe's interval of 95 %.
pub fn difference(before: Share, after: Share) -> (f64, (f64, f64)) {
    let (p0, p1) = (before.value(), after.value());
    let ((low0, high0), (low1, high1)) = (before.interval(), after.interval());
    let apart = |a: f64, b: f64| (a * a + b * b).sqrt();
    let d = p1 - p0;
    (d, (d - apart(p1 - low1, high0 - p0), d + apart(high1 - p1, p0 - low0)))
}

/// The probabilities of several comparisons, corrected so that taking those at or below `q` makes no more than a share of
/// `q` of them false (Benjamini and Hochberg). In their order; never less than they were.
pub fn corrected(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    let of = |at: usize| p.get(at).copied().unwrap_or(1.0);
    order.sort_by(|a, b| of(*a).total_cmp(&of(*b)));
    let mut out = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, at) in order.iter().enumerate().rev() {
        // Rounding must not make one smaller than it was.
        least = least.min((of(*at) * p.len() as f64 / (rank + 1) as f64).max(of(*at)));
        if let Some(slot) = out.get_mut(*at) {
            *slot = least;
        }
    }
    out
}

/// Logarithm of the number of ways to choose.
fn choose(n: u64, k: u64) -> f64 {
    factorial(n) - factorial(k) - factorial(n.saturating_sub(k))
}

/// Logarithm of a factorial.
fn factorial(n: u64) -> f64 {
    ln_gamma(n as f64 + 1.0)
}

/// Logarithm of the gamma function for numbers from 1 on: small ones by recurrence, then Stirling's series.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 15.0 {
        product *= x;
        x += 1.0;
    }
    let square = x * x;
    let series = (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - product.ln()
}

/// Probability that a chi-squared variable of so many degrees of freedom is at least `x`.
pub fn above(x: f64, freedom: f64) -> f64 {
    let (a, x) = (freedom / 2.0, x / 2.0);
    if x <= 0.0 {
        return 1.0;
    }
    let scale = (a * x.ln() - x - half_gamma(a)).exp();
    if x < a + 1.0 { (1.0 - scale * series(a, x)).clamp(0.0, 1.0) } else { (scale * fraction(a, x)).clamp(0.0, 1.0) }
}

/// Logarithm of the gamma function, from a half on.
fn half_gamma(a: f64) -> f64 {
    if a < 1.0 { ln_gamma(a + 1.0) - a.ln() } else { ln_gamma(a) }
}

/// Sum of x^n / (a (a+1) ... (a+n)): the lower incomplete gamma function but for its scale.
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / a, 1.0 / a);
    for n in 1..TERMS {
        term *= x / (a + n as f64);
        sum += term;
        if term < sum * f64::EPSILON {
            break;
        }
    }
    sum
}

/// The continued fraction of the upper incomplete gamma function but for its scale, from the front (Lentz).
fn fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let whole = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / whole(b));
    let mut value = d;
    for n in 1..TERMS {
        let an = -(n as f64) * (n as f64 - a);
        b += 2.0;
        d = 1.0 / whole(an * d + b);
        c = whole(b + an / c);
        value *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}
