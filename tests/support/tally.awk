# SPDX-License-Identifier: GPL-2.0-or-later
#
# awk -f tally.awk [-v only=TEST] LOG: what "ctest -V" wrote, as "PASSED FAILED SKIPPED"; the output of
# failed tests on stderr. A test may say what it counted: as "N passed, N failed, N skipped", or as
# cmocka does at its end. only: count that test.
/^[0-9]+: / {
	id = $1 + 0
	line = substr($0, index($0, ": ") + 2)
	if (line ~ /^(Test command|Working Directory|Environment variables|Test timeout computed|  *NSLAB=)/)
		next
	output[id] = output[id] "    " line "\n"
	if (line ~ /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/) {
		split(line, w, " ")
		said[id] = 1
		p[id] = w[1] + 0; f[id] = w[3] + 0; s[id] = w[5] + 0
	} else if (!said[id] && line ~ /^\[  (PASSED|FAILED|SKIPPED) *\].*[0-9]+ test\(s\)/) {
		n = line
		sub(/ test\(s\).*/, "", n)
		sub(/.* /, "", n)
		if (line ~ /PASSED/) p[id] += n
		else if (line ~ /FAILED/) f[id] += n
		else s[id] += n
	}
	next
}
/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
	id = $0
	sub(/^[^#]*#/, "", id)
	id += 0
	name = $0
	sub(/^[^#]*#[0-9]+: /, "", name)
	sub(/ .*/, "", name)
	if (only && name != only)
		next
	if ($0 ~ / Passed /) {
		# it ended with 0, whatever it said
		if (!(p[id] + f[id] + s[id])) p[id] = 1
	} else if ($0 ~ /\*\*\*Skipped/) {
		p[id] = f[id] = 0
		if (!s[id]) s[id] = 1
	} else {
		if (!f[id]) f[id] = 1
		status = $0
		sub(/.*\*\*\*/, "", status)
		printf "\n---- %s: %s\n%s", name, status, output[id] > "/dev/stderr"
	}
	P += p[id]; F += f[id]; S += s[id]
}
END { print P + 0, F + 0, S + 0 }
