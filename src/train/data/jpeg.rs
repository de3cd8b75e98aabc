//! Whether a JPEG is whole: the decoder fills what is missing with grey, and says nothing.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

const BEGIN: [u8; 2] = [0xFF, 0xD8];
const END: u8 = 0xD9;

/// Whether the file is a JPEG without its end.
pub(super) fn is_cut_off(path: &Path) -> io::Result<bool> {
    let (mut file, mut bytes) = (File::open(path)?, Vec::new());
    file.by_ref().take(2).read_to_end(&mut bytes)?;
    if bytes != BEGIN {
        return Ok(false);
    }
    bytes.clear();
    file.read_to_end(&mut bytes)?;
    Ok(!ends(&bytes))
}

/// Whether the end marker comes, walking from segment to segment: a thumbnail, with an end of its own, lies within a segment, and
/// what follows the end may be anything.
fn ends(mut rest: &[u8]) -> bool {
    while let Some(at) = rest.windows(2).position(is_marker) {
        if rest[at + 1] == END {
            return true;
        }
        rest = after_segment(&rest[at + 2..]);
    }
    false
}

/// Whether it is a marker with a segment, or the end: not filling, a byte FF of a scan (stuffed as FF 00) or a restart of a scan.
fn is_marker(pair: &[u8]) -> bool {
    pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0x01 | 0xD0..=0xD8 | 0xFF)
}

/// What follows a segment, which begins with its own length.
fn after_segment(rest: &[u8]) -> &[u8] {
    let length = rest.first_chunk().map_or(0, |&length| usize::from(u16::from_be_bytes(length)));
    rest.get(length..).unwrap_or_default()
}
