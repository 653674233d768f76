#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The fifteen claims: each has a verdict and scenarios that settle it, those pass, and docs/claims.md says the
# same. NSLAB names the program.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR
. "$here/frame.sh"
skip_without_namespaces
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

CLAIMS=15

all_are_there_and_complete() {
	"$NSLAB" list --claims --json >"$work/claims.json"
	python3 - "$work/claims.json" "$CLAIMS" <<'END'
import json, sys

claims = json.load(open(sys.argv[1]))
assert len(claims) == int(sys.argv[2]), len(claims)
assert len({c['id'] for c in claims}) == len(claims)
for c in claims:
    assert c['verdict'] in ('true', 'limited', 'false'), c
    assert c['scenarios'], f"no scenario settles {c['id']}"
    for text in ('claim', 'observed', 'observed_go', 'sentence'):
        assert len(c[text]) > 5, (c['id'], text)
END
}

the_table_has_them() {
	"$NSLAB" list --claims >"$work/table"
	[ "$(grep -cE '^ ?[0-9]+  (true|true with a limit|false) ' "$work/table")" = "$CLAIMS" ]
}

the_page_says_the_same() {
	"$NSLAB" reference claims | diff "$here/../../docs/claims.md" - || {
		echo "to remake it: nslab reference claims >docs/claims.md"
		return 1
	}
}

# what Go does is shown by scenarios of its own, which name the claims, too
those_in_go_name_claims_that_there_are() {
	local file id

	"$NSLAB" list --claims --json >"$work/claims.json"
	for file in "$here"/../../examples/go/scenarios/*.yaml; do
		for id in $(sed -n 's/^claims: \[\(.*\)\]/\1/p' "$file" | tr -d ,); do
			grep -qF "\"id\": \"$id\"" "$work/claims.json" || {
				echo "$file: there is no claim '$id'"
				return 1
			}
		done
	done
}

the_scenarios_that_settle_them_pass() {
	local names

	"$NSLAB" list --claims --json >"$work/claims.json"
	mapfile -t names < <(python3 -c '
import json, sys
for name in sorted({s for c in json.load(open(sys.argv[1])) for s in c["scenarios"]}):
    print(name)' "$work/claims.json")
	[ "${#names[@]}" -ge "$CLAIMS" ]
	"$NSLAB" run "${names[@]}" -q
}

one_case "$@"
each_case all_are_there_and_complete the_table_has_them the_page_says_the_same \
	those_in_go_name_claims_that_there_are the_scenarios_that_settle_them_pass
