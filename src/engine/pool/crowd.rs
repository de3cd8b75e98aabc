//! How many rows a step has.
//!
//! Full steps make the most evaluations a second. But a chain has one row of a step, so a request of few chains goes no
//! faster than steps do, whatever share it is due. R requests are due 1/R of the rows each, and of F rows that W workers
//! have in hand a request of c chains has c at most: it is kept below its share by its own small size where c R < F.
//!
//! While a chain of such a request waits, the steps that are taken have c R / W rows. W of them then have no more rows than
//! it has chains for its share, and the order in which requests are served decides what each gets. A step that no such
//! chain waits for is full: one image beside a thousand has a worker for itself, whose steps are of one row, and the other
//! workers are at full steps.
//!
//! Small steps make fewer evaluations a second, so no step is smaller than its model's `least_rows`, whose rate was found
//! bearable: where a step of one row takes as long as one of many, small steps would serve nobody.

use super::{Demand, Pool, Priority};

/// Those who share the steps at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Crowd {
    /// Interactive requests with a chain that is evaluated or could be. Bulk's count as one: their turns are no larger for
    /// being many.
    sharers: usize,
    /// Chains that are evaluated or could be at once.
    chains: usize,
    /// Of the interactive requests with a chain that waits, the chains of the one with the fewest.
    fewest: Option<usize>,
}

impl Crowd {
    /// Counts a request of `chains` chains, of which one `waits` or all are being evaluated.
    fn add(&mut self, priority: Priority, chains: usize, waits: bool) {
        self.chains += chains;
        if priority == Priority::Interactive && chains > 0 {
            self.sharers += 1;
            if waits {
                self.fewest = Some(self.fewest.map_or(chains, |fewest| fewest.min(chains)));
            }
        }
    }

    /// The rows of a step on one of `workers`, where it had `full` rows of at most `most` if only the rate counted, and is
    /// to have no fewer than `least`.
    fn rows(self, workers: usize, full: usize, [least, most]: [usize; 2]) -> usize {
        let due = self.fewest.unwrap_or(self.chains) * self.sharers;
        if due >= self.chains.min(workers * most) { full } else { (due / workers).max(least).min(full) }
    }
}

impl<C> Pool<C> {
    /// The rows of the next step of `model`, of which `runnable` chains could be evaluated at once, while `crowd` shares the steps.
    pub(in crate::engine) fn step_rows(&self, model: usize, runnable: usize, crowd: Crowd) -> usize {
        let (workers, most) = (self.config.workers, self.config.batch_rows[model]);
        // So many that every worker has its share of them.
        let full = runnable.div_ceil(workers).clamp(1, most);
        crowd.rows(workers, full, [self.config.least_rows[model], most])
    }

    /// Those who share the steps, with `newcomer` if it is admitted.
    pub(in crate::engine) fn crowd(&self, newcomer: Option<Demand>) -> Crowd {
        let (mut crowd, free) = (Crowd::default(), self.free());
        for priority in Priority::ALL {
            let before = crowd.chains;
            for request in self.of(priority) {
                let ready = request.ready().min(free);
                crowd.add(priority, request.running() + ready, !request.parked.is_empty() || ready > 0);
            }
            if let Some(newcomer) = newcomer.filter(|newcomer| newcomer.priority == priority) {
                let chains = (newcomer.chains.min(self.config.window) as usize).min(free);
                crowd.add(priority, chains, chains > 0);
            }
            crowd.sharers += usize::from(priority == Priority::Bulk && crowd.chains > before);
        }
        crowd
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a step of at most eight on one of two workers, for interactive requests of so many chains, all of which
    /// wait, and `bulk` chains.
    fn rows(requests: &[usize], bulk: usize) -> usize {
        let mut crowd = Crowd::default();
        requests.iter().for_each(|&chains| crowd.add(Priority::Interactive, chains, true));
        crowd.add(Priority::Bulk, bulk, true);
        crowd.sharers += usize::from(bulk > 0);
        crowd.rows(2, crowd.chains.div_ceil(2).clamp(1, 8), [1, 8])
    }

    #[test]
    fn steps_are_small_beside_many_chains_while_few_requests_have_few_and_full_otherwise() {
        assert_eq!([1, 2, 4, 8, 15].map(|clients| rows(&[vec![1; clients], vec![1000]].concat(), 0)), [1, 1, 2, 4, 8]);
        assert_eq!([1, 3, 7, 9].map(|chains| rows(&[chains, 1000], 0)), [1, 3, 7, 8]);
        assert_eq!(rows(&[1, 1000], 0), rows(&[1], 1000));
    }

    #[test]
    fn equals_and_those_who_are_alone_have_the_steps_that_are_fastest() {
        assert_eq!([1, 2, 4, 40].map(|clients| rows(&vec![1; clients], 0)), [1, 1, 2, 8]);
        assert_eq!([1, 9, 1000].map(|chains| rows(&[chains], 0)), [1, 5, 8]);
        assert_eq!((rows(&[], 1000), rows(&[500, 1000], 0)), (8, 8));
    }

    #[test]
    fn steps_are_as_small_as_their_rate_allows_and_full_where_no_chain_waits_that_they_would_hold_up() {
        let mut crowd = Crowd { sharers: 2, chains: 17, fewest: Some(1) };
        assert_eq!([1, 2, 8].map(|least| crowd.rows(2, 8, [least, 8])), [1, 2, 8]);
        crowd.fewest = Some(16);
        assert_eq!(crowd.rows(2, 8, [1, 8]), 8);
    }
}
