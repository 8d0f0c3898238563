load hubs

# Each of what can go wrong between here and a hub has its own sentence, a next step, and an
# exit status. The last of STDERR's lines is the next step.

more_setup() {
	export STMIOT_TIMEOUT_MS=1500
}

# STATUS WORDS COMMAND...: fails so, with a next step, and shows no secret even when verbose
fails() {
	local want=$1 words=$2
	shift 2
	run --separate-stderr "$@"
	# shellcheck disable=SC2154
	[ "$status" -eq "$want" ] || {
		printf 'status %s of %s\n%s\n' "$status" "$*" "$stderr"
		return 1
	}
	has "$stderr" "$words"
	[ "$(grep -c '^stmiot: ' <<<"$stderr")" -ge 2 ]
	[ "$(wc -l <<<"$stderr")" -eq "$(grep -c '^stmiot: ' <<<"$stderr")" ]
	{
		printf '%s\n' "$output" "$stderr"
		"$@" -v --json 2>&1 || true
	} >>said
}

hub_host() {
	sed 's/HostName=\([^;]*\).*/\1/' hub/connection-string
}

@test "a wrong key, an unknown policy" {
	hub_up
	sed 's/SharedAccessKey=.*/SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=/' hub/connection-string >wrong
	hub_add wrong --connection-string-file wrong
	fails 6 'does not take the key of the policy "iothubowner"' stmiot --hub wrong device show d
	has "$stderr" "Shared access policies"
	sed 's/KeyName=[^;]*/KeyName=nobody/' hub/connection-string >wrong
	hub_add wrong --connection-string-file wrong
	fails 6 'the policy "nobody"' stmiot --hub wrong device show d
	if grep -q AAECAw said; then false; fi
	no_secret_in said
}

# A policy that lacks the right, and whose key is wrong besides.
@test "a wrong key is not taken for a right that is lacking" {
	local policy
	hub_up
	for policy in service registryRead; do
		sed 's/SharedAccessKey=.*/SharedAccessKey=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=/' \
			"hub/policies/$policy" >wrong
		hub_add wrong --connection-string-file wrong
		fails 6 "does not take the key of the policy \"$policy\"" stmiot --hub wrong device create d
		run -1 --separate-stderr stmiot --hub wrong doctor
		has "$output" "fault  key "
	done
	no_secret_in said
}

@test "a token that has expired" {
	hub_up
	local host sig key
	host=$(hub_host)
	key=$(sed 's/.*SharedAccessKey=//' hub/connection-string | base64 -d | od -An -tx1 | tr -d ' \n')
	sig=$(printf '%s\n1700000000' "$host" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary |
		base64 | sed 's/+/%2B/g; s/\//%2F/g; s/=/%3D/g')
	echo "HostName=$host;SharedAccessSignature=SharedAccessSignature sr=$host&sig=$sig&skn=iothubowner&se=1700000000" >expired
	hub_add expired --connection-string-file expired
	fails 6 expired stmiot --hub expired device show d
	no_secret_in said
}

# The hub's clock is 25 hours ahead of ours: its Date says so, and our tokens have run out.
@test "a clock that is off" {
	local off="this machine's clock is [0-9]+ s behind the hub's"
	hub_up --clock-offset 90000
	stmiot -q sim up --no-hub --time none
	set -- "device show d" "device list" "device create d" "device twin d" "-b sim:b0 provision d"
	for words; do
		# shellcheck disable=SC2086
		fails 6 "refuses the token: this machine's clock is " stmiot $words
		[[ "$stderr" =~ $off ]]
		has "$stderr" "timedatectl set-ntp true"
	done
	has "$(cat hub/log)" "the token expired at"
	[[ "$stderr" =~ ([0-9]+)\ s\ behind ]]
	[ "$((BASH_REMATCH[1] / 3600))" -eq 24 ] || [ "$((BASH_REMATCH[1] / 3600))" -eq 25 ]
	run -1 --separate-stderr stmiot doctor
	has "$output" "fault  clock      this machine's clock is "
	has "$output" "timedatectl set-ntp true"
	has "$output" "fault  key        "
	run -0 bash -c "stmiot -b sim:b0 info --json | jq -c '[.credentials[].state] | unique'"
	output_is '["blank"]'
	hub_down
	# Set right, the same command finishes.
	hub_up
	run -0 stmiot -b sim:b0 provision d
	no_secret_in said
}

# Tokens of ours are good for longer there, which is no refusal: doctor alone can tell.
@test "a clock that is ahead of the hub's" {
	hub_up --clock-offset -90000
	run -0 stmiot -q device list
	run -1 --separate-stderr stmiot doctor
	has "$output" "s ahead of the hub's"
	has "$output" "ok     key        "
}

@test "a right that the policy lacks is exit 4" {
	hub_up
	stmiot -q device create d >made
	hub_as registryRead
	fails 4 "RegistryWrite" stmiot device create e
	has "$stderr" registryReadWrite
	fails 4 "ServiceConnect" stmiot device twin d
	fails 4 "ServiceConnect" stmiot device list
	fails 4 "ServiceConnect" stmiot device call d reboot
	hub_as service
	fails 4 "RegistryRead" stmiot device show d
	run -0 stmiot device twin d
	hub_as device
	fails 4 "RegistryRead" stmiot device show d
	has "$stderr" "its key may be wrong too"
	hub_as iothubowner
	no_secret_in said
}

@test "doctor tells of missing rights, and finds no fault in them" {
	hub_up
	hub_as registryReadWrite
	run -0 --separate-stderr stmiot doctor
	has "$output" "ok     hub        h: stmiot-local.azure-devices.net"
	has "$output" "ok     write      "
	has "$output" "note   service    "
	run -0 bash -c "stmiot doctor --json | jq -r '.[] | select(.verdict == \"ok\") | .check'"
	for check in name https tls clock key read write; do
		has "$output" "$check"
	done
}

@test "doctor says nothing of a hub when none is named" {
	run -0 --separate-stderr stmiot doctor
	if [[ "$output" == *hub* ]]; then false; fi
	run -1 --separate-stderr stmiot doctor --hub nowhere
	has "$output" "fault  hub        the hub that is named is not there"
}

@test "an unknown device" {
	hub_up
	fails 6 "has no such device" stmiot device show D1
	has "$stderr" "case-sensitive"
	fails 6 "no such device" stmiot device delete D1 --yes
	fails 6 "no such device" stmiot device disable D1
	fails 6 "no such device" stmiot device twin D1
	fails 6 "no such device" stmiot device purge D1
	fails 6 "no such device" stmiot device connection-string D1
	fails 6 "no such device" stmiot token --device D1
	no_secret_in said
}

@test "nobody at the port, and no such name" {
	hub_up
	stmiot -q hub add gone --connection-string-file hub/connection-string --connect-to 127.0.0.1:1
	fails 6 ": nobody listens at 127.0.0.1:1" stmiot --hub gone device show d
	has "$stderr" "firewall refuse port 1?"
	run -1 --separate-stderr stmiot --hub gone doctor
	has "$output" "fault  https "
	has "$output" ": nobody listens at 127.0.0.1:1"
	if [[ "$output" == *443* ]]; then false; fi
	stmiot -q hub add lost --connection-string-file hub/connection-string --connect-to nowhere.invalid:443
	fails 6 "nowhere.invalid: this name has no address" stmiot --hub lost device show d
	has "$stderr" "connected to"
	run -0 --separate-stderr stmiot doctor
	has "$output" "port $hub_port is open"
	no_secret_in said
}

@test "no libcurl, and who does not need it" {
	hub_up
	stmiot -q sim up --no-hub --time none
	mkdir broken other
	: >broken/libcurl.so.4
	ln -s "$(ldd "$(command -v stmiot)" | awk '/libcjson/ { print $3 }')" other/libcurl.so.4
	local row
	for row in "broken|libcurl.so.4: file too short" "other|undefined symbol: curl_"; do
		local without=(env "LD_LIBRARY_PATH=$PWD/${row%%|*}" stmiot)
		fails 1 "HTTPS needs libcurl: " "${without[@]}" device show d
		has "$stderr" "${row#*|}"
		has "$stderr" "install the package libcurl4"
		run -0 "${without[@]}" -b sim:b0 list
		run -0 --separate-stderr "${without[@]}" token
	done
	no_secret_in said
}

@test "a proxy that is not there" {
	hub_up
	stmiot -q hub add far --connection-string-file hub/connection-string
	export HTTPS_PROXY=http://127.0.0.1:1 NO_PROXY=
	fails 6 proxy stmiot --hub far device show d
	has "$stderr" HTTPS_PROXY
	unset HTTPS_PROXY
	no_secret_in said
}

@test "a CA that is not trusted, and a certificate for another name" {
	hub_up
	stmiot -q hub add untrusted --connection-string-file hub/connection-string --connect-to "127.0.0.1:$hub_port"
	fails 6 "its certificate is not from a CA that is trusted here" stmiot --hub untrusted device show d
	run -1 --separate-stderr stmiot --hub untrusted doctor
	has "$output" "fault  tls "
	stmiot -q hub add noca --connection-string-file hub/connection-string --ca hub.out --connect-to "127.0.0.1:$hub_port"
	run --separate-stderr stmiot --hub noca device show d
	[ "$status" -ne 0 ]
	has "$stderr" hub.out
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem \
		-subj /CN=other -days 2 2>/dev/null
	stmiot -q hub add other --connection-string-file hub/connection-string --ca other.pem \
		--connect-to "127.0.0.1:$hub_port"
	fails 6 "not from a CA that is trusted here" stmiot --hub other device show d
	has "$stderr" other.pem
	sed 's/HostName=[^;]*/HostName=other.azure-devices.net/' hub/connection-string >other
	hub_add name --connection-string-file other
	fails 6 "other.azure-devices.net: its certificate is " stmiot --hub name device show d
	no_secret_in said
}

# STATUS WORDS STEP: a page of HTML with this status in every answer
page() {
	hub_up --fail "html=$1"
	fails 6 "$2 (HTTP $1)" stmiot device show d
	has "$stderr" "$3"
	# Those that may pass are asked for again and again.
	if [ "$1" -lt 500 ]; then
		fails 6 "$2 (HTTP $1)" stmiot device list
		fails 6 "$2 (HTTP $1)" stmiot device create d
		fails 6 "$2 (HTTP $1)" stmiot device twin d
	fi
	run -1 --separate-stderr stmiot doctor
	has "$output" "fault  key "
	has "$output" "$2 (HTTP $1)"
	has "$output" "$3"
	hub_down
}

# A gateway's page comes and goes, any other one will stay.
@test "an answer in HTML" {
	page 503 "fails with a web page in place of an answer" "a proxy, or Azure's gateway"
	page 502 "fails with a web page in place of an answer" "try again later"
	page 200 "answers with a web page" "a captive portal"
	page 302 "answers with a web page" "a captive portal"
	page 403 "answers with a web page" "check the HostName"
	hub_up
	no_secret_in said
}

@test "an answer that is no JSON" {
	hub_up --fail garbage
	fails 5 "malformed JSON at byte 16" stmiot device show d
	has "$stderr" "something on the way"
	fails 5 "malformed JSON at byte 16" stmiot device twin d
	fails 5 "malformed JSON at byte 16" stmiot device list
	# The words are about the hub's JSON, not about ours.
	fails 5 "device twin: the hub's answer is malformed" stmiot device twin d --patch '{"tags":{}}'
	hub_down
	hub_up
	no_secret_in said
}

@test "throttled, failing, slow, cut off" {
	local row
	for row in "429|is throttling" "500|fails (HTTP 500" "503|fails (HTTP 503" "slow=9000|in time" \
		"drop|connection was lost" "cut|connection was lost" "403|quota"; do
		hub_up --fail "${row%%|*}"
		fails 6 "${row#*|}" stmiot device show d
		hub_down
	done
	hub_up
	no_secret_in said
}

@test "no time is left for a look whether it was made: the port is not to blame" {
	hub_up --fail "slow=9000"
	fails 6 "did not answer in time" stmiot device create d
	if [[ "$stderr" == *blocked* ]]; then false; fi
}

@test "what passes is waited for, and told" {
	export STMIOT_TIMEOUT_MS=20000
	hub_up --fail "GET 429@1" --fail "PUT lose@1"
	run -0 --separate-stderr stmiot device create d
	has "$stderr" "the connection was lost; waiting "
	# The look whether it was made after all.
	has "$stderr" "is throttling; waiting "
	run -0 bash -c "stmiot -q device list --json | jq length"
	output_is 1
}

@test "--no-retry: a hub is asked once" {
	export STMIOT_TIMEOUT_MS=20000
	hub_up --fail "GET 429@1"
	fails 6 throttling stmiot --no-retry device show d
	if [[ "$stderr" == *waiting* ]]; then false; fi
	run -6 --separate-stderr stmiot device show d
	has "$stderr" "no such device"
}

@test "Ctrl-C ends a wait at once" {
	export STMIOT_TIMEOUT_MS=20000
	hub_up --fail "slow=15000"
	local signal status
	for signal in INT:130 TERM:143; do
		stmiot device show d 2>words &
		pid=$!
		sleep 0.5
		kill "-${signal%:*}" "$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -eq "${signal#*:}" ]
	done
}

@test "no secret is said, however much is asked" {
	hub_up
	{
		stmiot -vv device create d
		stmiot -vv device create e --json
		stmiot -vv device show d
		stmiot -vv device show d --json
		stmiot -vv device show nobody || true
		stmiot -vv device list
		stmiot -vv device list --json
		stmiot -vv device disable d --reason x
		stmiot -vv device enable d --json
		stmiot -vv device rotate d --hub-only --key primary --yes
		stmiot -vv device rotate d --hub-only --key secondary --yes --json
		stmiot -vv device create d || true
		stmiot -vv device twin d
		stmiot -vv device twin d --patch '{"tags":{"x":1}}'
		stmiot -vv device call d reboot || true
		stmiot -vv device purge d --json
		stmiot -vv hub list
		stmiot -vv hub list --json
		stmiot -vv doctor
		stmiot -vv doctor --json
		stmiot -vv sim status hub || true
	} >said 2>&1
	stmiot -vv device connection-string d 2>said2 >/dev/null
	stmiot -vv token 2>said3 >/dev/null
	stmiot -vv token --device d 2>said4 >/dev/null
	cp hub/log said5
	[ "$(wc -l <said)" -gt 100 ]
	has "$(cat said)" "GET /devices/d?"
	no_secret_in said said2 said3 said4 said5 hub.out
}
