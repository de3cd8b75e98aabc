//! Where an answer goes: a file that is whole or stays as it was, or a stream.

use super::fault::ClientError;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

/// Where an answer goes.
pub(super) enum Target {
    /// Standard output, a device or a pipe, which has what comes when it comes.
    Stream { name: PathBuf, out: Box<dyn Write> },
    /// A file.
    File(Partial),
}

/// A file beside the one that is wanted, in whose place it comes once it is whole. Dropped before, it is removed.
pub(super) struct Partial {
    wanted: PathBuf,
    path: PathBuf,
    file: File,
}

impl Target {
    /// What `path` names: `-` is standard output, and what is there and no file is written into. A file keeps its permissions,
    /// a link stays one.
    ///
    /// # Errors
    /// [`ClientError::File`] where nothing can be written there.
    pub(super) fn open(path: &Path) -> Result<Self, ClientError> {
        Self::found(path).map_err(|source| ClientError::File { path: path.to_owned(), source })
    }

    fn found(path: &Path) -> io::Result<Self> {
        if [Path::new("-"), Path::new("/dev/stdout")].contains(&path) {
            return Ok(Self::Stream { name: "standard output".into(), out: Box::new(io::stdout()) });
        }
        let permissions = match fs::metadata(path) {
            Ok(there) if there.is_file() => Some(there.permissions()),
            Ok(_) => {
                let out = OpenOptions::new().write(true).open(path)?;
                return Ok(Self::Stream { name: path.to_owned(), out: Box::new(out) });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut wanted = path.to_owned();
        // The end of all links, there or not; a circle of them is an error above.
        while let Ok(next) = fs::read_link(&wanted) {
            wanted = folder(&wanted).join(next);
        }
        let partial = Partial::beside(wanted)?;
        if let Some(permissions) = permissions {
            partial.file.set_permissions(permissions)?;
        }
        Ok(Self::File(partial))
    }

    /// Removes what is not whole where a signal ends the program, with [`INTERRUPTED`]. Of the first target of a process only.
    pub(super) fn guard(&self) {
        if let Self::File(partial) = self {
            let path = partial.path.clone();
            let _ = ctrlc::set_handler(move || {
                let _ = fs::remove_file(&path);
                process::exit(INTERRUPTED);
            });
        }
    }

    /// What it is called.
    pub(super) fn name(&self) -> &Path {
        match self {
            Self::Stream { name, .. } => name,
            Self::File(partial) => &partial.wanted,
        }
    }

    /// Writes `body` to its end; only then is a file in its place.
    ///
    /// # Errors
    /// [`ClientError::File`] where it cannot be written; where it cannot be read what `broken` makes of the reason.
    pub(super) fn fill(mut self, mut body: impl Read, broken: impl Fn(&str) -> ClientError) -> Result<(), ClientError> {
        let path = self.name().to_owned();
        let unwritten = |source| ClientError::File { path: path.clone(), source };
        let (out, kept): (&mut dyn Write, _) = match &mut self {
            Self::Stream { out, .. } => (out, "what came before was passed on"),
            Self::File(partial) => (&mut partial.file, "nothing was kept"),
        };
        let mut buffer = vec![0; BUFFER];
        loop {
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => out.write_all(&buffer[..read]).map_err(unwritten)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(broken(&format!("{error}; {kept}"))),
            }
        }
        out.flush().map_err(unwritten)?;
        match &self {
            Self::Stream { .. } => Ok(()),
            Self::File(partial) => fs::rename(&partial.path, &partial.wanted).map_err(unwritten),
        }
    }
}

/// The status of a program that was interrupted, as shells tell it.
const INTERRUPTED: i32 = 130;

/// How many bytes are read at once, at most.
const BUFFER: usize = 1 << 16;

impl Partial {
    /// A new file beside `wanted`, of a name that no other run has.
    fn beside(wanted: PathBuf) -> io::Result<Self> {
        let name = wanted.file_name().unwrap_or_default();
        let mut attempt = 0;
        loop {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{attempt}.partial", process::id()));
            let path = folder(&wanted).join(hidden);
            match File::create_new(&path) {
                Ok(file) => return Ok(Self { wanted, path, file }),
                // In containers processes share their numbers.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Once it is whole it is no longer there. If it cannot be removed, its name says what it is.
        let _ = fs::remove_file(&self.path);
    }
}

/// The folder that `path` is in.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
