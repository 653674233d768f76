#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Remakes what 'nslab find' knows and its pages: runs all scenarios, writes lab/cli/symptoms.tsv by what they did,
# builds nslab with it, and prints the pages that are made from data.
# Usage: tests/docs/symptoms.sh [BUILD]; BUILD is build/dev if it is left out
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${1:-build/dev}
unset NSLAB_SCENARIOS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --build "$build" --target nslab
tests/docs/symptoms_log.sh "$build/nslab" "$work"
tests/docs/symptoms.py "$work"/*.jsonl >"$work/symptoms.tsv"
cat "$work/symptoms.tsv" >lab/cli/symptoms.tsv
cmake --build "$build" --target nslab
for page in symptoms catalogue claims; do
	"$build/nslab" reference "$page" >"docs/$page.md"
done
git --no-pager diff --stat -- lab/cli/symptoms.tsv docs
