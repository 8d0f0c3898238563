load boards
load hubs

more_setup() {
	hub_up
	stmiot -q sim up --no-hub --boards 4 --time none >up.txt
}

tray() {
	printf 'board,device_id\nsim:b0,dev0\nsim:b1,dev1\nsim:b2,"dev,2"\nsim:b3,\n' >boards.csv
}

# COLUMN of the result rows, in the order of the boards
column() {
	tail -n +2 <<<"$output" | sort | cut -d, -f"$1"
}

@test "a tray: registered in bulk, written, a row each and a summary" {
	tray
	run -0 --separate-stderr stmiot provision --batch boards.csv --jobs 2
	[ "${lines[0]}" = "board,serial,device_id,result,detail" ]
	[ ${#lines[@]} -eq 5 ]
	[ "$(grep -c ',provisioned,"slot A, generation 1"$' <<<"$output")" -eq 4 ]
	has "$output" '"dev,2"'
	has "$stderr" "registering 4 devices at "
	has "$stderr" " in 1 request"
	has "$stderr" "4 boards: 4 provisioned, 0 unchanged, 0 planned, 0 failed"
	run -0 bash -c "stmiot device list --json | jq length"
	output_is 4
	run -0 bash -c "stmiot -b sim:b1 info --json | jq -r '.credentials[0].device_id'"
	output_is dev1
}

@test "the tier gives the expected time" {
	tray
	run -0 --separate-stderr stmiot provision --batch boards.csv --tier S1
	has "$stderr" "registering 4 devices at "
	has "$stderr" "about 3 s, as a unit of tier S1 takes 100 a minute"
}

@test "a dry run tells it too, of the rows that are left" {
	tray
	head -2 boards.csv >part.csv
	stmiot -q provision --batch part.csv >/dev/null
	run -0 --separate-stderr stmiot provision --batch boards.csv --tier S1 --dry-run
	has "$stderr" "registering 3 devices at "
	has "$stderr" "about 2 s, as a unit of tier S1 takes 100 a minute"
	has "$stderr" "4 boards: 0 provisioned, 1 unchanged, 3 planned, 0 failed"
	run -0 --separate-stderr stmiot provision --batch part.csv
	has "$stderr" "1 board: 0 provisioned, 1 unchanged"
}

@test "what an earlier run has done is not done again" {
	tray
	head -3 boards.csv >part.csv
	stmiot -q provision --batch part.csv >/dev/null
	run -0 --separate-stderr stmiot provision --batch boards.csv
	[ "$(column 4 | tr '\n' ' ')" = 'unchanged unchanged 2" provisioned ' ]
	has "$stderr" "registering 2 devices"
}

@test "a row that fails leaves the others alone" {
	printf 'board,device_id\nsim:b0,dev0\nsim:none,dev1\nsim:b2,dev2\n' >boards.csv
	random_file other 16384
	change_board b2 flash.bin 32768 <other
	run -1 --separate-stderr stmiot provision --batch boards.csv
	[ "$(column 4 | tr '\n' ' ')" = "provisioned failed failed " ]
	has "$stderr" "3 boards: 1 provisioned, 0 unchanged, 0 planned, 2 failed"
	holds other 32768 b2
}

@test "--json: a verdict each" {
	tray
	run -0 --separate-stderr stmiot --json provision --batch boards.csv
	[ "$(jq -r 'select(.event == "verdict") | .result' <<<"$output" | sort | uniq -c | tr -s ' ')" = " 4 provisioned" ]
}

@test "--dry-run plans, and asks no hub" {
	tray
	hub_down
	run -0 --separate-stderr stmiot provision --batch boards.csv --dry-run
	[ "$(grep -c ',planned,' <<<"$output")" -eq 4 ]
}

@test "hubs by name in the third column" {
	hub_add second --connection-string-file hub/policies/iothubowner
	printf 'board,device_id,hub\nsim:b0,dev0,second\nsim:b1,dev1,\n' >boards.csv
	run -0 stmiot -q provision --batch boards.csv
	printf 'board,device_id,hub\nsim:b0,dev0,third\n' >boards.csv
	run -2 stmiot -q provision --batch boards.csv
}

@test "a malformed file: the line, the column, and nothing is touched" {
	malformed() {
		printf "$1" >bad.csv
		run -5 --separate-stderr stmiot provision --batch bad.csv
		[ -z "$output" ]
		has "$stderr" "bad.csv:$2: "
		has "$stderr" "nothing was touched"
	}
	cat sim/b?/flash.bin >before
	malformed '' 1:1
	malformed 'board;device_id\n' 1:1
	malformed 'board,device\n' 1:7
	malformed 'board,device_id\nsim:b0\n' 2:7
	malformed 'board,device_id\nsim:b0,dev0,local\n' 2:13
	malformed 'board,device_id\n,dev0\n' 2:1
	malformed 'board,device_id\nsim:b0,de v0\n' 2:8
	malformed 'board,device_id\nsim:b0,"dev0\n' 2:8
	malformed 'board,device_id\nsim:b0,dev0\nsim:b0,dev1\n' 3:1
	malformed 'board,device_id\nsim:b0,dev0\nsim:b1,dev0\n' 3:8
	cat sim/b?/flash.bin | cmp before
	run -2 stmiot provision --batch nowhere.csv
	run -2 stmiot provision dev0 --batch bad.csv
	run -2 stmiot provision --jobs 3
}

@test "no key in what is said, logged or kept" {
	tray
	stmiot -v provision --batch boards.csv >said 2>&1
	stmiot -v --json provision --batch boards.csv >>said 2>&1
	no_secret_in said up.txt hub.out hub/log sim/b?/log "$XDG_STATE_HOME"/stmiot/provision/*
}
