# The bundled firmware is written over another version of it with BOOT0 low, and the power
# is cut.

load boards
load cuts

more_setup() {
	build_cuts firmware_cuts
	firmware_of 9.0.1
	firmware_of 9.0.2
	firmware_board 9.0.2.elf
}

@test "the power fails at transfer n, for each n, or in an erase: stub or ROM comes up, and the same command repairs" {
	cuts firmware_cuts transfers 9.0.1.elf 9.0.1 9.0.2.elf 9.0.2
	cuts firmware_cuts erases 9.0.1.elf 9.0.1 9.0.2.elf 9.0.2
}

@test "another boot stub: but for the transfers in which it is missing, all the same" {
	firmware_of 9.0.3 start/stub.ld 's/0x400/0x408/'
	cuts firmware_cuts stub/4 9.0.3.elf 9.0.3 9.0.2.elf 9.0.2
}

@test "another boot stub: flash says when the power must stay on, and only then" {
	firmware_of 9.0.3 start/stub.ld 's/0x400/0x408/'
	stmiot -q sim boot0 b0 on
	stmiot -q sim reset b0
	run -0 --separate-stderr stmiot -b sim:b0 flash --no-start --voltage 2.7 9.0.1.elf
	stderr_is ""
	run -0 --separate-stderr stmiot -b sim:b0 flash --no-start --voltage 2.7 9.0.3.elf
	stderr_is "stmiot: sim:b0: the boot stub changes: should the power fail while it is written, at the end, the bootloader comes up by BOOT0 alone"
	[[ "$output" == *" 2 sectors erased, verified"* ]]
	# A board with another program loses that first, and has nothing to lose then.
	random_firmware other.bin 200000
	stmiot -q -b sim:b0 flash --no-start --address 0x08000000 other.bin
	run -0 --separate-stderr stmiot -b sim:b0 flash --no-start --voltage 2.7 9.0.3.elf
	stderr_is ""
}
