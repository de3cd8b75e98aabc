//! How many parts a message has, before it is decoded: an empty tensor takes two bytes on the wire and hundreds in memory.

use crate::engine::InvalidRequest;
use crate::http::Problem;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Parameters, tensors and outputs that a call may have; those of a sampler are a dozen.
const MOST: usize = 64;
/// What stands before a message: whether it is compressed, and how long it is.
const PREFIX: usize = 5;

/// The field of `proto/inference.proto` that has the tensors of a call.
const INPUTS: u32 = 5;
/// That of a tensor's parameters.
const PARAMETERS: u32 = 4;
/// That of a tensor's elements.
const CONTENTS: u32 = 5;
/// Of the elements those that are numbers of no fixed size: others take as much in memory as on the wire.
const VARINTS: std::ops::RangeInclusive<u32> = 2..=5;
/// Of the elements those that are texts.
const TEXTS: u32 = 8;

/// Refuses the call in `frame` that has more parts than any has use for, or tensors of so many elements, but for points, that they are not for
/// `rows` rows. What cannot be read is left to who decodes it.
pub(super) fn few(frame: &[u8], rows: usize) -> Result<(), Problem> {
    let most = rows.saturating_add(MOST);
    let (mut parts, mut elements) = (0, 0);
    for field in fields(frame.get(PREFIX..).unwrap_or_default()) {
        parts += usize::from(field.wire == WireType::LengthDelimited);
        // The bytes of other fields are no messages, and many.
        let tensor = if field.tag == INPUTS { field.bytes } else { &[] };
        for field in fields(tensor) {
            match field.tag {
                PARAMETERS => parts += 1,
                CONTENTS => elements += fields(field.bytes).map(|field| field.elements()).sum::<usize>(),
                _ => {}
            }
            check(parts, elements, most)?;
        }
        check(parts, elements, most)?;
    }
    Ok(())
}

fn check(parts: usize, elements: usize, most: usize) -> Result<(), Problem> {
    let reason = if parts > MOST {
        format!("the call has more than {MOST} parameters, tensors and outputs")
    } else if elements > most {
        format!("the call has more than {most} whole numbers and texts; see --max-score-rows")
    } else {
        return Ok(());
    };
    Err(InvalidRequest::new("inputs", reason).into())
}

/// A field of a message as it stands on the wire.
struct Field<'a> {
    tag: u32,
    wire: WireType,
    /// Those of a delimited one.
    bytes: &'a [u8],
}

impl Field<'_> {
    /// Of a tensor's contents: how many elements it is that take more in memory than on the wire.
    fn elements(&self) -> usize {
        match self.wire {
            // A varint ends with a byte without the highest bit.
            WireType::LengthDelimited if VARINTS.contains(&self.tag) => {
                self.bytes.iter().filter(|&&byte| byte < 0x80).count()
            }
            WireType::LengthDelimited => usize::from(self.tag == TEXTS),
            _ => usize::from(VARINTS.contains(&self.tag)),
        }
    }
}

/// The fields of `message`, up to what cannot be read.
fn fields(mut message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    std::iter::from_fn(move || {
        let (tag, wire) = decode_key(&mut message).ok()?;
        let mut bytes = &message[..0];
        if wire == WireType::LengthDelimited {
            let length = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
            (bytes, message) = message.split_at_checked(length)?;
        } else {
            skip_field(wire, tag, &mut message, DecodeContext::default()).ok()?;
        }
        Some(Field { tag, wire, bytes })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::proto::model_infer_request::InferInputTensor;
    use crate::grpc::proto::{InferParameter, InferTensorContents, ModelInferRequest};
    use prost::Message;

    const ROWS: usize = 256;

    fn framed(inputs: Vec<InferInputTensor>) -> Vec<u8> {
        let message = ModelInferRequest { model_name: "mnist".to_owned(), inputs, ..Default::default() };
        [vec![0; PREFIX], message.encode_to_vec()].concat()
    }

    fn empty(inputs: usize) -> Vec<u8> {
        framed(vec![InferInputTensor::default(); inputs])
    }

    fn of(contents: InferTensorContents) -> Vec<u8> {
        framed(vec![InferInputTensor { contents: Some(contents), ..Default::default() }])
    }

    #[test]
    fn a_call_of_thousands_of_empty_tensors_is_refused_before_they_are_made() {
        assert!(few(&empty(MOST - 1), ROWS).is_ok());
        assert!(few(&empty(MOST), ROWS).unwrap_err().to_string().contains("more than 64"));
        assert!(few(&empty(1_000_000), ROWS).is_err());
    }

    #[test]
    fn the_parameters_of_a_tensor_count_as_well() {
        let named = |count: usize| (0..count).map(|i| (i.to_string(), InferParameter::default())).collect();
        let call = |count| framed(vec![InferInputTensor { parameters: named(count), ..Default::default() }]);
        assert!(few(&call(8), ROWS).is_ok());
        assert!(few(&call(MOST), ROWS).unwrap_err().to_string().contains("more than 64"));
    }

    #[test]
    fn points_may_be_many_and_whole_numbers_and_texts_one_for_each_row() {
        let points = InferTensorContents { fp32_contents: vec![0.5; 1_000_000], ..Default::default() };
        assert!(few(&of(points), ROWS).is_ok());
        let labels = |count| InferTensorContents { int64_contents: vec![-1; count], ..Default::default() };
        assert!(few(&of(labels(ROWS)), ROWS).is_ok());
        assert!(few(&of(labels(2 * ROWS)), ROWS).unwrap_err().to_string().contains("--max-score-rows"));
        let names =
            |count| InferTensorContents { bytes_contents: vec![b"trouser".to_vec(); count], ..Default::default() };
        assert!(few(&of(names(ROWS)), ROWS).is_ok());
        assert!(few(&of(names(2 * ROWS)), ROWS).is_err());
        // As a client may write them that does not pack them: field 4 of the contents, again and again.
        let loose: Vec<u8> = [0x20, 7].repeat(2 * ROWS);
        let nested = |tag: u8, bytes: &[u8]| {
            let mut message = vec![tag << 3 | 2];
            prost::encoding::encode_varint(bytes.len() as u64, &mut message);
            [message, bytes.to_vec()].concat()
        };
        let call = [vec![0; PREFIX], nested(5, &nested(5, &loose))].concat();
        assert!(few(&call, ROWS).is_err() && few(&call, 2 * ROWS).is_ok());
    }

    #[test]
    fn what_is_cut_off_or_no_message_is_left_to_the_decoder() {
        let whole = empty(3);
        for end in 0..whole.len() {
            assert!(few(&whole[..end], ROWS).is_ok());
        }
        assert!(few(&[0xff; 64], ROWS).is_ok());
    }
}
