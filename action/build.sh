#!/usr/bin/env bash
# Builds the program from the action's own checkout, for a commit or a platform that has no release. install.sh sources it.
# The result is kept in the runner's tool cache, under a sum of all that it is built from.

# The folder that has the action's sources.
source_folder="$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)"

# Prints one sum of all files of the checkout.
sum_of_sources() {
  local work="$1" file
  (
    cd "$source_folder" || exit
    find . -name .git -prune -o -path ./target -prune -o -type f -print | LC_ALL=C sort | while IFS= read -r file; do
      printf '%s %s\n' "$(sha256_of "$file")" "$file"
    done
  ) >"$work/sources"
  sha256_of "$work/sources"
}

# Leaves in the environment what a compiler needs. The build runs code of its dependencies, which has no business with the
# logins that a step may have under any name.
keep_what_a_build_needs() {
  local name
  while IFS= read -r name; do
    case "$name" in
      PATH | HOME | USER | USERPROFILE | LANG | LC_* | TZ | TMP | TEMP | TMPDIR | TERM | PWD | CARGO_HOME | RUSTUP_*) ;;
      [Ss][Yy][Ss][Tt][Ee][Mm]* | [Ww][Ii][Nn][Dd][Ii][Rr] | [Cc][Oo][Mm][Ss][Pp][Ee][Cc] | PATHEXT | *APPDATA | [Pp]rogram*) ;;
      CC | CXX | AR | CFLAGS | RUSTFLAGS | SDKROOT | DEVELOPER_DIR | MACOSX_DEPLOYMENT_TARGET | INCLUDE | LIB | LIBPATH | VS*) ;;
      SSL_CERT_* | *_proxy | *_PROXY | TAGSHIP_BUILD_COMMIT) ;;
      # What bash itself keeps cannot be taken out, and is no secret.
      *) unset "$name" 2>/dev/null || : ;;
    esac
  done < <(compgen -e)
}

# build REASON WORK MEMBER: prints the path of the program MEMBER, built now or before. REASON says why there is no release, and
# WORK is a folder of this run alone.
build() {
  local reason="$1" work="$2" member="$3" sum built started version part
  [ -f "$source_folder/Cargo.lock" ] || fail unexpected "$reason; name a program with \`binary-path\`"
  command -v cargo >/dev/null ||
    fail unexpected "$reason, and it cannot be built because cargo is not on this runner; install Rust, or name a program with \`binary-path\`"
  sum="$(sum_of_sources "$work")"
  built="$(native "${RUNNER_TOOL_CACHE:-$temporary}")/tagship/source-$sum/$member"
  if [ ! -x "$built" ]; then
    # In the folder of the sources: the workspace may have settings for cargo, which are not the action's.
    version="$(cd "$source_folder" && cargo --version)" || fail unexpected "$reason, and cargo does not run"
    printf 'tagship: %s; building it from the action'"'"'s checkout with %s, which takes some minutes and is kept in the tool cache\n' \
      "$reason" "$version" >&2
    started="$SECONDS"
    # What `--version` tells.
    if [[ ${TAGSHIP_ACTION_REF:-} =~ ^[0-9a-f]{40}$ ]]; then export TAGSHIP_BUILD_COMMIT="$TAGSHIP_ACTION_REF"; fi
    (cd "$source_folder" && keep_what_a_build_needs && cargo build --release --locked --bin tagship --target-dir "$work/target" >&2) ||
      fail unexpected "$reason, and the build of the action's checkout failed; its log is above"
    printf 'tagship: built in %s s\n' "$((SECONDS - started))" >&2
    # Into the cache by a rename; if it cannot be written, the next job builds again.
    if mkdir -p "${built%/*}" 2>/dev/null && part="$(mktemp "$built.XXXXXX" 2>/dev/null)"; then
      { cp "$work/target/release/$member" "$part" && chmod 755 "$part" && mv -f "$part" "$built"; } || rm -f "$part"
    fi
    if [ ! -x "$built" ]; then
      mv "$work/target/release/$member" "$work/$member"
      built="$work/$member"
    fi
    rm -rf "$work/target"
  fi
  printf '%s\n' "$built"
}
