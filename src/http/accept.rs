//! Which format an answer has: the header `Accept` (RFC 9110, section 12.5.1) against what can be made.

use super::problem::Problem;
use crate::score::ModelInfo;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// A format of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Json,
    Npy,
}

impl Format {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Json => "application/json",
            Self::Npy => "application/x-npy",
        }
    }

    /// What the samples of a model can be, the standard first: it is taken where a client accepts several alike.
    fn of(info: &ModelInfo) -> &'static [Self] {
        if info.is_image() { &[Self::Png, Self::Json, Self::Npy] } else { &[Self::Json, Self::Npy] }
    }
}

/// The format for samples of a model.
pub(super) fn negotiate(headers: &HeaderMap, info: &ModelInfo) -> Result<Format, Problem> {
    let ranges: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let ranges = ranges.join(",");
    choose(&ranges, Format::of(info)).ok_or_else(|| {
        let formats = Format::of(info).iter().map(|format| format.media_type()).collect::<Vec<_>>().join(", ");
        let what = if info.is_image() { "images" } else { "points, which are not images" };
        Problem::NotAcceptable {
            reason: format!(
                "the model '{}' makes {what}: accept one of {formats}; the request accepts {ranges}",
                info.name
            ),
        }
    })
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

/// The quality that `accept` gives to a media type: that of its most specific range that matches, zero where none does.
fn quality(accept: &str, media_type: &str) -> f32 {
    let matching = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next()?.to_ascii_lowercase();
        let specificity = match name.strip_suffix("/*") {
            _ if name == media_type => 2,
            Some("*") => 0,
            Some(group) if media_type.split('/').next() == Some(group) => 1,
            _ => return None,
        };
        let q = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let q: f32 = q.map_or(Some(1.0), |q| q.parse().ok())?;
        Some((specificity, q))
    });
    matching.max_by_key(|&(specificity, _)| specificity).map_or(0.0, |(_, q)| q)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGES: &[Format] = &[Format::Png, Format::Json, Format::Npy];

    #[test]
    fn without_a_wish_images_are_png_and_points_are_json() {
        for wish in ["", "*/*", "text/html, */*;q=0.1"] {
            assert_eq!(choose(wish, IMAGES), Some(Format::Png));
            assert_eq!(choose(wish, &IMAGES[1..]), Some(Format::Json));
        }
    }

    #[test]
    fn the_highest_quality_wins_and_the_most_specific_range_decides_it() {
        assert_eq!(choose("application/json", IMAGES), Some(Format::Json));
        assert_eq!(choose("image/png;q=0.5, application/json;q=0.6", IMAGES), Some(Format::Json));
        assert_eq!(choose("application/*, image/*;q=0.9", IMAGES), Some(Format::Json));
        assert_eq!(choose("*/*, image/png;q=0.1, application/json;q=0", IMAGES), Some(Format::Npy));
        assert_eq!(choose("APPLICATION/X-NPY; Q=1, image/*;q=0.2", IMAGES), Some(Format::Npy));
    }

    #[test]
    fn what_cannot_be_made_or_is_ruled_out_is_not_acceptable() {
        for wish in ["image/gif", "text/*", "image/png;q=0", "*/*;q=0", "nonsense", "image/png;q=high"] {
            assert_eq!(choose(wish, IMAGES), None, "{wish}");
        }
        assert_eq!(choose("image/png", &IMAGES[1..]), None);
    }
}
