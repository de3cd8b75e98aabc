//! OpenVINO in onnxruntime: its scores, its bytes, and what it does not run. Where `scripts/fetch onnxruntime-openvino` was not
//! run these are no tests, and say so.
#![cfg(feature = "openvino")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

#[path = "common/mixture.rs"]
mod mixture;

use mixture::mixture_file;
use smld::sampler::{Noise, Purpose, schedule};
use smld::score::density::{Component, GaussianMixture};
use smld::score::onnx::{OnnxScore, Precision, Provider, Runtime};
use smld::score::{ModelInfo, Rows, ScoreModel, ScoreSession, prepare};
use std::path::Path;
use std::sync::Arc;

const F32: Provider = Provider::OpenVino { precision: Precision::F32 };
const BF16: Provider = Provider::OpenVino { precision: Precision::Bf16 };
const MODELS: [&str; 2] = ["models/two-moons.onnx", "models/mnist.onnx"];

/// onnxruntime with OpenVINO, where it was fetched.
fn runtime() -> Option<Runtime> {
    let library = Path::new(".deps/onnxruntime-openvino/libonnxruntime.so");
    if !library.exists() {
        eprintln!("not tried: `scripts/fetch onnxruntime-openvino` gets OpenVINO");
        return None;
    }
    Some(Runtime::load(Some(library)).unwrap())
}

/// As many rows as fill no size of run, from the largest noise level to the smallest.
const ROWS: usize = 13;

/// The scores of `ROWS` rows, in batches of `batch`.
fn scores(info: &ModelInfo, session: &mut dyn ScoreSession, batch: usize) -> Vec<f32> {
    let dim = info.dim();
    let sigma: Vec<f32> =
        schedule::geometric(info.sigma_max, info.sigma_min, ROWS as u32).iter().map(|&s| s as f32).collect();
    let label: Vec<i64> = (0..ROWS as i64).map(|i| i % (info.labels.len() as i64 + 1) - 1).collect();
    let mut x = vec![0.0; ROWS * dim];
    for (i, row) in x.chunks_mut(dim).enumerate() {
        Noise::new(0, i as u32, Purpose::Sampling).for_each_normal(0, row, |_, x, z| *x = sigma[i] * z);
    }
    let mut score = vec![f32::NAN; x.len()];
    for start in (0..ROWS).step_by(batch) {
        let end = ROWS.min(start + batch);
        let elements = start * dim..end * dim;
        let rows = Rows { x: &x[elements.clone()], sigma: &sigma[start..end], label: &label[start..end] };
        session.evaluate(rows, &mut score[elements]).unwrap();
    }
    score
}

/// The largest difference of a row's score from the exact one, over the root mean square of that row.
fn apart(scores: &[f32], exact: &[f32], dim: usize) -> f32 {
    let of_row = |(row, exact): (&[f32], &[f32])| {
        let rms = (exact.iter().map(|s| s * s).sum::<f32>() / dim as f32).sqrt();
        row.iter().zip(exact).fold(0.0_f32, |largest, (a, b)| largest.max((a - b).abs())) / rms
    };
    scores.chunks(dim).zip(exact.chunks(dim)).map(of_row).fold(0.0, f32::max)
}

#[test]
fn openvino_gives_the_scores_of_the_cpu() {
    let Some(runtime) = runtime() else { return };
    for path in MODELS {
        let load = |provider| OnnxScore::load(&runtime, path.as_ref(), provider, false).unwrap();
        let [cpu, openvino] = [Provider::Cpu, F32].map(load);
        assert_eq!((cpu.info().provider.as_str(), openvino.info().provider.as_str()), ("cpu", "openvino"));
        let info = cpu.info();
        let [exact, score] = [&cpu, &openvino].map(|model| scores(info, model.open(1).unwrap().as_mut(), ROWS));
        let apart = apart(&score, &exact, info.dim());
        assert!(apart > 0.0 && apart < 1e-4, "{path}: {apart}");
    }
}

#[test]
fn a_row_has_the_same_bytes_in_every_batch_where_that_is_promised() {
    let Some(runtime) = runtime() else { return };
    for path in MODELS {
        let model = OnnxScore::load(&runtime, path.as_ref(), F32, false).unwrap();
        let ready = prepare(Arc::new(model), &[1, 2]).unwrap();
        if !ready.reproducible() {
            eprintln!("{path}: not tried, the promise was withdrawn");
            continue;
        }
        let mut session = ready.open(1).unwrap();
        let alone = scores(ready.info(), session.as_mut(), 1);
        for batch in 2..=ROWS {
            assert!(scores(ready.info(), session.as_mut(), batch) == alone, "{path} in batches of {batch}");
        }
        for &threads in ready.layouts() {
            let mut session = ready.open(threads).unwrap();
            assert!(scores(ready.info(), session.as_mut(), 1) == alone, "{path} on {threads} threads");
        }
    }
}

/// What bfloat16 is on a processor that has it, and that others do not get float32 in its place.
#[test]
fn bfloat16_is_computed_in_or_refused() {
    let Some(runtime) = runtime() else { return };
    for path in MODELS {
        let cpu = OnnxScore::load(&runtime, path.as_ref(), Provider::Cpu, false).unwrap();
        match OnnxScore::load(&runtime, path.as_ref(), BF16, false) {
            Ok(model) => {
                let info = cpu.info();
                let [exact, score] = [&cpu, &model].map(|model| scores(info, model.open(1).unwrap().as_mut(), ROWS));
                let apart = apart(&score, &exact, info.dim());
                assert_eq!(model.info().provider, "openvino:bf16");
                assert!(apart > 1e-4 && apart < 0.5, "{path}: {apart}");
            }
            Err(error) => {
                let sentence = error.to_string();
                assert!(
                    sentence.contains("AVX512-BF16") && sentence.contains("use the provider openvino"),
                    "{sentence}"
                );
            }
        }
    }
}

/// A mixture in float64, which OpenVINO leaves to the CPU.
fn mixture() -> Vec<u8> {
    let component = Component { weight: 1.0, mean: vec![0.5, -0.5], variance: 0.25 };
    mixture_file("mixture", &GaussianMixture::new(vec![component]).unwrap(), &[])
}

#[test]
fn a_graph_that_openvino_does_not_run_whole_is_refused() {
    let Some(runtime) = runtime() else { return };
    let sentence = OnnxScore::from_bytes(&runtime, mixture(), F32, false).unwrap_err().to_string();
    assert!(
        sentence.contains("does not run the whole graph") && sentence.contains("use the provider cpu"),
        "{sentence}"
    );
    let on_cpu = OnnxScore::from_bytes(&runtime, mixture(), F32, true).unwrap();
    assert_eq!(on_cpu.info().provider, "cpu");
}

#[test]
fn an_axis_without_a_name_is_refused_because_it_cannot_be_fixed() {
    let Some(runtime) = runtime() else { return };
    // The name of an axis (field 2 of a dimension) becomes its denotation (field 3).
    let [named, nameless] = [b"\x12\x05batch", b"\x1a\x05batch"];
    let mut file = mixture();
    let places: Vec<usize> = (0..file.len() - named.len()).filter(|&at| file[at..].starts_with(named)).collect();
    places.iter().for_each(|&at| file[at..][..named.len()].copy_from_slice(nameless));
    assert!(OnnxScore::from_bytes(&runtime, file.clone(), Provider::Cpu, false).is_ok());
    let sentence = OnnxScore::from_bytes(&runtime, file, F32, false).unwrap_err().to_string();
    assert!(sentence.contains("has no name") && sentence.contains("'batch'"), "{sentence}");
}
