//! Precision, recall, density and coverage on sets whose answers are known.

use crate::support::{normal, rows};
use smld::train::evaluate::manifold::{Cover, cover};
use tch::Tensor;

fn line(values: impl Iterator<Item = i32>) -> Tensor {
    Tensor::from_slice(&values.map(|value| value as f32).collect::<Vec<_>>()).unsqueeze(1)
}

#[test]
fn a_set_covers_itself_and_every_ball_holds_k_others_and_its_own_middle() {
    let set = normal(0, 400, 3);
    let exact = Cover { precision: 1.0, recall: 1.0, density: 6.0 / 5.0, coverage: 1.0 };
    assert_eq!(cover(&set, &set), exact);
    // Equal rows are in balls without extent.
    let same = Tensor::full([30, 2], 0.1, (tch::Kind::Float, tch::Device::Cpu));
    assert_eq!(cover(&same, &same), Cover { precision: 1.0, recall: 1.0, density: 30.0 / 5.0, coverage: 1.0 });
}

#[test]
fn neither_where_the_rows_lie_nor_one_that_is_far_away_decides_who_is_in_a_ball() {
    let (real, sampled) = (normal(0, 400, 3), normal(1, 400, 3) * 1.2);
    let far = Tensor::full([1, 3], 1e5, (tch::Kind::Float, tch::Device::Cpu));
    let [real, sampled] = [real, Tensor::cat(&[sampled, far], 0)].map(|rows| rows.to_kind(tch::Kind::Double));
    let exact = counted(&rows(&real), &rows(&sampled));
    assert_eq!(cover(&real, &sampled), exact);
    assert_eq!(cover(&(real + 1e6), &(sampled + 1e6)), exact);
}

#[test]
fn sets_far_apart_have_nothing_to_do_with_each_other() {
    let set = normal(0, 300, 2);
    let apart = cover(&set, &(normal(1, 300, 2) + 100.0));
    assert_eq!(apart, Cover { precision: 0.0, recall: 0.0, density: 0.0, coverage: 0.0 });
}

#[test]
fn on_a_line_half_of_the_samples_outside_give_what_is_counted_by_hand() {
    let real = line(0..20);
    let sampled = line((0..10).chain(1000..1010));
    // Radii for k = 3: 2, at both ends 3; for k = 5: 3, next to the ends 4, at the ends 5. The ball of sample 9 reaches 12.
    // Of the samples 0 to 9, so many balls hold each: 4, 5, 6, 7, 8, 9, 7, 7, 7, 7, in all 67.
    let exact = Cover { precision: 0.5, recall: 13.0 / 20.0, density: 67.0 / (5.0 * 20.0), coverage: 13.0 / 20.0 };
    assert_eq!(cover(&real, &sampled), exact);
}

#[test]
fn in_any_order_and_across_blocks_it_is_what_counting_pairs_gives() {
    let (real, sampled) = (normal(0, 1100, 2), normal(1, 1500, 2) * 0.8 + 0.3);
    let found = cover(&real, &sampled);
    assert_eq!(found, counted(&rows(&real), &rows(&sampled)));
    let [real, sampled] = [&real, &sampled].map(|set| set.flip([0].as_slice()));
    assert_eq!(cover(&real, &sampled), found);
}

/// By the definitions, pair by pair.
fn counted(real: &[Vec<f64>], sampled: &[Vec<f64>]) -> Cover {
    let squared = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let radii = |set: &[Vec<f64>], k: usize| -> Vec<f64> {
        let kth = |row: &Vec<f64>| {
            let mut distances: Vec<f64> = set.iter().map(|other| squared(row, other)).collect();
            distances.sort_by(f64::total_cmp);
            distances[k]
        };
        set.iter().map(kth).collect()
    };
    let inside = |row: &Vec<f64>, set: &[Vec<f64>], radii: &[f64]| {
        set.iter().zip(radii).filter(|(middle, radius)| squared(row, middle) <= **radius).count()
    };
    let share = |of: &[Vec<f64>], set: &[Vec<f64>], radii: &[f64]| {
        of.iter().filter(|row| inside(row, set, radii) > 0).count() as f64 / of.len() as f64
    };
    let dense = radii(real, 5);
    let pairs: usize = sampled.iter().map(|row| inside(row, real, &dense)).sum();
    let covered =
        real.iter().zip(&dense).filter(|(middle, radius)| sampled.iter().any(|row| squared(row, middle) <= **radius));
    Cover {
        precision: share(sampled, real, &radii(real, 3)),
        recall: share(real, sampled, &radii(sampled, 3)),
        density: pairs as f64 / (5.0 * sampled.len() as f64),
        coverage: covered.count() as f64 / real.len() as f64,
    }
}
