load boards

remark="stmiot: taking the supply for 2.7 V or more, since USB powers the board (--voltage says otherwise)"

# COUNTERS...: of b0, as JSON array
counters() {
	local list
	list=$(printf ', .%s' "$@")
	stmiot sim status b0 --json | jq -c "[.[0].counters | ${list#, }]"
}

# Back in the bootloader, counting from zero.
reset_board() {
	stmiot sim reset "${1:-b0}"
	stmiot -q sim down "${1:-b0}"
	stmiot -q sim up --no-hub --time none --boards "$(find sim -mindepth 1 -maxdepth 1 -type d ! -name hub | wc -l)" >up.txt
}

@test "two elements into a blank board: written, verified and started" {
	boards_up
	make_seed
	run -0 --separate-stderr stmiot flash seed.dfu
	[[ "$output" =~ ^sim:b0:\ 3347[0-9]+\ bytes\ written,\ 0\ sectors\ erased,\ verified,\ started\ at\ 0x08000000,\ [0-9.]+\ s$ ]]
	stderr_is "$remark"
	holds seed.a 0
	holds seed.b 131072
	[ "$(board b0 '| [.mode, .jumped_to] | tostring')" = '["running","0x08000000"]' ]
	[ "$(board b0 .counters.erases)" -eq 0 ]
}

@test "over another one: sectors are erased once each; again: nothing to do" {
	boards_up
	make_seed 5
	stmiot -q flash --no-start seed.dfu >/dev/null
	make_seed 1
	run -0 --separate-stderr stmiot flash --no-start seed.dfu
	[[ "$output" =~ ^sim:b0:\ 3347[0-9]+\ bytes\ written,\ 4\ sectors\ erased,\ verified,\ [0-9.]+\ s$ ]]
	[ "$(counters erases mass_erases)" = '[4,0]' ]
	holds seed.a 0
	holds seed.b 131072
	reset_board
	run -0 --separate-stderr stmiot flash --no-start seed.dfu
	[[ "$output" =~ ^sim:b0:\ nothing\ to\ do:\ all\ 334792\ bytes\ are\ there,\ [0-9.]+\ s$ ]]
	stderr_is ""
	[ "$(counters erases programmed_bytes)" = '[0,0]' ]
}

@test "only the sector that changed is erased" {
	boards_up
	make_seed
	stmiot -q flash --no-start seed.dfu >/dev/null
	reset_board
	printf 'changed' | patch_file seed.b 200000
	dfuse-pack -b 0x08000000:seed.a -b 0x08020000:seed.b seed.dfu
	stmiot -q flash --no-start seed.dfu >/dev/null
	[ "$(counters erases programmed_bytes)" = '[1,131072]' ]
	holds seed.a 0
	holds seed.b 131072
}

@test "bytes around the image are kept, to the byte" {
	boards_up
	random_file all 1048576 3
	change_board b0 flash.bin 0 <all
	random_file piece 1001 4
	run -0 --separate-stderr stmiot flash --no-start --address 0x08060003 piece
	patch_file all 393219 <piece
	cmp all sim/b0/flash.bin
	[ "$(counters erases)" = '[1]' ]
	run -0 ls "$XDG_STATE_HOME/stmiot/journal"
	output_is ""
}

@test "--no-preserve loses them, in the sectors of the image alone" {
	boards_up
	random_file all 1048576 3
	change_board b0 flash.bin 0 <all
	random_file piece 1001 4
	stmiot -q flash --no-start --no-preserve --address 0x08060000 piece >/dev/null
	blank_file ff 131072
	patch_file all 393216 <ff
	patch_file all 393216 <piece
	cmp all sim/b0/flash.bin
}

@test "blank blocks are not written" {
	boards_up
	blank_file f 65536
	printf 'begin' | patch_file f 0
	printf 'end.' | patch_file f 65532
	stmiot -q flash --no-start --address 0x08020000 f >/dev/null
	[ "$(counters programmed_bytes)" = '[2056]' ]
	holds f 131072
}

@test "each format, and standard input" {
	boards_up
	random_firmware f.bin 5000 9
	stmiot -q image convert f.bin f.dfu
	stmiot -q image convert f.bin f.hex
	make_elf f.bin f.elf
	for image in f.bin f.dfu f.hex f.elf; do
		run -0 --separate-stderr stmiot erase --chip --yes
		run -0 --separate-stderr stmiot -q flash --no-start "$image"
		holds f.bin 0
	done
	run -0 --separate-stderr stmiot erase --chip --yes
	run -0 --separate-stderr bash -c "stmiot -q flash --no-start - <f.hex"
	holds f.bin 0
	run -0 --separate-stderr bash -c "stmiot -q flash --no-start --format elf - <f.elf"
	[[ "$output" == *"nothing to do"* ]]
}

@test "two images, or one that is not there: a wrong command line" {
	boards_up
	run -2 --separate-stderr stmiot flash a b
	has "$stderr" 'flash takes one image, and has "b" too'
	run -2 --separate-stderr stmiot flash missing.bin
	has "$stderr" "missing.bin\": cannot be opened: No such file or directory"
}

@test "--dry-run changes nothing and says what would be done" {
	boards_up
	random_file all 1048576 3
	change_board b0 flash.bin 0 <all
	make_seed
	run -0 --separate-stderr stmiot flash --dry-run seed.dfu
	stderr_is ""
	has "$output" "SECTOR"
	[ "$(grep -c 'K  *erase  ' <<<"$output")" -eq 4 ]
	has "${lines[-1]}" "sim:b0: would erase 4 sectors and write "
	cmp all sim/b0/flash.bin
	[ "$(counters erases programmed_bytes)" = '[0,0]' ]
	[ "$(board b0 .mode)" = rom ]
}

@test "--full erases and writes what is there already" {
	boards_up
	random_firmware f.bin 5000
	stmiot -q flash --no-start f.bin >/dev/null
	reset_board
	stmiot -q flash --no-start --full f.bin >/dev/null
	[ "$(counters erases programmed_bytes)" = '[1,5000]' ]
	holds f.bin 0
}

@test "a flipped bit is found by the verify; --no-verify does not look" {
	boards_up
	random_firmware f.bin 5000
	# The first read is the comparison, of blank flash; the second the verify.
	stmiot sim fault b0 flip --address 0x08000100 --bit 0 --times 2
	run -5 --separate-stderr stmiot -q flash --no-start f.bin
	output_is ""
	[[ "$stderr" =~ ^stmiot:\ sim:b0:\ 0x08000100\ in\ sector\ 0\ holds\ [0-9a-f]{2},\ image\ has\ [0-9a-f]{2} ]]
	has "$stderr" "stmiot: the bootloader is unharmed; run the same command to try again"
	run -0 stmiot -q flash --no-start f.bin
	holds f.bin 0
	stmiot -q erase --chip --yes
	reset_board
	run -0 stmiot -q flash --no-start --no-verify f.bin
	has "$output" "5000 bytes written, 0 sectors erased, not verified"
}

@test "the bootloader that is back instead of the program: a word about BOOT0" {
	boards_up
	random_file f.bin 5000
	run -0 --separate-stderr stmiot flash --address 0x08000000 f.bin
	stderr_is "$remark
stmiot: sim:b0: the bootloader is back instead of the program
stmiot: take the jumper off BOOT0 and reset the board"
	[ "$(board b0 .mode)" = rom ]
}

@test "--voltage: how many bits at once" {
	boards_up
	random_firmware f.bin 5000
	while read -r volts feature bits; do
		reset_board
		run -0 --separate-stderr stmiot flash --json --full --no-start --voltage "$volts" f.bin
		[[ "$stderr" == *"taking the supply"* ]] && [ "$volts" != auto ] && false
		[ "$(board b0 .device_feature)" -eq "$feature" ]
		[ "$(tail -n 1 <<<"$output" | jq .parallelism)" -eq "$bits" ]
	done <<-END
		1.8 0 8
		2.1 1 16
		2.4 2 16
		2.7 3 32
		auto 3 32
	END
	run -2 --separate-stderr stmiot flash --voltage 3.3 f.bin
	has "$stderr" "3.3"
}

@test "--poll sleeps as long as the bootloader says" {
	boards_up
	random_firmware f.bin 2000
	SECONDS=0
	run -0 --separate-stderr stmiot flash --json --no-start --poll f.bin
	ms=$(tail -n 1 <<<"$output" | jq .ms)
	[ "$ms" -ge 300 ]
	holds f.bin 0
}

@test "--json: events a line, and a verdict" {
	boards_up
	make_seed
	stmiot -q flash --json seed.dfu >events
	[ "$(jq -s 'length > 3' events)" = true ]
	[ "$(jq -r .event events | sort -u | tr '\n' ' ')" = "progress verdict " ]
	run -0 bash -c "jq -r 'select(.event == \"progress\") | .phase' events | uniq"
	output_is $'read\nwrite\nverify'
	run -0 jq -c 'select(.event == "verdict") | [.board, .ok, .exit, .image_bytes, .sectors_erased,
		.sectors_written, .sectors_same, .dry_run, .verified, .started, .recoveries]' events
	output_is '["sim:b0",true,0,334792,0,4,0,false,true,true,0]'
}

@test "a refused transfer is made good, and said" {
	boards_up
	random_firmware f.bin 5000
	stmiot sim fault b0 stall --at 60
	run -0 --separate-stderr stmiot flash --no-start f.bin
	has "$stderr" "stmiot: sim:b0: failed transfers that were made good: 1; from the first on it went the slow way"
	holds f.bin 0
}

@test "--all: eight boards, one fails, seven succeed" {
	boards_up 8
	make_seed
	stmiot sim fault b3 disconnect --at 100 --stay
	run -1 --separate-stderr stmiot flash --no-start --all seed.dfu
	[ ${#lines[@]} -eq 8 ]
	for i in 0 1 2 4 5 6 7; do
		[[ "$(grep "^sim:b$i:" <<<"$output")" =~ bytes\ written,\ 0\ sectors\ erased,\ verified ]]
		holds seed.a 0 "b$i"
		holds seed.b 131072 "b$i"
	done
	has "$output" "sim:b3: failed (1)"
	has "$stderr" "stmiot: sim:b3: "
	[ "$(grep -c 'taking the supply' <<<"$stderr")" -eq 1 ]
	stmiot sim power b3 on
	run -0 --separate-stderr stmiot flash --no-start --all seed.dfu
	[ "$(grep -c 'nothing to do' <<<"$output")" -eq 7 ]
	holds seed.b 131072 b3
}

@test "several boards that fail alike: their exit status; differently: 1" {
	boards_up 2
	random_firmware f.bin 5000
	for b in b0 b1; do
		"$BATS_TEST_DIRNAME/credential-record" "$(board $b .serial)" >record
		change_board $b flash.bin 32768 <record
	done
	run -5 --separate-stderr stmiot flash --address 0x08008000 f.bin -b sim:b0 -b sim:b1
	output_is $'sim:b0: failed (5)\nsim:b1: failed (5)'
	stmiot sim fault b1 disconnect --at 30
	run -1 --separate-stderr stmiot flash --address 0x08008000 f.bin --all --json
	[ "$(jq -c 'select(.event == "verdict") | [.board, .ok, .exit]' <<<"$output")" = '["sim:b0",false,5]
["sim:b1",false,1]' ]
}

@test "several -b" {
	boards_up 3
	random_firmware f.bin 5000
	run -0 --separate-stderr stmiot flash --no-start f.bin -b sim:b0 -b sim:b2
	[ ${#lines[@]} -eq 2 ]
	holds f.bin 0 b0
	holds f.bin 0 b2
	blank_file ff 5000
	holds ff 0 b1
}

@test "--wait waits for a board" {
	boards_up
	stmiot sim power b0 off
	random_firmware f.bin 5000
	(sleep 0.5 && stmiot sim power b0 on) 3>&- &
	run -0 --separate-stderr stmiot -q flash --no-start --wait 20 f.bin
	holds f.bin 0
	wait
	stmiot sim power b0 off
	run -3 --separate-stderr stmiot flash --no-start --wait 1 f.bin
	has "$stderr" "stmiot: waiting 1 s for a board"
}

@test "a credential record is not overwritten" {
	boards_up
	"$BATS_TEST_DIRNAME/credential-record" "$(board b0 .serial)" >record
	cat record |
		change_board b0 flash.bin 32768
	take_flash
	random_firmware f.bin 40000
	run -5 --separate-stderr stmiot flash --no-start f.bin
	output_is ""
	stderr_is "stmiot: sim:b0: sector 2 at 0x08008000 holds a credential record: nothing was changed
stmiot: --overwrite-credentials gives it up; the device then needs a new identity"
	cmp flash.b0 sim/b0/flash.bin
	[ "$(counters erases programmed_bytes)" = '[0,0]' ]
	run -5 --separate-stderr stmiot flash --no-start --full f.bin
	cmp flash.b0 sim/b0/flash.bin
	run -5 --separate-stderr stmiot flash --no-start --no-preserve f.bin
	cmp flash.b0 sim/b0/flash.bin
	run -0 --separate-stderr stmiot -q flash --no-start --overwrite-credentials f.bin
	holds f.bin 0
}

@test "a revoked record is overwritten" {
	boards_up
	{ printf STMI && head -c 16380 /dev/zero; } | change_board b0 flash.bin 32768
	random_firmware f.bin 40000
	run -0 --separate-stderr stmiot -q flash --no-start f.bin
	holds f.bin 0
}

@test "a transcript masks the slots, and shows them with --secrets" {
	boards_up
	"$BATS_TEST_DIRNAME/credential-record" "$(board b0 .serial)" >record
	change_board b0 flash.bin 32768 <record
	random_firmware f.bin 40000
	run -5 --separate-stderr stmiot -q flash --no-start --record transcript f.bin
	grep -q '^in  UPLOAD [0-9]* 2048\*--$' transcript
	run ! grep -q '10 11 12 13 14 15 16 17' transcript
	random_file g.bin 4096
	run -0 --separate-stderr stmiot -q flash --no-start --address 0x0800a000 --record again.transcript \
		--overwrite-credentials --full g.bin
	run ! grep -q '10 11 12 13 14 15 16 17' again.transcript
	change_board b0 flash.bin 32768 <record
	run -5 --separate-stderr stmiot -q flash --no-start --record secret.transcript --secrets f.bin
	grep -q '10 11 12 13 14 15 16 17' secret.transcript
}

@test "what is left of a record that is given up is not kept: its key is in no journal" {
	boards_up
	"$BATS_TEST_DIRNAME/credential-record" "$(board b0 .serial)" >record
	# With something where the image goes, so that the sector must be erased.
	{ head -c 8192 record && head -c 4 /dev/zero; } | change_board b0 flash.bin 32768
	tail -c 4 record | change_board b0 flash.bin 49148
	random_file f.bin 4096
	stmiot sim fault b0 power --erase 1 --fraction 0.5
	run -1 --separate-stderr stmiot -q flash --no-start --address 0x0800a000 \
		--overwrite-credentials f.bin
	journal=$(find "$XDG_STATE_HOME/stmiot/journal" -name '*.journal')
	grep -q '^sector 0x08008000' "$journal"
	run ! grep -i 101112131415161718191a1b1c1d1e1f "$journal"
	run -0 --separate-stderr stmiot -q flash --no-start --address 0x0800a000 f.bin
	holds f.bin 40960
	blank_file ff 8192
	holds ff 32768
	[ ! -e "$journal" ]
}

@test "an erase that was cut leaves no garbage, also where nothing was and nothing comes" {
	boards_up
	head -c 4096 /dev/zero | change_board b0 flash.bin 16384
	blank_file ff 4096
	stmiot sim fault b0 power --erase 1 --fraction 0.5
	run -1 --separate-stderr stmiot -q flash --no-start --address 0x08004000 ff
	run -0 --separate-stderr stmiot -q flash --no-start --address 0x08004000 ff
	blank_file all 1048576
	cmp all sim/b0/flash.bin
}

# NAME EXIT: a flash that takes seconds is interrupted, and repeated.
interrupted_by() {
	boards_up 1 real
	make_seed
	stmiot -q sim down
	random_file all 1048576 3
	cp all sim/b0/flash.bin
	boards_up 1 real
	stmiot flash --no-start seed.dfu >out 2>err 3>&- &
	pid=$!
	for _ in $(seq 100); do [ "$(board b0 .counters.erases)" -ge "$3" ] && break; sleep 0.05; done
	kill "-$1" "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq "$2" ]
	run -0 cat out
	output_is ""
	run -0 cat err
	has "$output" "stmiot: sim:b0: interrupted"
	[ "$(board b0 .dfu_state)" = dfuIDLE ]
	stmiot -q sim down
	boards_up
	run -0 --separate-stderr stmiot flash --no-start seed.dfu
	patch_file all 0 <seed.a
	patch_file all 131072 <seed.b
	cmp all sim/b0/flash.bin
}

@test "SIGINT in the middle: 130, and the same command succeeds" {
	interrupted_by INT 130 2
}

@test "SIGTERM in the middle: 143, and the same command succeeds" {
	interrupted_by TERM 143 1
}
