#!/usr/bin/env bash
# describe.sh PROGRAM FOLDER: lets the program write its completions and manual pages into FOLDER, as packages ship them.
set -euo pipefail

program="$1" folder="$2"
mkdir -p "$folder/completions" "$folder/man"
"$program" completions bash >"$folder/completions/tagship.bash"
"$program" completions zsh >"$folder/completions/_tagship"
"$program" completions fish >"$folder/completions/tagship.fish"
"$program" completions powershell >"$folder/completions/tagship.ps1"
"$program" man >"$folder/man/tagship.1"
# The help lists the commands, each on a line of its own, up to the next empty line. `help` has no page.
"$program" --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' | grep -vx help | while IFS= read -r command; do
  "$program" man "$command" >"$folder/man/tagship-$command.1"
done
