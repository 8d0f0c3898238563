# What the tests of the command share: the build in PATH, folders of their own, no terminal,
# and never a board that happens to be plugged in.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

setup() {
	STMIOT_BUILD=$(cd "${STMIOT_BUILD:-$BATS_TEST_DIRNAME/../../build}" && pwd)
	PATH=$STMIOT_BUILD/bin:$PATH
	HOME=$BATS_TEST_TMPDIR/home
	XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
	XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	STMIOT_SIM_DIR=$BATS_TEST_TMPDIR/sim
	STMIOT_BUS=sim
	NO_COLOR=1
	LC_ALL=C
	export PATH HOME XDG_STATE_HOME XDG_CONFIG_HOME XDG_CACHE_HOME STMIOT_SIM_DIR STMIOT_BUS
	export NO_COLOR LC_ALL STMIOT_BUILD
	unset STMIOT_BOARD STMIOT_TIMEOUT_MS STMIOT_UDEV_DIR STMIOT_SYSFS STMIOT_DEV
	mkdir -p "$HOME"
	cd "$BATS_TEST_TMPDIR" || return 1
	if declare -F more_setup >/dev/null; then
		more_setup
	fi
}

# Nothing that a test has started in the background outlives it.
teardown() {
	local pid
	if declare -F more_teardown >/dev/null; then
		more_teardown
	fi
	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null || true
	done
	if [ -d "$BATS_TEST_TMPDIR/sim" ]; then
		STMIOT_SIM_DIR=$BATS_TEST_TMPDIR/sim stmiot -q sim down || true
	fi
}

# COMMAND...: with the rights of a file's mode alone, as root too
without_rights() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
	else
		"$@"
	fi
}

# Compare the text of the last `run` with what should be there, line by line.
# shellcheck disable=SC2154 # run sets output and stderr
output_is() {
	if [ "$output" != "$1" ]; then
		printf 'expected:\n%s\ngot:\n%s\n' "$1" "$output"
		return 1
	fi
}

# shellcheck disable=SC2154
stderr_is() {
	if [ "$stderr" != "$1" ]; then
		printf 'expected on stderr:\n%s\ngot:\n%s\n' "$1" "$stderr"
		return 1
	fi
}

# FILE: what is secret in it is to be searched for (tests/secrets), although no program is
# given this file by name or makes it.
used_secret() {
	if [ -n "${STMIOT_KEEP:-}" ]; then
		cp "$1" "$(mktemp --suffix .given-1 "$STMIOT_KEEP/test.XXXXXX")"
	fi
}

has() {
	if [[ "$1" != *"$2"* ]]; then
		printf "'%s' is not in:\n%s\n" "$2" "$1"
		return 1
	fi
}

# JQ-FILTER: of the status of the virtual board b0; false where that is
status() {
	stmiot sim status b0 --json | jq -re ".[0] | $1"
}

# COMMAND...: until it succeeds, but not for ever
eventually() {
	for _ in $(seq 200); do
		"$@" >eventually.txt 2>&1 && return
		sleep 0.05
	done
	cat eventually.txt
	return 1
}

# A raw program that looks like STM32F407 firmware: BYTES long, with a vector table.
make_firmware() {
	local file=$1 bytes=${2:-1024}
	{
		printf '\000\000\002\040\011\000\000\010'
		awk -v n="$((bytes - 8))" 'BEGIN { for (i = 0; i < n; i++) printf "%c", 33 + i * 7 % 90 }'
	} >"$file"
}
