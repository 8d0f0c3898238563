load hubs

# A well-formed connection string of nobody's hub.
key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
connstr="HostName=MyHub.azure-devices.net;SharedAccessKeyName=registryReadWrite;SharedAccessKey=$key"

@test "a hub is kept by name, and shown without its key" {
	echo "$connstr" >file
	run -0 --separate-stderr stmiot hub add line1 --connection-string-file file
	output_is ""
	stderr_is "stmiot: added the hub 'line1', myhub.azure-devices.net"
	run -0 --separate-stderr stmiot hub list
	output_is "NAME   HOST                     POLICY             CONNECT TO  DEFAULT
line1  myhub.azure-devices.net  registryReadWrite  -           -"
	run -0 --separate-stderr stmiot hub list --json
	[ "$(jq -r '.[0] | .name, .host, .policy, .default' <<<"$output" | xargs)" = \
		"line1 myhub.azure-devices.net registryReadWrite false" ]
	if [[ "$output" == *AAECAw* ]]; then false; fi
}

@test "nobody else may read it" {
	umask 000
	stmiot -q hub add line1 --connection-string-file - --use <<<"$connstr"
	run -0 stat -c %a config/stmiot config/stmiot/hubs config/stmiot/hubs/line1.hub
	output_is $'700\n700\n600'
	chmod 644 config/stmiot/hubs/line1.hub
	run -0 --separate-stderr stmiot token
	has "$stderr" "others may read it, and it holds a key"
	has "$stderr" "chmod 600 $XDG_CONFIG_HOME/stmiot/hubs/line1.hub"
}

@test "the string comes from a file, standard input or the environment" {
	stmiot -q hub add a --connection-string-file - <<<"$connstr"
	STMIOT_HUB_CONNECTION_STRING=$connstr stmiot -q hub add b
	echo "$connstr" >file
	stmiot -q hub add c --connection-string-file file
	cmp config/stmiot/hubs/a.hub config/stmiot/hubs/b.hub
	cmp config/stmiot/hubs/a.hub config/stmiot/hubs/c.hub
	run -2 --separate-stderr stmiot hub add d </dev/null
	has "$stderr" "nobody is there to ask for the connection string: give --connection-string-file"
}

@test "it is asked for without an echo" {
	command -v script || skip "there is no script"
	# What is typed before the question is dropped.
	type_it() {
		for _ in $(seq 100); do
			grep -q "connection string: " log 2>/dev/null && break
			sleep 0.05
		done
		printf '%s\n' "$connstr"
	}
	type_it | script -qefc "stmiot hub add line1" log >typed
	has "$(cat log)" "connection string: "
	if grep AAECAw log; then false; fi
	run -0 stmiot hub list
	has "$output" myhub.azure-devices.net
}

@test "all settings come back" {
	: >ca.pem
	stmiot -q hub add line1 --connection-string-file - --ca ca.pem --connect-to 127.0.0.1:8443 \
		--mqtt-port 18883 --amqp-port 15671 --token-command 'my token' <<<"$connstr"
	run -0 stmiot hub list --json
	[ "$(jq -c '.[0] | [.ca_file, .connect_to, .mqtt_port, .amqp_port, .token_command]' <<<"$output")" = \
		"[\"$BATS_TEST_TMPDIR/ca.pem\",\"127.0.0.1:8443\",18883,15671,\"my token\"]" ]
}

@test "use, and what comes before it" {
	stmiot -q hub add a --connection-string-file - <<<"$connstr"
	stmiot -q hub add b --connection-string-file - --use <<<"${connstr/MyHub/other}"
	run -0 bash -c "stmiot -q token | grep -o 'sr=[a-z]*'"
	output_is sr=other
	stmiot -q hub use a
	run -0 bash -c "stmiot -q token | grep -o 'sr=[a-z]*'"
	output_is sr=myhub
	export STMIOT_HUB_CONNECTION_STRING=${connstr/MyHub/third}
	run -0 bash -c "stmiot -q token | grep -o 'sr=[a-z]*'"
	output_is sr=third
	run -0 bash -c "stmiot -q --hub b token | grep -o 'sr=[a-z]*'"
	output_is sr=other
}

@test "remove forgets the key, and the default" {
	stmiot -q hub add a --connection-string-file - --use <<<"$connstr"
	run -0 --separate-stderr stmiot hub remove a
	stderr_is "stmiot: removed the name 'a' and its key from this machine"
	[ ! -e config/stmiot/hubs/a.hub ]
	run -2 --separate-stderr stmiot token
	has "$stderr" "no hub is named"
	run -2 --separate-stderr stmiot hub remove a
	has "$stderr" "there is no hub 'a'"
}

@test "no hub at all" {
	run -2 --separate-stderr stmiot device list
	stderr_is "stmiot: no hub is named
stmiot: 'stmiot hub add NAME --use' keeps one, --hub NAME or STMIOT_HUB_CONNECTION_STRING says it for once
stmiot: 'stmiot sim up' starts a local one, --hub local"
	run -2 --separate-stderr stmiot --hub line7 device list
	stderr_is "stmiot: there is no hub 'line7'
stmiot: 'stmiot hub list' shows them, 'stmiot hub add line7' makes one"
	run -2 --separate-stderr stmiot --hub local device list
	has "$stderr" "'stmiot sim up' starts the local hub"
	run -0 --separate-stderr stmiot hub list
	output_is ""
	run -0 --separate-stderr stmiot hub list --json
	output_is "[]"
}

@test "a name is not taken twice, but by --replace" {
	stmiot -q hub add a --connection-string-file - <<<"$connstr"
	run -1 --separate-stderr stmiot hub add a --connection-string-file - <<<"${connstr/MyHub/other}"
	stderr_is "stmiot: hub add: there is a hub 'a' already
stmiot: give --replace to put this one in its place"
	stmiot -q hub add a --replace --connection-string-file - <<<"${connstr/MyHub/other}"
	run -0 bash -c "stmiot hub list --json | jq -r '.[0].host'"
	output_is other.azure-devices.net
}

@test "malformed connection strings are exit 2, with the position, and not said back" {
	local text
	for text in "${connstr%;*}" "HostName=x;;" "$connstr;Colour=red" "${connstr/$key/$key!}" \
		"${connstr/HostName=MyHub/HostName=My Hub}" ""; do
		run -2 --separate-stderr stmiot hub add a --connection-string-file - <<<"$text"
		has "$stderr" "standard input: "
		if [[ "$stderr" == *AAECAw* ]]; then false; fi
		STMIOT_HUB_CONNECTION_STRING=$text run -2 --separate-stderr stmiot device list
		if [[ "$stderr" == *AAECAw* ]]; then false; fi
	done
	[ ! -e config/stmiot/hubs/a.hub ]
}

@test "another kind of connection string says which kind is wanted" {
	run -2 --separate-stderr stmiot hub add a --connection-string-file - \
		<<<"HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=$key"
	stderr_is "stmiot: standard input: this is the connection string of a device, not of a hub
stmiot: the portal shows a hub's own under 'Shared access policies'"
}

@test "a connection string on the command line is not repeated" {
	run -2 --separate-stderr stmiot hub add "$connstr"
	if [[ "$stderr" == *AAECAw* ]]; then false; fi
	run -2 --separate-stderr stmiot hub add a "$connstr"
	if [[ "$stderr" == *AAECAw* ]]; then false; fi
	run -2 --separate-stderr stmiot hub use "$connstr"
	if [[ "$stderr" == *AAECAw* ]]; then false; fi
	run -2 --separate-stderr stmiot hub list "$connstr"
	if [[ "$stderr" == *AAECAw* ]]; then false; fi
	run -2 --separate-stderr stmiot --hub "$connstr" device list
	if [[ "$stderr" == *AAECAw* ]]; then false; fi
	run -2 --separate-stderr stmiot hub add a --connection-string="$connstr"
	if [[ "$stderr" == *AAECAw* ]]; then false; fi
}

@test "wrong command lines" {
	run -2 --separate-stderr stmiot hub
	run -2 --separate-stderr stmiot hub add
	run -2 --separate-stderr stmiot hub add ../a --connection-string-file - <<<"$connstr"
	run -2 --separate-stderr stmiot hub add a --host h
	has "$stderr" "--host needs --token-command"
	run -2 --separate-stderr stmiot hub add a --host 'h/x' --token-command t
	run -2 --separate-stderr stmiot hub add a --connect-to x --connection-string-file - <<<"$connstr"
	has "$stderr" "--connect-to x: not HOST:PORT"
	run -2 --separate-stderr stmiot hub add a --mqtt-port 65536 --connection-string-file - <<<"$connstr"
	run -2 stmiot hub add a --amqp-port 0 --connection-string-file - <<<"$connstr"
	run -1 --separate-stderr stmiot hub add a --ca nowhere.pem --connection-string-file - <<<"$connstr"
	has "$stderr" "--ca nowhere.pem: No such file or directory"
	run -1 --separate-stderr stmiot hub add a --connection-string-file nowhere
	has "$stderr" "nowhere: No such file or directory"
}

@test "a spoilt file says where" {
	stmiot -q hub add a --connection-string-file - --use <<<"$connstr"
	echo "colour red" >>config/stmiot/hubs/a.hub
	run -2 --separate-stderr stmiot token
	has "$stderr" "a.hub: byte "
	if [[ "$stderr" == *AAECAw* ]]; then false; fi
	run -2 --separate-stderr stmiot hub list
}

@test "sim up names the local hub, sim down forgets it" {
	run -0 --separate-stderr stmiot sim up --time none
	stderr_is ""
	has "$output" "local  stmiot-local.azure-devices.net  https://127.0.0.1:"
	run -0 bash -c "stmiot hub list --json | jq -r '.[0] | .name, .sim_dir'"
	output_is "local
$BATS_TEST_TMPDIR/sim"
	stmiot -q --hub local device create d1
	run -0 bash -c "stmiot sim status hub --json | jq -r '.[0].devices'"
	output_is 1
	run -0 bash -c "stmiot sim status --json | jq -r '.[].name'"
	output_is b0
	run -0 --separate-stderr stmiot sim down
	stderr_is "stmiot: sim down: ended 1 board and the local hub"
	run -0 --separate-stderr stmiot hub list --json
	output_is "[]"
	run -0 stmiot sim status
	has "$output" "local  down"
	run -3 --separate-stderr stmiot sim status hub
	stderr_is "stmiot: sim status: the local hub is not running
stmiot: 'stmiot sim up' starts it"
}

@test "its log says everything once" {
	stmiot -q sim up --time none >/dev/null
	run -6 stmiot -q --hub local device show nope
	run -0 stmiot sim log hub
	[ "$(grep -c "GET /devices/nope: 404" <<<"$output")" -eq 1 ]
}

@test "its devices stay, and so does hub use" {
	stmiot -q sim up --time none >/dev/null
	stmiot -q hub use local
	stmiot -q device create d1
	stmiot -q sim down
	run -2 --separate-stderr stmiot device list
	has "$stderr" "'stmiot sim up' starts the local hub"
	stmiot -q sim up --time none >/dev/null
	run -0 bash -c "stmiot device list --json | jq -r '.[].id'"
	output_is d1
}

@test "sim up twice, and without a hub" {
	stmiot -q sim up --time none --no-hub >up.txt
	run -3 stmiot sim status hub
	stmiot -q sim up --time none >up.txt
	port=$(stmiot sim status hub --json | jq '.[0].https')
	stmiot -q sim up --time none >up.txt
	[ "$(stmiot sim status hub --json | jq '.[0].https')" = "$port" ]
	run -0 --separate-stderr stmiot sim down hub
	stderr_is "stmiot: sim down: ended the local hub"
	run -0 bash -c "stmiot sim status --json | jq -r '.[].name'"
	output_is b0
}

@test "a hub of the user's that is called local is left alone" {
	stmiot -q hub add local --connection-string-file - <<<"$connstr"
	run -0 --separate-stderr stmiot sim up --time none
	has "$stderr" "the name 'local' is that of another hub, and stays so"
	stmiot -q sim down
	run -0 bash -c "stmiot hub list --json | jq -r '.[].host'"
	output_is myhub.azure-devices.net
}

@test "a hub that was killed is started again, at the same ports" {
	stmiot -q sim up --time none >/dev/null
	stmiot -q --hub local device create d1
	before=$(stmiot hub list --json)
	kill -9 "$(pgrep -f "stmiot-hub.*$STMIOT_SIM_DIR/hub")"
	stmiot -q sim up --time none >/dev/null
	run -0 bash -c "stmiot --hub local device list --json | jq -r '.[].id'"
	output_is d1
	run -0 stmiot hub list --json
	output_is "$before"
}

@test "a hub that was killed, and whose port is somebody else's now" {
	stmiot -q sim up --time none >/dev/null
	stmiot -q --hub local device create d1
	port=$(stmiot hub list --json | jq -r '.[0].connect_to')
	kill -9 "$(pgrep -f "stmiot-hub.*$STMIOT_SIM_DIR/hub")"
	python3 -c "import socket, time
s = socket.create_server(('127.0.0.1', ${port##*:}))
print('there', flush=True)
time.sleep(60)" >there &
	other=$!
	eventually grep -q there there
	stmiot -q sim up --time none >/dev/null
	kill $other
	run -0 bash -c "stmiot --hub local device list --json | jq -r '.[].id'"
	output_is d1
}

@test "completion knows hubs and devices" {
	hub_up
	stmiot -q device create press-07
	# shellcheck disable=SC2016
	complete='source <(stmiot completion bash)
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_WORDBREAKS=$'"' \t\n\"><=;|&(:'"'
		_stmiot
		printf "%s\n" "${COMPREPLY[@]}"'
	run -0 bash -c "$complete" bash stmiot hub use ""
	output_is h
	run -0 bash -c "$complete" bash stmiot --hub ""
	output_is h
	run -0 bash -c "$complete" bash stmiot device show ""
	output_is press-07
	run -0 bash -c "$complete" bash stmiot token --device pr
	output_is press-07
	run -0 bash -c "$complete" bash stmiot device create ""
	output_is ""
}
