#!/usr/bin/env bash
# Finds the program for this runner and prints its path: the one that TAGSHIP_BIN names, else a release for this platform
# from the runner's tool cache, else downloaded. A release counts only with the sha256 that is committed beside this script,
# which is compared before anything is unpacked, for the cache as for a download. If this commit has no release for the
# platform, the program is built from the action's own checkout.
# shellcheck disable=SC2016 # backticks mark literals in messages
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

# shellcheck source=action/failure.sh
. "$here/failure.sh"

# On Windows, paths come with backslashes and a drive's colon, which tar would take for a host.
native() { if command -v cygpath >/dev/null; then cygpath -u "$1"; else printf '%s' "$1"; fi; }

if [ -n "${TAGSHIP_BIN:-}" ]; then
  program="$(native "$TAGSHIP_BIN")"
  # Whole, so that a bare name is the file of that name in the workspace, and none that is found elsewhere.
  case "$program" in /*) ;; *) program="$PWD/$program" ;; esac
  if [ ! -f "$program" ] || [ ! -x "$program" ]; then
    fail usage "\`$TAGSHIP_BIN\`, which \`binary-path\` or TAGSHIP_BIN names, is not a program"
  fi
  printf '%s\n' "$program"
  exit
fi

# The newest release whose checksums are here. A pre-release counts only if there is no release, as at its own commit.
newest() {
  local tables=("$here"/checksums/[0-9]*.sha256) versions
  [ -e "${tables[0]}" ] || return 0
  versions="$(printf '%s\n' "${tables[@]##*/}" | sed 's/\.sha256$//' | sort -V)"
  { printf '%s\n' "$versions" | grep -v -e - || printf '%s\n' "$versions"; } | tail -n 1
}

sha256_of() {
  local sum
  if command -v sha256sum >/dev/null; then sum="$(sha256sum <"$1")"; else sum="$(shasum -a 256 <"$1")"; fi
  printf '%s' "${sum%% *}"
}

# Prints a URL without what may be secret: a query, and a login, which curl takes in more ways than `fail` hides.
shown() {
  local url="$1"
  case "$url" in
    *\?*@*) url='***' ;;
    http://* | https://*) ;;
    *@*) url="***@${url##*@}" ;;
  esac
  printf '%s' "${url%%\?*}"
}

# What is compared, unpacked and built is in a folder of this run alone: the cache may be written by others at the same moment.
temporary="$(native "${RUNNER_TEMP:-${TMPDIR:-/tmp}}")"
work="$(mktemp -d "$temporary/tagship.XXXXXX")"
# What failed leaves nothing behind. The program itself stays for the step, and the runner empties its folder after the job.
trap '[ $? = 0 ] || rm -rf "$work"' EXIT

system="$(uname -s)" machine="$(uname -m)"
case "$system" in MINGW* | MSYS*) member=tagship.exe ;; *) member=tagship ;; esac
case "$system/$machine" in
  Linux/x86_64) target=x86_64-unknown-linux-gnu arch=x64 ;;
  Linux/aarch64 | Linux/arm64) target=aarch64-unknown-linux-gnu arch=arm64 ;;
  Darwin/x86_64) target=x86_64-apple-darwin arch=x64 ;;
  Darwin/arm64) target=aarch64-apple-darwin arch=arm64 ;;
  MINGW*/x86_64 | MSYS*/x86_64) target=x86_64-pc-windows-msvc arch=x64 ;;
  *) target='' arch='' ;;
esac

version="${TAGSHIP_VERSION:-$(newest)}"
version="${version#v}"
[ -z "$version" ] || [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail usage "\`$version\` is not a version"
table="$here/checksums/$version.sha256"
archive="tagship-$version-$target.tar.gz"
wanted=
if [ -n "$version" ] && [ -e "$table" ]; then wanted="$(awk -v name="$archive" '$2 == name { print $1 }' "$table")"; fi

if ! [[ $wanted =~ ^[0-9a-f]{64}$ ]]; then
  if [ -z "$target" ]; then
    reason="there is no release for $system on $machine"
  elif [ -z "$version" ]; then
    reason='no release of tagship belongs to this commit of the action'
  elif [ ! -e "$table" ]; then
    reason="version $version is not known to this commit of the action: action/checksums has no table for it; use the action at the tag v$version"
  else
    reason="version $version has no release for $target in action/checksums/$version.sha256"
  fi
  # A version that was asked for is that one, or none.
  [ -z "${TAGSHIP_VERSION:-}" ] || fail usage "$reason"
  # shellcheck source=action/build.sh
  . "$here/build.sh"
  build "$reason" "$work" "$member"
  exit
fi

# Kept across jobs if the runner lives on. If it cannot be written, it may still be read.
cached="$(native "${RUNNER_TOOL_CACHE:-$temporary}")/tagship/$version/$arch/$archive"

if [ ! -f "$cached" ] || ! cp "$cached" "$work/$archive" || [ "$(sha256_of "$work/$archive")" != "$wanted" ]; then
  bases=("${TAGSHIP_DOWNLOAD_BASE_URL:-}")
  if [ -z "${bases[0]}" ]; then
    [ -n "${TAGSHIP_ACTION_REPOSITORY:-}" ] ||
      fail usage 'an action from the workspace has no releases: name a program with `binary-path`, or give `download-base-url`'
    github=https://github.com
    bases=("${GITHUB_SERVER_URL:-$github}/$TAGSHIP_ACTION_REPOSITORY/releases/download")
    # A server that runs an action of github.com need not have its releases.
    [ "${GITHUB_SERVER_URL:-$github}" = "$github" ] || bases+=("$github/$TAGSHIP_ACTION_REPOSITORY/releases/download")
  fi
  command -v curl >/dev/null || fail unexpected 'curl is not installed; name a program with `binary-path`'
  tried=
  for base in "${bases[@]}"; do
    url="${base%/}/v$version/$archive"
    [[ $url != *[[:cntrl:]]* ]] || fail usage '`download-base-url` is to be one URL, without a line end'
    tried="$tried${tried:+, }\`$(shown "$url")\`"
    # Plain HTTP will do: what counts is the checksum. Other users of the machine can read arguments, so none has the URL.
    if printf 'url = %s\n' "$(json_string "$url")" |
      curl --config - --proto '=https,http' --silent --show-error --fail --location --retry 3 --connect-timeout 20 \
        --max-time 300 --output "$work/$archive" >&2; then
      tried=
      break
    fi
  done
  if [ -n "$tried" ]; then
    mirror='on a runner without access to it, give `download-base-url` or'
    [ -z "${TAGSHIP_DOWNLOAD_BASE_URL:-}" ] || mirror='check `download-base-url`, or name a program with'
    fail unavailable "cannot download $tried; $mirror \`binary-path\`"
  fi
  got="$(sha256_of "$work/$archive")"
  [ "$got" = "$wanted" ] || fail unavailable "\`$(shown "$url")\` is not what was released: its sha256 is $got, and must be $wanted"
  # Into the cache by a rename, as another job may read at the same moment; without it, the next job downloads again.
  if mkdir -p "${cached%/*}" 2>/dev/null && part="$(mktemp "$cached.XXXXXX" 2>/dev/null)"; then
    chmod 644 "$part"
    { cp "$work/$archive" "$part" && mv -f "$part" "$cached"; } || rm -f "$part"
  fi
fi

tar -xzf - -C "$work" "$member" <"$work/$archive" || fail unexpected "cannot unpack \`$archive\`"
rm -f "$work/$archive"
printf '%s\n' "$work/$member"
