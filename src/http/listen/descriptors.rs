//! Open files: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets the process have as many open files as the system allows it, and says where those are fewer than `wanted`: connections would
/// fail then, those of probes among them.
pub fn raise_open_files(wanted: u64) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let have = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // None is no limit.
    if let Some(have) = have.filter(|&have| have < wanted) {
        tracing::warn!(
            have,
            wanted,
            "too few open files are allowed for --max-connections: raise the hard limit (ulimit -Hn)"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_files_may_be_open_as_the_system_allows() {
        raise_open_files(u64::MAX);
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
    }
}
