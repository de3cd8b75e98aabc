//! The models of one server: loaded side by side, and measured one after another, as they will run.

use super::{Kind, Loader, ModelFileError, ReadyModel, ScoreError, Unfit, lone_layouts, prepare_for, tune};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long the measuring of one network may take.
const NETWORK: Duration = Duration::from_millis(300);
/// How long that of a density, whose steps take microseconds.
const DENSITY: Duration = Duration::from_millis(20);
/// How long the measuring of all models may take: the densities half of it at most, and networks share the rest.
const ALL: Duration = Duration::from_secs(1);

/// A model that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// Its file cannot be used.
    #[error(transparent)]
    File(#[from] ModelFileError),
    /// It does not keep what is promised of models.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It fails when it is run.
    #[error(transparent)]
    Score(#[from] ScoreError),
}

/// The models of `files`, in their order, ready to run on `threads` threads in step batches of `rows` rows, or of as many as measuring
/// finds best.
///
/// # Errors
/// [`FleetError`] of the first that cannot be served.
pub fn ready_models(
    loader: &Loader,
    files: &[PathBuf],
    threads: usize,
    rows: Option<NonZero<usize>>,
) -> Result<Vec<ReadyModel>, FleetError> {
    let layouts = lone_layouts(threads);
    let warm = |path: &PathBuf| Ok::<_, FleetError>(prepare_for(loader.load(path)?, &layouts, rows)?);
    let warm = side_by_side(files, threads, warm).into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut shares = Shares::new(&warm);
    let measured = warm.into_iter().map(|model| {
        let (start, is_network) = (Instant::now(), is_network(&model));
        let model = tune(&model, threads, rows, shares.next(is_network))?;
        shares.spent(is_network, start.elapsed());
        Ok(model)
    });
    measured.collect()
}

fn is_network(model: &ReadyModel) -> bool {
    model.info().kind == Kind::Network
}

/// How the time for measuring is shared out.
struct Shares {
    networks: u32,
    time: Duration,
    density: Duration,
}

impl Shares {
    fn new(models: &[ReadyModel]) -> Self {
        let networks = models.iter().filter(|&model| is_network(model)).count() as u32;
        Self::of(networks, models.len() as u32 - networks)
    }

    fn of(networks: u32, densities: u32) -> Self {
        let density = DENSITY.min(ALL / 2 / densities.max(1));
        Self { networks, time: ALL - density * densities, density }
    }

    /// How long the next model may be measured.
    fn next(&self, is_network: bool) -> Duration {
        if is_network { NETWORK.min(self.time / self.networks.max(1)) } else { self.density }
    }

    /// That took so long. What a network leaves is for those after it.
    fn spent(&mut self, is_network: bool, time: Duration) {
        if is_network {
            self.networks = self.networks.saturating_sub(1);
            self.time = self.time.saturating_sub(time);
        }
    }
}

/// What `make` gives of every item, in their order, on `threads` threads.
fn side_by_side<T: Sync, R: Send>(items: &[T], threads: usize, make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take = || {
        let place = next.fetch_add(1, Ordering::Relaxed);
        items.get(place).map(|item| (place, item))
    };
    let some = || std::iter::from_fn(take).map(|(place, item)| (place, make(item))).collect::<Vec<_>>();
    let mut made = thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(some)).collect();
        all.into_iter().flat_map(|one| one.join().unwrap_or_else(|panic| resume_unwind(panic))).collect::<Vec<_>>()
    });
    made.sort_by_key(|&(place, _)| place);
    made.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn items_are_made_at_once_on_all_threads_and_come_in_their_order() {
        let all = Barrier::new(3);
        // Each waits for two others: two threads would wait for ever.
        let doubled = side_by_side(&[1, 2, 3], 3, |item| {
            all.wait();
            2 * item
        });
        assert_eq!(doubled, [2, 4, 6]);
        assert_eq!(side_by_side(&[1, 2, 3, 4, 5], 2, |item| 2 * item), [2, 4, 6, 8, 10]);
        assert!(side_by_side(&[0; 0], 2, |item: &i32| *item).is_empty());
    }

    #[test]
    fn a_panic_in_one_is_a_panic_of_all() {
        let panic = std::panic::catch_unwind(|| side_by_side(&[1, 2], 2, |&item| assert_eq!(item, 1))).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("left: 2"));
    }

    #[test]
    fn all_models_together_are_measured_within_their_time_and_what_one_leaves_is_for_the_others() {
        for (networks, densities) in [(1, 0), (2, 1), (7, 3), (0, 200), (50, 200)] {
            let shares = Shares::of(networks, densities);
            assert!(shares.next(true) * networks + shares.next(false) * densities <= ALL, "{networks}, {densities}");
        }
        assert_eq!(Shares::of(2, 0).next(true), NETWORK, "none takes more than it needs");
        let mut shares = Shares::of(10, 0);
        assert_eq!(shares.next(true), ALL / 10);
        shares.spent(true, Duration::ZERO);
        assert_eq!(shares.next(true), ALL / 9);
        shares.spent(true, ALL);
        assert_eq!(shares.next(true), Duration::ZERO, "whatever was overdrawn, it ends");
    }
}
