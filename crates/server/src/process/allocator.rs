//! The C library's allocator, told what a server's memory is like.
//!
//! Left alone it learns from the first block of a stream that is freed that
//! blocks are not worth a mapping of their own, and from then on they leave
//! holes in the heaps of the threads that allocated them: 58 to 108 MB were
//! still in use after a consumer had read 1 GB, and 81 MB after a restart; 31
//! and 17 MB with these settings, at the same processor time.

/// Bytes from which memory is given back to the operating system as soon as it
/// is freed. Blocks have 2, 4 or 8 MiB, batches of messages hardly more than 1.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_FROM: libc::c_int = 2 * 1024 * 1024;

/// Fewest heaps that threads share: a shard, a worker and what is beside them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LEAST_HEAPS: usize = 2;

/// Settles how memory is allocated in this process; to be called before there
/// are threads. Other allocators than the GNU C library's stay as they are.
pub fn settle() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let heaps = libc::c_int::try_from(cores.max(LEAST_HEAPS)).unwrap_or(libc::c_int::MAX);
        for (setting, value) in [
            (libc::M_MMAP_THRESHOLD, MAPPED_FROM),
            (libc::M_ARENA_MAX, heaps),
        ] {
            // SAFETY: mallopt takes two numbers and reads and writes nothing of
            // ours; what it does not know it refuses, and nothing depends on it.
            let _ = unsafe { libc::mallopt(setting, value) };
        }
    }
}
