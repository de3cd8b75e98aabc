//! Files one behind another: zip for those who keep them, tar for those who read them as they come.
//!
//! The same files give the same bytes: nothing says when or by whom they were written.

use rawzip::ZipArchiveWriter;
use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use tar::{EntryType, Header};

/// What holds the files together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Container {
    /// Stored, not compressed: pictures are compressed already. Its directory is at its end, and grows here by the length
    /// of its name and some hundred bytes for each file.
    Zip,
    /// POSIX ustar.
    Tar,
}

impl Container {
    pub(in crate::http) fn media_type(self) -> &'static str {
        match self {
            Self::Zip => "application/zip",
            Self::Tar => "application/x-tar",
        }
    }
}

/// An archive that is being written.
pub(super) struct Archive {
    writer: Writer,
    written: Written,
}

enum Writer {
    Zip(ZipArchiveWriter<Written>),
    Tar(tar::Builder<Written>),
}

/// What was written and not taken yet. The writers own one end of it.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Archive {
    pub(super) fn new(container: Container) -> Self {
        let written = Written::default();
        let writer = match container {
            Container::Zip => Writer::Zip(ZipArchiveWriter::new(written.clone())),
            Container::Tar => Writer::Tar(tar::Builder::new(written.clone())),
        };
        Self { writer, written }
    }

    /// Appends the file `name`.
    ///
    /// # Errors
    /// Where the name or the contents are too large for the format.
    pub(super) fn add(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        match &mut self.writer {
            Writer::Zip(zip) => {
                let (mut entry, config) =
                    zip.new_file(name).unix_permissions(0o100_644).start().map_err(io::Error::other)?;
                let mut data = config.wrap(&mut entry);
                data.write_all(contents)?;
                let (_, descriptor) = data.finish().map_err(io::Error::other)?;
                entry.finish(descriptor).map_err(io::Error::other)?;
                Ok(())
            }
            Writer::Tar(tar) => {
                let mut header = Header::new_ustar();
                header.set_entry_type(EntryType::Regular);
                header.set_mode(0o644);
                header.set_size(contents.len() as u64);
                tar.append_data(&mut header, name, contents)
            }
        }
    }

    /// The bytes written since they were last taken.
    pub(super) fn take(&self) -> Vec<u8> {
        self.written.take()
    }

    /// Closes the archive; the bytes written since they were last taken.
    ///
    /// # Errors
    /// Where the format has no room for so many files.
    pub(super) fn end(self) -> io::Result<Vec<u8>> {
        match self.writer {
            Writer::Zip(zip) => _ = zip.finish().map_err(io::Error::other)?,
            Writer::Tar(tar) => _ = tar.into_inner()?,
        }
        Ok(self.written.take())
    }
}

impl Written {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// `files` in `container`, taken after each.
    fn packed(container: Container, files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut archive = Archive::new(container);
        let mut bytes = Vec::new();
        for (name, contents) in files {
            archive.add(name, contents).unwrap();
            bytes.extend(archive.take());
        }
        bytes.extend(archive.end().unwrap());
        bytes
    }

    /// Files of `sizes` bytes.
    fn files(sizes: &[usize]) -> Vec<(String, Vec<u8>)> {
        sizes.iter().map(|&size| (format!("{size:04}.bin"), (0..size).map(|i| (i % 251) as u8).collect())).collect()
    }

    #[test]
    fn a_tar_holds_what_was_put_in_whatever_its_size() {
        let files = files(&[0, 1, 511, 512, 513, 1024]);
        let bytes = packed(Container::Tar, &files);
        assert_eq!(bytes.len() % 512, 0);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let unpacked = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents).unwrap();
            (entry.path().unwrap().to_str().unwrap().to_owned(), contents)
        });
        assert_eq!(unpacked.collect::<Vec<_>>(), files);
    }

    #[test]
    fn a_zip_holds_what_was_put_in_whatever_its_size() {
        let files = files(&[0, 1, 511, 512, 513, 1024]);
        let bytes = packed(Container::Zip, &files);
        let archive = rawzip::ZipArchive::from_slice(&bytes).unwrap();
        let mut unpacked = Vec::new();
        for entry in archive.entries() {
            let entry = entry.unwrap();
            let stored = archive.get_entry(entry.wayfinder()).unwrap();
            let mut contents = Vec::new();
            stored.verifying_reader(stored.data()).read_to_end(&mut contents).unwrap();
            unpacked.push((String::from_utf8(entry.file_path().as_ref().to_vec()).unwrap(), contents));
        }
        assert_eq!(unpacked, files);
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        for container in [Container::Zip, Container::Tar] {
            assert_eq!(packed(container, &files(&[3, 700])), packed(container, &files(&[3, 700])));
        }
    }
}
