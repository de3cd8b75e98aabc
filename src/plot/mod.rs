//! Figures: densities, points, lines and arrows, as SVG and as PNG.
//!
//! A [`Figure`] is a value: panels, each with axes and layers. It is drawn once, as SVG by plotters, and its pixels are that
//! same document rendered by resvg with a font of the program's own. So SVG and PNG show the same, and the same figure has
//! the same bytes wherever it is drawn.
//!
//! ```
//! use smld::plot::{Axis, Figure, Grid, Panel, Style, palette};
//!
//! let axis = || Axis::new([-3.0, 3.0]);
//! let log_density = Grid::of([-3.0, 3.0], [-3.0, 3.0], 64, |x, y| -0.5 * (x * x + y * y));
//! let levels = log_density.levels_of_mass(&[0.9, 0.5]);
//! let panel = Panel::new([200, 200], axis(), axis())
//!     .bands(log_density, levels)
//!     .points(vec![[0.0, 0.0], [1.0, -1.0]], Style::new(palette::VERMILION, 2.0));
//! let figure = Figure::row(vec![panel]);
//! assert!(figure.svg()?.contains("</svg>"));
//! assert_eq!(figure.picture(2.0)?.channels, 3);
//! # Ok::<(), smld::plot::PlotError>(())
//! ```

mod canvas;
mod clip;
mod contour;
mod draw;
mod field;
mod figure;
mod legend;
pub mod palette;
mod samples;
mod scale;
mod scatter;

pub use canvas::PlotError;
pub use field::{Grid, arrows};
pub use figure::{Axis, Figure, Panel, Style};
pub use palette::Colour;
pub use samples::{picture, pictured};
pub use scatter::scatter;
