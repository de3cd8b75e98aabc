//! How many parts a message has, before it is decoded: an empty tensor takes two bytes on the wire and hundreds in memory.

use crate::engine::InvalidRequest;
use crate::http::Problem;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field};

/// Parameters, tensors and outputs that a call may have; those of a sampler are a dozen.
const MOST: usize = 64;
/// What stands before a message: whether it is compressed, and how long it is.
const PREFIX: usize = 5;

/// Refuses the call in `frame` that has more parts than any has use for. What cannot be read is left to who decodes it.
pub(super) fn few(frame: &[u8]) -> Result<(), Problem> {
    let mut rest = frame.get(PREFIX..).unwrap_or_default();
    let mut parts = 0;
    while let Ok((tag, wire)) = decode_key(&mut rest) {
        parts += usize::from(wire == WireType::LengthDelimited);
        if parts > MOST {
            let reason = format!("the call has more than {MOST} parameters, tensors and outputs");
            return Err(InvalidRequest { field: "inputs".to_owned(), reason }.into());
        }
        if skip_field(wire, tag, &mut rest, DecodeContext::default()).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::proto::ModelInferRequest;
    use crate::grpc::proto::model_infer_request::InferInputTensor;
    use prost::Message;

    fn framed(inputs: usize) -> Vec<u8> {
        let inputs = vec![InferInputTensor::default(); inputs];
        let message = ModelInferRequest { model_name: "mnist".to_owned(), inputs, ..Default::default() };
        [vec![0; PREFIX], message.encode_to_vec()].concat()
    }

    #[test]
    fn a_call_of_thousands_of_empty_tensors_is_refused_before_they_are_made() {
        assert!(few(&framed(MOST - 1)).is_ok());
        assert!(few(&framed(MOST)).unwrap_err().to_string().contains("more than 64"));
        assert!(few(&framed(1_000_000)).is_err());
    }

    #[test]
    fn what_is_cut_off_or_no_message_is_left_to_the_decoder() {
        let whole = framed(3);
        for end in 0..whole.len() {
            assert!(few(&whole[..end]).is_ok());
        }
        assert!(few(&[0xff; 64]).is_ok());
    }
}
