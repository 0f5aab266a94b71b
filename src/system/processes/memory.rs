//! Keeps the memory of this process, in which tokens are, from files and from other processes of the same user.

/// Forbids core dumps, here and in the programs that we start; on Linux, only root may then read our memory and environment
/// too. Where the system refuses, it stays as it was: a release does not depend on it.
#[cfg(unix)]
pub fn protect() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).ok();
}

#[cfg(not(unix))]
pub fn protect() {}
