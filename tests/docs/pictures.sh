#!/usr/bin/env bash
# Puts real output into README.md and docs: each block between "<!-- begin: COMMAND -->" and "<!-- end -->" is replaced
# by what that command prints, at 80 columns. Usage: tests/docs/pictures.sh NSLAB [FILE…]
set -euo pipefail
nslab=$(realpath "${1:?the nslab binary}")
shift
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8
files=("$@")
[ ${#files[@]} -gt 0 ] || files=(README.md docs/reports.md)

for file in "${files[@]}"; do
	out=$(mktemp)
	trap 'rm -f "$out"' EXIT
	skip=0
	while IFS= read -r line; do
		if [[ $line =~ ^'<!-- begin: '(.*)' -->'$ ]]; then
			printf '%s\n' "$line"
			command=${BASH_REMATCH[1]}
			printf '```\n'
			# the command is ours, from our own README; its exit status is part of some examples
			(PATH=$(dirname "$nslab"):$PATH bash -c "$command" 2>&1 || true) | sed 's/[[:space:]]*$//'
			printf '```\n'
			skip=1
		elif [ "$line" = '<!-- end -->' ]; then
			skip=0
			printf '%s\n' "$line"
		elif [ $skip = 0 ]; then
			printf '%s\n' "$line"
		fi
	done <"$file" >"$out"
	cat "$out" >"$file"
	rm -f "$out"
done
