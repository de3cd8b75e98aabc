//! OpenVINO as an execution provider of onnxruntime.

use super::{Precision, ProviderError, Runtime};
use ort::session::builder::SessionBuilder;

/// Makes a builder's session use OpenVINO's CPU kernels on `threads` threads, for the whole graph or not at all.
#[cfg(feature = "openvino")]
pub(super) fn register(
    runtime: &Runtime,
    builder: SessionBuilder,
    precision: Precision,
    threads: usize,
) -> Result<SessionBuilder, ProviderError> {
    use ort::ep::{ArbitrarilyConfigurableExecutionProvider, ExecutionProvider, OpenVINO};
    let failed = |reason: String| ProviderError::NotLoaded { reason };
    if !OpenVINO::is_available().map_err(|error| failed(error.to_string()))? {
        return Err(ProviderError::NotInLibrary(runtime.path().to_owned()));
    }
    let hint = match precision {
        // Said aloud: left to itself, OpenVINO computes in bfloat16 wherever the processor can.
        Precision::F32 => "f32",
        Precision::Bf16 if has_bf16() => "bf16",
        Precision::Bf16 => return Err(ProviderError::NoBf16),
    };
    // Threads that were pinned, each session's to the first cores, would meet there.
    let config = format!(r#"{{"CPU":{{"INFERENCE_PRECISION_HINT":"{hint}","ENABLE_CPU_PINNING":"NO"}}}}"#);
    let openvino = OpenVINO::default()
        .with_device_type("CPU")
        .with_num_threads(threads)
        .with_num_streams(1)
        .with_arbitrary_config("load_config", config)
        .build()
        .error_on_failure();
    let builder = builder.with_disable_cpu_fallback().map_err(|error| failed(error.to_string()))?;
    builder.with_execution_providers([openvino]).map_err(|error| failed(error.to_string()))
}

#[cfg(not(feature = "openvino"))]
pub(super) fn register(
    _: &Runtime,
    _: SessionBuilder,
    _: Precision,
    _: usize,
) -> Result<SessionBuilder, ProviderError> {
    Err(ProviderError::NotCompiled { name: "OpenVINO", feature: "openvino" })
}

/// Whether this processor computes in bfloat16.
#[cfg(all(feature = "openvino", target_arch = "x86_64"))]
fn has_bf16() -> bool {
    is_x86_feature_detected!("avx512bf16") || is_x86_feature_detected!("avxneconvert")
}

#[cfg(all(feature = "openvino", not(target_arch = "x86_64")))]
fn has_bf16() -> bool {
    false
}
