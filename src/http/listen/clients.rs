//! How many connections each client has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The clients that are connected, by their addresses.
#[derive(Default)]
pub(super) struct Clients(Mutex<HashMap<IpAddr, usize>>);

/// A connection of a client, until it is dropped.
pub(super) struct Visit {
    clients: Arc<Clients>,
    from: IpAddr,
}

impl Clients {
    /// Lets a client in that has fewer connections than `most`.
    pub(super) fn enter(self: &Arc<Self>, from: IpAddr, most: Option<NonZero<usize>>) -> Option<Visit> {
        let mut open = self.lock();
        let count = open.entry(from).or_default();
        if most.is_some_and(|most| *count >= most.get()) {
            return None;
        }
        *count += 1;
        Some(Visit { clients: Arc::clone(self), from })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut open = self.clients.lock();
        let left = open.get(&self.from).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            open.remove(&self.from);
        } else {
            open.insert(self.from, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_as_many_connections_as_it_may_and_is_forgotten_with_the_last() {
        let (clients, most) = (Arc::new(Clients::default()), NonZero::new(2));
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|ip| ip.parse().unwrap());
        let visits = [clients.enter(one, most).unwrap(), clients.enter(one, most).unwrap()];
        assert!(clients.enter(one, most).is_none() && clients.enter(other, most).is_some());
        assert!(clients.enter(one, None).is_some());
        drop(visits);
        assert!(clients.lock().is_empty());
    }
}
