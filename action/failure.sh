#!/usr/bin/env bash
# Ends a step before the program runs, as the program itself ends one: with an annotation, outputs and result files, so that
# a workflow can go on from there. install.sh and run.sh source it. The names are those of src/report/results.rs and json.rs.

# Prints a text of one line as a JSON string. sed, because bash 3.2, which macOS has, quotes replacements in another way.
json_string() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# An annotation, which the runner reads from stderr as well; its text must be one line, with this character escaped.
annotate() { printf '::error title=tagship::%s\n' "${1//'%'/%25}" >&2; }

# The results as lines for GITHUB_OUTPUT: an item without line ends needs no delimiter.
outputs() {
  printf '%s=failed\n%s=false\n%s=false\n%s=0\n' outcome changed pushed attempts
  printf '%s=\n' commit parent branch git-tag pull-request pull-request-url pull-request-operation image tag digest files
  printf 'error=%s\nreason=%s\n' "$KIND" "$1"
}

# Prints the command that the step was to run; what is no word is left out.
command_word() { printf '%s' "${TAGSHIP_COMMAND:-release}" | tr -cd 'a-z-'; }

document() {
  printf '{"command":%s,"outcome":"failed","reason":null,"changed":false,"branch":null,"branch_created":false,"commit":null,"parent":null,"git_tag":null,' \
    "$(json_string "$(command_word)")"
  printf '"pushed":false,"pull_request":null,"attempts":0,"images":[],"files":[],"message":null,"diff":"","rollback_of":[],"releases":[],"entries":[],"left_out":[],"rules":[],"notes":[],'
  printf '"error":{"kind":"%s","message":%s,"details":[],"hint":null,"place":null,"exit_code":%s}}' \
    "$KIND" "$(json_string "$1")" "$EXIT_CODE"
}

# The results as a comment on a pull request. The reason is one line, and its block begins with another text.
markdown() {
  # shellcheck disable=SC2016 # backticks mark literals
  printf '<!-- tagship %s -->\n### ❌ tagship %s failed\n\n```text\nerror: %s\n```\n' "$(command_word)" "$(command_word)" "$1"
}

# The results as a test report with one test that failed.
junit() {
  local text counts='tests="1" failures="1" errors="0"'
  text="$(printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g')"
  printf '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites %s>\n' "$counts"
  printf '<testsuite name="tagship %s" %s skipped="0">\n' "$(command_word)" "$counts"
  printf '<testcase classname="tagship %s" name="%s: %s"><failure message="%s"></failure></testcase>\n' \
    "$(command_word)" "$KIND" "$text" "$text"
  printf '</testsuite>\n</testsuites>\n'
}

# Tells whether a path below the current folder leads out of it, through a link in the place of a folder.
leads_out() {
  case "/$1/" in //* | */../*) return 1 ;; esac
  case "$(cd -P -- "$(dirname -- "$1")" 2>/dev/null && pwd)/" in "$(pwd -P)"/*) return 1 ;; esac
}

# Replaces a file by what stdin has; a link or a device in its place stays what it is.
replace() {
  if [ -L "$1" ] || { [ -e "$1" ] && [ ! -f "$1" ]; } || leads_out "$1"; then return 1; fi
  local part
  part="$(mktemp "$1.XXXXXX" 2>/dev/null)" || return 1
  chmod 644 "$part"
  { cat >"$part" && mv -f "$part" "$1"; } || { rm -f "$part" && return 1; }
}

# Writes a result file, given as FORMAT=PATH.
write_result() {
  local form="${1%%=*}" path="${1#*=}" name value
  case "$form" in
    json) printf '%s\n' "$(document "$2")" | replace "$path" ;;
    # No prose: GitLab expands variables in it.
    dotenv)
      outputs "$2" | grep -v '^reason=' | while IFS='=' read -r name value; do
        printf 'TAGSHIP_RESULT_%s=%s\n' "$(printf '%s' "$name" | tr '[:lower:]-' '[:upper:]_')" "$value"
      done | replace "$path"
      ;;
    github) { [ ! -e "$path" ] || [ -f "$path" ]; } && { outputs "$2" && printf 'result=%s\n' "$(document "$2")"; } >>"$path" ;;
    tekton)
      outputs "$2" | while IFS='=' read -r name value; do
        printf '%s' "$value" | replace "$path/$name" || return 1
      done
      ;;
    markdown) markdown "$2" | replace "$path" ;;
    junit) junit "$2" | replace "$path" ;;
    *) return 1 ;;
  esac
}

# fail KIND REASON: ends the step with a reason, and with the exit code that the program has for this kind.
fail() {
  local reason="$2" file
  KIND="$1"
  case "$KIND" in
    usage) EXIT_CODE=2 ;;
    unavailable) EXIT_CODE=6 ;;
    *) EXIT_CODE=1 ;;
  esac
  # A URL may have a login, as that of a mirror that `download-base-url` names. A password with a `/` in it looks like a port.
  reason="$(printf '%s' "${reason//[[:cntrl:]]/ }" |
    sed 's#//[^[:space:]/:]*:[0-9]*[^[:space:]/0-9][^[:space:]]*@#//***@#g; s#//[^[:space:]/]*@#//***@#g')"
  annotate "$reason"
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    write_result "github=$GITHUB_OUTPUT" "$reason" || annotate "cannot write the outputs to \`$GITHUB_OUTPUT\`"
  fi
  while IFS= read -r file; do
    # The program trims the lines of a list, too.
    file="${file#"${file%%[![:space:]]*}"}" && file="${file%"${file##*[![:space:]]}"}"
    if [ -n "$file" ]; then
      write_result "$file" "$reason" || annotate "cannot write \`${file#*=}\`, which a result file is to be"
    fi
  done <<<"${TAGSHIP_RESULT_FILE:-}"
  exit "$EXIT_CODE"
}
