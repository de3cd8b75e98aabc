//! The Open Inference Protocol, version 2, without a wire: what REST and gRPC have in common.
//!
//! ```text
//! tensors → Call → RawSampleRequest, RawScoreRequest → engine → Samples → tensors
//! ```
//!
//! Every model is two here: the sampler under its own name, and its score network as `{name}.score`. Both have one version, for a
//! file is the model that it holds: another one has another name, and another SHA-256.
//!
//! | module | what it is |
//! |---|---|
//! | `datatype` | what the elements of a tensor are |
//! | `distinct` | objects of JSON without a key given twice |
//! | `tensor` | what comes in: elements, from numbers or from bytes |
//! | `call` | what is asked: tensors and parameters to a request |
//! | `output` | what is answered: samples to tensors |
//! | `signature` | what a model takes and gives: its metadata |

mod call;
mod datatype;
mod distinct;
mod output;
mod signature;
mod tensor;

pub(crate) use call::Call;
pub(crate) use datatype::Datatype;
pub(crate) use distinct::Distinct;
pub(crate) use output::{Numbers, Output};
pub(crate) use signature::{Port, Role, Signature};
pub(crate) use tensor::{Elements, Tensor, text_of};

/// What the server is called.
pub(crate) const SERVER: &str = "smld";

/// What a server of the protocol may have beyond it, of what this one has.
pub(crate) const EXTENSIONS: [&str; 2] = ["binary_tensor_data", "parameters"];

/// The one version of every model.
pub(crate) const VERSION: &str = "1";
