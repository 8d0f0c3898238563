load boards

@test "what is there, and what differs by one bit" {
	boards_up
	make_seed
	stmiot -q flash --no-start seed.dfu >/dev/null
	run -0 --separate-stderr stmiot verify seed.dfu
	output_is "sim:b0: holds all 334792 bytes of the image"
	stderr_is ""
	[ "$(stmiot verify --json seed.dfu | jq -c '[.board, .ok, .image_bytes]')" = '["sim:b0",true,334792]' ]
	[ "$(stmiot verify - <seed.dfu)" = "sim:b0: holds all 334792 bytes of the image" ]
	was=$(od -An -tx1 -j 300000 -N 1 sim/b0/flash.bin | tr -d ' ')
	is=$(printf %02x $((0x$was ^ 4)))
	printf '%b' "\\x$is" | change_board b0 flash.bin 300000
	run -5 --separate-stderr stmiot verify seed.dfu
	output_is ""
	stderr_is "stmiot: sim:b0: 0x080493e0 in sector 6 holds $is, image has $was
stmiot: \`stmiot flash\` writes what differs"
}

@test "bytes around the image are nobody's business; odd bounds" {
	boards_up
	random_file all 1048576 3
	change_board b0 flash.bin 0 <all
	tail -c +65535 all | head -c 70001 >part
	run -0 --separate-stderr stmiot verify --address 0x0800fffe part
	output_is "sim:b0: holds all 70001 bytes of the image"
}

@test "a look changes nothing, and leaves the board in its bootloader" {
	boards_up
	random_firmware f.bin 5000
	run -5 --separate-stderr stmiot verify f.bin
	[ "$(board b0 '| [.mode, .dfu_state, .counters.erases, .counters.programmed_bytes] | tostring')" = '["rom","dfuIDLE",0,0]' ]
}

@test "wrong command lines" {
	run -2 --separate-stderr stmiot verify
	has "$stderr" "verify takes one image"
	run -2 --separate-stderr stmiot verify a b
}

@test "start: a program that is there, and one that is not" {
	boards_up
	run -1 --separate-stderr stmiot start
	output_is ""
	stderr_is "stmiot: sim:b0: the bootloader is back instead of a program
stmiot: is there one at 0x08000000? Else take the jumper off BOOT0 and reset the board"
	random_firmware f.bin 5000
	stmiot -q flash --no-start f.bin >/dev/null
	run -0 --separate-stderr stmiot start
	output_is "sim:b0: started at 0x08000000"
	[ "$(board b0 .jumped_to)" = 0x08000000 ]
	stmiot sim reset b0
	stmiot -q flash --no-start --address 0x08020000 f.bin >/dev/null
	run -0 --separate-stderr stmiot start --address 0x08020000 --json
	[ "$(jq -c '[.board, .started, .address]' <<<"$output")" = '["sim:b0",true,"0x08020000"]' ]
	[ "$(board b0 .jumped_to)" = 0x08020000 ]
	run -2 --separate-stderr stmiot start now
}
