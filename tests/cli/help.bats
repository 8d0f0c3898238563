load helpers

@test "help shows the commands, on standard output" {
	run -0 --separate-stderr stmiot help
	has "$output" "  flash        write an image"
	has "$output" "-b, --board SEL"
	stderr_is ""
	help=$output
	run -0 stmiot --help
	output_is "$help"
	run -0 stmiot -h
	output_is "$help"
}

@test "help fits into 80 columns" {
	for command in "" doctor udev list info build flash verify read erase start option otp image \
		hub device token console sim help version completion; do
		# shellcheck disable=SC2086
		run -0 stmiot help $command
		while read -r line; do
			[ ${#line} -le 80 ]
		done <<<"$output"
	done
}

@test "a command's help is the same by all ways" {
	run -0 stmiot help sim
	has "$output" "Usage: stmiot sim VERB [OPTIONS] [NAME] [...]"
	has "$output" "VERB is up, down, status, press, release, leds"
	help=$output
	run -0 stmiot sim --help
	output_is "$help"
	run -0 stmiot -h sim up
	output_is "$help"
}

@test "no command is a wrong command line" {
	run -2 --separate-stderr stmiot
	output_is ""
	stderr_is "stmiot: a command must follow
stmiot: 'stmiot help' lists the commands"
}

@test "mistyped words suggest the nearest" {
	run -2 --separate-stderr stmiot falsh
	stderr_is "stmiot: there is no command 'falsh'; did you mean 'flash'?
stmiot: 'stmiot help' lists the commands"
	run -2 --separate-stderr stmiot help verfy
	has "$stderr" "did you mean 'verify'?"
	run -2 --separate-stderr stmiot sim stauts
	has "$stderr" "did you mean 'status'?"
	run -2 --separate-stderr stmiot sim up --bords 2
	stderr_is "stmiot: there is no option --bords; did you mean --boards?
stmiot: 'stmiot help sim' tells how it is used"
	run -2 --separate-stderr stmiot quux
	stderr_is "stmiot: there is no command 'quux'
stmiot: 'stmiot help' lists the commands"
}

@test "options are of the verbs that the help names, and of no others" {
	run -2 --separate-stderr stmiot sim press b0 --watch
	stderr_is "stmiot: --watch goes with leds, not with press
stmiot: 'stmiot help sim' tells how it is used"
	run -2 --separate-stderr stmiot sim --for 5 release b0
	has "$stderr" "--for goes with press, not with release"
	run -2 --separate-stderr stmiot device show x --reason y
	has "$stderr" "--reason goes with create, enable, disable, not with show"
	run -2 --separate-stderr stmiot hub use x --replace
	has "$stderr" "--replace goes with add, not with use"
	run -2 --separate-stderr stmiot image info x --to dfu
	has "$stderr" "--to goes with convert, not with info"
	run -2 --separate-stderr stmiot udev print -n
	has "$stderr" "--dry-run goes with install, remove, not with print"
}

@test "what stands before a colon in an option's help is a list of verbs" {
	for command in device hub sim option otp image udev; do
		stmiot help $command >text
		verbs=$(sed -n '/^VERB is/,/^$/p' text | tr -d '\n' | sed 's/VERB is//; s/,//g; s/  */ /g')
		[ -n "$verbs" ] || verbs=$(sed -n "s/^Usage: stmiot $command \([^ ]*\).*/\1/p" text | tr '|' ' ')
		# A row a line.
		sed -n '/^Options/,/^$/p' text | sed 1d | awk '
			/^  (-|    --)/ { if (n++) print ""; printf "%s", $0; next }
			{ sub(/^ +/, " "); printf "%s", $0 } END { print "" }' |
			sed -n 's/^.*  \([a-z][a-z-]*\(, [a-z-]*\)*\): .*/\1/p' >heads
		tr -d , <heads | tr ' ' '\n' | while read -r word; do
			[ -z "$word" ] || has " $verbs " " $word "
		done
		echo "$command $(wc -l <heads)" >>found
	done
	# It has looked at some.
	grep -q "^device [1-9][0-9]" found
	grep -q "^udev 1$" found
}

@test "escape sequences of a word are not passed on" {
	run -2 --separate-stderr stmiot $'\033[2Jx'
	stderr_is "stmiot: there is no command '?[2Jx'
stmiot: 'stmiot help' lists the commands"
}

@test "a verb is missing" {
	run -2 --separate-stderr stmiot udev
	has "$stderr" "udev: one of print|install|remove|check must follow"
}

@test "version, as text and as JSON" {
	run -0 --separate-stderr stmiot version
	[[ "$output" =~ ^stmiot\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	version=$output
	run -0 stmiot -V
	output_is "$version"
	run -0 stmiot flash --version
	output_is "$version"
	run -0 bash -c 'stmiot version --json | jq -r .version'
	output_is "${version#stmiot }"
	run -0 bash -c 'stmiot --json version | jq -r .libdfu,.libprov'
	output_is "${version#stmiot }
${version#stmiot }"
}

@test "a JSON document is a member a line" {
	run -0 stmiot version --json
	[ "${#lines[@]}" -eq 5 ]
	[ "${lines[0]}" = "{" ]
	[[ "${lines[1]}" =~ ^\ \ \"version\":\ \"[0-9.]+\",$ ]]
	[ "${lines[4]}" = "}" ]
}

@test "a reader that closes the pipe is no failure" {
	run -0 bash -c 'set -o pipefail; stmiot help | head -n 1 >/dev/null'
}

@test "a full disk is one" {
	run -1 --separate-stderr bash -c 'stmiot help >/dev/full'
	stderr_is "stmiot: standard output: No space left on device"
}
