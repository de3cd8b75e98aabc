//! What comes in: named tensors, their elements read from numbers or from bytes.

use super::Datatype;
use crate::engine::InvalidRequest;

/// An input. Its elements are as many as its shape says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub(super) name: String,
    pub(super) shape: Vec<i64>,
    pub(super) elements: Elements,
}

/// The elements of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Elements {
    /// Whole numbers, of any width.
    Whole(Vec<i128>),
    /// float32.
    Fp32(Vec<f32>),
    /// Text.
    Text(Vec<String>),
}

impl Tensor {
    /// The input `name`.
    ///
    /// # Errors
    /// Where `elements` could not be read, or are not as many as `shape` says.
    pub(crate) fn new(
        name: String,
        shape: Vec<i64>,
        elements: Result<Elements, String>,
    ) -> Result<Self, InvalidRequest> {
        /// More than anything here has.
        const MOST_AXES: usize = 16;
        let elements = elements.map_err(|reason| InvalidRequest::new(&name, reason))?;
        if shape.len() > MOST_AXES {
            return Err(InvalidRequest::new(
                &name,
                format!("is of a shape of {} axes; {MOST_AXES} are the most", shape.len()),
            ));
        }
        let count = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(usize::try_from(size).ok()?));
        if count == Some(elements.len()) {
            return Ok(Self { name, shape, elements });
        }
        Err(InvalidRequest::new(&name, format!("has {} elements, which are not of shape {shape:?}", elements.len())))
    }
}

impl Elements {
    /// `values` as elements of a type of whole numbers.
    ///
    /// # Errors
    /// Where `datatype` is none, or does not have a value.
    pub(crate) fn whole(datatype: Datatype, values: impl IntoIterator<Item = i128>) -> Result<Self, String> {
        let range = datatype.range().ok_or_else(|| format!("is of whole numbers, not of {}", datatype.name()))?;
        let check = |value| match range.contains(&value) {
            true => Ok(value),
            false => Err(format!("has {value}, which is not of {}", datatype.name())),
        };
        values.into_iter().map(check).collect::<Result<_, _>>().map(Self::Whole)
    }

    /// Elements of `datatype` from their bytes: little-endian, and an element of BYTES after its length in four.
    ///
    /// # Errors
    /// Where the bytes end within an element, or are no text.
    pub(crate) fn from_bytes(datatype: Datatype, bytes: &[u8]) -> Result<Self, String> {
        let Some(size) = datatype.size() else { return texts(bytes).map(Self::Text) };
        if !bytes.len().is_multiple_of(size) {
            return Err(format!("has {} bytes; an element of {} has {size}", bytes.len(), datatype.name()));
        }
        let elements = bytes.chunks_exact(size);
        if datatype == Datatype::Fp32 {
            let number = |element: &[u8]| f32::from_bits(unsigned(element) as u32);
            return Ok(Self::Fp32(elements.map(number).collect()));
        }
        // Shifted up and down again, the highest bit of an element is its sign.
        let shift = 64 - 8 * size as u32;
        let is_signed = datatype.range().is_some_and(|range| *range.start() < 0);
        let number = |element: &[u8]| match unsigned(element) {
            value if is_signed => ((value << shift) as i64 >> shift).into(),
            value => value.into(),
        };
        Ok(Self::Whole(elements.map(number).collect()))
    }

    fn len(&self) -> usize {
        match self {
            Self::Whole(values) => values.len(),
            Self::Fp32(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }
}

/// At most eight bytes, the lowest first, as a number.
fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Texts, each after its length.
fn texts(mut bytes: &[u8]) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk().ok_or("ends within the length of an element")?;
        let (text, rest) = rest
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or("ends within an element: each is its length in four bytes, little-endian, and its bytes")?;
        texts.push(text_of(text.to_vec())?);
        bytes = rest;
    }
    Ok(texts)
}

/// An element of BYTES: everything here that is one is text.
pub(crate) fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "has an element that is no UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_elements_with_their_sign_and_width() {
        let read = |datatype, bytes: &[u8]| Elements::from_bytes(datatype, bytes).unwrap();
        assert_eq!(read(Datatype::Int8, &[255, 127]), Elements::Whole(vec![-1, 127]));
        assert_eq!(read(Datatype::Uint8, &[255]), Elements::Whole(vec![255]));
        assert_eq!(read(Datatype::Int16, &[0xfe, 0xff, 1, 0]), Elements::Whole(vec![-2, 1]));
        assert_eq!(read(Datatype::Int64, &i64::MIN.to_le_bytes()), Elements::Whole(vec![i64::MIN.into()]));
        assert_eq!(read(Datatype::Uint64, &u64::MAX.to_le_bytes()), Elements::Whole(vec![u64::MAX.into()]));
        assert_eq!(read(Datatype::Fp32, &(-0.1_f32).to_le_bytes()), Elements::Fp32(vec![-0.1]));
        let texts = [&2_u32.to_le_bytes()[..], b"ab", &0_u32.to_le_bytes()].concat();
        assert_eq!(read(Datatype::Bytes, &texts), Elements::Text(vec!["ab".to_owned(), String::new()]));
    }

    #[test]
    fn bytes_that_end_early_or_are_no_text_are_refused() {
        let fault = |datatype, bytes: &[u8]| Elements::from_bytes(datatype, bytes).unwrap_err();
        assert!(fault(Datatype::Fp32, &[0; 5]).contains("5 bytes"));
        assert!(fault(Datatype::Bytes, &[1, 0]).contains("length of an element"));
        assert!(fault(Datatype::Bytes, &[255, 255, 255, 255, 0]).contains("within an element"));
        assert!(fault(Datatype::Bytes, &[1, 0, 0, 0, 0xff]).contains("UTF-8"));
    }

    #[test]
    fn elements_are_as_many_as_the_shape_says() {
        let tensor = |shape: &[i64]| {
            Tensor::new("x".to_owned(), shape.to_vec(), Ok(Elements::Fp32(vec![0.0; 6])))
                .map_err(|fault| fault.to_string())
        };
        for shape in [&[6][..], &[2, 3], &[1, 2, 3, 1]] {
            assert!(tensor(shape).is_ok());
        }
        for shape in [&[][..], &[5], &[-2, -3], &[i64::MAX, 2], &[i64::MAX, 0]] {
            assert!(tensor(shape).unwrap_err().starts_with("x: has 6 elements"), "{shape:?}");
        }
    }

    #[test]
    fn a_value_that_its_type_does_not_have_is_refused() {
        assert_eq!(Elements::whole(Datatype::Uint8, [0, 255]), Ok(Elements::Whole(vec![0, 255])));
        assert!(Elements::whole(Datatype::Uint8, [256]).unwrap_err().contains("256, which is not of UINT8"));
        assert!(Elements::whole(Datatype::Int64, [1 << 63]).is_err() && Elements::whole(Datatype::Fp32, [0]).is_err());
    }
}
