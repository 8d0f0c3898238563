# shellcheck shell=sh
# What the benchmarks share, for scripts that set `results`, the file of rows. To be sourced.

: "${results:?}"

say() {
	echo "bench: $*" >&2
}

# Arithmetic with fractions: calc EXPRESSION [FORMAT].
calc() {
	awk "BEGIN { printf \"${2:-%.3f}\", $1 }"
}

# median FILE COLUMN
median() {
	cut -d ' ' -f "$2" "$1" | sort -n | awk '
		{ s[NR] = $1 }
		END { print (s[int((NR + 1) / 2)] + s[int(NR / 2) + 1]) / 2 }'
}

# row WORK TIME FIGURE TARGET HOLDS: HOLDS is an awk condition, and decides on a remark.
row() {
	remark=$(awk "BEGIN { print ($5) ? \"\" : \"missed\" }")
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$remark" >>"$results"
}

print_table() {
	awk -F '\t' '
		function line(a, b, c, d, e) {
			s = sprintf("%-47s %9s  %-31s  %-14s  %s", a, b, c, d, e)
			sub(/ +$/, "", s)
			print s
		}
		BEGIN { line("work", "time", "measured", "target", "") }
		{ line($1, $2, $3, $4, $5) }' "$results"
}

# What a command takes, in seconds; its words are kept for when it fails.
seconds_of() {
	start=$(date +%s%N)
	"$@" >"$results.log" 2>&1 || { say "failed: $*"; cat "$results.log" >&2; exit 1; }
	end=$(date +%s%N)
	calc "($end - $start) / 1e9"
}
