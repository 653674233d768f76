#!/usr/bin/env bash
# Commands as typed, and what they print: for documents. Usage: tests/docs/session.sh COMMAND…
set -u
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
trap 'nslab down --all >/dev/null 2>&1; rm -rf "$XDG_RUNTIME_DIR"' EXIT
for command; do
	printf '$ %s\n' "$command"
	bash -c "$command" 2>&1 </dev/null
done
exit 0
