//! Which files an archive has: an image as the PNG that it is alone, any other sample as an array; `samples.json` last.

use super::container::{Archive, Container};
use crate::engine::{SampleRequest, Summary};
use crate::http::encode::{self, Account, Sample, Unwritable};
use crate::http::identify::RequestId;
use crate::pixels::PictureFormat;
use serde::Serialize;

/// The files so far.
pub(super) struct Files {
    id: RequestId,
    request: SampleRequest,
    archive: Archive,
}

/// What `samples.json` says: the JSON answer without its samples, and what these are. That it is there says that the
/// archive is whole.
#[derive(Serialize)]
struct Contents<'a> {
    #[serde(flatten)]
    account: Account<'a>,
    first_index: u32,
    n: u32,
    /// By rising index, where each sample has its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<&'a str>,
    sha256: &'a str,
    version: &'static str,
}

impl Files {
    pub(super) fn new(id: RequestId, request: SampleRequest, container: Container) -> Self {
        Self { id, request, archive: Archive::new(container) }
    }

    /// Appends `samples`, and the end where there is a `summary`. The bytes, and what is left to append to.
    pub(super) fn add(
        mut self,
        samples: &[Sample],
        summary: Option<&Summary>,
    ) -> Result<(Vec<u8>, Option<Self>), Unwritable> {
        for sample in samples {
            let (extension, bytes) = self.file(sample)?;
            // As wide as the largest index: names sort as indices do, in this archive and beside those of other ranges.
            self.archive.add(&format!("{:010}.{extension}", sample.0), &bytes)?;
        }
        let Some(summary) = summary else { return Ok((self.archive.take(), Some(self))) };
        let request = &self.request;
        let (first_index, n) = (request.first_index(), request.n());
        let drawn = if request.label().is_none() { n } else { 0 };
        let contents = Contents {
            account: Account::new(&self.id, request, summary),
            first_index,
            n,
            labels: (0..drawn).filter_map(|i| request.label_name_of(first_index + i)).collect(),
            sha256: &request.model().info().sha256,
            version: env!("CARGO_PKG_VERSION"),
        };
        let contents = serde_json::to_vec(&contents)?;
        self.archive.add("samples.json", &contents)?;
        Ok((self.archive.end()?, None))
    }

    /// The file of one sample, and what its name ends with.
    fn file(&self, sample: &Sample) -> Result<(&'static str, Vec<u8>), Unwritable> {
        let info = self.request.model().info();
        Ok(if info.is_image() {
            ("png", encode::picture(&self.request, std::slice::from_ref(sample), PictureFormat::Png)?)
        } else {
            ("npy", encode::npy(&info.shape, sample.1.iter().copied())?)
        })
    }
}
