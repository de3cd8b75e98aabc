//! What was asked for is what runs, or the reason is said.

use crate::mixture::mixture_file;
use crate::support::{runtime, two_modes};
use smld::score::ScoreModel;
use smld::score::onnx::{OnnxScore, Precision, Provider, Runtime, RuntimeError};
use std::path::Path;

const CUDA: Provider = Provider::Cuda { device: 0 };
const OPENVINO: Provider = Provider::OpenVino { precision: Precision::F32 };

#[test]
fn providers_have_names() {
    assert_eq!("cpu".parse(), Ok(Provider::Cpu));
    assert_eq!("cuda".parse(), Ok(CUDA));
    assert_eq!("cuda:3".parse(), Ok(Provider::Cuda { device: 3 }));
    assert_eq!((Provider::Cpu.to_string(), Provider::Cuda { device: 3 }.to_string()), ("cpu".into(), "cuda:3".into()));
    for (name, precision) in [("openvino", Precision::F32), ("openvino:bf16", Precision::Bf16)] {
        let provider = Provider::OpenVino { precision };
        assert_eq!((name.parse(), provider.to_string()), (Ok(provider), name.into()));
    }
    assert_eq!("openvino:f32".parse(), Ok(OPENVINO));
    for name in ["gpu", "cpu:0", "cuda:", "cuda:x", "openvino:f16", ""] {
        let sentence = name.parse::<Provider>().unwrap_err().to_string();
        assert!(sentence.contains(&format!("'{name}'")) && sentence.contains("cuda:N"), "{sentence}");
    }
}

/// On a machine that has a GPU and its libraries this is not a test, and says so.
#[test]
fn cuda_that_cannot_be_had_is_refused_with_the_reason() {
    match OnnxScore::from_bytes(&runtime(), mixture_file("two-modes", &two_modes(), &[]), CUDA, false) {
        Ok(model) => assert_eq!(model.info().provider, "cuda"),
        Err(fault) => {
            let sentence = fault.to_string();
            let reason = if cfg!(feature = "cuda") {
                "CUDA device 0 was asked for and cannot be had"
            } else {
                "built without it"
            };
            assert!(sentence.contains(reason) && sentence.contains("use the provider cpu"), "{sentence}");
        }
    }
}

/// onnxruntime as it is fetched for the CPU, and for CUDA, is a library without OpenVINO.
#[test]
fn openvino_that_the_library_does_not_have_is_refused_with_the_remedy() {
    let file = mixture_file("two-modes", &two_modes(), &[]);
    let sentence = OnnxScore::from_bytes(&runtime(), file, OPENVINO, false).unwrap_err().to_string();
    let [reason, remedy] = match cfg!(feature = "openvino") {
        true => ["libonnxruntime.so' was built without it", "`scripts/fetch onnxruntime-openvino`"],
        false => ["this smld was built without it", "`--features openvino`"],
    };
    assert!(sentence.contains(reason) && sentence.contains(remedy), "{sentence}");
    assert!(sentence.contains("use the provider cpu"), "{sentence}");
}

#[test]
fn a_fall_back_that_was_allowed_is_told() {
    let file = mixture_file("two-modes", &two_modes(), &[]);
    let had = OnnxScore::from_bytes(&runtime(), file.clone(), CUDA, false).is_ok();
    let model = OnnxScore::from_bytes(&runtime(), file, CUDA, true).unwrap();
    assert_eq!(model.info().provider, if had { "cuda" } else { "cpu" });
    assert!(model.open(1).is_ok());
}

#[test]
fn a_process_has_one_onnxruntime() {
    let runtime = runtime();
    assert_eq!(Runtime::load(Some(runtime.path())).unwrap().path(), runtime.path());
    let error = Runtime::load(Some(Path::new("Cargo.toml"))).unwrap_err();
    assert!(matches!(error, RuntimeError::Another { .. }) && error.to_string().contains("Cargo.toml"), "{error}");
}
