//! Metadata, written and read, and every way in which they can be wrong.

use crate::support::{contract, file, load, refusal};
use smld::sampler::{AnnealedLangevinSpec, LangevinSpec, SamplerSpec};
use smld::score::ScoreModel;
use smld::score::onnx::{Contract, ContractFault, Output};

fn read(metadata: &[(String, String)]) -> Result<Contract, ContractFault> {
    Contract::from_metadata(|key| metadata.iter().find(|(k, _)| k == key).map(|(_, value)| value.clone()))
}

/// The sentence for a contract with `key` changed to `value`, or taken away.
fn fault(key: &str, value: Option<&str>) -> String {
    let mut metadata = contract().to_metadata();
    metadata.retain(|(k, _)| k != key);
    metadata.extend(value.map(|value| (key.to_owned(), value.to_owned())));
    read(&metadata).expect_err(key).to_string()
}

#[test]
fn what_is_written_is_read_back_to_the_last_bit() {
    let written = Contract {
        output: Output::Denoised,
        sigma_min: 0.1 + 0.2,
        sigma_max: 1e300 / 3.0,
        range: [-0.424_212_93, 2.821_486_5],
        labels: vec!["T-shirt/top".to_owned(), "\"bag\", é".to_owned()],
        label_weights: vec![6000.0, 0.1 + 0.2],
        sampler: Some(SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec {
            epsilon: Some(1.11e-5 / 3.0),
            steps_per_level: Some(5),
            ..AnnealedLangevinSpec::default()
        })),
        training: serde_json::json!({"steps": 10_000, "loss": 0.1_f64 + 0.2}),
        ..contract()
    };
    assert_eq!(read(&written.to_metadata()), Ok(written));
}

#[test]
fn metadata_survive_the_file() {
    let written = Contract {
        labels: Vec::new(),
        label_weights: Vec::new(),
        training: serde_json::json!({"seed": 7}),
        ..contract()
    };
    let model = load(file(&written, |_, x, _| x.clone())).unwrap();
    let info = model.info();
    assert_eq!((info.name.as_str(), info.sigma_min, info.sigma_max), ("small", 0.01, 10.0));
    assert_eq!((info.range, &info.training), ([-1.0, 1.0], &written.training));
    assert_eq!((&info.shape[..], info.provider.as_str(), info.sha256.len()), (&[2][..], "cpu", 64));
}

#[test]
fn a_file_without_a_sampler_is_annealed_where_there_are_levels_to_go_down() {
    let levels = Contract { sampler: None, ..contract() };
    assert_eq!(levels.default_sampler(), SamplerSpec::AnnealedLangevin(AnnealedLangevinSpec::default()));
    let one_level = Contract { sigma_min: 10.0, ..levels };
    assert_eq!(one_level.default_sampler(), SamplerSpec::Langevin(LangevinSpec::default()));
}

#[test]
fn keys_that_every_file_has_are_missed() {
    for key in ["smld.contract", "smld.name", "smld.sigma_min", "smld.sigma_max", "smld.range"] {
        let sentence = fault(key, None);
        assert!(sentence.contains(&format!("'{key}' is missing")) && sentence.contains("add the key"), "{sentence}");
    }
    for key in ["smld.output", "smld.labels", "smld.sampler", "smld.training"] {
        let metadata: Vec<_> = contract().to_metadata().into_iter().filter(|(k, _)| k != key).collect();
        assert!(read(&metadata).is_ok(), "{key} has a default");
    }
}

#[test]
fn a_value_that_cannot_be_is_named_with_what_it_should_be() {
    for (key, value, wanted) in [
        ("smld.name", "Fashion MNIST", "a-z"),
        ("smld.name", "-x", "a-z"),
        ("smld.name", "", "a-z"),
        ("smld.output", "noise", "epsilon"),
        ("smld.sigma_min", "small", "number"),
        ("smld.sigma_min", "-1", "zero or above"),
        ("smld.sigma_max", "inf", "finite"),
        ("smld.sigma_max", "NaN", "finite"),
        ("smld.range", "0", "two numbers"),
        ("smld.range", "1,0", "below"),
        ("smld.range", "-3e38,3e38", "below"),
        ("smld.labels", "a,b", "JSON array"),
        ("smld.labels", "[]", "JSON array"),
        ("smld.labels", r#"["bag","Bag"]"#, "twice"),
        ("smld.training", "{", "JSON"),
    ] {
        let sentence = fault(key, Some(value));
        assert!(sentence.contains(&format!("'{key}' is '{value}'")) && sentence.contains(wanted), "{sentence}");
    }
}

#[test]
fn a_sampler_that_cannot_be_is_refused_with_the_reason() {
    for (sampler, reason) in [
        (r#"{"method":"magic"}"#, "unknown variant `magic`"),
        (r#"{"method":"langevin","stpes":5}"#, "unknown field `stpes`"),
    ] {
        let sentence = fault("smld.sampler", Some(sampler));
        assert!(sentence.contains("'smld.sampler'") && sentence.contains(reason), "{sentence}");
    }
}

#[test]
fn another_version_of_the_contract_is_refused() {
    let sentence = fault("smld.contract", Some("2"));
    assert!(sentence.contains("version 2") && sentence.contains("export it again"), "{sentence}");
}

#[test]
fn noise_levels_in_the_wrong_order_are_refused() {
    let sentence = fault("smld.sigma_min", Some("11"));
    assert!(sentence.contains("11, above smld.sigma_max = 10"), "{sentence}");
}

#[test]
fn an_output_that_is_divided_by_sigma_has_no_level_zero() {
    let zero = Contract { sigma_min: 0.0, ..contract() };
    assert!(read(&zero.to_metadata()).is_ok());
    for output in [Output::Denoised, Output::Epsilon] {
        let sentence = read(&Contract { output, ..zero.clone() }.to_metadata()).unwrap_err().to_string();
        assert!(sentence.contains("divides by σ"), "{sentence}");
    }
    let sentence = read(&Contract { sigma_max: 0.0, ..zero }.to_metadata()).unwrap_err().to_string();
    assert!(sentence.contains("smld.sigma_max") && sentence.contains("above zero"), "{sentence}");
}

#[test]
fn a_sampler_outside_the_noise_levels_is_refused() {
    let spec = LangevinSpec { sigma: Some(20.0), ..LangevinSpec::default() };
    let outside = Contract { sampler: Some(SamplerSpec::Langevin(spec)), ..contract() };
    let sentence = refusal(file(&outside, |_, x, _| x.clone()));
    assert!(sentence.contains("smld.sampler") && sentence.contains("20, outside 0.01 to 10"), "{sentence}");
}

#[test]
fn weights_that_are_not_one_for_each_class_are_refused() {
    let labelled = Contract { labels: vec!["a".to_owned(), "b".to_owned()], ..contract() };
    for weights in ["[1]", "[1,2,3]", "[0,0]", "[1,-1]", "[1,null]", "many"] {
        let mut metadata = labelled.to_metadata();
        metadata.push(("smld.label_weights".to_owned(), weights.to_owned()));
        let sentence = read(&metadata).unwrap_err().to_string();
        let names = format!("'smld.label_weights' is '{weights}'");
        assert!(sentence.contains(&names) && sentence.contains("one for each class"), "{sentence}");
    }
}
