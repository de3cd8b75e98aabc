//! The streams: what they are made of, and that they are apart.

use super::*;

#[test]
fn the_normal_numbers_have_the_moments_of_a_normal_distribution() {
    const COUNT: usize = 1 << 20;
    let mut z = vec![0.0; COUNT];
    Noise::new(7, 0, Purpose::Sampling).normal(0, &mut z);
    let moment = |power: i32| z.iter().map(|&z| f64::from(z).powi(power)).sum::<f64>() / COUNT as f64;
    // Five standard errors of each moment: √(E z²ᵖ − (E zᵖ)²) / √COUNT.
    let bound = |deviation: f64| 5.0 * deviation / (COUNT as f64).sqrt();
    assert!(moment(1).abs() < bound(1.0));
    assert!((moment(2) - 1.0).abs() < bound(2.0_f64.sqrt()));
    assert!(moment(3).abs() < bound(15.0_f64.sqrt()));
    assert!((moment(4) - 3.0).abs() < bound(96.0_f64.sqrt()));
}

#[test]
fn streams_of_neighbouring_images_steps_seeds_and_purposes_are_not_correlated() {
    const COUNT: usize = 1 << 16;
    let draw = |seed, index, step, purpose| {
        let mut z = vec![0.0; COUNT];
        Noise::new(seed, index, purpose).normal(step, &mut z);
        z
    };
    let base = draw(1, 1, 1, Purpose::Sampling);
    for other in [
        draw(2, 1, 1, Purpose::Sampling),
        draw(1, 2, 1, Purpose::Sampling),
        draw(1, 1, 2, Purpose::Sampling),
        draw(1, 1, 1, Purpose::Perturbation),
        draw(1 + (1 << 32), 1, 1, Purpose::Sampling),
    ] {
        for shift in 0..8 {
            let products = base.iter().zip(&other[shift..]).map(|(a, b)| f64::from(a * b));
            let correlation = products.sum::<f64>() / (COUNT - shift) as f64;
            assert!(correlation.abs() < 5.0 / (COUNT as f64).sqrt(), "{correlation} at shift {shift}");
        }
    }
}

#[test]
fn a_shorter_draw_is_the_beginning_of_a_longer_one() {
    let noise = Noise::new(3, 4, Purpose::Sampling);
    let mut long = [0.0; 601];
    noise.normal(5, &mut long);
    for length in [1, 2, 3, 4, 31, 32, 33, 100, 255, 256, 257, 600] {
        let mut short = vec![0.0; length];
        noise.normal(5, &mut short);
        assert_eq!(short, long[..length]);
    }
}

#[test]
fn uniform_numbers_fill_the_interval_and_never_reach_one() {
    let mut u = vec![0.0; 1 << 18];
    Noise::new(11, 0, Purpose::Conditions).uniform(0, &mut u);
    assert!(u.iter().all(|u| (0.0..1.0).contains(u)));
    let mean = u.iter().map(|&u| f64::from(u)).sum::<f64>() / u.len() as f64;
    assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0_f64).sqrt() / (u.len() as f64).sqrt());
}

#[test]
fn the_tails_are_those_of_a_normal_distribution_as_far_as_samples_reach() {
    const COUNT: usize = 1 << 24;
    let mut z = vec![0.0; COUNT];
    Noise::new(13, 0, Purpose::Sampling).normal(0, &mut z);
    // P(|z| > a).
    for (a, exact) in [(1.0, 0.317_310_5), (2.0, 4.550_026e-2), (3.0, 2.699_796e-3), (4.0, 6.334_248e-5)] {
        let expected = exact * COUNT as f64;
        let beyond = z.iter().filter(|z| z.abs() > a).count() as f64;
        assert!((beyond - expected).abs() < 5.0 * expected.sqrt(), "{beyond} beyond {a}, not {expected}");
    }
    assert!(z.iter().all(|z| z.abs() <= 6.7));
}

#[test]
fn the_bytes_of_a_seed_do_not_change() {
    let mut z = [0.0; 600];
    Noise::new(0x0123_4567_89AB_CDEF, 7, Purpose::Sampling).normal(3, &mut z);
    let digest = z.iter().fold(0_u32, |digest, z| digest.rotate_left(5) ^ z.to_bits());
    assert_eq!(digest, 3_698_899_073);
}

#[test]
fn a_step_adds_the_drift_and_the_noise_that_the_stream_has() {
    let noise = Noise::new(3, 4, Purpose::Sampling);
    for length in [1, 33, 300, 3072] {
        let (mut x, mut z) = (vec![0.5; length], vec![0.0; length]);
        let score: Vec<f32> = (0..length).map(|e| e as f32).collect();
        noise.normal(5, &mut z);
        noise.diffuse(5, [0.25, 0.125], &score, &mut x);
        assert!(x.iter().zip(&score).zip(&z).all(|((x, s), z)| *x == 0.5 + (0.25 * s + 0.125 * z)));
    }
}
