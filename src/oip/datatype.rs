//! What the elements of a tensor are.

use serde::Serialize;
use std::ops::RangeInclusive;

/// The types that something here takes or gives. Whole numbers are taken in any width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Datatype {
    /// 8 bits, with a sign.
    Int8,
    /// 16 bits, with a sign.
    Int16,
    /// 32 bits, with a sign.
    Int32,
    /// 64 bits, with a sign.
    Int64,
    /// 8 bits.
    Uint8,
    /// 16 bits.
    Uint16,
    /// 32 bits.
    Uint32,
    /// 64 bits.
    Uint64,
    /// float32.
    Fp32,
    /// Text: each element has a length of its own.
    Bytes,
}

impl Datatype {
    const ALL: [Self; 10] = [
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::Uint8,
        Self::Uint16,
        Self::Uint32,
        Self::Uint64,
        Self::Fp32,
        Self::Bytes,
    ];

    /// The type called `name`.
    ///
    /// # Errors
    /// With the names that are taken.
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|datatype| datatype.name() == name)
            .ok_or_else(|| format!("is of datatype '{name}'; there is {} here", Self::ALL.map(Self::name).join(", ")))
    }

    /// The protocol's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Int8 => "INT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Uint8 => "UINT8",
            Self::Uint16 => "UINT16",
            Self::Uint32 => "UINT32",
            Self::Uint64 => "UINT64",
            Self::Fp32 => "FP32",
            Self::Bytes => "BYTES",
        }
    }

    /// The bytes of one element, where all have as many.
    pub(super) fn size(self) -> Option<usize> {
        match self {
            Self::Int8 | Self::Uint8 => Some(1),
            Self::Int16 | Self::Uint16 => Some(2),
            Self::Int32 | Self::Uint32 | Self::Fp32 => Some(4),
            Self::Int64 | Self::Uint64 => Some(8),
            Self::Bytes => None,
        }
    }

    /// The values of a type of whole numbers.
    pub(super) fn range(self) -> Option<RangeInclusive<i128>> {
        match self {
            Self::Int8 => Some(i8::MIN.into()..=i8::MAX.into()),
            Self::Int16 => Some(i16::MIN.into()..=i16::MAX.into()),
            Self::Int32 => Some(i32::MIN.into()..=i32::MAX.into()),
            Self::Int64 => Some(i64::MIN.into()..=i64::MAX.into()),
            Self::Uint8 => Some(0..=u8::MAX.into()),
            Self::Uint16 => Some(0..=u16::MAX.into()),
            Self::Uint32 => Some(0..=u32::MAX.into()),
            Self::Uint64 => Some(0..=u64::MAX.into()),
            Self::Fp32 | Self::Bytes => None,
        }
    }
}
