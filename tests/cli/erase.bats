load boards

# While the board runs: its serial is in it.
record() {
	"$BATS_TEST_DIRNAME/credential-record" "$(board b0 .serial)" >record
	cat record
}

full_board() {
	boards_up
	random_file all 1048576 3
	change_board b0 flash.bin 0 <all
}

# OFFSET BYTES of `all` are blank
blank_part() {
	blank_file ff "$2"
	patch_file all "$1" <ff
}

@test "sectors, and no others" {
	full_board
	run -0 --separate-stderr stmiot -q erase 0x08004000 32K --yes
	output_is "sim:b0: erased"
	blank_part 16384 32768
	cmp all sim/b0/flash.bin
	run -0 --separate-stderr stmiot -q erase 0x080e0000 0x20000 --yes --json
	[ "$(jq -c '[.board, .erased]' <<<"$output")" = '["sim:b0",true]' ]
	blank_part 917504 131072
	cmp all sim/b0/flash.bin
	[ "$(board b0 '| .counters.erases')" -eq 3 ]
}

@test "parts of sectors are refused, with the bounds to take" {
	full_board
	run -2 --separate-stderr stmiot erase 0x08004000 4K --yes
	output_is ""
	stderr_is "stmiot: sim:b0: only whole sectors can be erased
stmiot: those around it are 0x08004000 16384"
	run -2 --separate-stderr stmiot erase 0x0800fffc 8 --yes
	has "$stderr" "those around it are 0x0800c000 81920"
	cmp all sim/b0/flash.bin
}

@test "what is not flash is refused" {
	full_board
	run -5 --separate-stderr stmiot erase 0x08100000 16K --yes
	has "$stderr" "0x08100000 and the 16384 bytes from there are not all in flash"
	run -5 --separate-stderr stmiot erase 0x080e0000 256K --yes
	run -5 --separate-stderr stmiot erase 0x1fffc000 16 --yes
	run -5 --separate-stderr stmiot erase 0x08000000 0 --yes
	run -5 --separate-stderr stmiot erase 0xffffc000 16K --yes
	cmp all sim/b0/flash.bin
	[ "$(board b0 '| .counters.erases')" -eq 0 ]
}

@test "wrong command lines" {
	run -2 --separate-stderr stmiot erase
	has "$stderr" "erase takes an address and a length, or --chip"
	run -2 --separate-stderr stmiot erase 0x08000000
	run -2 --separate-stderr stmiot erase --chip 0x08000000 16K
	run -2 --separate-stderr stmiot erase start end
	has "$stderr" '"start end" is not an address and a length'
}

@test "nobody to ask and no --yes" {
	full_board
	run -2 --separate-stderr stmiot erase 0x08004000 16K </dev/null
	output_is ""
	stderr_is "stmiot: erase these sectors of sim:b0?
stmiot: nobody is there to ask: give --yes to say so"
	run -2 --separate-stderr stmiot erase --chip </dev/null
	stderr_is "stmiot: erase all flash of sim:b0?
stmiot: nobody is there to ask: give --yes to say so"
	cmp all sim/b0/flash.bin
}

@test "on a terminal it asks" {
	full_board
	run script -qec "stmiot -q erase 0x08004000 16K" /dev/null <<<n
	[ "$status" -eq 2 ]
	has "$output" "erase these sectors of sim:b0? [y/N]"
	cmp all sim/b0/flash.bin
	run script -qec "stmiot -q erase 0x08004000 16K" /dev/null <<<y
	[ "$status" -eq 0 ]
	blank_part 16384 16384
	cmp all sim/b0/flash.bin
}

@test "the whole chip by one mass erase" {
	full_board
	run -0 --separate-stderr stmiot -q erase --chip --yes
	output_is "sim:b0: erased"
	[ "$(board b0 '| .counters | [.erases, .mass_erases] | tostring')" = '[0,1]' ]
	blank_part 0 1048576
	cmp all sim/b0/flash.bin
}

@test "the whole chip, but for credential records" {
	full_board
	record >/dev/null
	change_board b0 flash.bin 32768 <record
	run -0 --separate-stderr stmiot erase --chip --yes
	output_is "sim:b0: erased"
	has "$stderr" "stmiot: keeping the credential record at 0x08008000"
	blank_part 0 1048576
	patch_file all 32768 <record
	cmp all sim/b0/flash.bin
	record >/dev/null
	change_board b0 flash.bin 49152 <record
	run -0 --separate-stderr stmiot -q erase --chip --yes
	patch_file all 49152 <record
	cmp all sim/b0/flash.bin
	run -0 --separate-stderr stmiot erase --chip --overwrite-credentials --yes
	blank_part 0 1048576
	cmp all sim/b0/flash.bin
}

@test "a sector with a credential record" {
	full_board
	record >/dev/null
	change_board b0 flash.bin 49152 <record
	take_flash
	run -5 --separate-stderr stmiot erase 0x08008000 32K --yes
	has "$stderr" "sector 3 at 0x0800c000 holds a credential record: nothing was changed"
	cmp flash.b0 sim/b0/flash.bin
	run -0 --separate-stderr stmiot -q erase 0x0800c000 16K --yes --overwrite-credentials
}

@test "erase --chip forgets what a flash that was cut off had kept" {
	boards_up
	random_file before 16384; tail -c 3000 before >image
	stmiot -q -b sim:b0 flash --address 0x08000000 --no-start before
	stmiot sim fault b0 power --erase 1
	run ! stmiot -q -b sim:b0 flash --address 0x08000000 --no-start image
	[ -n "$(ls "$XDG_STATE_HOME/stmiot/journal")" ]
	run -0 stmiot -q -b sim:b0 erase --chip --yes
	[ -z "$(ls "$XDG_STATE_HOME/stmiot/journal")" ]
	run -0 stmiot -q -b sim:b0 flash --address 0x08000000 --no-start image
	stmiot -q -b sim:b0 read 0x08000bb8 64 -o after
	blank_file blank 64
	cmp after blank
}
