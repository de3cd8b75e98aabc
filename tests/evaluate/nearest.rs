//! Nearest neighbours, and copies among samples.

use crate::support::{normal, rows};
use smld::train::evaluate::memory::Nearness;
use smld::train::evaluate::neighbours::nearest;
use tch::Tensor;

#[test]
fn neighbours_are_found_across_blocks_and_in_their_order() {
    let (queries, reference) = (normal(0, 1200, 7), normal(1, 4500, 7));
    let found = rows(&nearest(&queries, &reference, 4));
    let reference = rows(&reference);
    for (i, query) in rows(&queries).iter().enumerate().step_by(37) {
        let squared = |row: &Vec<f64>| row.iter().zip(query).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let mut distances: Vec<f64> = reference.iter().map(squared).collect();
        distances.sort_by(f64::total_cmp);
        for (found, exact) in found[i].iter().zip(&distances) {
            assert!((found - exact).abs() < 1e-12 * (1.0 + exact), "row {i}: {found} is not {exact}");
        }
        assert_eq!(found[i].len(), 4);
    }
    assert_eq!(nearest(&queries, &normal(2, 3, 7), 4).size(), [1200, 3], "there are but three");
}

#[test]
fn rows_far_from_zero_have_the_distances_that_they_have_there() {
    let (queries, reference) = (normal(0, 300, 5), normal(1, 600, 5));
    let exact = nearest(&queries, &reference, 2);
    let [queries, reference] = [queries, reference].map(|rows| rows.to_kind(tch::Kind::Double) + 1e6);
    let apart = (nearest(&queries, &reference, 2) - exact).abs().max().double_value(&[]);
    // Adding 1e6 rounds each number by 1e-10.
    assert!(apart < 1e-8, "{apart}");
}

#[test]
fn planted_copies_are_nearer_than_held_out_rows_and_the_others_are_not() {
    let training = normal(0, 5000, 8);
    let distances =
        |rows: &Tensor| -> Vec<f64> { Vec::try_from(nearest(rows, &training, 1).sqrt().reshape([-1])).unwrap() };
    let held_out = distances(&normal(1, 1000, 8));
    // 30 copies at places throughout, and 70 rows that are far from everything.
    let copies = training.slice(0, 11, 11 + 30 * 166, 166);
    let samples = distances(&Tensor::cat(&[copies, normal(2, 70, 8) + 20.0], 0));
    // The middle is among the rows that are far: ‖x‖² is some 3200 for a copy, and four of those are rounded by 1e-11 at most.
    assert!(samples[..30].iter().all(|&distance| distance < 1e-5));
    assert_eq!(Nearness::new(&samples, &held_out).share_nearer, 0.3);
    let own = Nearness::new(&held_out, &held_out);
    assert!(own.share_nearer < 0.01 && own.share_nearer >= 0.009, "{own:?}");
}

#[test]
fn the_mark_is_the_nearest_hundredth_of_the_held_out_rows() {
    let held_out: Vec<f64> = (1..=200).rev().map(f64::from).collect();
    let found = Nearness::new(&[3.0, 0.5, 2.0, 1.5], &held_out);
    assert_eq!(found, Nearness { median: 1.5, share_nearer: 0.5 });
}
