load boards

full_board() {
	boards_up
	random_file all 1048576 3
	change_board b0 flash.bin 0 <all
}

@test "read: any bytes of flash, to a file or to standard output" {
	full_board
	run -0 --separate-stderr stmiot read 0x08000000 1M -o copy
	output_is ""
	stderr_is ""
	cmp all copy
	[ "$(stat -c %a copy)" = 600 ]
	stmiot read 0x08003fff 3 >three
	cmp three <(tail -c +16384 all | head -c 3)
	stmiot read 0x080fffff 1 --output - >last
	cmp last <(tail -c 1 all)
}

@test "read: the other memories" {
	boards_up
	stmiot read 0x1fffc000 16 -o options
	cmp options sim/b0/options.bin
	stmiot read 0x1fff7800 512 -o otp
	head -c 512 sim/b0/otp.bin | cmp otp
	stmiot read 0x1fff7a00 16 -o locks
	tail -c 16 sim/b0/otp.bin | cmp locks
	stmiot read 0x1fffc008 2 -o nwrp
	cmp nwrp <(tail -c +9 sim/b0/options.bin | head -c 2)
}

@test "read: what no memory has" {
	boards_up
	for range in "0x080ffff0 32" "0x20000000 4" "0x1fff0000 4" "0xfffffffc 8" "0x07ffffff 1"; do
		# shellcheck disable=SC2086
		run -5 --separate-stderr stmiot read $range -o x
		output_is ""
		has "$stderr" "are in no memory of this board"
		[ ! -e x ]
	done
}

@test "read: wrong command lines" {
	run -2 --separate-stderr stmiot read
	has "$stderr" "read takes an address and a length"
	run -2 --separate-stderr stmiot read 0x08000000 0 -o x
	run -2 --separate-stderr stmiot read 0x08000000 17M -o x
	run -2 --separate-stderr stmiot read here 4 -o x
	has "$stderr" '"here 4" is not an address and a length'
	boards_up
	run -1 --separate-stderr stmiot read 0x08000000 4 -o no/such/folder
	has "$stderr" "No such file or directory"
	run script -qec "stmiot read 0x08000000 4" /dev/null
	[ "$status" -eq 2 ]
	has "$output" "the bytes would go to the terminal: give -o FILE"
}

@test "read: a reader that closed the pipe is no failure" {
	full_board
	run -0 bash -c 'set -o pipefail; stmiot read 0x08000000 1M | head -c 10 >ten'
	cmp ten <(head -c 10 all)
}
