//! Where networks run.

use ort::session::builder::SessionBuilder;
use std::fmt;
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
}

/// A provider that was asked for and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// This build does not have it.
    #[error(
        "CUDA was asked for, but this smld was built without it; build with `--features cuda`, or use the provider cpu"
    )]
    NotCompiled,
    /// onnxruntime cannot use it.
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
}

/// A name that is no provider's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a provider; there are cpu, cuda and cuda:N for device N")]
pub struct UnknownProvider(String);

impl Provider {
    /// The provider's name without its device.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda { .. } => "cuda",
        }
    }

    /// Makes a session's builder use this provider. onnxruntime's own default would be to fall back to the CPU in silence.
    pub(super) fn register(self, builder: SessionBuilder) -> Result<SessionBuilder, ProviderError> {
        match self {
            Self::Cpu => Ok(builder),
            Self::Cuda { device } => register_cuda(builder, device),
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
    Err(ProviderError::NotCompiled)
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda { device } => write!(f, "cuda:{device}"),
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
            Some(("cuda", device)) => Ok(Self::Cuda { device: device.parse().map_err(|_| unknown())? }),
            None | Some(_) => Err(unknown()),
        }
    }
}
