//! What may be asked: one rule, one sentence.

#![cfg(test)]

use smld::engine::{InvalidRequest, RawSampleRequest, RequestLimits, SampleRequest};
use smld::score::density::{Component, DensityModel, GaussianMixture};
use smld::score::{ModelInfo, ReadyModel, ScoreError, ScoreModel, ScoreSession, prepare};
use std::sync::Arc;
use std::time::{Duration, Instant};

const LIMITS: RequestLimits = RequestLimits { max_n: 100, max_evaluations: 10_000, deadline: Duration::from_secs(60) };

/// A density that has classes, to which its score pays no heed.
struct Labelled(DensityModel, ModelInfo);

impl ScoreModel for Labelled {
    fn info(&self) -> &ModelInfo {
        &self.1
    }
    fn open(&self, threads: usize) -> Result<Box<dyn ScoreSession>, ScoreError> {
        self.0.open(threads)
    }
}

fn model(labels: &[&str]) -> ReadyModel {
    let component = Component { weight: 1.0, mean: vec![0.0; 2], variance: 1.0 };
    let density = GaussianMixture::new(vec![component]).unwrap().named("g");
    let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
    // As 0, 1, 2, …: the first class never comes.
    let label_weights = (0..labels.len()).map(|weight| weight as f64).collect();
    let info = ModelInfo { labels, label_weights, sigma_min: 0.01, sigma_max: 10.0, ..density.info().clone() };
    prepare(Arc::new(Labelled(density, info)), &[1]).unwrap()
}

fn parse(body: &str) -> Result<RawSampleRequest, serde_json::Error> {
    serde_json::from_str(body)
}

fn request(body: &str) -> Result<SampleRequest, InvalidRequest> {
    SampleRequest::new(&parse(body).unwrap(), model(&["shirt", "Sneaker", "7"]), LIMITS, 99)
}

/// The field and the reason for which `body` is refused.
fn refused(body: &str) -> (String, String) {
    let InvalidRequest { field, reason } = request(body).err().unwrap();
    (field, reason)
}

#[test]
fn an_empty_body_asks_for_one_sample_of_a_random_seed_by_the_models_own_sampler() {
    let request = request("{}").unwrap();
    assert_eq!((request.n(), request.seed(), request.first_index(), request.label()), (1, 99, 0, None));
    let info = request.model().info();
    assert_eq!(*request.sampler(), info.sampler.resolve(None, info.sigma_range()).unwrap());
    assert!(request.deadline() <= Instant::now() + LIMITS.deadline);
}

#[test]
fn a_field_that_nobody_knows_is_refused_by_its_name() {
    assert!(parse(r#"{"steps": 10}"#).unwrap_err().to_string().contains("`steps`"));
    assert!(parse(r#"{"sampler": {"method": "langevin", "stepz": 1}}"#).unwrap_err().to_string().contains("`stepz`"));
}

#[test]
fn a_seed_is_a_number_or_a_decimal_string_of_64_bits() {
    for body in [r#"{"seed": 18446744073709551615}"#, r#"{"seed": "18446744073709551615"}"#] {
        assert_eq!(request(body).unwrap().seed(), u64::MAX);
    }
    assert_eq!(request(r#"{"seed": null}"#).unwrap().seed(), 99);
    for body in [r#"{"seed": -1}"#, r#"{"seed": 1.5}"#, r#"{"seed": "x"}"#, r#"{"seed": "18446744073709551616"}"#] {
        assert!(parse(body).unwrap_err().to_string().contains("0 to 18446744073709551615"), "{body}");
    }
}

#[test]
fn n_is_at_least_one_and_at_most_the_servers_limit() {
    for body in [r#"{"n": 0}"#, r#"{"n": 101}"#, r#"{"n": 18446744073709551615}"#] {
        let (field, reason) = refused(body);
        assert!(field == "n" && reason.contains("between 1 and 100"), "{reason}");
    }
}

#[test]
fn the_last_index_is_at_most_the_largest_of_32_bits() {
    let short = r#""sampler": {"method": "langevin", "steps": 1}"#;
    let last = request(&format!(r#"{{"first_index": 4294967286, "n": 10, {short}}}"#)).unwrap();
    assert_eq!(last.first_index() + (last.n() - 1), u32::MAX);
    assert_eq!(refused(&format!(r#"{{"first_index": 4294967287, "n": 10, {short}}}"#)).0, "first_index");
}

#[test]
fn a_parameter_of_the_sampler_is_named_with_its_path() {
    assert_eq!(refused(r#"{"sampler": {"method": "langevin", "tau": 0}}"#).0, "sampler.tau");
    let (field, reason) = refused(r#"{"sampler": {"method": "langevin", "sigma": 11}}"#);
    assert!(field == "sampler.sigma" && reason.contains("0.01 to 10"), "{reason}");
}

#[test]
fn too_many_samples_of_a_long_sampler_are_to_be_asked_for_in_ranges() {
    let request = |n: u64| format!(r#"{{"n": {n}, "sampler": {{"method": "langevin", "steps": 1000}}}}"#);
    let (field, reason) = refused(&request(11));
    assert!(field == "n" && reason.contains("10 at a time"), "{reason}");
    assert!(self::request(&request(10)).is_ok());
}

#[test]
fn a_sampler_longer_than_any_request_may_be_is_to_have_fewer_steps() {
    let (field, reason) = refused(r#"{"sampler": {"method": "langevin", "steps": 10001}}"#);
    assert!(field == "sampler" && reason.contains("fewer steps"), "{reason}");
}

#[test]
fn a_class_is_named_or_numbered_by_its_place() {
    for (body, label) in [
        (r#"{"label": "Shirt"}"#, 0),
        (r#"{"label": "sneaker"}"#, 1),
        (r#"{"label": "7"}"#, 2),
        (r#"{"label": 1}"#, 1),
        (r#"{"label": "1"}"#, 1),
        (r#"{"label": 7}"#, 2),
        (r#"{"label": -1}"#, -1),
        (r#"{"label": "-1"}"#, -1),
    ] {
        let request = request(body).unwrap();
        assert_eq!((request.label(), request.label_of(5)), (Some(label), label), "{body}");
    }
}

/// Within four standard deviations of what a binomial of that chance has.
#[test]
fn samples_of_a_request_that_names_no_class_have_each_their_own_as_often_as_its_weight() {
    const COUNT: u32 = 30_000;
    let request = request(r#"{"seed": 7}"#).unwrap();
    let mut counts = [0_u32; 3];
    for index in 0..COUNT {
        counts[request.label_of(index) as usize] += 1;
    }
    assert_eq!(counts[0], 0);
    let (expected, deviation) = (f64::from(COUNT) / 3.0, (f64::from(COUNT) * 2.0 / 9.0).sqrt());
    assert!((f64::from(counts[1]) - expected).abs() < 4.0 * deviation, "{counts:?}");
}

#[test]
fn the_class_of_a_sample_depends_on_the_seed_and_its_index_alone() {
    let classes = |body: &str| {
        let request = request(body).unwrap();
        (100..200).map(|index| request.label_of(index)).collect::<Vec<_>>()
    };
    let alone = classes(r#"{"seed": 7}"#);
    assert_eq!(
        classes(r#"{"seed": 7, "n": 100, "first_index": 100, "sampler": {"method": "ancestral", "steps": 9}}"#),
        alone
    );
    assert_ne!(classes(r#"{"seed": 8}"#), alone);
}

#[test]
fn a_class_that_the_model_has_not_is_refused_with_those_that_it_has() {
    for body in [r#"{"label": "boot"}"#, r#"{"label": 3}"#, r#"{"label": -2}"#] {
        let (field, reason) = refused(body);
        assert!(field == "label" && reason.contains("shirt, Sneaker, 7"), "{reason}");
    }
    assert!(parse(r#"{"label": 1.5}"#).unwrap_err().to_string().contains("label: a class's name"));
}

#[test]
fn a_model_without_classes_takes_no_label() {
    let raw = parse(r#"{"label": 0}"#).unwrap();
    let fault = SampleRequest::new(&raw, model(&[]), LIMITS, 0).err().unwrap();
    assert!(fault.field == "label" && fault.reason.contains("no classes"), "{fault}");
}

#[test]
fn a_deadline_is_at_least_a_millisecond_and_at_most_the_servers() {
    for body in [r#"{"deadline_ms": 0}"#, r#"{"deadline_ms": 60001}"#] {
        let (field, reason) = refused(body);
        assert!(field == "deadline_ms" && reason.contains("between 1 and 60000"), "{reason}");
    }
    let before = Instant::now();
    let deadline = request(r#"{"deadline_ms": 1500}"#).unwrap().deadline();
    assert!(
        deadline >= before + Duration::from_millis(1500) && deadline <= Instant::now() + Duration::from_millis(1500)
    );
}
