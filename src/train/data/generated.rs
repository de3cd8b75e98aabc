//! Points drawn from a density that is known.

use super::{Contents, Fault, Options, Values, no_image_options};
use crate::sampler::{Noise, Purpose};
use crate::score::density::Density;

/// How many points are drawn where no number is given.
const COUNT: u32 = 20_000;

/// Exact draws from `density`: row i is the point that stream i of the seed stands for, however many there are.
pub(super) fn draw(density: &dyn Density, options: &Options) -> Result<Contents, Fault> {
    const KIND: &str = "a density";
    no_image_options(KIND, options)?;
    if options.classes.is_some() {
        return Err(Fault::NotForThisKind { option: "classes", kind: KIND });
    }
    let (dim, seed) = (density.dim(), options.seed.unwrap_or_default());
    let mut point = vec![0.0; dim];
    let mut values = Vec::new();
    for i in 0..options.count.unwrap_or(COUNT) {
        density.draw(&Noise::new(seed, i, Purpose::Data), &mut point);
        values.extend(point.iter().map(|&x| x as f32));
    }
    let values = Values::Floats(values);
    Ok(Contents { kind: "generated", shape: vec![dim], values, labels: Vec::new(), classes: Vec::new() })
}
