#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bench.sh BUILD-DIR [ROUNDS [ROUNDS-SHAPES]] - measure, and print Markdown tables. All that is compared is measured
# in turns within one run. The machine itself is not touched: see bench_build.c.
set -euo pipefail

build=${1:?the build directory}
rounds=${2:-100}
shape_rounds=${3:-3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bench=$build/tests/bench_build
nslab=$build/nslab
PATH=$PATH:/usr/sbin:/sbin

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say() {
	printf '%s\n' "$*" >&2
}

say "building labs, $rounds rounds …"
"$bench" labs "$rounds" "$here/lab-script" "$here/lab-batch" "$here/lab-script+plain" \
	"$here/lab-batch+plain" >"$work/labs"
say "100 labs at once …"
"$bench" at-once 100 >"$work/at-once"
say "nslab run, $rounds rounds …"
"$bench" run "$rounds" "$nslab" dial-ok --set ip=4 -q >"$work/run"

say "shaped links, $shape_rounds rounds …"
status=0
"$build/tests/bench_shape" "$shape_rounds" >"$work/shape" || status=$?

as=root
[ "$(id -u)" = 0 ] || as='an ordinary user'
cat <<END
Measured with \`./dev bench\` on $(date -u +%Y-%m-%d): Linux $(uname -r), $(uname -m), $(nproc) cores
($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), as $as, with $("$nslab" version | awk 'NR == 1 { print $1, $2 }').
Each median is that of $rounds rounds; in brackets the 10th and the 90th percentile.

| client -- fw -- server with one fault | median, ms | times nslab |
|---|---|---|
END
awk -F'\t' '
	$1 == "nslab" { own = $2 }
	{
		name["nslab"] = "nslab: the network, the fault, and hearing of its hits"
		name["lab-script"] = "the same lab, a script of `ip`, `sysctl`, `ethtool` and `nft`"
		name["lab-batch"] = "the same lab, `ip -batch`, `sysctl -p`, `ethtool` and `nft -f`"
		name["lab-script+plain"] = "a plainer lab, a script of `ip` and `nft`"
		name["lab-batch+plain"] = "a plainer lab, `ip -batch` and `nft -f`"
		printf "| %s | %.2f (%.2f–%.2f) | %.1f |\n", name[$1], $2, $3, $4, $2 / own
	}' "$work/labs"
cat <<END

The same lab has the sysctls, the known neighbours and the switched off offloads that make a lab of
nslab quiet and repeatable; the plainer one does without.

| nslab | |
|---|---|
END
awk -F'\t' '
	$1 == "nslab" { printf "| build one of 100 labs that stay (300 namespaces), ms | %.2f (%.2f–%.2f) |\n", $2, $3, $4 }
	$1 == "run" { printf "| `nslab run dial-ok --set ip=4 -q`, start to exit, without its steps, ms | %.2f (%.2f–%.2f) |\n", $2, $3, $4 }
	$1 == "memory" && FILENAME ~ /at-once/ { printf "| memory of the machine for each of these labs, MB | %.2f |\n", $2 }
	$1 == "memory" && FILENAME ~ /run/ { printf "| largest process of a run, resident, MB | %.2f |\n", $2 }
	' "$work/at-once" "$work/run"
cat "$work/shape"
[ "$status" = 0 ] || say "what stands on stderr of bench_shape spoils its figures"
exit "$status"
