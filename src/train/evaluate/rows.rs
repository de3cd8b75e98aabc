//! Rows of numbers that are read a block at a time: no measure holds a second copy of a data set.

use crate::train::split::Subset;
use std::ops::Range;
use tch::{Kind, Tensor};

/// Rows of one width.
pub trait Rows {
    /// The number of rows.
    fn count(&self) -> usize;
    /// The rows of `range` as float64: [range, width].
    fn block(&self, range: Range<usize>) -> Tensor;
}

/// Rows of a block.
const BLOCK: usize = 4096;

/// Every row, in blocks of at most 4096.
pub fn blocks(rows: &dyn Rows) -> impl Iterator<Item = Tensor> {
    let count = rows.count();
    (0..count).step_by(BLOCK).map(move |first| rows.block(first..count.min(first + BLOCK)))
}

/// Rows in memory: [rows, width].
impl Rows for Tensor {
    fn count(&self) -> usize {
        self.size()[0] as usize
    }

    fn block(&self, range: Range<usize>) -> Tensor {
        self.narrow(0, range.start as i64, range.len() as i64).to_kind(Kind::Double)
    }
}

/// Rows of a data set as they are, each as one row of all its values.
impl Rows for Subset<'_> {
    fn count(&self) -> usize {
        self.count()
    }

    fn block(&self, range: Range<usize>) -> Tensor {
        let count = range.len() as i64;
        Tensor::from_slice(&self.values(range)).reshape([count, -1]).to_kind(Kind::Double)
    }
}
