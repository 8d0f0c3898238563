load boards

# An empty folder for PATH, with the programs named.
only() {
	local program
	mkdir -p only
	rm -f only/*
	for program in "$@"; do
		ln -s "$(command -v "$program")" "only/$program"
	done
}

# The command beside other things than it was built with: elsewhere/bin/stmiot.
move_elsewhere() {
	mkdir -p elsewhere/bin elsewhere/share/stmiot
	cp "$STMIOT_BUILD/bin/stmiot" elsewhere/bin
	ln -s "$STMIOT_BUILD/lib" elsewhere/lib
}

@test "build makes an image of two elements, and says what it takes" {
	run -0 --separate-stderr stmiot build -o fw.dfu
	stderr_is ""
	[[ "${lines[0]}" =~ ^PART\ +FLASH\ +RAM$ ]]
	[[ "${lines[1]}" =~ ^stub\ +([0-9]+)\ of\ 4096\ +[0-9]+$ ]]
	stub=${BASH_REMATCH[1]}
	[[ "${lines[2]}" =~ ^application\ +([0-9]+)\ of\ 393216\ +[0-9]+$ ]]
	application=${BASH_REMATCH[1]}
	[ "${lines[3]}" = "fw.dfu, $(stat -c %s fw.dfu) bytes" ]
	stmiot image info fw.dfu --json >info.json
	[ "$(jq -c '[.format, .fits, [.segments[] | .address, .length]]' info.json)" = \
		"[\"dfuse\",true,[\"0x08000000\",$stub,\"0x08020000\",$application]]" ]
	[ "$stub" -lt 4096 ]
	[ "$application" -lt 24576 ]
}

@test "by default it is kept in the cache folder" {
	run -0 --separate-stderr stmiot build
	[ "${lines[-1]}" = "$XDG_CACHE_HOME/stmiot/firmware-$(stmiot version --json | jq -r .version)/firmware.dfu, $(
		stat -c %s "$XDG_CACHE_HOME"/stmiot/firmware-*/firmware.dfu) bytes" ]
	# Again there is nothing to compile.
	stamp=$(stat -c %y "$XDG_CACHE_HOME"/stmiot/firmware-*/firmware.elf)
	stmiot build >/dev/null
	[ "$(stat -c %y "$XDG_CACHE_HOME"/stmiot/firmware-*/firmware.elf)" = "$stamp" ]
}

@test "all formats hold the same bytes, in any folder" {
	stmiot build -o a.dfu >/dev/null
	stmiot build -o a.elf >/dev/null
	stmiot build --dir "an other" -o b.elf >/dev/null
	stmiot build --dir "an other" -o b.dfu >/dev/null
	stmiot build --dir "an other" -o b.hex >/dev/null
	run -0 --separate-stderr stmiot build --dir "an other" -o b.bin
	stderr_is "stmiot: a .bin has no gaps: this one goes over the credential slots, which the others leave alone"
	cmp a.dfu b.dfu
	cmp a.elf b.elf
	for file in b.elf b.hex; do
		stmiot -q image convert "$file" c.dfu
		cmp a.dfu c.dfu
	done
	stmiot -q image convert a.dfu a.bin
	cmp a.bin b.bin
	cmp "$XDG_CACHE_HOME"/stmiot/firmware-*/firmware.map "an other/firmware.map"
}

@test "a debugger, which writes section by section, writes all that the CRC is over" {
	stmiot build -o a.elf >/dev/null
	end=0x08020000
	while read -r _ type address _ bytes _ flags _; do
		if [ "$type" = PROGBITS ] && [[ "$flags $address" == *A*\ 0802* ]]; then
			[ $((0x$address)) -eq $((end)) ]
			end=$((0x$address + 0x$bytes))
		fi
	done < <(arm-none-eabi-readelf -SW a.elf | sed -n 's/^ *\[ *[0-9]*\] //p')
	[ $((end)) -gt $((0x08021000)) ]
}

@test "what an outer make or the environment says does not change it" {
	stmiot build -o a.elf >/dev/null
	CFLAGS=-O0 CC=false MAKEFLAGS=-n VERSION=9 SOURCE_DATE_EPOCH=1 \
		stmiot build --dir other -o b.elf >/dev/null
	cmp a.elf b.elf
}

@test "--json and -v tell what each source takes" {
	stmiot build --json >build.json
	[ "$(jq -r '.image | endswith("/firmware.dfu")' build.json)" = true ]
	[ "$(jq -c '[.parts[].part]' build.json)" = '["stub","application"]' ]
	[ "$(jq '[.files[] | select(.part == "application")] | length > 20' build.json)" = true ]
	# What the sources take is there, but for the gaps.
	[ "$(jq '([.files[] | select(.part == "application").flash_bytes] | add) as $sum |
		(.parts[1].flash_bytes - $sum) | . >= 0 and . < 2048' build.json)" = true ]
	run -0 --separate-stderr stmiot build -v
	[[ "$output" == *"application  app/app.c "* ]]
}

@test "what is missing is named, with the line that gets it" {
	only make
	run -2 --separate-stderr env PATH=only "$STMIOT_BUILD/bin/stmiot" build
	output_is ""
	stderr_is "stmiot: to build the firmware there must be: arm-none-eabi-gcc, arm-none-eabi-objcopy
stmiot: sudo apt-get install --no-install-recommends gcc-arm-none-eabi binutils-arm-none-eabi"
	only arm-none-eabi-gcc arm-none-eabi-objcopy
	run -2 --separate-stderr env PATH=only "$STMIOT_BUILD/bin/stmiot" build
	has "$stderr" "stmiot: sudo apt-get install --no-install-recommends make"
}

@test "a build that fails says so, and where" {
	only make
	for program in gcc objcopy; do
		printf '#!/bin/sh\necho no such luck >&2\nexit 1\n' >only/arm-none-eabi-$program
		chmod +x only/arm-none-eabi-$program
	done
	PATH=$PWD/only:$PATH run -1 --separate-stderr stmiot build --dir here
	output_is ""
	has "$stderr" "no such luck"
	has "$stderr" "stmiot: the firmware could not be built in here: make ended with 2"
}

@test "wrong command lines" {
	run -2 --separate-stderr stmiot build fw.dfu
	has "$stderr" "build takes no arguments; --output names the file"
	run -2 --separate-stderr stmiot build -o fw.xyz
	has "$stderr" "fw.xyz: its extension names no format; .dfu, .elf, .hex and .bin do"
	run -1 --separate-stderr stmiot build --dir /proc/nowhere
	has "$stderr" "/proc/nowhere"
	run -2 --separate-stderr stmiot flash --address 0x08000000
	has "$stderr" "--format and --address are for an IMAGE"
}

@test "any folder will do, and nothing of somebody's own in it is lost" {
	stmiot build -o a.elf >/dev/null
	stmiot build --dir "it's a (\$1) #5%" -o b.elf >/dev/null
	cmp a.elf b.elf
	mkdir mine
	echo mine >mine/src
	run -1 --separate-stderr stmiot build --dir mine
	has "$stderr" "mine/src is there, and is somebody's own"
	has "$stderr" "--dir names another folder"
	[ "$(cat mine/src)" = mine ]
	run -2 --separate-stderr stmiot build --dir ""
	has "$stderr" "--dir wants the name of a folder"
}

@test "a folder without the right to write: which, and what else to do" {
	mkdir shut
	chmod 555 shut
	for folder in shut shut/new; do
		run -4 --separate-stderr without_rights stmiot build --dir "$folder"
		output_is ""
		has "$stderr" "$folder"
		has "$stderr" "Permission denied"
		has "$stderr" "--dir names another folder"
	done
}

@test "other sources of the same version: nothing of the former ones is kept" {
	move_elsewhere
	cp -RL "$STMIOT_BUILD/share/stmiot/firmware" elsewhere/share/stmiot/firmware
	mkdir elsewhere/share/stmiot/firmware/record
	cp "$BATS_TEST_DIRNAME"/../../libprov/record*.[ch] elsewhere/share/stmiot/firmware/record
	cp "$BATS_TEST_DIRNAME/../../CHANGELOG.md" elsewhere/share/stmiot/firmware
	stmiot build -o a.elf >/dev/null
	elsewhere/bin/stmiot build -o b.elf >/dev/null
	cmp a.elf b.elf
	# As a package brings them, whose files are older than yesterday's build.
	sed -i "s/type 'help'/write 'help'/" elsewhere/share/stmiot/firmware/app/*.c
	find elsewhere/share/stmiot/firmware -type f -exec touch -d 2020-01-01 {} +
	elsewhere/bin/stmiot build -o c.elf >/dev/null
	[ "$(grep -c "write 'help'" c.elf)" -ge 1 ]
	stmiot build -o d.elf >/dev/null
	cmp a.elf d.elf
}

# -- flash without an image -------------------------------------------------------------

@test "flash without an image takes the one that was built beforehand" {
	boards_up
	run -0 --separate-stderr stmiot flash --no-start
	has "$stderr" "stmiot: taking the bundled firmware, $(stmiot version --json | jq -r .version): $STMIOT_BUILD/share/stmiot/firmware.dfu"
	stmiot -q verify "$STMIOT_BUILD/share/stmiot/firmware.dfu"
	[ "$(od -An -tx4 -j131072 -N4 sim/b0/flash.bin)" = " 414d5453" ]
}

@test "where none is, it builds one" {
	boards_up
	move_elsewhere
	ln -s "$STMIOT_BUILD/share/stmiot/firmware" elsewhere/share/stmiot/firmware
	run -0 --separate-stderr elsewhere/bin/stmiot flash --no-start
	has "$stderr" "$XDG_CACHE_HOME/stmiot/firmware-"
	stmiot -q verify "$STMIOT_BUILD/share/stmiot/firmware.dfu"
	rm elsewhere/share/stmiot/firmware
	run -2 --separate-stderr elsewhere/bin/stmiot flash --no-start
	has "$stderr" "the sources of the firmware are not there"
}

# The firmware's own next version: v2.dfu.
make_next_version() {
	move_elsewhere
	cp -RL "$STMIOT_BUILD/share/stmiot/firmware" elsewhere/share/stmiot/firmware
	mkdir elsewhere/share/stmiot/firmware/record
	cp "$BATS_TEST_DIRNAME"/../../libprov/record*.[ch] elsewhere/share/stmiot/firmware/record
	echo '## 9.8.7 (2030-01-02)' >elsewhere/share/stmiot/firmware/CHANGELOG.md
	elsewhere/bin/stmiot -q build --dir next -o v2.dfu >/dev/null
}

@test "the next version has the same stub, and is told by its own name" {
	boards_up
	make_next_version
	stmiot -q flash --no-start >/dev/null
	stmiot sim reset b0
	cp v2.dfu elsewhere/share/stmiot/firmware.dfu
	run -0 --separate-stderr elsewhere/bin/stmiot flash --json --no-start
	has "$stderr" "taking the bundled firmware, 9.8.7: "
	[ "$(jq -c 'select(.event == "verdict") | [.sectors_erased, .sectors_same]' <<<"$output")" = '[1,1]' ]
}

@test "the power fails while the next version is written: the stub starts none that is not whole" {
	cc -std=c11 -Wall -Wextra -I"$BATS_TEST_DIRNAME/../../firmware" -I"$BATS_TEST_DIRNAME/../../libprov" \
		-o judge "$BATS_TEST_DIRNAME"/../firmware/judge.c \
		"$BATS_TEST_DIRNAME"/../../firmware/boot/app_header.c "$BATS_TEST_DIRNAME"/../../libprov/record*.c
	make_next_version
	boards_up
	run -1 ./judge sim/b0/flash.bin
	stmiot -q flash --no-start >/dev/null
	stmiot -q sim down
	./judge sim/b0/flash.bin
	take_flash
	cut=0 whole=0
	for n in 40 100 $(seq 114 4 158) 400; do
		# Another day: what the run before this one had saved belongs to it.
		rm -rf "$XDG_STATE_HOME/stmiot/journal"
		cp flash.b0 sim/b0/flash.bin
		boards_up
		stmiot -q sim fault b0 power --at "$n"
		stmiot -q flash --no-start v2.dfu >/dev/null 2>&1 || true
		stmiot -q sim down
		cmp -n 131072 flash.b0 sim/b0/flash.bin
		if ./judge sim/b0/flash.bin; then
			whole=$((whole + 1))
		else
			cut=$((cut + 1))
			! cmp -s flash.b0 sim/b0/flash.bin
		fi
	done
	echo "$cut times cut off, $whole times whole"
	[ "$cut" -ge 6 ]
	[ "$whole" -ge 3 ]
	# And the same command makes it good.
	boards_up
	stmiot -q flash --no-start v2.dfu >/dev/null
	./judge sim/b0/flash.bin
}
