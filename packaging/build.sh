#!/usr/bin/env bash
# build.sh TARGET: builds the program of a release into target/TARGET/release. The same commit and the same compilers give the
# same bytes in whatever folder (reproducible.sh): texts of panics name source files, so that the folders are taken out of them.
set -euo pipefail

target="$1"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As the compilers write paths: `pwd -W` is that of Windows.
here() { pwd -W 2>/dev/null || pwd; }
sources="$(here)"
cargo_home="$(cd "${CARGO_HOME:-$HOME/.cargo}" && here)"
library="$(cd "$(rustc --print sysroot)" && here)/lib/rustlib/src/rust"

flags=("--remap-path-prefix=$sources=/tagship" "--remap-path-prefix=$cargo_home=/cargo" "--remap-path-prefix=$library=/rust")
# What is compiled is there first, so that each folder of crates can be named. Their paths would be 35 kB of the program.
"${CARGO:-cargo}" fetch --quiet --locked --target "$target"
for crates in "$cargo_home"/registry/src/*; do flags+=("--remap-path-prefix=$crates="); done
# Static if the system allows it, so that it runs on every distribution and in an empty image.
case "$target" in
  *-apple-*) ;;
  *-msvc) flags+=(-C target-feature=+crt-static -C link-arg=/Brepro) ;;
  # A static program moves itself to its address. Its list of what to move is a twentieth as long in this form (0.35 MB less),
  # which glibc reads from 2.36 on and musl from 1.2.4 on. The index of frames stays: with RUST_BACKTRACE, each error has the
  # stack read, which ends the program if there is no index.
  *-linux-*)
    flags+=(-C target-feature=+crt-static -C 'link-arg=-Wl,-z,pack-relative-relocs')
    # Rust links for this target with lld, which makes one function of those with the same code (0.08 MB less). GNU's ld cannot.
    # lld also makes the machine code, of the one module that is left after Rust's optimisations, without the standard library's
    # information for debuggers: else each function gets a table of frames because of that (0.42 MB), though a panic aborts.
    if [ "$target" = x86_64-unknown-linux-gnu ]; then
      flags+=(-C 'link-arg=-Wl,--icf=all')
      flags+=(-C force-unwind-tables=no -C linker-plugin-lto -C 'link-arg=-Wl,--lto-newpm-passes=strip')
    fi
    ;;
  *) flags+=(-C target-feature=+crt-static) ;;
esac
# What is left of C.
case "$target" in
  *-msvc) ;;
  # The variable makes quotes count, for paths with blanks.
  *) export CC_SHELL_ESCAPED_FLAGS=1 CFLAGS="${CFLAGS:-} '-ffile-prefix-map=$sources=/tagship' '-ffile-prefix-map=$cargo_home=/cargo'" ;;
esac
# The separator allows paths with blanks.
CARGO_ENCODED_RUSTFLAGS="$(IFS=$'\x1f' && printf '%s' "${flags[*]}")"
# The shell of Git for Windows would take the names after `=` for paths of its own.
export CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR="$sources/target" MSYS2_ENV_CONV_EXCL=CARGO_ENCODED_RUSTFLAGS
"${CARGO:-cargo}" build --release --locked --target "$target"
