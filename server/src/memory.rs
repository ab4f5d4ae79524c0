//! How memory is mapped while the server starts.

/// Start-up touches many allocator pages sparsely. With huge pages each of them would be rounded up to 2 MB that the idle
/// process then keeps, a third of its size; so the start does without. They pay once there is work, for hashing above all.
pub fn small_pages(only: bool) {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(only) {
        tracing::debug!(%error, "huge pages stay as they are");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = only;
}
