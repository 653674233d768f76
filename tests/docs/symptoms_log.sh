#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes event logs of all scenarios to FOLDER/*.jsonl, for symptoms.py. What did not pass, as happens on a busy
# machine, is run again, at most three times, by itself.
# Usage: tests/docs/symptoms_log.sh NSLAB FOLDER
set -euo pipefail
nslab=${1:?the nslab binary}
folder=${2:?a folder for the logs}
here=$(dirname "${BASH_SOURCE[0]}")

"$nslab" run --all -q --events "$folder/0.jsonl" >"$folder/out" || true
for round in 1 2 3; do
	mapfile -t failed < <("$here/symptoms.py" --failed "$folder"/*.jsonl)
	[ ${#failed[@]} -gt 0 ] || exit 0
	echo "once more: ${failed[*]}" >&2
	"$nslab" run -q -j 1 --events "$folder/$round.jsonl" "${failed[@]}" >"$folder/out" || true
done
mapfile -t failed < <("$here/symptoms.py" --failed "$folder"/*.jsonl)
[ ${#failed[@]} -eq 0 ] || { cat "$folder/out"; exit 1; } >&2
