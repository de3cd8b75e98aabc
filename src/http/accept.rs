//! Which format an answer has: the header `Accept` (RFC 9110, section 12.5.1) against what can be made.

use super::archive::Container;
use super::problem::Problem;
use crate::engine::InvalidRequest;
use crate::pixels::PictureFormat;
use crate::score::ModelInfo;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// A format of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Sent when every sample is there.
    Whole(Whole),
    /// Sent while they are drawn.
    Archive(Container),
    /// Told while they are drawn.
    Events,
}

/// A format that holds all samples at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    Picture(PictureFormat),
    Json,
    Npy,
}

impl Whole {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Picture(format) => format.media_type(),
            Self::Json => "application/json",
            Self::Npy => "application/x-npy",
        }
    }
}

impl Format {
    const PNG: Self = Self::Whole(Whole::Picture(PictureFormat::Png));
    const WEBP: Self = Self::Whole(Whole::Picture(PictureFormat::Webp));
    const JPEG: Self = Self::Whole(Whole::Picture(PictureFormat::Jpeg { quality: PictureFormat::QUALITY }));
    const JSON: Self = Self::Whole(Whole::Json);
    const NPY: Self = Self::Whole(Whole::Npy);
    const ZIP: Self = Self::Archive(Container::Zip);
    const TAR: Self = Self::Archive(Container::Tar);

    fn media_type(self) -> &'static str {
        match self {
            Self::Whole(format) => format.media_type(),
            Self::Archive(container) => container.media_type(),
            Self::Events => "text/event-stream",
        }
    }

    /// What the samples of a model can be, the standard first: it is taken where a client accepts several alike. Points of
    /// the plane can be drawn; no others.
    fn of(info: &ModelInfo) -> &'static [Self] {
        match info.shape[..] {
            _ if info.is_image() => {
                &[Self::PNG, Self::JSON, Self::NPY, Self::WEBP, Self::JPEG, Self::ZIP, Self::TAR, Self::Events]
            }
            [2] => &[Self::JSON, Self::NPY, Self::PNG, Self::WEBP, Self::JPEG, Self::ZIP, Self::TAR, Self::Events],
            _ => &[Self::JSON, Self::NPY, Self::ZIP, Self::TAR, Self::Events],
        }
    }
}

/// What can be asked for beside samples, and has a place in few formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extra {
    /// What chains were like.
    Diagnostics,
    /// What they look like under way.
    Preview,
}

impl Extra {
    /// The field that asks for it.
    fn field(self) -> &'static str {
        match self {
            Self::Diagnostics => "diagnostics",
            Self::Preview => "preview",
        }
    }

    /// The one format that carries it.
    fn carrier(self) -> Format {
        match self {
            Self::Diagnostics => Format::JSON,
            Self::Preview => Format::Events,
        }
    }
}

/// What a request says it accepts.
fn accepted(headers: &HeaderMap) -> String {
    let ranges: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    ranges.join(",")
}

/// Whether a page is liked better than plain text, as browsers do; who takes anything alike, as curl does, has a terminal.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let ranges = accepted(headers);
    quality(&ranges, "text/html") > quality(&ranges, "text/plain")
}

/// The format for scores.
pub(super) fn negotiate_scores(headers: &HeaderMap) -> Result<Whole, Problem> {
    let ranges = accepted(headers);
    match choose(&ranges, &[Format::JSON, Format::NPY]) {
        Some(Format::NPY) => Ok(Whole::Npy),
        Some(_) => Ok(Whole::Json),
        None => Err(Problem::NotAcceptable {
            reason: format!(
                "scores are numbers: accept application/json or application/x-npy; the request accepts {ranges}"
            ),
        }),
    }
}

/// The format for samples of a model: one that carries the `extras`.
pub(super) fn negotiate(headers: &HeaderMap, info: &ModelInfo, extras: &[Extra]) -> Result<Format, Problem> {
    let ranges = accepted(headers);
    let mut offers = Format::of(info).to_vec();
    let mut chosen = choose(&ranges, &offers).ok_or_else(|| {
        let formats = offers.iter().map(|format| format.media_type()).collect::<Vec<_>>().join(", ");
        let what = match info.shape[..] {
            _ if info.is_image() => "images".to_owned(),
            [2] => "points of the plane".to_owned(),
            ref shape => format!("points of shape {shape:?}, of which there is no picture"),
        };
        Problem::NotAcceptable {
            reason: format!(
                "the model '{}' makes {what}: accept one of {formats}; the request accepts {ranges}",
                info.name
            ),
        }
    })?;
    for &extra in extras {
        offers.retain(|&format| format == extra.carrier());
        let (field, carrier) = (extra.field(), extra.carrier().media_type());
        chosen = choose(&ranges, &offers).ok_or_else(|| {
            let chosen = chosen.media_type();
            let reason = format!("{chosen} has no place for them; send 'accept: {carrier}', or leave {field} out");
            InvalidRequest::new(field, reason)
        })?;
    }
    Ok(chosen)
}

/// The offer of the highest quality; among equals the first.
fn choose(accept: &str, offers: &[Format]) -> Option<Format> {
    if accept.trim().is_empty() {
        return offers.first().copied();
    }
    let qualities = offers.iter().map(|&offer| (offer, quality(accept, offer.media_type())));
    let best = qualities.reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    (best.1 > 0.0).then_some(best.0)
}

/// How many ranges are looked at: browsers send a dozen, and thousands would take their time from others.
const RANGES: usize = 64;

/// The quality that `accept` gives to a media type: that of its most specific range that matches, zero where none does.
fn quality(accept: &str, media_type: &str) -> f32 {
    let matching = accept.split(',').take(RANGES).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?.to_ascii_lowercase();
        let specificity = match name.strip_suffix("/*") {
            _ if name == media_type => 2,
            Some("*") => 0,
            Some(group) if media_type.split('/').next() == Some(group) => 1,
            _ => return None,
        };
        let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let q: f32 = q.map_or(Some(1.0), |q| q.parse().ok().filter(|q| (0.0..=1.0).contains(q)))?;
        Some((specificity, q))
    });
    matching.max_by_key(|&(specificity, _)| specificity).map_or(0.0, |(_, q)| q)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::score::ScoreModel;
    use crate::score::density::{Component, GaussianMixture};

    const IMAGES: &[Format] = &[Format::PNG, Format::JSON, Format::NPY];

    /// What a model of `shape` answers to `accept`.
    fn negotiated(shape: &[usize], accept: &'static str, diagnostics: bool) -> Result<Format, Problem> {
        let component = Component { weight: 1.0, mean: vec![0.0; shape.iter().product()], variance: 1.0 };
        let density = GaussianMixture::new(vec![component]).unwrap().named("gaussian");
        let info = ModelInfo { shape: shape.to_vec(), ..density.info().clone() };
        let headers = HeaderMap::from_iter([(ACCEPT, axum::http::HeaderValue::from_static(accept))]);
        negotiate(&headers, &info, if diagnostics { &[Extra::Diagnostics] } else { &[] })
    }

    #[test]
    fn only_images_and_points_of_the_plane_have_a_picture() {
        for (shape, standard) in [(&[1, 4, 4][..], Format::PNG), (&[2], Format::JSON)] {
            assert_eq!(negotiated(shape, "image/png", false).unwrap(), Format::PNG);
            assert_eq!(negotiated(shape, "*/*", false).unwrap(), standard);
        }
        for shape in [&[1][..], &[3]] {
            let problem = negotiated(shape, "image/png", false).unwrap_err();
            assert!(matches!(problem, Problem::NotAcceptable { .. }));
            assert!(problem.to_string().contains("no picture"), "{problem}");
        }
    }

    #[test]
    fn diagnostics_are_carried_by_json_where_it_is_accepted_and_are_never_left_out() {
        for accept in ["application/json", "*/*", "image/png, application/json;q=0.1"] {
            assert_eq!(negotiated(&[1, 4, 4], accept, true).unwrap(), Format::JSON);
        }
        for accept in ["image/png", "application/x-npy", "*/*, application/json;q=0"] {
            let Problem::Invalid { field, reason } = negotiated(&[2], accept, true).unwrap_err() else {
                panic!("it is the field that cannot be")
            };
            assert!(field.as_deref() == Some("diagnostics") && reason.contains("accept: application/json"), "{reason}");
        }
        assert!(matches!(negotiated(&[2], "image/gif", true), Err(Problem::NotAcceptable { .. })));
    }

    #[test]
    fn previews_are_carried_by_event_streams_only_and_never_beside_diagnostics() {
        let gaussian = Component { weight: 1.0, mean: vec![0.0; 2], variance: 1.0 };
        let density = GaussianMixture::new(vec![gaussian]).unwrap().named("gaussian");
        let asked = |accept: &'static str, extras: &[Extra]| {
            let headers = HeaderMap::from_iter([(ACCEPT, axum::http::HeaderValue::from_static(accept))]);
            negotiate(&headers, density.info(), extras)
        };
        assert_eq!(asked("*/*", &[Extra::Preview]).unwrap(), Format::Events);
        for (accept, extras) in [("image/png", &[Extra::Preview][..]), ("*/*", &[Extra::Diagnostics, Extra::Preview])] {
            let Problem::Invalid { field, reason } = asked(accept, extras).unwrap_err() else {
                panic!("it is the field that cannot be")
            };
            assert!(field.as_deref() == Some("preview") && reason.contains("accept: text/event-stream"), "{reason}");
        }
    }

    #[test]
    fn archives_are_made_of_anything_and_only_for_those_who_name_them() {
        for shape in [&[1, 4, 4][..], &[2], &[3]] {
            assert_eq!(negotiated(shape, "application/zip", false).unwrap(), Format::ZIP);
            assert_eq!(negotiated(shape, "application/x-tar, */*;q=0.5", false).unwrap(), Format::TAR);
            assert!(!matches!(negotiated(shape, "application/*", false), Ok(Format::Archive(_))));
        }
    }

    #[test]
    fn without_a_wish_images_are_png_and_points_are_json() {
        for wish in ["", "*/*", "text/html, */*;q=0.1"] {
            assert_eq!(choose(wish, IMAGES), Some(Format::PNG));
            assert_eq!(choose(wish, &IMAGES[1..]), Some(Format::JSON));
        }
    }

    #[test]
    fn the_highest_quality_wins_and_the_most_specific_range_decides_it() {
        assert_eq!(choose("application/json", IMAGES), Some(Format::JSON));
        assert_eq!(choose("image/png;q=0.5, application/json;q=0.6", IMAGES), Some(Format::JSON));
        assert_eq!(choose("application/*, image/*;q=0.9", IMAGES), Some(Format::JSON));
        assert_eq!(choose("*/*, image/png;q=0.1, application/json;q=0", IMAGES), Some(Format::NPY));
        assert_eq!(choose("APPLICATION/X-NPY; Q=1, image/*;q=0.2", IMAGES), Some(Format::NPY));
    }

    #[test]
    fn what_cannot_be_made_or_is_ruled_out_is_not_acceptable() {
        for wish in ["image/gif", "text/*", "image/png;q=0", "*/*;q=0", "nonsense", "image/png;q=high"] {
            assert_eq!(choose(wish, IMAGES), None, "{wish}");
        }
        assert_eq!(choose("image/png", &IMAGES[1..]), None);
    }
}
