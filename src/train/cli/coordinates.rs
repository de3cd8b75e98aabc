//! What `fit` says of points with a coordinate that the noise hides.

use super::objective::two_digits;
use crate::train::data::Dataset;
use crate::train::objective::ObjectiveSpec;

/// A coordinate is learnt where its deviation is at least so many times the smallest noise level.
const CLEAR: f64 = 10.0;

/// A sentence on the coordinate of the least deviation, where even the smallest noise level hides it: the network scales all
/// coordinates by one mean and one deviation, and by default the noise levels follow that deviation, too. Nothing of images, and
/// nothing where --sigma names the one noise level: its blur is what was asked for.
pub(super) fn warning(data: &Dataset, objective: &ObjectiveSpec) -> Option<String> {
    let [sigma_min, sigma_max] = objective.levels();
    if data.shape().len() > 1 || sigma_min == sigma_max {
        return None;
    }
    let coordinates = data.deviations().into_iter().enumerate();
    let (coordinate, deviation) = coordinates.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    (deviation < CLEAR * sigma_min).then(|| sentence(coordinate, deviation, sigma_min))
}

fn sentence(coordinate: usize, deviation: f64, sigma_min: f64) -> String {
    if deviation == 0.0 {
        return format!(
            "coordinate {coordinate} (from 0) has deviation 0: it is the same in every row, and samples would have noise of \
             about the smallest noise level, {sigma_min}, in its place; leave it out of the data"
        );
    }
    format!(
        "coordinate {coordinate} (from 0) has deviation {}, less than {CLEAR} times the smallest noise level, {sigma_min}, and will \
         hardly be learnt; bring all coordinates to one place and scale before training, or give a smaller --sigma-min",
        two_digits(deviation)
    )
}
