#!/usr/bin/env bash
# Runs the program, whose inputs are in the environment already. Only what a workflow says otherwise than the program does
# is translated here: a repository by its name.
# shellcheck disable=SC2016 # backticks mark literals in messages
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=action/failure.sh
. "$here/failure.sh"

program="$(bash "$here/install.sh")" || exit

# `owner/name`, as for actions/checkout; a path begins with `.` or `/`.
for variable in TAGSHIP_REPO TAGSHIP_FROM_REPO; do
  if [[ ${!variable:-} =~ ^[[:space:]]*([A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+)[[:space:]]*$ ]]; then
    name="${BASH_REMATCH[1]}"
    [ -n "${GITHUB_SERVER_URL:-}" ] || fail usage "\`$name\` is a name on a server, and GITHUB_SERVER_URL names none"
    export "$variable=$GITHUB_SERVER_URL/$name"
  fi
done

# Without the line end of a block of text; `read` finds no other end.
IFS=$' \t\r\n' read -r -d '' command <<<"${TAGSHIP_COMMAND:-}" || true

# With `errexit`, bash ends here if it cannot run the program, whatever follows.
set +o errexit
shopt -s execfail
exec "$program" "${command:-release}"
fail unexpected "\`$program\` cannot be run; is it a program for this machine?"
