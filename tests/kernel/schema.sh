#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The JSON Schema of the event log, as an independent validator (python3-jsonschema) understands it: real
# logs, the examples of docs/events.md and the JSON report keep to it, and records that are broken do not.
# NSLAB names the program. Without the validator the test is skipped, with CI=true that is a failure.
set -euo pipefail

NSLAB=${NSLAB:?the path of nslab}
docs=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/docs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
unset NSLAB_SCENARIOS

# the first python that has it: another one may stand before the distribution's
python=
for candidate in python3 /usr/bin/python3; do
	if [ -z "$python" ] && "$candidate" -c 'from jsonschema import Draft202012Validator' 2>/dev/null; then
		python=$candidate
	fi
done
if [ -z "$python" ]; then
	echo "schema: no python3 has the module jsonschema (Debian: python3-jsonschema)"
	[ "${CI:-}" = true ] || exit 77
	exit 1
fi
if [ "$(id -u)" != 0 ] && ! unshare -Ur true 2>/dev/null; then
	echo "schema: skipped: not root, and no user namespaces"
	exit 77
fi

"$NSLAB" schema events >"$work/events.schema.json"
# between them all types of records but three, headers of ICMP, and of IPv6
for words in 'dial-syn-dropped --set ip=4' 'dial-reject-icmp' 'dial-synack-late --set ip=6'; do
	# shellcheck disable=SC2086 # words
	timeout 100 "$NSLAB" run $words --events "$work/log" >/dev/null
	cat "$work/log" >>"$work/events.jsonl"
done
"$NSLAB" report --json "$work/events.jsonl" >"$work/report.json"
# not there in the copy that an ordinary user's test runs in
if [ -f "$docs/events.md" ]; then
	grep '^{' "$docs/events.md" >"$work/examples.jsonl"
	cp "$docs/report.schema.json" "$work/"
fi

# RefResolver is what Debian 12 has; later versions call it deprecated
"$python" -W ignore - "$work" <<'END'
import copy
import json
import os
import sys
import urllib.parse

from jsonschema import Draft202012Validator, RefResolver

work = sys.argv[1]


def load(name):
    with open(os.path.join(work, name), encoding="utf-8") as f:
        return json.load(f)


def lines(name):
    with open(os.path.join(work, name), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def show(error):
    return "%s: %s" % ("/".join(map(str, error.absolute_path)) or "(all)", error.message)


def valid(what, validator, document):
    for error in validator.iter_errors(document):
        sys.exit("%s is not valid, %s" % (what, show(error)[:400]))


schema = load("events.schema.json")
Draft202012Validator.check_schema(schema)
events = Draft202012Validator(schema)

log = lines("events.jsonl")
for number, record in enumerate(log, 1):
    valid("line %d of the log" % number, events, record)
seen = {record["type"] for record in log}
wanted = {"begin", "built", "step-begin", "step-end", "packet", "hit", "release", "state", "expectation", "end"}
assert wanted <= seen, "the logs have no %s" % ", ".join(wanted - seen)

# what must be refused: a type, what to look for in its headers, the member, and what stands there instead
GONE = object()
tcp = {"protocol": "tcp"}
quoting = {"protocol": "icmp", "inner": True}
broken = [
    ("begin", {}, ["version"], 2),
    ("begin", {}, ["hosts", 0], 7),
    ("begin", {}, ["faults", 0, "name"], GONE),
    ("begin", {}, ["links", 0, "a_host"], -1),
    ("built", {}, ["t_ns"], GONE),
    ("built", {}, ["type"], "build"),
    ("built", {}, ["type"], GONE),
    ("step-begin", {}, ["text"], None),
    ("step-end", {}, ["took_ns"], "1"),
    ("packet", {}, ["packet"], GONE),
    ("packet", {}, ["out"], 1),
    ("packet", {}, ["since_ns"], 1.5),
    ("packet", {}, ["host"], -1),
    ("packet", {}, ["bytes"], "RQA"),
    ("packet", {}, ["bytes"], "AAAA" * 44),
    ("packet", tcp, ["packet", "flags"], GONE),
    ("packet", tcp, ["packet", "flags"], "SX"),
    ("packet", tcp, ["packet", "sport"], 65536),
    ("packet", tcp, ["packet", "protocol"], "sctp"),
    ("packet", tcp, ["packet", "protocol"], 256),
    ("packet", quoting, ["packet", "icmp_code"], GONE),
    ("packet", quoting, ["packet", "inner_protocol"], GONE),
    ("packet", quoting, ["packet", "seq"], GONE),
    ("hit", {}, ["fault"], GONE),
    ("release", {}, ["waited_ns"], GONE),
    ("state", {}, ["new"], GONE),
    ("expectation", {}, ["met"], "true"),
    ("end", {}, ["result"], "fine"),
]


def pick(kind, headers):
    for record in log:
        if record["type"] == kind and headers.items() <= record.get("packet", {}).items():
            return copy.deepcopy(record)
    sys.exit("the logs have no %s of %s" % (kind, headers))


for kind, headers, path, value in broken:
    record = pick(kind, headers)
    at = record
    for key in path[:-1]:
        at = at[key]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    if events.is_valid(record):
        sys.exit("%s with %s changed should be refused" % (kind, path))

later = pick("packet", tcp)
later["later"] = later["packet"]["later"] = {"a": [1]}
valid("a record with members of a later version", events, later)

if os.path.exists(os.path.join(work, "examples.jsonl")):
    examples = lines("examples.jsonl")
    for example in examples:
        valid("an example of docs/events.md", events, example)
    assert {example["type"] for example in examples} == set(schema["properties"]["type"]["enum"])

    form = load("report.schema.json")
    Draft202012Validator.check_schema(form)
    # else urljoin() would not put "#/$defs/run" behind "nslab:report:1"
    urllib.parse.uses_relative.append("nslab")
    resolver = RefResolver(form["$id"], form, store={schema["$id"]: schema})
    reports = Draft202012Validator(form, resolver=resolver)
    report = load("report.json")
    valid("the JSON report", reports, report)
    assert len(report["runs"]) >= 3
    del report["runs"][0]["events"][0]["t_ns"]
    assert not reports.is_valid(report), "records inside the JSON report are not looked at"

print("%d records are valid, %d broken ones are not" % (len(log), len(broken)))
END
