//! The theorem of denoising score matching: two losses and the constant between them.

use super::{Drawing, Table};
use crate::plot::{Axis, Figure, Panel, Style, palette};
use crate::score::density::{Density, Kernel};
use crate::train::batches::Draws;
use crate::train::objective::{Dsm, Esm, KernelDensity, Objective};
use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use tch::{Device, Kind, Tensor};

/// The options of `plot theorem`.
#[derive(Args, Debug)]
pub struct Theorem {
    /// The points that are the data.
    #[arg(long, value_enum, default_value_t)]
    points: Points,
    /// σ, the noise of one loss and the bandwidth of the other.
    #[arg(long, default_value_t = 0.5)]
    sigma: f64,
    /// How many noisy rows, at least 2,000.
    #[arg(long, default_value_t = 200_000)]
    rows: usize,
    /// The seed of the noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Data of a few points of the plane.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Points {
    /// The four points (±1, ±1).
    #[default]
    Square,
    /// (0, 0), (1.5, 0.5), (−1, 1), (0.5, −1.2) and (−0.7, −0.9).
    Five,
}

impl Points {
    fn rows(self) -> &'static [[f32; 2]] {
        match self {
            Self::Square => &[[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]],
            Self::Five => &[[0.0, 0.0], [1.5, 0.5], [-1.0, 1.0], [0.5, -1.2], [-0.7, -0.9]],
        }
    }

    /// How far they reach from the origin along an axis.
    fn extent(self) -> f64 {
        self.rows().as_flattened().iter().fold(0.0, |most, x| most.max(f64::from(x.abs())))
    }
}

/// Batches, from whose means the standard errors are.
const BATCHES: usize = 50;
/// The smallest σ, over the points' extent: the grid of the constant has 3 million nodes then, and more the smaller σ is.
const SMALLEST: f64 = 0.01;
/// Score functions on the line from a = 0 to a = 2.
const FUNCTIONS: u32 = 21;

impl Theorem {
    /// J_DSM and J_ESM of a·s, with s the exact score of the data blurred by σ, for a from 0 to 2 on the same noise, and their
    /// difference; in numbers the same with standard errors, and the exact difference
    /// C = ½(d/σ² − E‖s‖²), by quadrature.
    ///
    /// # Errors
    /// Where σ or the number of rows cannot be.
    pub fn draw(&self) -> Result<Drawing> {
        let (sigma, points) = (self.sigma, self.points.rows());
        let extent = self.points.extent();
        ensure!(
            sigma >= SMALLEST * extent && sigma.is_finite(),
            "--sigma must be a finite number of at least {}, a hundredth of the points' extent, not {sigma}: C is worked out on a grid \
             in steps of σ/8",
            SMALLEST * extent
        );
        ensure!(self.rows >= 2000, "--rows must be at least 2000, for the standard errors");
        let data = Tensor::from_slice(points.as_flattened()).reshape([-1, 2]);
        let none = |rows: i64| Tensor::full([rows], -1, (Kind::Int64, Device::Cpu));
        let density = || KernelDensity {
            rows: data.shallow_clone(),
            labels: none(points.len() as i64),
            bandwidth: sigma,
            block: points.len() as i64,
        };
        // Every point equally often in every batch.
        let x = data.repeat([(self.rows / BATCHES / points.len()) as i64, 1]);
        let rows = x.size()[0];
        let label = none(rows);
        let exact = density();
        let losses = |objective: &dyn Objective, a: f64| -> Result<Vec<f64>> {
            let mut score = |x: &Tensor, _: &Tensor, label: &Tensor| exact.score(x, label) * a;
            let loss = |batch| {
                let draws = Draws::new(self.seed, batch, rows as usize, Device::Cpu);
                Ok(objective.loss(&mut score, &x, &label, &draws)?.double_value(&[]))
            };
            (0..BATCHES as u32).map(loss).collect()
        };
        let (dsm, esm) = (Dsm { sigma }, Esm { density: density() });
        let mut table = Table::new(["a", "J_DSM", "±", "J_ESM", "±", "J_DSM − J_ESM", "±"]);
        let mut curves = [Vec::new(), Vec::new(), Vec::new()];
        for i in 0..FUNCTIONS {
            let a = 0.1 * f64::from(i);
            let (denoising, explicit) = (losses(&dsm, a)?, losses(&esm, a)?);
            let difference: Vec<f64> = denoising.iter().zip(&explicit).map(|(d, e)| d - e).collect();
            let measured = [denoising, explicit, difference].map(|losses| mean_and_error(&losses));
            curves.iter_mut().zip(measured).for_each(|(curve, [mean, _])| curve.push([a, mean]));
            if i % 5 == 0 {
                let cells = measured.into_iter().flatten().map(|number| format!("{number:.4}"));
                table.row(std::iter::once(format!("{a:.1}")).chain(cells));
            }
        }
        let c = constant(points, extent, sigma)?;
        let highest = curves[0].iter().map(|point| point[1]).fold(0.0, f64::max);
        let [denoising, explicit, difference] = curves;
        let panel = Panel::new(
            [520, 320],
            Axis::named([0.0, 2.0], "a, of the score function a·s"),
            Axis::named([0.0, 1.25 * highest], "loss"),
        )
        .line(vec![[0.0, c], [2.0, c]], Style::new(palette::GREY, 1.2).labelled(format!("C = {c:.4}")))
        .line(denoising, Style::new(palette::BLUE, 2.0).labelled("J_DSM"))
        .line(explicit, Style::new(palette::VERMILION, 2.0).labelled("J_ESM"))
        .points(difference, Style::new(palette::INK, 2.5).labelled("J_DSM − J_ESM"));
        Ok(Drawing { figure: Figure::row(vec![panel]), numbers: format!("{table}C = {c:.9}\n") })
    }
}

/// The mean of independent values and its standard error.
fn mean_and_error(values: &[f64]) -> [f64; 2] {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    [mean, (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n * (n - 1.0))).sqrt()]
}

/// C = ½(d/σ² − ∫ q‖∇log q‖²) with q the kernel density of `points`, which reach to `extent`, by the trapezoidal rule: for a
/// function as smooth as a sum of Gaussians, at an eighth of σ, it is exact to rounding.
fn constant(points: &[[f32; 2]], extent: f64, sigma: f64) -> Result<f64> {
    let rows: Vec<Vec<f64>> = points.iter().map(|point| point.map(f64::from).to_vec()).collect();
    let density = Kernel::new(&rows, sigma)?;
    let step = sigma / 8.0;
    let half = ((extent + 9.0 * sigma) / step).ceil() as i32;
    let mut square = 0.0;
    for (i, j) in (-half..=half).flat_map(|i| (-half..=half).map(move |j| (i, j))) {
        let x = [step * f64::from(i), step * f64::from(j)];
        let mut score = [0.0; 2];
        density.score(&x, 0.0, &mut score);
        square += libm::exp(density.log_density(&x, 0.0)) * (score[0] * score[0] + score[1] * score[1]);
    }
    Ok(0.5 * (2.0 / (sigma * sigma) - square * step * step))
}
