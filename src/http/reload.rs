//! What is read from files, and read again when they change.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The most bytes of a file that is read again and again.
const MOST: u64 = 1 << 20;

/// Files that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct Unusable {
    /// The first of them, or the one that cannot be read.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// The contents of files, as a value; of the value before, what is to be kept of it.
type Make<T> = fn(&[Vec<u8>], Option<&T>) -> Result<T, String>;

/// A value that files make.
pub(super) struct Fresh<T> {
    paths: Vec<PathBuf>,
    make: Make<T>,
    current: RwLock<Arc<T>>,
    seen: Mutex<Seen>,
}

/// What was found the last time.
struct Seen {
    /// A digest of the contents, for they may be secret, or why there were none.
    found: Result<[u8; 32], Unusable>,
    is_in_force: bool,
}

impl<T> Fresh<T> {
    /// The value that `make` makes of the files.
    ///
    /// # Errors
    /// [`Unusable`].
    pub(super) fn new(paths: Vec<PathBuf>, make: Make<T>) -> Result<Self, Unusable> {
        let contents = read(&paths)?;
        let value = make(&contents, None).map_err(|reason| unusable(&paths, reason))?;
        let seen = Mutex::new(Seen { found: Ok(digest(&contents)), is_in_force: true });
        Ok(Self { paths, make, current: RwLock::new(Arc::new(value)), seen })
    }

    /// The value as the files made it last.
    pub(super) fn get(&self) -> Arc<T> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks at the files, by their contents: a link may lead elsewhere now. What cannot be used is told once, and leaves the
    /// value as it was. Whether the value is that of the files as they are.
    pub(super) fn look(&self) -> bool {
        let found = read(&self.paths);
        let now = found.as_ref().map(|contents| digest(contents)).map_err(Clone::clone);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.found == now {
            return seen.is_in_force;
        }
        seen.found = now;
        // Also where there is no telling, because it panics.
        seen.is_in_force = false;
        let made = found.and_then(|contents| {
            (self.make)(&contents, Some(&self.get())).map_err(|reason| unusable(&self.paths, reason))
        });
        let files = self.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        seen.is_in_force = made.is_ok();
        match made {
            Ok(value) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
                tracing::info!(files, "read again");
            }
            Err(reason) => {
                tracing::error!(files, %reason, "changed, and cannot be used: what was read before stays in force");
            }
        }
        seen.is_in_force
    }
}

fn unusable(paths: &[PathBuf], reason: String) -> Unusable {
    Unusable { path: paths.first().cloned().unwrap_or_default(), reason }
}

fn read(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, Unusable> {
    paths.iter().map(|path| one(path).map_err(|reason| Unusable { path: path.clone(), reason })).collect()
}

fn one(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST {
        return Err(format!("it has more than {MOST} bytes"));
    }
    Ok(bytes)
}

fn digest(contents: &[Vec<u8>]) -> [u8; 32] {
    let mut all = Sha256::new();
    for content in contents {
        all.update(Sha256::digest(content));
    }
    all.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn text(contents: &[Vec<u8>], before: Option<&String>) -> Result<String, String> {
        let text = String::from_utf8(contents.concat()).map_err(|error| error.to_string())?;
        Ok(before.map_or(String::new(), |before| format!("{before}, ")) + &text)
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_a_change_and_what_cannot_be_used_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("old"), "old").unwrap();
        std::fs::write(place("new"), "new").unwrap();
        std::fs::write(place("bad"), [0xff]).unwrap();
        let lead = |to: &str| {
            symlink(place(to), place("next")).unwrap();
            std::fs::rename(place("next"), place("file")).unwrap();
        };
        lead("old");
        let fresh = Fresh::new(vec![place("file")], text).unwrap();
        let seen = || (fresh.look(), fresh.get().as_str().to_owned());
        let [old, new] = ["old", "old, new"].map(str::to_owned);
        assert_eq!(seen(), (true, old.clone()));
        lead("bad");
        assert_eq!([seen(), seen()], [(false, old.clone()), (false, old.clone())]);
        lead("missing");
        assert_eq!(seen(), (false, old));
        lead("new");
        assert_eq!([seen(), seen()], [(true, new.clone()), (true, new)], "it is read once");
        lead("bad");
        let refused = Fresh::new(vec![place("file")], text).map(|_| ()).unwrap_err();
        assert!(refused.path == place("file") && refused.reason.contains("utf-8"), "{refused}");
    }

    #[test]
    fn a_file_without_an_end_is_refused() {
        let refused = Fresh::new(vec!["/dev/zero".into()], text).map(|_| ()).unwrap_err();
        assert_eq!(refused.to_string(), "/dev/zero: it has more than 1048576 bytes");
    }
}
