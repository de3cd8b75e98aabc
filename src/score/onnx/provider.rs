//! Where networks run.

use super::session::OpenError;
use super::{Runtime, openvino};
use ort::session::builder::SessionBuilder;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// What runs the networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    /// onnxruntime's CPU kernels.
    #[default]
    Cpu,
    /// A CUDA device, by its number. Needs the feature `cuda` and the GPU build of onnxruntime.
    Cuda {
        /// The device's number, from 0.
        device: u32,
    },
    /// OpenVINO's CPU kernels. Needs the feature `openvino` and a build of onnxruntime that has OpenVINO.
    OpenVino {
        /// What it computes in.
        precision: Precision,
    },
}

/// What OpenVINO computes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// float32.
    #[default]
    F32,
    /// bfloat16: eight bits of a number in place of 24.
    Bf16,
}

/// A provider that was asked for and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// This build does not have it.
    #[error(
        "{name} was asked for, but this smld was built without it; build with `--features {feature}`, or use the provider cpu"
    )]
    NotCompiled {
        /// What it is called.
        name: &'static str,
        /// The feature that it needs.
        feature: &'static str,
    },
    /// onnxruntime cannot use CUDA.
    #[error(
        "CUDA device {device} was asked for and cannot be had ({reason}); it needs the GPU build of onnxruntime, its CUDA and \
         cuDNN libraries and a driver, or use the provider cpu"
    )]
    Unavailable {
        /// The device's number.
        device: u32,
        /// What onnxruntime said.
        reason: String,
    },
    /// The onnxruntime that was loaded does not have OpenVINO.
    #[error(
        "OpenVINO was asked for, but the onnxruntime in '{}' was built without it; run `scripts/fetch onnxruntime-openvino` and \
         give --onnxruntime .deps/onnxruntime-openvino/libonnxruntime.so, or use the provider cpu",
        .0.display()
    )]
    NotInLibrary(PathBuf),
    /// onnxruntime has OpenVINO, and one of its libraries is not there.
    #[error(
        "OpenVINO was asked for and cannot be loaded ({reason}; onnxruntime's own line says what is missing); beside \
         onnxruntime's library must lie libonnxruntime_providers_openvino.so and OpenVINO's own, as \
         `scripts/fetch onnxruntime-openvino` puts them, or use the provider cpu"
    )]
    NotLoaded {
        /// What onnxruntime said.
        reason: String,
    },
    /// The processor has no bfloat16.
    #[error(
        "OpenVINO was asked for in bfloat16, and this processor does not compute in it (AVX512-BF16 or AVX-NE-CONVERT): OpenVINO \
         would use float32 or imitate it slowly, and say nothing; use the provider openvino"
    )]
    NoBf16,
    /// The number of rows cannot be fixed.
    #[error(
        "OpenVINO runs a fixed number of rows, and the first axis of an input has no name to fix it by; export the graph with \
         that axis named, as 'batch', or use the provider cpu"
    )]
    NamelessAxis,
    /// It cannot run the graph, or not all of it.
    #[error(
        "{provider} was asked for and does not run the whole graph ({reason}); what it leaves out would run elsewhere unnoticed: \
         use the provider cpu"
    )]
    Graph {
        /// The provider.
        provider: Provider,
        /// What onnxruntime said.
        reason: String,
    },
}

/// A name that is no provider's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a provider; there are cpu, cuda, cuda:N for device N, openvino and openvino:bf16")]
pub struct UnknownProvider(String);

impl Provider {
    /// The provider's name, with what its scores depend on: the precision, not the device.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda { .. } => "cuda",
            Self::OpenVino { precision: Precision::F32 } => "openvino",
            Self::OpenVino { precision: Precision::Bf16 } => "openvino:bf16",
        }
    }

    /// The numbers of rows for which a worker of `threads` threads has a session each, ascending; none where one session runs
    /// any number.
    pub(super) fn sizes(self, threads: usize) -> &'static [usize] {
        match self {
            Self::Cpu | Self::Cuda { .. } => &[],
            // More rows than eight at once make an image network no faster, and a lone row is all that several threads run.
            Self::OpenVino { .. } if threads == 1 => &[1, 2, 4, 8],
            Self::OpenVino { .. } => &[1],
        }
    }

    /// Makes a builder's session of `threads` threads use this provider. onnxruntime's own default would be to fall back to the
    /// CPU in silence.
    pub(super) fn register(
        self,
        runtime: &Runtime,
        builder: SessionBuilder,
        threads: usize,
    ) -> Result<SessionBuilder, ProviderError> {
        match self {
            Self::Cpu => Ok(builder),
            Self::Cuda { device } => register_cuda(builder, device),
            Self::OpenVino { precision } => openvino::register(runtime, builder, precision, threads),
        }
    }

    /// Why the first session of this provider could not be opened, on a file that the CPU runs.
    pub(super) fn refusal(self, error: OpenError) -> ProviderError {
        match (error, self) {
            (OpenError::Provider(error), _) => error,
            (OpenError::Runtime(error), Self::Cuda { device }) => {
                ProviderError::Unavailable { device, reason: error.to_string() }
            }
            (OpenError::Runtime(error), provider @ (Self::Cpu | Self::OpenVino { .. })) => {
                ProviderError::Graph { provider, reason: error.to_string() }
            }
        }
    }
}

#[cfg(feature = "cuda")]
fn register_cuda(builder: SessionBuilder, device: u32) -> Result<SessionBuilder, ProviderError> {
    use ort::ep::cuda::{CUDA, ConvAlgorithmSearch};
    let unavailable = |reason: String| ProviderError::Unavailable { device, reason };
    let number = i32::try_from(device).map_err(|error| unavailable(error.to_string()))?;
    let cuda = CUDA::default()
        .with_device_id(number)
        // A score of ten bits would not agree with the CPU's.
        .with_tf32(false)
        // The other choices are made anew for every batch size: slow at first, and of different bytes.
        .with_conv_algorithm_search(ConvAlgorithmSearch::Default)
        .build()
        .error_on_failure();
    builder.with_execution_providers([cuda]).map_err(|error| unavailable(error.to_string()))
}

#[cfg(not(feature = "cuda"))]
fn register_cuda(_: SessionBuilder, _: u32) -> Result<SessionBuilder, ProviderError> {
    Err(ProviderError::NotCompiled { name: "CUDA", feature: "cuda" })
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cuda { device } => write!(f, "cuda:{device}"),
            Self::Cpu | Self::OpenVino { .. } => f.write_str(self.name()),
        }
    }
}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(name: &str) -> Result<Self, UnknownProvider> {
        let unknown = || UnknownProvider(name.to_owned());
        match name.split_once(':') {
            None if name == "cpu" => Ok(Self::Cpu),
            None if name == "cuda" => Ok(Self::Cuda { device: 0 }),
            None if name == "openvino" => Ok(Self::OpenVino { precision: Precision::F32 }),
            Some(("cuda", device)) => Ok(Self::Cuda { device: device.parse().map_err(|_| unknown())? }),
            Some(("openvino", "f32")) => Ok(Self::OpenVino { precision: Precision::F32 }),
            Some(("openvino", "bf16")) => Ok(Self::OpenVino { precision: Precision::Bf16 }),
            None | Some(_) => Err(unknown()),
        }
    }
}
