//! Files that are whole at any moment.

use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

/// Writes `bytes` beside `path`, then moves them there: what stood at `path` stays until they are on the disc.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(bytes: &[u8], path: &Path) -> Result<()> {
    let partial = path.with_added_extension("partial");
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&partial, path));
    if moved.is_err() {
        // Half a file is of no use, and takes room where the disc is full.
        let _ = fs::remove_file(&partial);
    }
    moved.with_context(|| format!("{} cannot be written", path.display()))
}

/// Sees that [`write`](write()) can write `path`, which `option` names, before work is done for it.
///
/// # Errors
/// Where there is no such folder, nothing can be written into it, or a folder stands at `path`.
pub fn look(option: &str, path: &Path) -> Result<()> {
    let place = path.parent().filter(|place| !place.as_os_str().is_empty()).unwrap_or(Path::new("."));
    ensure!(place.is_dir(), "{option}: there is no folder {}; make it first", place.display());
    ensure!(!path.is_dir(), "{option}: {} is a folder; give the name of a file", path.display());
    let partial = path.with_added_extension("partial");
    File::create(&partial)
        .and_then(|_| fs::remove_file(&partial))
        .with_context(|| format!("{option}: nothing can be written into {}", place.display()))
}
