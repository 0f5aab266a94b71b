//! A platform that an image runs on, in the normal form that docker and containerd compare by: `linux/arm64/v8` is
//! `linux/arm64`, and `linux/arm` is `linux/arm/v7`. It leaves out the versions and features of operating systems.

use std::fmt;
use std::str::FromStr;

/// An operating system, an architecture and sometimes its variant, as `linux/arm64` and `linux/arm/v6` name them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

/// Why a text is not a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a platform is written as `OS/ARCHITECTURE`, such as `linux/arm64`, or with a variant, such as `linux/arm/v6`")]
pub struct PlatformError;

impl Platform {
    /// Returns the platform of an image's own words, in its normal form (containerd's `platforms.Normalize`).
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Result<Self, PlatformError> {
        let parts = [Some(os), Some(architecture), variant];
        if !parts.into_iter().flatten().all(is_part) {
            return Err(PlatformError);
        }
        let os = os.to_ascii_lowercase();
        let architecture = architecture.to_ascii_lowercase();
        let variant = variant.map(str::to_ascii_lowercase);
        let (architecture, variant) = match (architecture.as_str(), variant.as_deref()) {
            ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("aarch64" | "arm64", None | Some("8" | "v8")) => ("arm64", None),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) | ("arm", None | Some("7")) => ("arm", Some("v7")),
            ("armel", _) | ("arm", Some("6")) => ("arm", Some("v6")),
            ("arm", Some("5")) => ("arm", Some("v5")),
            ("i386", _) => ("386", None),
            other => other,
        };
        let os = if os == "macos" { "darwin".to_owned() } else { os };
        Ok(Self { os, architecture: architecture.to_owned(), variant: variant.map(str::to_owned) })
    }

    /// Returns the other platforms whose images a machine of this one runs, the closest first, as container runtimes choose
    /// them (containerd's `platforms.Only`): a variant runs what the variants before it run. Left out are 32 bits on machines
    /// of 64, which many of them lack.
    pub fn runs_too(&self) -> Vec<Self> {
        let number = self.variant.as_deref().and_then(|variant| variant.strip_prefix('v')?.parse::<u8>().ok());
        let lowest = match self.architecture.as_str() {
            "arm" => 5,
            "amd64" => 1,
            "arm64" => 8,
            _ => return Vec::new(),
        };
        let lower = (lowest..number.unwrap_or_default().min(16)).rev();
        // Each of them is a platform, because its parts are those of one.
        let named = lower.map(|number| Self::new(&self.os, &self.architecture, Some(&format!("v{number}"))));
        named.filter_map(Result::ok).collect()
    }

    /// Whether this is no real platform: BuildKit calls that of an attestation so.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

fn is_part(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !text.is_empty() && text.len() <= 64 && text.bytes().all(allowed)
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        match text.split('/').collect::<Vec<_>>()[..] {
            [os, architecture] => Self::new(os, architecture, None),
            [os, architecture, variant] => Self::new(os, architecture, Some(variant)),
            _ => Err(PlatformError),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Platform;

    #[test]
    fn normal_forms() {
        for (text, expected) in [
            ("linux/amd64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/x86_64/v2", "linux/amd64/v2"),
            ("Linux/ARM64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/7", "linux/arm/v7"),
            ("linux/arm/v6", "linux/arm/v6"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/i386", "linux/386"),
            ("linux/ppc64le", "linux/ppc64le"),
            ("windows/amd64", "windows/amd64"),
            ("macos/arm64", "darwin/arm64"),
        ] {
            let platform: Platform = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(platform.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_a_machine_runs_too() {
        for (text, expected) in [
            ("linux/arm/v7", "linux/arm/v6 linux/arm/v5"),
            ("linux/arm", "linux/arm/v6 linux/arm/v5"),
            ("linux/arm/v5", ""),
            ("linux/amd64", ""),
            ("linux/amd64/v3", "linux/amd64/v2 linux/amd64"),
            ("linux/arm64", ""),
            ("linux/arm64/v9", "linux/arm64"),
            ("linux/riscv64/v3", ""),
            (
                "linux/arm/v255",
                "linux/arm/v15 linux/arm/v14 linux/arm/v13 linux/arm/v12 linux/arm/v11 linux/arm/v10 \
              linux/arm/v9 linux/arm/v8 linux/arm/v7 linux/arm/v6 linux/arm/v5",
            ),
        ] {
            let platform: Platform = text.parse().unwrap();
            let shown: Vec<_> = platform.runs_too().iter().map(ToString::to_string).collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_platform() {
        for text in ["", "linux", "linux/", "/amd64", "linux/amd64/", "a/b/c/d", "linux/amd 64", "linux/a\u{1b}[2J"] {
            assert!(text.parse::<Platform>().is_err(), "{text:?}");
        }
    }
}
