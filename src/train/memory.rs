//! The memory of libtorch's tensors, which is the allocator's of C.

/// Lets the process keep, up to a gigabyte, what it has freed.
///
/// A step frees all its tensors and the next one wants as many. By default glibc gives them back to the system in between, and pages
/// that are fetched and cleared again are a seventh of a step's time.
pub(super) fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "a function of C")]
    // SAFETY: sets numbers of the allocator; it may be called at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// Bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: i32 = 1 << 30;
