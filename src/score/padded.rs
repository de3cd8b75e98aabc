//! Runs of fixed sizes, for providers that compile them and for models whose bytes depend on them.

use super::{Rows, ScoreError, ScoreSession};

/// Sessions each of which runs one number of rows. A batch is cut into the largest runs that it fills; what fills none is filled
/// up with copies of the last row, whose scores are dropped.
pub(super) struct Padded {
    /// With the size of their runs: ascending, at least one, of at least one row.
    sessions: Vec<(usize, Box<dyn ScoreSession>)>,
    x: Vec<f32>,
    sigma: Vec<f32>,
    label: Vec<i64>,
    score: Vec<f32>,
}

impl Padded {
    /// `sessions`, each in runs of the size beside it: ascending, at least one, of at least one row.
    pub(super) fn new(sessions: Vec<(usize, Box<dyn ScoreSession>)>) -> Self {
        let (x, sigma, label, score) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { sessions, x, sigma, label, score }
    }

    /// Runs fewer rows than the smallest run has.
    fn fill_up(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        let Self { sessions, x, sigma, label, score: padded } = self;
        let (size, session) = &mut sessions[0];
        let dim = rows.x.len() / rows.count();
        x.clear();
        sigma.clear();
        label.clear();
        x.extend_from_slice(rows.x);
        sigma.extend_from_slice(rows.sigma);
        label.extend_from_slice(rows.label);
        while sigma.len() < *size {
            x.extend_from_slice(&rows.x[rows.x.len() - dim..]);
            sigma.extend_from_slice(&rows.sigma[rows.count() - 1..]);
            label.extend_from_slice(&rows.label[rows.count() - 1..]);
        }
        padded.resize(x.len(), 0.0);
        session.evaluate(Rows { x, sigma, label }, padded)?;
        score.copy_from_slice(&padded[..score.len()]);
        Ok(())
    }
}

impl ScoreSession for Padded {
    fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
        let dim = rows.x.len() / rows.count().max(1);
        let mut start = 0;
        while start < rows.count() {
            let left = rows.count() - start;
            let filled = self.sessions.iter_mut().rev().find(|(size, _)| *size <= left);
            let end = start + filled.as_ref().map_or(left, |(size, _)| *size);
            let part = Rows {
                x: &rows.x[start * dim..end * dim],
                sigma: &rows.sigma[start..end],
                label: &rows.label[start..end],
            };
            let score = &mut score[start * dim..end * dim];
            match filled {
                Some((_, session)) => session.evaluate(part, score)?,
                None => self.fill_up(part, score)?,
            }
            start = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Tells σ and class of every row of a run, and gives x + σ as its score.
    struct Told(mpsc::SyncSender<Vec<(f32, i64)>>);

    impl ScoreSession for Told {
        fn evaluate(&mut self, rows: Rows<'_>, score: &mut [f32]) -> Result<(), ScoreError> {
            self.0.send(rows.sigma.iter().copied().zip(rows.label.iter().copied()).collect()).unwrap();
            for ((score, x), sigma) in score.chunks_mut(2).zip(rows.x.chunks(2)).zip(rows.sigma) {
                score.copy_from_slice(&[x[0] + sigma, x[1] + sigma]);
            }
            Ok(())
        }
    }

    #[test]
    fn every_run_has_the_same_size_and_every_row_its_own_score() {
        let (tell, told) = mpsc::sync_channel(8);
        let mut padded = Padded::new(vec![(3, Box::new(Told(tell)) as Box<dyn ScoreSession>)]);
        let x: Vec<f32> = (0..14).map(|i| i as f32).collect();
        let sigma: Vec<f32> = (0..7).map(|i| 100.0 * i as f32).collect();
        let label: Vec<i64> = (0..7).collect();
        let mut score = [0.0; 14];
        padded.evaluate(Rows { x: &x, sigma: &sigma, label: &label }, &mut score).unwrap();
        let expected: Vec<f32> = (0..14).map(|i| i as f32 + 100.0 * (i / 2) as f32).collect();
        assert_eq!(score.as_slice(), expected);
        let runs: Vec<Vec<i64>> =
            told.try_iter().map(|run| run.into_iter().map(|(_, label)| label).collect()).collect();
        assert_eq!(runs, [[0, 1, 2], [3, 4, 5], [6, 6, 6]]);

        padded.evaluate(Rows { x: &x[..4], sigma: &sigma[..2], label: &label[..2] }, &mut score[..4]).unwrap();
        assert_eq!(score[..4], expected[..4]);
        assert_eq!(told.try_recv().unwrap(), [(0.0, 0), (100.0, 1), (100.0, 1)]);
    }

    #[test]
    fn a_batch_is_cut_into_the_largest_runs_that_it_fills() {
        let (tell, told) = mpsc::sync_channel(8);
        let of_size = |size| (size, Box::new(Told(tell.clone())) as Box<dyn ScoreSession>);
        let mut padded = Padded::new(vec![of_size(2), of_size(4)]);
        let x: Vec<f32> = (0..22).map(|i| i as f32).collect();
        let mut score = [0.0; 22];
        padded.evaluate(Rows { x: &x, sigma: &[1.0; 11], label: &[-1; 11] }, &mut score).unwrap();
        assert_eq!(score.as_slice(), x.iter().map(|x| x + 1.0).collect::<Vec<f32>>());
        assert_eq!(told.try_iter().map(|run| run.len()).collect::<Vec<_>>(), [4, 4, 2, 2]);
    }
}
