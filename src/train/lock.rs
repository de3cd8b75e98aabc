//! One process at a time on what a command writes.

use anyhow::{Context, Result, bail};
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A lock file, held until this is dropped or the process ends, however that ends.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
}

impl Lock {
    /// Takes the lock file at `path`, which is made where there is none and taken away at the end.
    ///
    /// # Errors
    /// `busy` where another process holds it, or what keeps the file from being made.
    pub fn take(path: &Path, busy: &str) -> Result<Self> {
        let about = || format!("the lock file {} cannot be held", path.display());
        loop {
            let file = File::options().create(true).append(true).open(path).with_context(about)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => bail!("{busy}"),
                // A file system without locks keeps nobody off, which is no reason not to work there.
                Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                    return Err(error).with_context(about);
                }
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            if is_at(&file, path).with_context(about)? {
                return Ok(Self { path: path.to_owned(), _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Still locked: who has opened it meanwhile finds that it is gone, and makes another.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether `file` is what stands at `path`: a lock on one that was taken away keeps nobody off.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (held.dev(), held.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_at_a_time_and_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = Lock::take(&path, "busy").unwrap();
        assert_eq!(Lock::take(&path, "busy").unwrap_err().to_string(), "busy");
        assert!(path.exists());
        drop(held);
        assert!(!path.exists());
        assert!(Lock::take(&path, "busy").is_ok());
    }

    #[test]
    fn a_lock_on_a_file_that_was_taken_away_is_seen_to_keep_nobody_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let before = File::create(&path).unwrap();
        assert!(is_at(&before, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&before, &path).unwrap());
        // Beside the first, which is open, another file has another number.
        File::create(&path).unwrap();
        assert!(!is_at(&before, &path).unwrap());
    }
}
