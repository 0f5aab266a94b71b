#!/usr/bin/env bash
# Runs the program, whose inputs are in the environment already. Only what a workflow says otherwise than the program does
# is translated here: a repository by its name.
set -euo pipefail

program="$(bash "$(dirname "${BASH_SOURCE[0]}")/install.sh")"

# `owner/name`, as for actions/checkout; a path begins with `.` or `/`.
for variable in TAGSHIP_REPO TAGSHIP_FROM_REPO; do
  if [[ ${!variable:-} =~ ^[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+$ ]]; then
    export "$variable=${GITHUB_SERVER_URL:?}/${!variable}"
  fi
done

exec "$program" "${TAGSHIP_COMMAND:-release}"
