//! Points as an array of numpy; what holds for all of them is in the query.

use crate::engine::{InvalidRequest, OneOrEach, RawLabel, RawScoreRequest};
use crate::http::problem::Problem;
use axum::extract::Query;
use axum::http::Uri;
use npyz::{NpyFile, NpyHeader, Order};
use serde::Deserialize;

/// What the query of a request says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conditions {
    sigma: Option<f64>,
    label: Option<String>,
    deadline_ms: Option<u64>,
}

/// The request that `bytes`, float32 [rows, …shape] or [rows, D], and the query of `uri` make.
pub(super) fn parse(bytes: &[u8], uri: &Uri, shape: &[usize]) -> Result<RawScoreRequest, Problem> {
    let Query(Conditions { sigma, label, deadline_ms }) =
        Query::try_from_uri(uri).map_err(|error| InvalidRequest::new("query", error.body_text()))?;
    Ok(RawScoreRequest {
        x: Some(rows(bytes, shape).map_err(|reason| InvalidRequest::new("x", reason))?),
        sigma: sigma.map(OneOrEach::One),
        label: label.map(|label| OneOrEach::One(Some(RawLabel::Name(label)))),
        deadline_ms,
        priority: None,
    })
}

/// The rows of an array of float32 for a model of `shape`, or what is wrong with it. The axes are not guessed: those of pictures come in another
/// order elsewhere.
fn rows(mut bytes: &[u8], shape: &[usize]) -> Result<Vec<Vec<f32>>, String> {
    if !is_plain(bytes) {
        return Err("is no plain array of numpy, version 1: numpy.save makes one of float32".to_owned());
    }
    let header = NpyHeader::from_reader(&mut bytes).map_err(|error| format!("is no array of numpy: {error}"))?;
    if header.order() == Order::Fortran {
        return Err("is in Fortran's order; save numpy.ascontiguousarray of it".to_owned());
    }
    let Some(&rows) = header.shape().first() else { return Err("has no axis; its first is that of rows".to_owned()) };
    // What a header promises is not believed before it is there.
    let count = header.shape().iter().try_fold(1_u64, |count, &size| count.checked_mul(size));
    let is_there = |&count: &u64| count.checked_mul(size_of::<f32>() as u64) == Some(bytes.len() as u64);
    let Some(count) = count.filter(is_there) else {
        return Err(format!("has {} bytes of numbers, which are not float32 {:?}", bytes.len(), header.shape()));
    };
    let found = header.shape().to_vec();
    let numbers =
        NpyFile::with_header(header, bytes).into_vec().map_err(|error| format!("must be float32: {error}"))?;
    let row: Vec<u64> = shape.iter().map(|&size| size as u64).collect();
    let whole = row.iter().product::<u64>();
    if found[1..] != row && found[1..] != [whole] {
        let sizes = row.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        return Err(format!(
            "has shape {found:?}; points of shape {shape:?} come as [rows, {sizes}] or [rows, {whole}]"
        ));
    }
    let dim = count.checked_div(rows).unwrap_or(0).max(1) as usize;
    Ok(numbers.chunks(dim).map(<[f32]>::to_vec).collect())
}

/// Whether the header has no brackets but those of its dictionary and its shape. What has more is no array of float32, and would
/// take a parser as deep as a stranger likes.
fn is_plain(bytes: &[u8]) -> bool {
    let Some((_, [low, high, rest @ ..])) =
        bytes.split_at_checked(8).filter(|(magic, _)| magic == b"\x93NUMPY\x01\x00")
    else {
        return false;
    };
    let header = rest.get(..usize::from(u16::from_le_bytes([*low, *high])));
    header.is_some_and(|header| header.iter().filter(|byte| b"{[(".contains(byte)).count() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(header: &str, numbers: &[f32]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        bytes
    }

    fn header(descr: &str, order: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({shape}), }}\n")
    }

    #[test]
    fn rows_are_cut_along_the_first_axis() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(
            rows(&array(&header("<f4", "False", "3, 2"), &numbers), &[2]).unwrap(),
            [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
        );
        for shape in ["2, 1, 3", "2, 3"] {
            assert_eq!(rows(&array(&header("<f4", "False", shape), &numbers), &[1, 3]).unwrap()[1], [4.0, 5.0, 6.0]);
        }
        assert_eq!(rows(&array(&header("<f4", "False", "0, 2"), &[]), &[2]).unwrap(), Vec::<Vec<f32>>::new());
    }

    #[test]
    fn points_whose_axes_are_not_the_model_s_are_refused_and_not_read_in_another_order() {
        for shape in ["1, 2, 2, 3", "1, 3, 4", "1, 12, 1", "12,"] {
            let told = rows(&array(&header("<f4", "False", shape), &[1.0; 12]), &[3, 2, 2]).unwrap_err();
            assert!(told.contains("[3, 2, 2]"), "{shape}: {told}");
        }
    }

    #[test]
    fn what_is_no_array_of_float32_is_told_apart() {
        let fault = |header: &str, numbers: &[f32]| rows(&array(header, numbers), &[2]).unwrap_err();
        assert!(fault(&header("<f4", "True", "1, 2"), &[1.0; 2]).contains("Fortran"));
        assert!(fault(&header("<f4", "False", ""), &[1.0]).contains("no axis"));
        assert!(fault(&header("<i4", "False", "1, 2"), &[1.0; 2]).contains("must be float32"));
        for shape in ["1, 3", "1, 1", "4294967296, 4294967295"] {
            assert!(fault(&header("<f4", "False", shape), &[1.0; 2]).contains("8 bytes of numbers"), "{shape}");
        }
        for bytes in [&b""[..], b"\x93NUMPY\x02\x00", b"\x93NUMPY\x01\x00\xff\xff{}", b"P5 2 2 255 "] {
            assert!(rows(bytes, &[2]).unwrap_err().contains("no plain array"));
        }
    }

    #[test]
    fn a_header_as_deep_as_a_stranger_likes_is_not_parsed() {
        for bracket in ["(", "[", "{"] {
            assert!(rows(&array(&bracket.repeat(60_000), &[]), &[2]).unwrap_err().contains("no plain array"));
        }
    }
}
