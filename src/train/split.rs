//! Real rows in two parts: those a model may have been trained on, and those held out.

use super::batches::order;
use super::data::{Dataset, Options};
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};

/// A data set and, where it comes with them, its test files.
pub struct Split {
    data: Dataset,
    test: Option<Dataset>,
}

/// Some rows of a data set, in a random order that is always the same.
#[derive(Clone)]
pub struct Subset<'a> {
    data: &'a Dataset,
    rows: Vec<u32>,
}

/// The test files that folders of known kinds have beside their training files.
const TEST_FILES: [&str; 3] = ["t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz", "test_batch.bin"];

/// Where a data set has no test files, one row in so many is held out.
const HELD_OUT: usize = 5;

impl Split {
    /// Reads the data set at `path` and, where it is a folder with test files (MNIST's, CIFAR-10's), those too.
    ///
    /// # Errors
    /// Where a file cannot be read, or training and test rows do not go together.
    pub fn open(path: &Path, options: &Options) -> Result<Self> {
        let data = Dataset::open(path, options)?;
        let test = test_file(path).map(|path| Dataset::open(&path, options)).transpose()?;
        if let Some(test) = &test {
            ensure!(
                test.shape() == data.shape() && test.classes() == data.classes(),
                "{}: training rows are of shape {:?} with {} classes, test rows of shape {:?} with {}; both must be of one set",
                path.display(),
                data.shape(),
                data.classes().len(),
                test.shape(),
                test.classes().len()
            );
        }
        Ok(Self { data, test })
    }

    /// The data set without its test files.
    #[must_use]
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// The test files' rows, where there are such files.
    #[must_use]
    pub fn test(&self) -> Option<&Dataset> {
        self.test.as_ref()
    }

    /// Training rows and held-out rows, of class `label` alone where one is given: those of the files, or those in four
    /// fifths and in one fifth of the one data set.
    #[must_use]
    pub fn subsets(&self, label: Option<i64>) -> [Subset<'_>; 2] {
        let mut training = order(0, 0, self.data.len());
        let (data, held_out) = match &self.test {
            Some(test) => (test, order(0, 0, test.len())),
            None => (&self.data, training.split_off(training.len() - training.len() / HELD_OUT)),
        };
        // The class is looked for in the parts: a row is held out whichever class is asked for, or none.
        [(&self.data, training), (data, held_out)].map(|(data, mut rows)| {
            rows.retain(|&i| label.is_none_or(|label| data.label(i as usize) == label));
            Subset { data, rows }
        })
    }
}

impl<'a> Subset<'a> {
    /// The data set that the rows are of.
    #[must_use]
    pub fn data(&self) -> &'a Dataset {
        self.data
    }

    /// The number of rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// The first `count` of the rows, or all where there are fewer.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        Self { data: self.data, rows: self.rows[..count.min(self.rows.len())].to_vec() }
    }

    /// The rows of `range`, one after the other.
    #[must_use]
    pub fn values(&self, range: std::ops::Range<usize>) -> Vec<f32> {
        let dim = self.data.shape().iter().product();
        let mut values = vec![0.0; range.len() * dim];
        for (out, &i) in values.chunks_mut(dim).zip(&self.rows[range]) {
            self.data.row(i as usize, out);
        }
        values
    }

    /// The classes of the rows of `range`, −1 where there are none.
    #[must_use]
    pub fn labels(&self, range: std::ops::Range<usize>) -> Vec<i64> {
        self.rows[range].iter().map(|&i| self.data.label(i as usize)).collect()
    }
}

fn test_file(path: &Path) -> Option<PathBuf> {
    TEST_FILES.iter().map(|name| path.join(name)).find(|path| path.is_file())
}
