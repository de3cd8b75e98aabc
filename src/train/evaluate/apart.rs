//! How far the scores of one provider are from those of another.

use super::blurred::{as_model, blurred, levels};
use super::frechet::short;
use crate::score::{ModelInfo, Rows, ScoreError, ScoreSession};
use serde::Serialize;
use std::fmt;

/// The differences of two providers' scores, level by level from the largest.
#[derive(Clone, Debug, Serialize)]
pub struct Apart {
    /// What gave the scores.
    pub provider: String,
    /// The differences from the CPU's.
    pub levels: Vec<Level>,
}

/// The difference of two providers' scores at one noise level, over the root mean square of the score there.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Level {
    /// The noise level.
    pub sigma: f64,
    /// The root mean square of the difference.
    pub rms: f64,
    /// The largest difference of one element.
    pub largest: f64,
}

/// The noise levels at which scores are compared.
const LEVELS: u32 = 5;

impl Apart {
    /// Compares the scores of a session of the model of `info` with those that `cpu` gives, on real `rows`, [rows, …shape] in the
    /// data's own numbers (images in [0, 1]), each blurred by the level's noise, of the classes in turn.
    ///
    /// # Errors
    /// Where a session fails.
    pub fn new(
        info: &ModelInfo,
        session: &mut dyn ScoreSession,
        cpu: &mut dyn ScoreSession,
        rows: &[f32],
    ) -> Result<Self, ScoreError> {
        let dim = info.dim();
        let classes = info.labels.len() as i64;
        let label: Vec<i64> = (0..(rows.len() / dim) as i64).map(|i| i % (classes + 1) - 1).collect();
        let rows = as_model(info, rows);
        let at = |level: f64| -> Result<Level, ScoreError> {
            let (x, sigma) = (blurred(&rows, dim, 0, level), vec![level as f32; label.len()]);
            let mut score = [vec![0.0_f32; x.len()], vec![0.0_f32; x.len()]];
            let rows = Rows { x: &x, sigma: &sigma, label: &label };
            session.evaluate(rows, &mut score[0])?;
            cpu.evaluate(rows, &mut score[1])?;
            let [score, exact] = score.map(|score| score.into_iter().map(f64::from).collect::<Vec<f64>>());
            let scale = rms(&exact);
            let apart: Vec<f64> = score.iter().zip(&exact).map(|(a, b)| (a - b) / scale).collect();
            let largest = apart.iter().fold(0.0_f64, |largest, a| largest.max(a.abs()));
            Ok(Level { sigma: level, rms: rms(&apart), largest })
        };
        let levels = levels(info, LEVELS).into_iter().map(at).collect::<Result<_, _>>()?;
        Ok(Self { provider: info.provider.clone(), levels })
    }
}

/// The root mean square.
fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("scores by {} less the CPU's, of their rms", self.provider);
        writeln!(f, "{name:<36}{:>20}{:>20}", "rms", "largest")?;
        for Level { sigma, rms, largest } in &self.levels {
            writeln!(
                f,
                "{:<36}{:>20}{:>20}",
                format!("  at σ = {}", short(*sigma)),
                format!("{rms:.1e}"),
                format!("{largest:.1e}")
            )?;
        }
        Ok(())
    }
}
