//! What the system says of a process: memory, processor time, open files. Linux.

use crate::Result;
use std::collections::BTreeMap;
use std::fs;

/// Resident memory of process `pid`, in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the process has no memory")?;
    let kibibytes: u64 = line.split_whitespace().next().unwrap_or_default().parse()?;
    Ok(kibibytes * 1024)
}

/// How many files this process and its children may have open at once.
pub(crate) fn open_files() -> Result<u64> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
    Ok(line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(u64::MAX))
}

/// The processor's name.
pub(crate) fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}

/// How many processes wanted to run on this machine over the last minute, in the mean.
pub(crate) fn load() -> f64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().and_then(|minute| minute.parse().ok()).unwrap_or(f64::NAN)
}

/// Seconds of processor time of the threads of process `pid`, by their names without numbers: as the scheduler counts it, to the
/// nanosecond. (What `stat` tells is sampled by a clock that wakes the sleepers too.)
pub(crate) fn times(pid: u32) -> Result<BTreeMap<String, f64>> {
    let mut times = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = thread?.path();
        // A thread may end between being listed and being read.
        let read = |file: &str| fs::read_to_string(thread.join(file));
        let (Ok(name), Ok(schedule)) = (read("comm"), read("schedstat")) else { continue };
        let name = name.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        let nanoseconds: f64 = schedule.split(' ').next().unwrap_or_default().parse()?;
        *times.entry(name.to_owned()).or_insert(0.0) += 1e-9 * nanoseconds;
    }
    Ok(times)
}
