//! How threads share a busy machine.

/// Lowers the scheduling priority of the calling thread by `steps` (1 to 19), behind the threads that answer requests. An idle
/// machine does not notice. On Linux a nice value belongs to a thread, not to the process, and `setpriority` takes a
/// thread id; where it does not work the thread is merely less polite.
pub fn yield_to_requests(steps: u8) {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), i32::from(steps));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = steps;
}
