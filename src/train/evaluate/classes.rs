//! What a feature network, which is a classifier, takes rows for; and classes that are not the data's.

use anyhow::{Result, ensure};
use serde::Serialize;

/// The class of the largest logit, and its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// The class's number.
    pub class: usize,
    /// The probability that the network gives it.
    pub confidence: f64,
}

/// The classes of rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classes {
    /// How many rows are taken for each.
    pub counts: Vec<usize>,
    /// The mean probability of the class that a row is taken for.
    pub confidence: f64,
    /// Of the rows that were asked for as one of a class, or are known to be of one: the share taken for it.
    pub as_asked: Option<f64>,
}

/// The guess from the `logits` of one row, at least one.
#[must_use]
pub fn guess(logits: &[f32]) -> Guess {
    let mut class = 0;
    for (i, &logit) in logits.iter().enumerate() {
        if logit > logits[class] {
            class = i;
        }
    }
    let largest = f64::from(logits[class]);
    let total: f64 = logits.iter().map(|&logit| libm::exp(f64::from(logit) - largest)).sum();
    Guess { class, confidence: 1.0 / total }
}

/// Sees that `known`, the classes of `whose`, are not the `data`'s in another order: rows are of a class by its number. Other names
/// are no fault, for some files only number their classes.
///
/// # Errors
/// Where they are, with the order to name.
pub fn same_order(whose: &str, known: &[String], data: &[String]) -> Result<()> {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names
    };
    ensure!(
        known == data || sorted(known) != sorted(data),
        "{whose} has the data's classes in another order, and they are told apart by their numbers; give --classes '{}'",
        known.join(",")
    );
    Ok(())
}

impl Classes {
    /// Of rows with `guesses`, at least one, among `classes` classes, asked for as of the classes `asked`, −1 for none.
    #[must_use]
    pub fn new(guesses: &[Guess], asked: &[i64], classes: usize) -> Self {
        let mut counts = vec![0; classes];
        guesses.iter().for_each(|guess| counts[guess.class] += 1);
        let confidence = guesses.iter().map(|guess| guess.confidence).sum::<f64>() / guesses.len() as f64;
        let known: Vec<(i64, i64)> = guesses
            .iter()
            .map(|guess| guess.class as i64)
            .zip(asked.iter().copied())
            .filter(|pair| pair.1 >= 0)
            .collect();
        let right = known.iter().filter(|(guess, asked)| guess == asked).count();
        let as_asked = (!known.is_empty()).then(|| right as f64 / known.len() as f64);
        Self { counts, confidence, as_asked }
    }
}
