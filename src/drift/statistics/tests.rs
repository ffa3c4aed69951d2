//! Against published values, naive computations, and laws.

use proptest::prelude::*;

use super::*;

fn share(count: u64, of: u64) -> Share {
    Share::new(count, of)
}

fn near(a: f64, b: f64, by: f64) {
    assert!((a - b).abs() <= by * b.abs().max(1.0), "{a} is not {b}");
}

/// As `scipy.stats` has them.
#[test]
fn values_are_those_of_the_field() {
    // fisher_exact([[8, 2], [1, 5]]), and Fisher's tea.
    near(fisher(share(8, 10), share(1, 6)), 0.034_965_034_965_035, 1e-10);
    near(fisher(share(3, 4), share(1, 4)), 0.485_714_285_714_285_7, 1e-10);
    // chi2.sf at its table's quantiles.
    near(above(3.841_458_820_694_124, 1.0), 0.05, 1e-10);
    near(above(9.210_340_371_976_182, 2.0), 0.01, 1e-10);
    near(above(18.307_038_053_275_15, 10.0), 0.05, 1e-10);
    // chi2_contingency([[10, 10, 20], [20, 20, 20]], lambda_="log-likelihood"), before Williams' correction.
    let tested = g_test(&[vec![10, 10, 20], vec![20, 20, 20]]);
    let q = 1.0 + (100.0 / 40.0 + 100.0 / 60.0 - 1.0) * (100.0 / 30.0 * 2.0 + 100.0 / 40.0 - 1.0) / (6.0 * 100.0 * 2.0);
    near(tested.g * q, 2.768_858_761_678_132, 1e-12);
    assert_eq!(tested.freedom, 2);
    near(above(2.768_858_761_678_132, 2.0), 0.250_466_680_109_541_6, 1e-10);
    near(tested.v, (2.777_777_777_777_777_7_f64 / 100.0).sqrt(), 1e-12);
    // Newcombe 1998, table II, example (a) of method 10: 56/70 against 48/80.
    let (d, (low, high)) = difference(share(48, 80), share(56, 70));
    near(d, 0.2, 1e-12);
    near(low, 0.0524, 2e-3);
    near(high, 0.3339, 2e-3);
    // p.adjust(c(0.01, 0.04, 0.03, 0.005), "BH")
    let corrected = corrected(&[0.01, 0.04, 0.03, 0.005]);
    for (a, b) in corrected.iter().zip([0.02, 0.04, 0.04, 0.02]) {
        near(*a, b, 1e-12);
    }
}

#[test]
fn logarithms_of_factorials_are_sums_of_logarithms() {
    let mut sum = 0.0;
    for n in 1..=2_000_u64 {
        sum += (n as f64).ln();
        near(factorial(n), sum, 1e-12);
    }
    near(half_gamma(0.5), std::f64::consts::PI.sqrt().ln(), 1e-12);
}

#[test]
fn absence_is_improbable_only_where_enough_would_have_been_seen() {
    near(none_of(10, 0.1), 0.9_f64.powi(10), 1e-12);
    assert!((at_most(300) - 0.01).abs() < 1e-4, "three in three hundred");
    assert!(at_most(0) >= 1.0 && none_of(0, 1.0) >= 1.0);
}

#[test]
fn nothing_to_compare_is_no_difference() {
    for (before, after) in [(share(0, 0), share(0, 0)), (share(0, 0), share(5, 10)), (share(0, 10), share(0, 7))] {
        near(compare(before, after).0, 1.0, 1e-9);
    }
    assert!(g_test(&[]).p >= 1.0 && g_test(&[vec![3, 4]]).p >= 1.0 && g_test(&[vec![3], vec![4]]).p >= 1.0);
    near(g_test(&[vec![3, 0, 9], vec![4, 0, 1]]).p, g_test(&[vec![3, 9], vec![4, 1]]).p, 1e-12);
}

/// Fisher's test by multiplying fractions.
fn naive_fisher(before: Share, after: Share) -> f64 {
    let ways = |n: u64, k: u64| (0..k).map(|i| (n - i) as f64 / (i + 1) as f64).product::<f64>();
    let hits = before.count + after.count;
    let probability = |k: u64| ways(before.of, k) * ways(after.of, hits - k) / ways(before.of + after.of, hits);
    let seen = probability(before.count);
    let tables = (0..=hits).filter(|k| *k <= before.of && hits - k <= after.of);
    tables.map(probability).filter(|p| *p <= seen * (1.0 + 1e-7)).sum()
}

fn shares() -> impl Strategy<Value = (Share, Share)> {
    (1_u64..60, 1_u64..60)
        .prop_flat_map(|(n0, n1)| (0..=n0, 0..=n1).prop_map(move |(k0, k1)| (share(k0, n0), share(k1, n1))))
}

proptest! {
    #[test]
    fn the_exact_test_is_the_sum_over_all_tables((before, after) in shares()) {
        near(fisher(before, after), naive_fisher(before, after), 1e-9);
    }

    #[test]
    fn it_does_not_matter_which_is_first_nor_what_is_counted((before, after) in shares()) {
        let other = |share: Share| Share::new(share.of - share.count, share.of);
        let (p, method) = compare(before, after);
        prop_assert!((0.0..=1.0 + 1e-9).contains(&p));
        for (again, by) in [compare(after, before), compare(other(before), other(after))] {
            near(again, p, 1e-9);
            prop_assert_eq!(by, method);
        }
        near(effect(before, after), -effect(after, before), 1e-12);
        let (d, (low, high)) = difference(before, after);
        prop_assert!(low <= d + 1e-12 && d <= high + 1e-12 && low >= -1.0 - 1e-9 && high <= 1.0 + 1e-9);
    }

    #[test]
    fn more_of_the_same_difference_is_less_likely_chance((before, after) in shares(), times in 2_u64..20) {
        prop_assume!(before.count * after.of != after.count * before.of);
        let table = |by: u64| [before, after].map(|s| vec![s.count * by, (s.of - s.count) * by]);
        let (once, often) = (g_test(&table(1)), g_test(&table(times)));
        prop_assert!(often.p <= once.p + 1e-12);
        near(often.v, once.v, 1e-9);
    }

    #[test]
    fn a_corrected_probability_is_no_smaller_and_keeps_its_rank(p in prop::collection::vec(0.0_f64..1.0, 1..40)) {
        let out = corrected(&p);
        for (a, b) in p.iter().zip(&out) {
            prop_assert!(b >= a && *b <= 1.0);
            for (c, d) in p.iter().zip(&out) {
                prop_assert!(a > c || b <= d);
            }
        }
        // The step-up rule itself, naively.
        for q in [0.01, 0.05, 0.3] {
            let mut sorted = p.clone();
            sorted.sort_by(f64::total_cmp);
            let bound = (1..=p.len()).rev().find(|k| sorted[k - 1] <= q * *k as f64 / p.len() as f64);
            let taken = out.iter().filter(|p| **p <= q).count();
            prop_assert!(taken.abs_diff(bound.unwrap_or(0)) <= usize::from(out.iter().any(|p| (p - q).abs() < 1e-12)));
        }
    }
}

/// A generator for simulations: splitmix64.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn hits(&mut self, of: u64, rate: f64) -> Share {
        Share::new((0..of).filter(|_| self.next() < rate).count() as u64, of)
    }
}

#[test]
fn where_nothing_changed_probabilities_are_spread_evenly() {
    let mut draws = Draws(7);
    let p: Vec<f64> = (0..4_000).map(|_| compare(draws.hits(400, 0.3), draws.hits(300, 0.3)).0).collect();
    for bound in [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9] {
        let below = p.iter().filter(|p| **p <= bound).count() as f64 / p.len() as f64;
        // Four standard errors.
        assert!(
            (below - bound).abs() < 4.0 * (bound * (1.0 - bound) / p.len() as f64).sqrt() + 0.004,
            "{bound}: {below}"
        );
    }
}

#[test]
fn rare_things_are_never_called_changed_more_often_than_said() {
    let mut draws = Draws(11);
    let p: Vec<f64> = (0..4_000).map(|_| compare(draws.hits(250, 0.004), draws.hits(500, 0.004)).0).collect();
    for bound in [0.01, 0.05, 0.1] {
        let below = p.iter().filter(|p| **p <= bound).count() as f64 / p.len() as f64;
        assert!(below <= bound + 4.0 * (bound / p.len() as f64).sqrt(), "{bound}: {below}");
    }
}
