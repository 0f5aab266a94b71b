#!/usr/bin/env bash
# reproducible.sh TARGET: builds the commit that is checked out twice, in two folders with two paths of the registry, and fails
# if the programs differ in a byte. Needs twice the time of a build.
set -euo pipefail

target="$1"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
commit="$(git -C "$root" rev-parse HEAD)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# Other paths to the same downloads.
ln -s "${CARGO_HOME:-$HOME/.cargo}" "$work/cargo"

build() {
  git clone --quiet --no-local "$root" "$1"
  git -C "$1" checkout --quiet --detach "$commit"
  bash "$1/packaging/build.sh" "$target"
  mv "$1/target/$target/release/tagship" "$work/$2"
  rm -rf "$1"
}
build "$work/first" one
CARGO_HOME="$work/cargo" build "$work/the/second one, elsewhere" two

sha256sum "$work/one" "$work/two" | cut -d' ' -f1
if cmp "$work/one" "$work/two"; then echo "$target: two builds, equal bytes"; else exit 1; fi
