#!/bin/sh
# golden.sh PROGRAM EXPECTED: compares what PROGRAM prints of each of its goldens with the files in EXPECTED.
# golden.sh --renew PROGRAM EXPECTED: writes these files anew; look at `git diff` before you commit them.
set -eu

renew=
if [ "$1" = --renew ]; then
	renew=yes
	shift
fi
program=$1
expected=$2
TZ=UTC
LC_ALL=C.UTF-8
export TZ LC_ALL

show() {
	case $1 in
	# One line is no reading: JSON is shown indented, which also parses it.
	json-*) "$program" "$1" | python3 -c '
import json, sys
line = sys.stdin.buffer.read()
assert line.endswith(b"\n") and line.count(b"\n") == 1, "one object, one line"
print(json.dumps(json.loads(line.decode("utf-8")), indent=1, ensure_ascii=False))' ;;
	*) "$program" "$1" ;;
	esac
}

actual=$(mktemp)
trap 'rm -f "$actual"' EXIT
failed=0
names=$("$program")
for name in $names; do
	show "$name" >"$actual"
	if [ -n "$renew" ]; then
		cp "$actual" "$expected/$name.txt"
	elif ! diff -u "$expected/$name.txt" "$actual"; then
		failed=$((failed + 1))
	fi
done
for file in "$expected"/*.txt; do
	name=${file##*/}
	case " $(echo "$names" | tr '\n' ' ') " in
	*" ${name%.txt} "*) ;;
	*) echo "$file: belongs to no golden" && failed=$((failed + 1)) ;;
	esac
done
[ "$failed" -eq 0 ] || echo "$failed differ; if that is meant: $0 --renew $program $expected"
[ "$failed" -eq 0 ]
