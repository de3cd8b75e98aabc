//! A file's metadata, changed in the file as it is.

use super::proto::{ModelProto, StringStringEntryProto};
use prost::{DecodeError, Message, decode_length_delimiter};

/// `ModelProto.metadata_props`: field 14, of bytes with their length before them.
const METADATA: usize = 14 << 3 | 2;

/// Bytes that are not an ONNX file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the file is not an ONNX file, or it is damaged")]
pub struct NotOnnx;

impl From<DecodeError> for NotOnnx {
    fn from(_: DecodeError) -> Self {
        Self
    }
}

/// `file` with `value` for `key` in its metadata. Every other field of the model is there byte for byte, those too that this
/// program knows nothing of.
///
/// # Errors
/// [`NotOnnx`].
pub fn with_metadata(file: &[u8], key: &str, value: &str) -> Result<Vec<u8>, NotOnnx> {
    let mut changed = Vec::with_capacity(file.len() + key.len() + value.len());
    let mut rest = file;
    while !rest.is_empty() {
        let from_here = rest;
        // Every number of the format is written as a length is.
        let tag = decode_length_delimiter(&mut rest)?;
        let length = match tag & 7 {
            0 => decode_length_delimiter(&mut rest).map(|_| 0)?,
            1 => 8,
            2 => decode_length_delimiter(&mut rest)?,
            5 => 4,
            _ => return Err(NotOnnx),
        };
        let (body, after) = rest.split_at_checked(length).ok_or(NotOnnx)?;
        rest = after;
        if tag != METADATA || StringStringEntryProto::decode(body)?.key != key {
            changed.extend_from_slice(&from_here[..from_here.len() - rest.len()]);
        }
    }
    let entry = StringStringEntryProto { key: key.to_owned(), value: value.to_owned() };
    let addition = ModelProto { metadata_props: vec![entry], ..ModelProto::default() };
    changed.extend(addition.encode_to_vec());
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::GraphBuilder;

    fn file(metadata: &[(&str, &str)]) -> Vec<u8> {
        let mut graph = GraphBuilder::new("same");
        let x = graph.input_f32("x", &[2]);
        graph.output_f32("y", &x, &[2]);
        graph.finish(&metadata.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn one_value_is_another_and_all_else_is_as_it_was() {
        let changed = with_metadata(&file(&[("b", "2"), ("a", "1")]), "b", "3").unwrap();
        assert_eq!(changed, file(&[("a", "1"), ("b", "3")]));
        assert_eq!(with_metadata(&file(&[("a", "1")]), "b", "3").unwrap(), changed);
    }

    #[test]
    fn fields_that_are_not_known_stay() {
        // Field 5 (model_version) as a number, field 3 (producer_version) as text, and one of four bytes.
        let unknown = [0x28, 0xAC, 0x02, 0x1A, 2, b'1', b'.', 0xA5, 0x06, 1, 2, 3, 4];
        let whole = [&unknown[..], &file(&[("a", "1")])].concat();
        assert_eq!(with_metadata(&whole, "a", "2").unwrap(), [&unknown[..], &file(&[("a", "2")])].concat());
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_refused() {
        let whole = file(&[("a", "1")]);
        assert_eq!(with_metadata(&whole[..whole.len() - 1], "a", "2"), Err(NotOnnx));
        assert_eq!(with_metadata(b"\x7fELF", "a", "2"), Err(NotOnnx));
    }
}
