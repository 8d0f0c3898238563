# What the tests with virtual boards share, besides helpers.bash.
# shellcheck shell=bash

load "${BASH_SOURCE[0]%/*}/helpers"

# Virtual boards b0, b1, ... that take no time.
boards_up() {
	stmiot -q sim up --no-hub --boards "${1:-1}" --time "${2:-none}" >up.txt
}

# FILE BYTES [SEED]: bytes that look random, and are the same each time.
random_file() {
	openssl enc -aes-128-ctr -K "$(printf '%032x' "${3:-1}")" -iv 0 -nosalt \
		-in /dev/zero 2>/dev/null | head -c "$2" >"$1" || true
	[ "$(stat -c %s "$1")" -eq "$2" ]
}

# FILE BYTES [SEED]: the same, beginning with a vector table, so that it can be started.
random_firmware() {
	random_file "$1" "$2" "${3:-1}"
	printf '\000\000\002\040\011\000\000\010' | patch_file "$1" 0
}

# FILE OFFSET: standard input goes over the file's bytes.
patch_file() {
	dd of="$1" bs=4096 seek="$2" oflag=seek_bytes conv=notrunc status=none
}

# FILE BYTES: nothing but 0xff.
blank_file() {
	head -c "$2" /dev/zero | tr '\0' '\377' >"$1"
}

# [NAME]: a copy of what is in its flash, in flash.NAME
take_flash() {
	cp "sim/${1:-b0}/flash.bin" "flash.${1:-b0}"
}

# FILE OFFSET [NAME]: the board's flash holds this file there.
holds() {
	local n
	n=$(stat -c %s "$1")
	cmp -n "$n" "$1" "sim/${3:-b0}/flash.bin" 0 "$2" || {
		echo "flash at offset $2 is not $1"
		return 1
	}
}

# Give a board other flash, option bytes or OTP than it has: NAME FILE OFFSET, standard input.
change_board() {
	stmiot -q sim down "$1"
	patch_file "sim/$1/$2" "$3"
	stmiot -q sim up --no-hub --time none --boards "$(find sim -mindepth 1 -maxdepth 1 -type d ! -name hub | wc -l)" >up.txt
}

# NAME JQ-EXPRESSION: of its status
board() {
	stmiot sim status "$1" --json | jq -r ".[0]$2"
}

# Of the only board.
serial() {
	stmiot list --json | jq -r '.[0].serial'
}

# The two-element DfuSe image of a MicroPython firmware, by shape: seed.dfu, its pieces
# seed.a at 0x08000000 and seed.b at 0x08020000.
make_seed() {
	random_firmware seed.a 14608 "${1:-1}"
	random_file seed.b 320184 "$((${1:-1} + 1))"
	dfuse-pack -b 0x08000000:seed.a -b 0x08020000:seed.b seed.dfu
}

# WORD...: 32 bits each, the low byte first
le32() {
	local word
	for word in "$@"; do
		printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((word & 255)) \
			$((word >> 8 & 255)) $((word >> 16 & 255)) $((word >> 24 & 255)))"
	done
}

# CONTENT ELF [MACHINE [TYPE]]: an executable whose one program header loads CONTENT to
# 0x08000000; e_machine 40 is Arm, p_type 1 is to be loaded.
make_elf() {
	local bytes
	bytes=$(stat -c %s "$1")
	{
		printf '\177ELF\001\001\001\000\000\000\000\000\000\000\000\000'
		le32 $((2 | ${3:-40} << 16)) 1 0x08000009 52 0 0x05000000
		le32 $((52 | 32 << 16)) $((1 | 40 << 16)) 0
		le32 "${4:-1}" 84 0x08000000 0x08000000 "$bytes" "$bytes" 5 4
		cat "$1"
	} >"$2"
}
