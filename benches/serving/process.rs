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

/// Seconds of processor time of the threads of process `pid`, by their names without numbers.
pub(crate) fn times(pid: u32) -> Result<BTreeMap<String, f64>> {
    /// What the kernel counts these times in, on every architecture.
    const TICKS: f64 = 100.0;
    let mut times = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end between being listed and being read.
        let Ok(stat) = fs::read_to_string(thread?.path().join("stat")) else { continue };
        let Some((head, rest)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name);
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
        // After the name: the state is field 3 of proc(5), user and system time are 14 and 15.
        let ticks = rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>();
        *times.entry(name.to_owned()).or_insert(0.0) += ticks / TICKS;
    }
    Ok(times)
}
