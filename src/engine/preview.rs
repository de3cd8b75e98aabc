//! What chains under way look like, for a reader who asks now and then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a request's chains are shown under way, and how many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewSettings {
    /// The least time from one showing to the next.
    pub every: Duration,
    /// The most chains of a showing, at least one.
    pub chains: usize,
}

/// A chain under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The sample's index.
    pub index: u32,
    /// Evaluations made, from 1.
    pub evaluation: u32,
    /// The noise level of the latest.
    pub sigma: f32,
    /// E[x₀ | x] = x + σ² s(x, σ) (Tweedie's formula): what the sample is expected to become, in the model's own numbers.
    pub denoised: Vec<f32>,
}

/// Between the workers, which show chains where they are asked to, and the one reader who asks. Nothing is shown unasked and
/// nothing is queued: who asks seldom sees seldom, and a chain that nobody asks for costs one look at a flag for each evaluation.
#[derive(Debug)]
pub struct Previews {
    chains: usize,
    asked: AtomicBool,
    shown: Mutex<Vec<Preview>>,
}

impl Previews {
    /// Room for `chains` chains, of which none is asked for.
    pub(super) fn new(chains: usize) -> Self {
        Self { chains, asked: AtomicBool::new(false), shown: Mutex::default() }
    }

    /// What was shown since it was last called, by rising index. From here on every chain shows itself once, at its next
    /// evaluation, as long as there is room.
    pub fn ask(&self) -> Vec<Preview> {
        let mut shown = std::mem::take(&mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner));
        self.asked.store(true, Ordering::Relaxed);
        shown.sort_unstable_by_key(|preview| preview.index);
        shown
    }

    /// Evaluation `evaluation` (from 1) of chain `index`, at `x` and `sigma`, gave `score`. What has left the finite range is not shown.
    pub(super) fn show(&self, index: u32, evaluation: u32, sigma: f32, x: &[f32], score: &[f32]) {
        if !self.asked.load(Ordering::Relaxed) {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.len() == self.chains {
            self.asked.store(false, Ordering::Relaxed);
        } else if shown.iter().all(|other| other.index != index) {
            let denoised: Vec<f32> = x.iter().zip(score).map(|(x, score)| x + sigma * sigma * score).collect();
            if denoised.iter().all(|x| x.is_finite()) {
                shown.push(Preview { index, evaluation, sigma, denoised });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(previews: &Previews, index: u32, evaluation: u32) {
        previews.show(index, evaluation, 2.0, &[1.0, 3.0], &[0.5, -0.25]);
    }

    #[test]
    fn nothing_is_shown_unasked() {
        let previews = Previews::new(4);
        show(&previews, 0, 1);
        assert_eq!(previews.ask(), []);
    }

    #[test]
    fn every_chain_shows_its_denoised_mean_once_for_each_time_of_asking() {
        let previews = Previews::new(4);
        previews.ask();
        for (index, evaluation) in [(1, 1), (0, 1), (1, 2), (0, 2)] {
            show(&previews, index, evaluation);
        }
        let denoised = vec![3.0, 2.0];
        let expected = |index| Preview { index, evaluation: 1, sigma: 2.0, denoised: denoised.clone() };
        assert_eq!(previews.ask(), [expected(0), expected(1)]);
        show(&previews, 1, 3);
        assert_eq!(previews.ask()[0].evaluation, 3);
    }

    #[test]
    fn there_are_never_more_than_there_is_room_for_and_none_that_is_not_finite() {
        let previews = Previews::new(2);
        previews.ask();
        previews.show(9, 1, 2.0, &[f32::MAX], &[f32::MAX]);
        (0..5).for_each(|index| show(&previews, index, 1));
        let indices: Vec<u32> = previews.ask().iter().map(|preview| preview.index).collect();
        assert_eq!(indices, [0, 1]);
    }
}
