load ../cli/boards
load ../cli/cuts

more_setup() {
	build_cuts firmware_cuts
}

@test "the power fails at transfer n, within what it does, for each n" {
	firmware_of 9.0.1
	firmware_of 9.0.2
	firmware_board 9.0.2.elf
	cuts firmware_cuts operations 9.0.1.elf 9.0.1 9.0.2.elf 9.0.2
}

# KIB VERSION: a firmware of this version that is longer by as much
longer() {
	firmware_of "$2" app/version.c "\$a\\
const unsigned char more[$1 * 1024] \\
	__attribute__((used, section(\".rodata.firmware_version\"))) = { 1 };"
}

# The application of the one is in two sectors, that of the other in three.
@test "applications of several sectors: the power fails at transfer n, for each n" {
	longer 130 9.0.1
	longer 260 9.0.2
	firmware_board 9.0.2.elf
	cuts firmware_cuts transfers 9.0.1.elf 9.0.1 9.0.2.elf 9.0.2
	cuts firmware_cuts erases 9.0.1.elf 9.0.1 9.0.2.elf 9.0.2
}

@test "another boot stub, at each transfer" {
	firmware_of 9.0.1
	firmware_of 9.0.2 start/stub.ld 's/0x400/0x408/'
	firmware_board 9.0.2.elf
	cuts firmware_cuts stub 9.0.1.elf 9.0.1 9.0.2.elf 9.0.2
}
