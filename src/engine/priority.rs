//! Who yields to whom.

use serde::{Deserialize, Serialize};

/// How a request stands against others. Priorities change when a sample is made, never what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody waits: its rows go first.
    #[default]
    Interactive,
    /// Nobody waits: its rows take the room that interactive ones leave, and a small share besides.
    Bulk,
}

impl Priority {
    /// Both, the one that goes first before the other.
    pub const ALL: [Self; 2] = [Self::Interactive, Self::Bulk];

    /// Of this many rows one is bulk's where bulk waits: under any load it goes on at a sixteenth of the pace.
    pub(super) const TURN: u32 = 16;

    /// The priority's name in metrics and requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Bulk => "bulk",
        }
    }

    /// What requests of this priority may take up of `whole`, together: bulk leaves a quarter, and at least one of two or
    /// more, so that who comes interactively finds room.
    pub(super) fn part(self, whole: u64) -> u64 {
        match self {
            Self::Interactive => whole,
            Self::Bulk => (whole - whole.div_ceil(4)).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulk_leaves_a_quarter_and_one_of_two_or_more() {
        let parts = [1, 2, 3, 4, 8, 256, 4_000_001].map(|whole| Priority::Bulk.part(whole));
        assert_eq!(parts, [1, 1, 2, 3, 6, 192, 3_000_000]);
        assert!([1, 2, u64::MAX].iter().all(|&whole| Priority::Interactive.part(whole) == whole));
    }
}
