#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes reports from real runs and from a hostile log, and looks at them in a real browser (report.mjs). NSLAB names the
# program; the first word is a folder that stays, where npm's playwright-core is kept. Without a browser, node or npm
# the test is skipped; with BROWSER_REQUIRED=1, as in continuous integration, that is a failure. With a second folder it
# makes the pictures of docs/reports.md there instead; with the word measure it tells how long a large page takes to open.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
keep=${1:?a folder to keep modules in}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PLAYWRIGHT=1.56.1
export LC_ALL=C.UTF-8

cannot() {
	echo "skipped: $*"
	[ "${BROWSER_REQUIRED:-0}" != 1 ] || exit 1
	exit 77
}

NSLAB_CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
	cannot "there is no Chromium"
for tool in node npm; do
	command -v $tool >/dev/null || cannot "there is no $tool"
done
mkdir -p "$keep"
grep -qs "\"version\": \"$PLAYWRIGHT\"" "$keep/node_modules/playwright-core/package.json" ||
	(cd "$keep" && npm install --no-save --no-package-lock --no-audit --no-fund --silent "playwright-core@$PLAYWRIGHT") ||
	cannot "npm cannot bring playwright-core"
export NSLAB_CHROMIUM NSLAB_BROWSER_MODULES=$keep

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# made NAME STATUS ARG…: a run's log, and its page
made() {
	local name=$1 want=$2 status=0

	shift 2
	"$NSLAB" run "$@" --events "$work/$name.jsonl" -q >"$work/out" 2>&1 || status=$?
	[ "$status" = "$want" ] || {
		echo "nslab run $*: exit status $status instead of $want"
		cat "$work/out"
		exit 1
	}
	"$NSLAB" report "$work/$name.jsonl" --html "$work/$name.html"
}

made passed 0 dial-syn-dropped --set ip=4
made failed 1 dial-syn-dropped --set ip=4 --disarm
made routers 0 dial-asymmetric --set ip=4
made lossy 0 conn-lossy --set ip=4
cat "$work"/{passed,failed,routers,lossy}.jsonl >"$work/joined.jsonl"
"$NSLAB" report "$work/joined.jsonl" --html "$work/joined.html"
# every text of a log: markup of its own
sed -E 's#"(title|story|remedy|text|detail|expected|observed|fault|past|socket|local|repeat|set|kernel|ifname|a_shape|name|scenario|file)":"[^"]*"#"\1":"<script>window.harm = 1</script><img src=x onerror=\\"window.harm=2\\">\\u0027]]>{{title}}-->"#g;
	s#"hosts":\["client","fw","server"\]#"hosts":["<script>window.harm = 1</script>","</svg><b onload=\\"window.harm=3\\">","server"]#' \
	"$work/failed.jsonl" >"$work/hostile.jsonl"
"$NSLAB" report "$work/hostile.jsonl" --html "$work/hostile.html"
node "$here/big_log.mjs" 30 500 >"$work/large.jsonl"
node "$here/big_log.mjs" 5 500 >"$work/middling.jsonl"
cat "$work"/{large,hostile}.jsonl >"$work/hostile-large.jsonl"
for name in large middling hostile-large; do
	"$NSLAB" report "$work/$name.jsonl" --html "$work/$name.html"
done

if [ "${2:-}" = measure ]; then
	node "$here/big_log.mjs" 200 500 >"$work/large.jsonl"
	"$NSLAB" report "$work/large.jsonl" --html "$work/large.html"
	node "$here/measure.mjs" "$work/large.html"
	exit
fi
if [ $# -gt 1 ]; then
	node "$here/pictures.mjs" "$work" "$2"
	exit
fi
node "$here/report.mjs" "$work"
