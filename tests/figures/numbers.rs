//! What figures say against what is known. Seeds are fixed; tolerances are four standard errors where nothing else is said.

use crate::mixture::mixture_file;
use crate::{plot, said};
use smld::sampler::{Noise, Purpose};
use smld::score::density::{Component, Density, GaussianMixture, by_name};
use std::fs;

/// The cells of a table's rows, without the header: two spaces or more part them.
fn rows(said: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    said.lines().skip(1).map(cells).collect()
}

#[track_caller]
fn number(cell: &str) -> f64 {
    cell.parse().unwrap()
}

#[track_caller]
fn assert_near(cell: &str, exact: f64, tolerance: f64) {
    assert!((number(cell) - exact).abs() < tolerance, "{cell} is not {exact} ± {tolerance}");
}

#[test]
fn the_score_of_a_gaussian_has_its_fisher_information() {
    // Over N(0, 2 I) the score is −x/2: E‖s‖ = √π/2 and E‖s‖² = 1, with deviations 0.463 and 1.
    let row = &rows(&said(&["field", "--density", "gaussian", "--sigma", "1"]))[0];
    assert_near(&row[1], 0.886, 0.024);
    assert_near(&row[2], 1.0, 0.045);
}

#[test]
fn without_noise_every_chain_ends_on_the_peak() {
    let said = said(&["paths", "--density", "gaussian", "--tau", "0.1", "--steps", "200", "--chains", "3"]);
    let rows = rows(&said);
    assert_eq!(rows.len(), 6);
    for row in &rows[..3] {
        assert_eq!(row[1], "no");
        assert_near(&row[2], 0.0, 1e-3);
        assert_near(&row[4], -1.838, 1e-3);
    }
    assert!(rows[3..].iter().all(|row| row[1] == "yes" && number(&row[4]) < -1.838), "{said}");
}

#[test]
fn a_cloud_of_chains_becomes_the_density() {
    let rows = rows(&said(&["times", "--density", "gaussian", "--tau", "0.1", "--times", "0,200"]));
    // From the deviation 0.2 to that of 1/(1 − τ/2); log p is −ln 2π less the variance.
    assert_near(&rows[0][3], 0.2, 0.013);
    assert_near(&rows[0][5], -1.838 - 0.04, 0.006);
    assert_near(&rows[1][1], 0.0, 0.092);
    assert_near(&rows[1][4], 1.026, 0.065);
    assert_near(&rows[1][5], -1.838 - 1.0526, 0.096);
    // Exact draws.
    assert_near(&rows[2][5], -2.838, 0.013);
}

#[test]
fn chains_reach_the_variance_of_their_step_size_and_none_from_twice_the_variance_on() {
    // The smaller variance is so small that N(0, 1) would still be seen in it after as many steps.
    for variance in ["0.5", "1e-6"] {
        let said = said(&["step-size", "--variance", variance, "--taus", "0.01,0.1,0.5,1,1.5,2.05"]);
        let rows = rows(&said);
        for (row, exact) in rows.iter().zip([1.005_025, 1.052_632, 1.333_333, 2.0, 4.0]) {
            assert_near(&row[4], exact, 1e-4);
            assert_near(&row[2], exact, 4.0 * number(&row[3]));
            assert!(number(&row[3]) < 0.015 * exact, "{said}");
        }
        assert!(number(&rows[5][2]) > 1e3 && rows[5][4] == "none", "{said}");
    }
}

/// ‖x‖² of each of the first `count` draws of a seed.
fn squares(density: &dyn Density, seed: u64, count: u32) -> Vec<f64> {
    let square = |i| {
        let mut x = [0.0; 2];
        density.draw(&Noise::new(seed, i, Purpose::Data), &mut x);
        x[0] * x[0] + x[1] * x[1]
    };
    (0..count).map(square).collect()
}

#[test]
fn the_kernel_density_of_one_point_is_as_wrong_as_can_be_worked_out() {
    // With h = 1 the score is x₁ − x in place of −x: the error is ‖x₁‖² at every x. With h = 10⁴ there is nearly no score.
    let rows = rows(&said(&["kernel", "--density", "gaussian", "--points", "1", "--bandwidths", "1,10000"]));
    let gaussian = by_name("gaussian").unwrap();
    let (point, fresh) = (squares(gaussian.as_ref(), 0, 1)[0], squares(gaussian.as_ref(), 1, 2000));
    assert_near(&rows[0][1], point / (fresh.iter().sum::<f64>() / 2000.0), 6e-4);
    assert_near(&rows[1][1], 1.0, 6e-4);
}

#[test]
fn in_many_dimensions_one_point_gives_half_the_square_of_the_score() {
    // With u = 1/h² the error is E‖u x₁ + (1 − u)x‖². Where x₁ is as long as x and orthogonal to it that is least at u = ½,
    // and there half of E‖x‖²; both hold but for d^(−1/2), and bandwidths are powers of 1.1.
    let said = said(&["dimension", "--dimensions", "2000", "--points", "1", "--draws", "100"]);
    let row = &rows(&said)[0];
    assert_near(&row[1], 0.5, 0.05);
    assert!((1.27..=1.56).contains(&number(&row[2])), "{said}");
}

#[test]
fn the_constant_between_the_losses_is_that_of_the_theorem() {
    let known = [
        ("square", [("0.3", "0.163466469"), ("0.5", "1.097558541"), ("1", "0.449599509")]),
        ("five", [("0.3", "2.151771974"), ("0.5", "1.854175358"), ("1", "0.389252583")]),
    ];
    for (points, constants) in known {
        for (sigma, constant) in constants {
            let said = said(&["theorem", "--points", points, "--sigma", sigma, "--rows", "4000"]);
            let found: f64 = said.lines().last().unwrap().strip_prefix("C = ").unwrap().parse().unwrap();
            assert!((found - constant.parse::<f64>().unwrap()).abs() < 1e-7, "{points}, σ = {sigma}: {found}");
        }
    }
}

#[test]
fn the_losses_are_parallel_at_that_constant() {
    const C: f64 = 1.097_558_541;
    let said = said(&["theorem", "--rows", "100000"]);
    let rows = rows(&said);
    for row in &rows[..5] {
        let error = number(&row[6]);
        assert!(error < 0.03, "{said}");
        assert_near(&row[5], C, 4.0 * error);
    }
    // Without a score J_DSM is d/2σ² = 4; the exact one has J_ESM = 0.
    assert_near(&rows[0][1], 4.0, 4.0 * number(&rows[0][2]));
    assert_near(&rows[0][3], 4.0 - C, 4.0 * number(&rows[0][4]));
    assert!(rows[2][0] == "1.0" && rows[2][3] == "0.0000", "{said}");
    // J_ESM is a parabola about a = 1.
    assert_near(&rows[4][3], number(&rows[0][3]), 1e-3);
}

#[test]
fn annealing_finds_the_weights_that_one_noise_level_does_not() {
    let said = said(&["annealing", "--chains", "2000"]);
    let known = [[0.46, 0.53], [0.18, 0.25], [0.25, 0.33], [0.28, 0.36], [0.164, 0.236]];
    for (row, [low, high]) in rows(&said).iter().zip(known) {
        assert!((low..=high).contains(&number(&row[2])), "{said}");
    }
}

#[test]
fn the_loss_is_that_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let line = |i: u32| format!("{{\"step\":{},\"loss\":{}}}\n", 50 * i, 1.0 / f64::from(i));
    // The last line is being written.
    fs::write(&log, (1..=40).map(line).collect::<String>() + "{\"step\":20").unwrap();
    let said = said(&["loss", log.to_str().unwrap()]);
    // Σ 1/i for i to 10 and from 31 to 40.
    assert!(said.contains("0.2929") && said.contains("0.0284") && said.contains("2000 steps"), "{said}");
}

#[test]
fn losses_below_zero_and_losses_that_stay_the_same_are_drawn_too() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    for slope in [0.0, 0.1] {
        let line = |i: u32| format!("{{\"step\":{i},\"loss\":{}}}\n", -5.0 - slope * f64::from(i));
        fs::write(&log, (1..=20).map(line).collect::<String>()).unwrap();
        let said = said(&["loss", log.to_str().unwrap()]);
        assert!(said.contains(&format!("{:.4}", -5.0 - slope * 5.5)), "{said}");
    }
}

#[test]
fn a_network_that_is_exact_has_learnt_all() {
    let folder = tempfile::tempdir().unwrap();
    let component = |weight, at: [f64; 2], variance| Component { weight, mean: at.to_vec(), variance };
    let mixture =
        GaussianMixture::new(vec![component(0.3, [-1.0, 0.0], 0.2), component(0.7, [1.0, 0.5], 0.4)]).unwrap();
    let (network, density) = (folder.path().join("pair.onnx"), folder.path().join("pair.density.json"));
    fs::write(&network, mixture_file("pair", &mixture, &[])).unwrap();
    let components = r#"[{"weight":0.3,"mean":[-1,0],"variance":0.2},{"weight":0.7,"mean":[1,0.5],"variance":0.4}]"#;
    fs::write(&density, format!(r#"{{"density":"gaussian_mixture","components":{components}}}"#)).unwrap();
    let (network, density) = (network.to_str().unwrap(), density.to_str().unwrap());
    let same = rows(&said(&["learnt", network, "--density", density, "--draws", "500"]));
    assert_eq!(same.len(), 7);
    assert!(same.iter().all(|row| row[2] == "0.0000"), "{same:?}");
    // Another density's score is another: that of the gaussian at σ = 0.3 is −x/1.09.
    let other = rows(&said(&["learnt", network, "--density", "gaussian", "--draws", "500", "--sigmas", "0.3"]));
    assert_near(&other[0][1], 2.0 / 1.09, 0.33);
    assert!(number(&other[0][2]) > 0.5, "{other:?}");
}

#[test]
fn what_cannot_be_drawn_is_answered_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let [svg, jpeg] = ["x.svg", "x.jpeg"].map(|name| folder.path().join(name));
    let (svg, jpeg) = (svg.to_str().unwrap(), jpeg.to_str().unwrap());
    let refused = |arguments: &[&str]| {
        let output = plot(arguments);
        assert!(!output.status.success(), "{arguments:?} was taken");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["field", "--density", "three-moons", "--out", svg]).contains("two-moons"));
    assert!(refused(&["field", "--density", "gaussian", "--sigma=-1", "--out", svg]).contains("--sigma"));
    assert!(refused(&["field", "--density", "gaussian", "--out", jpeg]).contains("neither SVG nor PNG"));
    assert!(refused(&["times", "--density", "gaussian", "--times", "5,1", "--out", svg]).contains("--times"));
    assert!(refused(&["theorem", "--rows", "10", "--out", svg]).contains("--rows"));
    for (points, sigma, least) in [("square", "0.0099", "0.01"), ("five", "0.0149", "0.015"), ("square", "nan", "0.01")]
    {
        let told = refused(&["theorem", "--points", points, "--sigma", sigma, "--out", svg]);
        assert!(told.contains(&format!("--sigma must be a finite number of at least {least}, ")), "{told}");
    }
    assert!(refused(&["chain", "tests/fixtures/mixture.onnx", "--out", svg]).contains("not images"));
    assert!(refused(&["chain", "tests/fixtures/mixture.onnx", "--label", "-1", "--out", svg]).contains("not images"));
    assert!(refused(&["loss", "Cargo.toml", "--out", svg]).contains("Cargo.toml"));
    // Of none there are no numbers.
    let moons = ["--density", "two-moons"];
    let none: [(&str, &[&str], &str); 9] = [
        ("annealing", &[], "--chains"),
        ("chain", &["tests/fixtures/mixture.onnx"], "--chains"),
        ("dimension", &[], "--draws"),
        ("field", &moons, "--draws"),
        ("kernel", &moons, "--points"),
        ("learnt", &["tests/fixtures/mixture.onnx", "--density", "mixture"], "--draws"),
        ("paths", &moons, "--chains"),
        ("step-size", &[], "--chains"),
        ("times", &moons, "--chains"),
    ];
    for (figure, needed, count) in none {
        let told = refused(&[&[figure], needed, &[count, "0", "--out", svg]].concat());
        assert!(told.contains(count) && told.contains("at least 1 is wanted"), "{figure}: {told}");
    }
    // Where the figure cannot go is seen before what it is drawn from.
    assert!(refused(&["loss", "nowhere.jsonl", "--out", jpeg]).contains("neither SVG nor PNG"));
    let nowhere = folder.path().join("nowhere/x.svg");
    let told = refused(&["loss", "nowhere.jsonl", "--out", nowhere.to_str().unwrap()]);
    assert!(told.contains("--out: there is no folder"), "{told}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
