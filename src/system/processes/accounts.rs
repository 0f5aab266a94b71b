//! Where accounts are looked up: the home of the user if `HOME` is not set, and that of another one in a path `~user/…`.

/// Makes the system's C library look accounts up in `/etc/passwd` alone, which it reads by itself. Else it loads the modules that
/// `/etc/nsswitch.conf` names, those of systemd or of a directory server, and these crash in a static program.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "no crate declares this function, by which programs choose where names are looked up")]
pub fn from_file() {
    // SAFETY: the C library has this function, which reads two texts that end with a zero byte.
    unsafe extern "C" {
        safe fn __nss_configure_lookup(database: &[u8; 7], sources: &[u8; 6]) -> std::ffi::c_int;
    }
    // It fails for names that it does not know, or without memory.
    __nss_configure_lookup(b"passwd\0", b"files\0");
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn from_file() {}
