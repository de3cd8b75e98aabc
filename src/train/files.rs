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

/// Sees that `path`, which `option` names, can be that of a file.
///
/// # Errors
/// Where there is no such folder, or a folder stands at `path`.
pub fn place(option: &str, path: &Path) -> Result<()> {
    let folder = folder(path);
    ensure!(folder.is_dir(), "{option}: there is no folder {}; make it first", folder.display());
    ensure!(!path.is_dir(), "{option}: {} is a folder; give the name of a file", path.display());
    Ok(())
}

/// Sees that [`write`](write()) can write `path`, which `option` names, before work is done for it.
///
/// # Errors
/// As [`place`], and where nothing can be written into the folder.
pub fn look(option: &str, path: &Path) -> Result<()> {
    place(option, path)?;
    let partial = path.with_added_extension("partial");
    File::create(&partial)
        .and_then(|_| fs::remove_file(&partial))
        .with_context(|| format!("{option}: nothing can be written into {}", folder(path).display()))
}

/// The folder of a file at `path`.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
